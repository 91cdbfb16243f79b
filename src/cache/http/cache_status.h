// Cache-Status (RFC 9211): what the cache did with a request, told to whoever reads the answer.
// Pure; thread-safe; allocates nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace farm::cache {

// Why a request went further than the cache (section 2.2).
enum class Fwd : std::uint8_t {
  kNone,      // it did not
  kBypass,    // the cache was told not to handle it
  kMethod,    // its method has to go on
  kUriMiss,   // nothing is stored under its URI
  kVaryMiss,  // something is, but no variant of it fits
  kMiss,      // one of both
  kRequest,   // fresh, but the request's own directives did not take it
  kStale,     // what is stored is stale
  kPartial,   // what is stored is not the part that was asked for
};
std::string_view to_string(Fwd fwd);  // "uri-miss"; empty for kNone

struct CacheStatus {
  bool hit = false;  // then nothing of forwarding is told: they exclude each other (section 2.1)
  Fwd fwd = Fwd::kNone;
  int fwd_status = 0;  // what the next server answered; 0: nothing, or it is this one
  std::optional<std::int64_t> ttl_s =
      {};  // how long it stays fresh; below 0: for how long it is stale
  bool stored = false;
  bool collapsed = false;        // with another request's way to the origin
  std::string_view detail = {};  // one word more, or a sentence; other than ASCII shows as '?'
};

// No line is longer, for a name and a detail of 64 bytes each in which nothing is escaped.
inline constexpr std::size_t kMaxCacheStatusBytes = 320;

// The whole line, "Cache-Status: photofarm; hit; ttl=376\r\n". Returns its length; 0, with `out`
// unspecified, if it does not fit. The field is a list in the order that caches were met, the
// origin's nearest first (section 2): send an upstream's own lines as they are, and this one behind
// them.
std::size_t write_cache_status(std::span<char> out, std::string_view cache_name,
                               const CacheStatus& status);

// The same as a string; empty if it does not fit.
std::string cache_status_line(std::string_view cache_name, const CacheStatus& status);

}  // namespace farm::cache
