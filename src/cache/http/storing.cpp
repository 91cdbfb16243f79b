#include "cache/http/storing.h"

#include <algorithm>
#include <array>

#include "cache/http/freshness.h"

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
// About the request's own conditions and ranges (412, 416), or never to be stored (RFC 6585
// sections 3 to 6).
constexpr std::array kOfTheRequest = {206, 304, 412, 416, 428, 429, 431, 511};
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

// Whether it could ever be used again. Without a lifetime it is validated each time, which needs a
// validator; so it is where it is stale from the first, unless stale answers are allowed.
bool is_reusable(int status, Headers response, const CacheControl& control) {
  const bool validator = find_header(response, "ETag").has_value() ||
                         find_header(response, "Last-Modified").has_value();
  const auto lifetime = freshness_lifetime(response, 0);
  if (!lifetime) {
    return validator && (control.is_public || std::ranges::count(kByDefault, status) > 0);
  }
  if (validator || (*lifetime > 0 && !control.no_cache)) return true;
  return !control.no_cache && (control.stale_while_revalidate || control.stale_if_error);
}

// Weakly compared (RFC 9110 section 8.8.3.2).
std::string_view opaque_tag(std::string_view etag) {
  if (etag.starts_with("W/")) etag.remove_prefix(2);
  return etag;
}

}  // namespace

Storability storability(net::Method method, Headers request, int status, Headers response) {
  if (method != net::Method::kGet) return Storability::kMethod;
  if (status < 200 || std::ranges::count(kOfTheRequest, status) > 0) return Storability::kStatus;
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
  if (!is_reusable(status, response, control)) return Storability::kNoFreshness;
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
  static constexpr std::array<std::string_view, 4> kOfTheMessage = {"Age", "Date", "Via",
                                                                    "Cache-Status"};
  const auto taken = [&](std::string_view name) {
    return is_stored_field(name, not_modified) && !is_one_of(name, kOfTheBytes) &&
           !net::equals_ignoring_case(name, "Set-Cookie");
  };
  std::vector<HeaderField> merged;
  for (const net::HeaderView& header : stored) {
    const bool replaced = is_one_of(header.name, kOfTheMessage) ||
                          (taken(header.name) && find_header(not_modified, header.name));
    if (!replaced) merged.push_back({std::string(header.name), std::string(header.value)});
  }
  for (const net::HeaderView& header : not_modified) {
    if (taken(header.name)) {
      merged.push_back({std::string(header.name), std::string(header.value)});
    }
  }
  return merged;
}

bool is_validated_by(Headers stored, Headers not_modified) {
  if (const auto etag = find_header(not_modified, "ETag")) {
    const auto ours = find_header(stored, "ETag");
    if (!ours) return false;
    const bool weak = etag->starts_with("W/");
    return weak ? opaque_tag(*ours) == opaque_tag(*etag) : *ours == *etag;
  }
  const auto modified = find_header(not_modified, "Last-Modified");
  return !modified || find_header(stored, "Last-Modified") == modified;
}

bool invalidates(net::Method method, int status) {
  const bool safe = method == net::Method::kGet || method == net::Method::kHead ||
                    method == net::Method::kOptions;
  return !safe && status >= 200 && status < 400;
}

}  // namespace farm::cache
