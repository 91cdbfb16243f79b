// A photo's id: 63 bits, printed in decimal. 41 bits of milliseconds since 2024-01-01T00:00:00Z
// (good until 2093), 10 bits of server id, 12 bits of sequence, so that ids of one server grow with
// time and two servers never make the same one.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace farm {

struct PhotoId {
  std::uint64_t value = 0;

  auto operator<=>(const PhotoId&) const = default;
  std::string str() const { return std::to_string(value); }
  // Milliseconds since 1970 at which the id was made.
  Millis created_ms() const;
  std::uint32_t server() const { return static_cast<std::uint32_t>(value >> 12) & 0x3ff; }

  // The one decimal form: no sign, no leading zero, 1 to 2^63-1.
  static std::optional<PhotoId> parse(std::string_view text);
};

inline constexpr Millis kPhotoEpochMs = 1704067200000;  // 2024-01-01T00:00:00Z
inline constexpr std::uint32_t kMaxServerId = 1023;

// Makes ids that strictly grow, even when the clock steps back or more than 4096 are wanted in a
// millisecond (it then runs ahead of the clock). Thread-safe.
class PhotoIdMaker {
 public:
  // `server_id` 0 to kMaxServerId; `clock` must outlive this.
  PhotoIdMaker(std::uint32_t server_id, const Clock& clock) : server_(server_id), clock_(clock) {}

  PhotoId next();
  // Never make an id at or below `id`: called with the greatest one found at start.
  void start_after(PhotoId id);

 private:
  std::uint64_t server_;
  const Clock& clock_;
  std::mutex mutex_;
  std::uint64_t last_tick_ = 0;  // ms << 12 | sequence
};

}  // namespace farm

template <>
struct std::hash<farm::PhotoId> {
  std::size_t operator()(farm::PhotoId id) const noexcept {
    // Ids of one server differ mostly in the middle: spread them (Fibonacci hashing, Knuth 6.4).
    return id.value * 0x9e3779b97f4a7c15ULL;
  }
};
