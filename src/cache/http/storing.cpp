#include "cache/http/storing.h"

#include <algorithm>
#include <array>

namespace farm::cache {
namespace {

bool is_one_of(std::string_view name, std::span<const std::string_view> names) {
  return std::ranges::any_of(
      names, [&](std::string_view known) { return net::equals_ignoring_case(known, name); });
}

// Statuses whose rules for caching are known here: those that RFC 9110 section 15.1 has as
// cacheable by default, but 206, and the redirects that are cached when they say so.
constexpr std::array kUnderstood = {200, 203, 204, 300, 301, 302, 303, 307,
                                    308, 404, 405, 410, 414, 451, 501};
constexpr std::array kByDefault = {200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 451, 501};

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

// Runs of white space become one space.
std::string normalized(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool space = c == ' ' || c == '\t';
    if (!space) {
      out += c;
    } else if (!out.empty() && out.back() != ' ') {
      out += ' ';
    }
  }
  if (out.ends_with(' ')) out.pop_back();
  return out;
}

bool may_store_authorized(const CacheControl& control) {
  return control.must_revalidate || control.is_public || control.s_maxage.has_value();
}

bool tells_freshness(int status, Headers response, const CacheControl& control) {
  if (control.max_age || control.s_maxage || find_header(response, "Expires")) return true;
  // Without a lifetime it is validated each time, which needs a validator.
  const bool validator = find_header(response, "ETag").has_value() ||
                         find_header(response, "Last-Modified").has_value();
  return validator && (control.is_public || std::ranges::count(kByDefault, status) > 0);
}

}  // namespace

Storability storability(net::Method method, Headers request, int status, Headers response) {
  if (method != net::Method::kGet) return Storability::kMethod;
  if (status < 200 || status == 206 || status == 304) return Storability::kStatus;
  const CacheControl control = response_cache_control(response);
  const bool understood = std::ranges::count(kUnderstood, status) > 0;
  if (control.must_understand && !understood) return Storability::kStatus;
  // Section 5.2.2.3: who understands the status lets no-store beside must-understand be.
  if (control.no_store && !control.must_understand) return Storability::kNoStore;
  if (parse_cache_control(request).no_store) return Storability::kNoStore;
  if (control.is_private) return Storability::kPrivate;
  if (find_header(request, "Authorization") && !may_store_authorized(control)) {
    return Storability::kAuthorization;
  }
  if (find_header(response, "Set-Cookie")) return Storability::kSetCookie;
  if (!vary_key(response, request)) return Storability::kVaryStar;
  if (!tells_freshness(status, response, control)) return Storability::kNoFreshness;
  return Storability::kYes;
}

std::optional<std::string> vary_key(Headers response, Headers request) {
  std::vector<std::string> names;
  for_each_member(response, "Vary", [&](std::string_view name) { names.push_back(lower(name)); });
  if (std::ranges::count(names, "*") > 0) return std::nullopt;
  std::ranges::sort(names);
  names.erase(std::unique(names.begin(), names.end()), names.end());
  std::string key;
  for (const std::string& name : names) {
    key += name;
    // A field that is missing matches only one that is missing, not an empty one.
    char mark = ':';
    for (const net::HeaderView& header : request) {
      if (!net::equals_ignoring_case(header.name, name)) continue;
      key += mark + normalized(header.value);
      mark = ',';
    }
    key += '\n';
  }
  return key;
}

bool is_stored_field(std::string_view name, Headers response) {
  // RFC 9110 section 7.6.1, RFC 9111 section 3.1.
  static constexpr std::array<std::string_view, 9> kNever = {
      "Connection", "Keep-Alive",         "Proxy-Connection",
      "TE",         "Transfer-Encoding",  "Upgrade",
      "Trailer",    "Proxy-Authenticate", "Proxy-Authentication-Info"};
  if (is_one_of(name, kNever)) return false;
  bool named = false;
  for_each_member(response, "Connection", [&](std::string_view other) {
    if (net::equals_ignoring_case(other, name)) named = true;
  });
  return !named;
}

std::vector<HeaderField> merge_validated(Headers stored, Headers not_modified) {
  // Of the stored bytes: section 3.2.
  static constexpr std::array<std::string_view, 4> kOfTheBytes = {
      "Content-Encoding", "Content-Length", "Content-Range", "Content-Type"};
  const auto taken = [&](std::string_view name) {
    return is_stored_field(name, not_modified) && !is_one_of(name, kOfTheBytes);
  };
  std::vector<HeaderField> merged;
  for (const net::HeaderView& header : stored) {
    const bool replaced = taken(header.name) && find_header(not_modified, header.name).has_value();
    if (!replaced) merged.push_back({std::string(header.name), std::string(header.value)});
  }
  for (const net::HeaderView& header : not_modified) {
    if (taken(header.name)) {
      merged.push_back({std::string(header.name), std::string(header.value)});
    }
  }
  return merged;
}

bool invalidates(net::Method method, int status) {
  const bool safe = method == net::Method::kGet || method == net::Method::kHead ||
                    method == net::Method::kOptions;
  return !safe && status >= 200 && status < 400;
}

}  // namespace farm::cache
