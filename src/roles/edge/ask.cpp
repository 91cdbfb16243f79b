#include "roles/edge/ask.h"

#include <algorithm>

namespace farm::roles {

std::string_view cache_key(const route::Routes& routes, const net::RequestHead& request,
                           KeyRoom& room) {
  const std::string_view target = request.target();
  if (!routes.names_host(request.host)) return target;
  const std::size_t bracket = request.host.find(']');
  const std::size_t colon = request.host.find(':', bracket == std::string_view::npos ? 0 : bracket);
  const std::string_view host = request.host.substr(0, colon);
  if (host.size() + target.size() > room.size()) return {};
  char* end = std::ranges::transform(host, room.data(), [](char c) {
                return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
              }).out;
  end = std::ranges::copy(target, end).out;
  return {room.data(), end};
}

bool is_plain(const net::RequestHead& request) {
  using net::equals_ignoring_case;
  return std::ranges::none_of(request.headers, [](const net::HeaderView& header) {
    const std::string_view name = header.name;
    switch (name.size()) {
      case 5:
        return equals_ignoring_case(name, "Range");
      case 6:
        return equals_ignoring_case(name, "Pragma");
      case 8:
        return equals_ignoring_case(name, "If-Match");
      case 13:
        return equals_ignoring_case(name, "Cache-Control");
      case 19:
        return equals_ignoring_case(name, "If-Unmodified-Since");
      default:
        return false;
    }
  });
}

}  // namespace farm::roles
