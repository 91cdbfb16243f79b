// What the cache reads of strangers: header fields of requests and responses, and lines of traces
// and logs. The input is lines of "name: value"; the request's come first, until an empty line.
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "cache/http/freshness.h"
#include "cache/http/storing.h"
#include "cache/trace.h"

namespace {

using namespace farm::cache;
using List = std::vector<farm::net::HeaderView>;

void must(bool holds) {
  if (!holds) std::abort();
}

std::string_view take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

List take_headers(std::string_view& text) {
  List headers;
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    if (line.empty()) break;
    const std::size_t colon = line.find(": ");
    if (colon != std::string_view::npos) {
      headers.push_back({line.substr(0, colon), line.substr(colon + 2)});
    }
  }
  return headers;
}

void check_control(const CacheControl& control) {
  for (const auto& seconds :
       {control.max_age, control.s_maxage, control.max_stale, control.min_fresh,
        control.stale_while_revalidate, control.stale_if_error}) {
    must(!seconds || *seconds <= kMaxSeconds);
  }
}

void check_response(const List& request, const List& response) {
  const CacheControl control = response_cache_control(response);
  check_control(control);
  constexpr farm::Millis kNow = 1'669'114'800'000;
  const auto lifetime = freshness_lifetime(response, kNow);
  must(!lifetime || *lifetime <= kMaxSeconds);
  const Seconds age = initial_age(response, kNow - 1500, kNow);
  must(age <= kMaxSeconds);
  const StoredFreshness stored{.lifetime = lifetime.value_or(0), .age = age, .control = control};
  const CacheControl asked = request_cache_control(request);
  check_control(asked);
  const Reuse reuse = decide_reuse(stored, asked);
  if (control.no_cache || asked.no_cache) must(reuse == Reuse::kValidate);
  if (control.must_revalidate && !stored.fresh()) must(reuse == Reuse::kValidate);
  if (reuse == Reuse::kFresh) must(stored.fresh());
  const auto allowed = storability(farm::net::Method::kGet, request, 200, response);
  if (allowed == Storability::kYes) {
    must(vary_key(response, request).has_value());
    must(!control.is_private && !find_header(response, "Set-Cookie"));
    must(!control.no_store || control.must_understand);
  }
  for (const HeaderField& field : merge_validated(response, request)) must(!field.name.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view whole(reinterpret_cast<const char*>(data), size);
  std::string_view text = whole;
  const List request = take_headers(text);
  const List response = take_headers(text);
  bool names = true;
  for (const List* list : {&request, &response}) {
    for (const auto& header : *list) names = names && !header.name.empty();
  }
  if (names) check_response(request, response);
  Trace trace;
  for (std::string_view lines = whole; !lines.empty();) {
    if (!trace.add_line(take_line(lines))) break;
  }
  must(trace.requests().size() >= trace.keys().size());
  return 0;
}
