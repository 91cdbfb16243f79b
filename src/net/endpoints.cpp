#include "net/endpoints.h"

namespace farm::net {
namespace {

bool fits(std::string_view pattern, std::string_view path,
          std::array<std::string_view, Exchange::kMaxParams>& params) {
  std::size_t count = 0;
  while (!pattern.empty()) {
    if (pattern.front() != '{') {
      if (path.empty() || path.front() != pattern.front()) return false;
      pattern.remove_prefix(1);
      path.remove_prefix(1);
      continue;
    }
    const std::string_view segment = path.substr(0, path.find('/'));
    if (segment.empty()) return false;
    params[count++] = segment;
    path.remove_prefix(segment.size());
    pattern.remove_prefix(pattern.find('}') + 1);
  }
  return path.empty();
}

bool answers(const Endpoint& endpoint, Method method) {
  return endpoint.method == method || (endpoint.method == Method::kGet && method == Method::kHead);
}

}  // namespace

void EndpointTable::add(Endpoint endpoint) {
  const std::string& pattern = endpoint.pattern;
  const bool anything = pattern.size() < 2 || pattern[1] == '{';
  if (anything) {
    seconds_.set();
  } else {
    seconds_.set(static_cast<unsigned char>(pattern[1]));
  }
  endpoints_.push_back(std::move(endpoint));
}

EndpointTable::Match EndpointTable::match(Method method, std::string_view path) const {
  Match match;
  match.index = endpoints_.size();
  if (path.size() >= 2 && !seconds_.test(static_cast<unsigned char>(path[1]))) {
    match.endpoint = &fallback_;
    return match;
  }
  bool path_known = false;
  for (std::size_t i = 0; i < endpoints_.size(); ++i) {
    if (!fits(endpoints_[i].pattern, path, match.params)) continue;
    path_known = true;
    if (!answers(endpoints_[i], method)) continue;
    match.endpoint = &endpoints_[i];
    match.index = i;
    return match;
  }
  if (!path_known) match.endpoint = &fallback_;
  return match;
}

std::string EndpointTable::allowed(std::string_view path) const {
  std::string methods;
  std::array<std::string_view, Exchange::kMaxParams> params;
  for (const Endpoint& endpoint : endpoints_) {
    if (!fits(endpoint.pattern, path, params)) continue;
    if (!methods.empty()) methods += ", ";
    methods += to_string(endpoint.method);
    if (endpoint.method == Method::kGet) methods += ", HEAD";
  }
  return methods;
}

}  // namespace farm::net
