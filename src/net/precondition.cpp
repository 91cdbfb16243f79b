#include "net/precondition.h"

#include "net/http_date.h"

namespace farm::net {
namespace {

enum class Comparison { kStrong, kWeak };

// Whether a list of entity tags, or "*", has ours (section 8.8.3).
bool list_matches(std::string_view list, std::string_view etag, Comparison comparison) {
  const bool ours_is_weak = etag.starts_with("W/");
  if (ours_is_weak) etag.remove_prefix(2);
  for (;;) {
    const std::size_t start = list.find_first_not_of(" \t,");
    if (start == std::string_view::npos) return false;
    list.remove_prefix(start);
    if (list.front() == '*') return true;
    const bool weak = list.starts_with("W/");
    if (weak) list.remove_prefix(2);
    if (!list.starts_with('"')) return false;
    const std::size_t end = list.find('"', 1);
    if (end == std::string_view::npos) return false;
    const bool same = list.substr(0, end + 1) == etag;
    if (same && ((!weak && !ours_is_weak) || comparison == Comparison::kWeak)) return true;
    list.remove_prefix(end + 1);
  }
}

enum class Found { kAbsent, kMatches, kDiffers };

// All lines of the field are one list (section 5.3).
Found find_match(const RequestHead& request, std::string_view name, std::string_view etag,
                 Comparison comparison) {
  Found found = Found::kAbsent;
  for (const HeaderView& header : request.headers) {
    if (!equals_ignoring_case(header.name, name)) continue;
    if (list_matches(header.value, etag, comparison)) return Found::kMatches;
    found = Found::kDiffers;
  }
  return found;
}

Millis whole_seconds(Millis ms) { return ms / 1000 * 1000; }

}  // namespace

Precondition evaluate_preconditions(const RequestHead& request, std::string_view etag,
                                    Millis modified_ms) {
  const Millis modified = whole_seconds(modified_ms);
  const Found match = find_match(request, "If-Match", etag, Comparison::kStrong);
  if (match == Found::kDiffers) return Precondition::kFailed;
  const auto unmodified = request.find("If-Unmodified-Since");
  if (match == Found::kAbsent && unmodified) {
    const auto since = parse_http_date(*unmodified);
    if (since && modified_ms != 0 && modified > *since) return Precondition::kFailed;
  }
  const bool safe = request.method == Method::kGet || request.method == Method::kHead;
  const Found none_match = find_match(request, "If-None-Match", etag, Comparison::kWeak);
  if (none_match == Found::kDiffers) return Precondition::kProceed;
  if (none_match == Found::kMatches) {
    return safe ? Precondition::kNotModified : Precondition::kFailed;
  }
  if (const auto modified_since = request.find("If-Modified-Since");
      modified_since && safe && modified_ms != 0) {
    const auto since = parse_http_date(*modified_since);
    if (since && modified <= *since) return Precondition::kNotModified;
  }
  return Precondition::kProceed;
}

bool range_applies(const RequestHead& request, std::string_view etag, Millis modified_ms) {
  const auto if_range = request.find("If-Range");
  if (!if_range) return true;
  if (if_range->starts_with('"')) return *if_range == etag;
  const auto date = parse_http_date(*if_range);
  return date && modified_ms != 0 && *date == whole_seconds(modified_ms);
}

}  // namespace farm::net
