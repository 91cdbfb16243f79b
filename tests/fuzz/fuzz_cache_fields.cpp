// What the cache reads of strangers: header fields of requests and responses, and lines of traces
// and logs. The input is lines of "name: value"; the request's come first, until an empty line.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "cache/http/forwarding.h"
#include "cache/http/freshness.h"
#include "cache/http/partial.h"
#include "cache/http/storing.h"
#include "cache/http/tags.h"
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

// Whole lines, and no character that would end one early.
void check_lines(std::string_view lines) {
  while (!lines.empty()) {
    const std::size_t end = lines.find("\r\n");
    must(end != std::string_view::npos);
    const std::string_view line = lines.substr(0, end);
    must(line.find(": ") != std::string_view::npos);
    must(line.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos);
    lines.remove_prefix(end + 2);
  }
}

void check_forwarding(const List& request, const List& response) {
  const ForwardingFacts facts{
      .via_name = "photofarm-1", .client = "::1", .host = "a:1", .for_fill = true};
  std::string sent;
  append_forwarded_headers(sent, request, facts);
  check_lines(sent);
  std::string kept;
  append_stored_headers(kept, response, {.via_name = "photofarm-1"});
  check_lines(kept);
  const std::string tags = cache_tags(response);
  must(tags.size() <= kMaxTags * (kMaxTagBytes + 1));
  must(static_cast<std::size_t>(std::ranges::count(tags, ' ')) < kMaxTags);
  for (const std::string& target : invalidated_targets("http", "a:1", "/b/c?d", response)) {
    must(target.starts_with('/') && target.find('#') == std::string::npos);
  }
}

void check_partial(const List& response, std::string_view bytes) {
  if (const auto facts = part_facts(response)) {
    must(facts->range.first <= facts->range.last && facts->range.last < facts->complete_bytes);
  }
  const auto stored = PartialView::parse(farm::as_bytes(bytes));
  if (!stored) return;
  PartialBody body(*stored);
  must(body.bytes().size() == bytes.size());
  for (std::size_t n = 0; n < stored->pieces(); ++n) {
    const auto view = stored->view(stored->piece(n));
    must(view.size() == stored->piece(n).length());
    must(body.add(stored->piece(n), view));
  }
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
  check_forwarding(request, response);
  check_partial(response, whole);
  Trace trace;
  for (std::string_view lines = whole; !lines.empty();) {
    if (!trace.add_line(take_line(lines))) break;
  }
  must(trace.requests().size() >= trace.keys().size());
  return 0;
}
