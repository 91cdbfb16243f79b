#include "net/accept.h"

namespace farm::net {
namespace {

// Cuts off what comes before the next `mark`, or all.
std::string_view take_until(std::string_view& text, char mark) {
  const std::size_t end = text.find(mark);
  const std::string_view taken = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return trim(taken);
}

// "q=0", "q=0.", "q=0.000": not acceptable (section 12.4.2).
bool refuses(std::string_view parameter) {
  const std::string_view name = take_until(parameter, '=');
  if (!equals_ignoring_case(name, "q")) return false;
  const std::string_view weight = trim(parameter);
  return !weight.empty() && weight.find_first_not_of("0.") == std::string_view::npos;
}

// One of a list's ranges, with its parameters.
bool takes(std::string_view range, std::string_view media_type) {
  if (!equals_ignoring_case(take_until(range, ';'), media_type)) return false;
  while (!range.empty()) {
    if (refuses(take_until(range, ';'))) return false;
  }
  return true;
}

}  // namespace

bool accepts_by_name(const RequestHead& request, std::string_view media_type) {
  for (const HeaderView& header : request.headers) {
    if (!equals_ignoring_case(header.name, "Accept")) continue;
    for (std::string_view rest = header.value; !rest.empty();) {
      if (takes(take_until(rest, ','), media_type)) return true;
    }
  }
  return false;
}

}  // namespace farm::net
