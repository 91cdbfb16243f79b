#include <algorithm>
#include <array>

#include "cache/http/storing.h"

namespace farm::cache {
namespace {

// An authority without its user, in lower case, and without the scheme's own port.
std::string normalized_authority(std::string_view scheme, std::string_view authority) {
  if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
    authority.remove_prefix(at + 1);
  }
  const std::string_view port = net::equals_ignoring_case(scheme, "https") ? ":443" : ":80";
  if (authority.ends_with(port)) authority.remove_suffix(port.size());
  if (authority.ends_with(':')) authority.remove_suffix(1);
  std::string out(authority);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

// RFC 3986 section 5.2.4.
std::string without_dot_segments(std::string_view path) {
  std::string out;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/', 1), path.size());
    const std::string_view segment = path.substr(0, end);  // with the slash before it
    path.remove_prefix(end);
    if (segment == "/..") out.resize(std::min(out.rfind('/'), out.size()));
    if (segment != "/." && segment != "/..") {
      out += segment;
    } else if (path.empty()) {
      out += '/';
    }
  }
  return out;
}

// "http" of "http://a/b"; empty of a relative reference (RFC 3986 section 3.1).
std::string_view scheme_of(std::string_view reference) {
  const std::size_t end = reference.find_first_of(":/?#");
  if (end == std::string_view::npos || end == 0 || reference[end] != ':') return {};
  return reference.substr(0, end);
}

struct Base {
  std::string_view scheme;
  std::string_view host;
  std::string_view path;
  std::string_view query;  // with its '?'
};

// RFC 3986 section 5.2.2. Empty where it is of another origin.
std::string resolved(const Base& base, std::string_view reference) {
  reference = net::trim(reference);
  reference = reference.substr(0, reference.find('#'));
  if (const std::string_view scheme = scheme_of(reference); !scheme.empty()) {
    reference.remove_prefix(scheme.size() + 1);
    const bool same = net::equals_ignoring_case(scheme, base.scheme);
    if (!same || !reference.starts_with("//")) return {};
  }
  bool absolute = false;
  if (reference.starts_with("//")) {
    const std::string_view authority =
        reference.substr(2, std::min(reference.find_first_of("/?", 2), reference.size()) - 2);
    if (normalized_authority(base.scheme, authority) !=
        normalized_authority(base.scheme, base.host)) {
      return {};
    }
    reference.remove_prefix(2 + authority.size());
    absolute = true;
  }
  const std::string_view path = reference.substr(0, reference.find('?'));
  const std::string_view query = reference.substr(path.size());
  if (path.empty() && !absolute) {
    return std::string(base.path).append(query.empty() ? base.query : query);
  }
  std::string merged(path);
  if (path.empty()) {
    merged = "/";
  } else if (path.front() != '/') {
    merged = std::string(base.path.substr(0, base.path.rfind('/') + 1)).append(path);
  }
  if (!merged.starts_with('/')) merged.insert(0, "/");
  return without_dot_segments(merged).append(query);
}

}  // namespace

std::vector<std::string> invalidated_targets(std::string_view scheme, std::string_view host,
                                             std::string_view target, Headers response) {
  const std::string_view path = target.substr(0, target.find('?'));
  const Base base{scheme, host, path, target.substr(path.size())};
  std::vector<std::string> out;
  for (const std::string_view name : {"Location", "Content-Location"}) {
    const auto reference = find_header(response, name);
    if (!reference || reference->empty() || path.empty()) continue;
    std::string found = resolved(base, *reference);
    if (found.empty() || found == target || std::ranges::count(out, found) > 0) continue;
    out.push_back(std::move(found));
  }
  return out;
}

}  // namespace farm::cache
