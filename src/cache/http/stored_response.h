// A response as the cache keeps it: from an upstream's head to an Object, and from an Object to
// what the rules of freshness ask about. Pure; thread-safe.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cache/http/freshness.h"
#include "cache/http/storing.h"
#include "cache/object.h"

namespace farm::cache {

// ObjectMeta::flags.
inline constexpr std::uint16_t kMustValidate = 1;  // no-cache: never without the origin's word
// No response, but the names that its Vary has: the response is under the key of its variant.
inline constexpr std::uint16_t kVaryMarker = 2;
// No response: what comes from there is not kept, so that nobody has to wait for another's.
inline constexpr std::uint16_t kPassMarker = 4;
// The body is a PartialView (partial.h).
inline constexpr std::uint16_t kPartialBody = 8;

// Kept in memory alone: the disk has it already, or it is not worth a write.
inline constexpr std::uint16_t kNotForDisk = 16;

// Whether it answers at once while it is fresh.
inline bool is_plain(const ObjectMeta& meta) { return (meta.flags & ~unsigned{kNotForDisk}) == 0; }

// Header lines, each with its CRLF, as fields; views into them.
std::vector<net::HeaderView> parse_header_lines(std::string_view lines);
// The other way, but for those with one of these names.
std::string join_header_lines(Headers headers, std::span<const std::string_view> without = {});

// An Object's head without its status line, and that line.
std::string_view header_lines(const Object& object);
std::string_view status_line(const Object& object);

struct ResponseTimes {
  Millis request_ms = 0;   // wall clock, when it was asked for
  Millis response_ms = 0;  // when its head came
};

struct StoreRules {
  // How long a response is good that does not say so itself: a route's rule.
  std::optional<Seconds> otherwise;
  Seconds negative_max = 60;  // the most for an answer that there is nothing
};

struct StoreDecision {
  bool stored = false;
  // Responses of this kind are not kept, whoever asks: worth remembering.
  bool pass = false;
  Seconds lifetime = 0;
  std::uint16_t flags = 0;
};
// Of a final response to a GET, but for 304 and 206.
StoreDecision decide_store(Headers request, int status, Headers response, const StoreRules& rules,
                           Millis response_ms);

ObjectMeta make_meta(int status, Headers response, const StoreDecision& decision,
                     ResponseTimes times, std::uint64_t purge_seq);

// "HTTP/1.1 200 OK\r\n", with the reason as it came, or the usual one if there is none.
std::string make_status_line(int status, std::string_view reason);

// What is known of its freshness now. `with_control`: its directives as well, which takes parsing.
StoredFreshness freshness_of(const Object& object, Millis now_ms, bool with_control);

// In `lines`: the value of ETag, for ObjectParts; empty if there is none.
std::string_view find_etag(std::string_view lines);

}  // namespace farm::cache
