#include "net/byte_range.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

#include "net/request_head.h"

namespace farm::net {
namespace {

// Digits; what is beyond 64 bits is as good as the greatest number: both lie behind any end.
std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (text.empty() || stop != end || error == std::errc::invalid_argument) return {};
  if (error == std::errc::result_out_of_range) return std::numeric_limits<std::uint64_t>::max();
  return value;
}

struct ParsedSpec {
  bool valid = false;
  std::optional<ByteRange> range;  // nothing: well-formed, but outside the representation
};

// "0-499", "500-", "-500".
ParsedSpec parse_spec(std::string_view spec, std::uint64_t length) {
  const std::size_t dash = spec.find('-');
  if (dash == std::string_view::npos) return {};
  const std::string_view first_text = spec.substr(0, dash);
  const std::string_view last_text = spec.substr(dash + 1);
  const auto first = parse_number(first_text);
  const auto last = parse_number(last_text);
  if (first_text.empty()) {
    if (!last) return {};
    if (*last == 0 || length == 0) return {true, {}};
    return {true, ByteRange{length - std::min(*last, length), length - 1}};
  }
  if (!first || (!last_text.empty() && !last) || (last && *last < *first)) return {};
  if (*first >= length) return {true, {}};
  return {true, ByteRange{*first, std::min(last.value_or(length - 1), length - 1)}};
}

}  // namespace

RangeSet RangeSet::parse(std::string_view value, std::uint64_t length) {
  RangeSet set;
  const std::size_t equals = value.find('=');
  if (equals == std::string_view::npos ||
      !equals_ignoring_case(trim(value.substr(0, equals)), "bytes")) {
    return {};
  }
  std::string_view rest = value.substr(equals + 1);
  std::uint64_t total = 0;
  bool any = false;
  for (bool more = true; more;) {
    const std::size_t comma = rest.find(',');
    more = comma != std::string_view::npos;
    const std::string_view spec = trim(rest.substr(0, comma));
    if (more) rest.remove_prefix(comma + 1);
    if (spec.empty()) continue;
    const ParsedSpec parsed = parse_spec(spec, length);
    if (!parsed.valid) return {};
    any = true;
    if (!parsed.range) continue;
    if (set.count_ == kMaxRanges) return {};
    set.ranges_[set.count_++] = *parsed.range;
    total += parsed.range->length();
  }
  if (!any || total > length) return {};
  set.kind_ = set.count_ == 0 ? Kind::kUnsatisfiable : Kind::kRanges;
  return set;
}

}  // namespace farm::net
