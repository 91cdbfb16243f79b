// The directives that a cache obeys: Cache-Control (RFC 9111 section 5.2, with RFC 5861's and RFC
// 8246's), and CDN-Cache-Control (RFC 9213). Pure; thread-safe; never fails: what is wrong in a
// field makes the response less cacheable, never more.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "net/request_head.h"

namespace farm::cache {

using Headers = std::span<const net::HeaderView>;
using Seconds = std::uint32_t;

// Larger numbers count as this one (RFC 9111 section 1.2.2).
inline constexpr Seconds kMaxSeconds = Seconds{1} << 31U;

struct CacheControl {
  // After a quote that does not end, nothing can be told from what it says: no_store is set.
  // A number that is none counts as 0 (section 4.2.1: such a response is stale); of several, the
  // first counts.
  std::optional<Seconds> max_age;
  std::optional<Seconds> s_maxage;
  std::optional<Seconds> max_stale;  // kMaxSeconds without a number: any staleness
  std::optional<Seconds> min_fresh;
  std::optional<Seconds> stale_while_revalidate;
  std::optional<Seconds> stale_if_error;
  bool no_store = false;
  bool no_cache = false;    // also with names of fields: the whole response is meant then
  bool is_private = false;  // the same
  bool is_public = false;
  bool must_revalidate = false;
  bool proxy_revalidate = false;
  bool must_understand = false;
  bool only_if_cached = false;
  bool immutable = false;
};

// Of all lines of the field.
CacheControl parse_cache_control(Headers headers);

// Of CDN-Cache-Control, a Dictionary of RFC 8941: nothing if there is none, or it is empty or
// malformed; then Cache-Control counts (RFC 9213 section 2.2). Of several directives of one name
// the last counts (RFC 8941 section 3.2).
std::optional<CacheControl> parse_cdn_cache_control(Headers headers);

// What a response's headers tell a shared cache in front of an origin: CDN-Cache-Control alone
// where there is a good one, else Cache-Control.
CacheControl response_cache_control(Headers headers);

// The first field of that name, and whether there is one.
std::optional<std::string_view> find_header(Headers headers, std::string_view name);

// Calls `each` with every member of a field that is a list by commas, over all of its lines; commas
// between quotes part nothing (RFC 9110 section 5.6.1). Empty members are left out.
template <class Each>
void for_each_member(Headers headers, std::string_view name, const Each& each);

// The next member of `list`, trimmed, taken off its front.
std::string_view take_member(std::string_view& list);

template <class Each>
void for_each_member(Headers headers, std::string_view name, const Each& each) {
  for (const net::HeaderView& header : headers) {
    if (!net::equals_ignoring_case(header.name, name)) continue;
    for (std::string_view list = header.value; !list.empty();) {
      const std::string_view member = take_member(list);
      if (!member.empty()) each(member);
    }
  }
}

}  // namespace farm::cache
