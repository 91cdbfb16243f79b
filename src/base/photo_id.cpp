#include "base/photo_id.h"

#include <algorithm>
#include <charconv>

namespace farm {

Millis PhotoId::created_ms() const { return static_cast<Millis>(value >> 22) + kPhotoEpochMs; }

std::optional<PhotoId> PhotoId::parse(std::string_view text) {
  if (text.empty() || text.size() > 19 || text.front() < '1' || text.front() > '9') return {};
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value >> 63 != 0) return {};
  return PhotoId{value};
}

PhotoId PhotoIdMaker::next() {
  const Millis since_epoch = std::max<Millis>(clock_.now_ms() - kPhotoEpochMs, 1);
  const std::lock_guard lock(mutex_);
  last_tick_ = std::max(static_cast<std::uint64_t>(since_epoch) << 12, last_tick_ + 1);
  const std::uint64_t ms = last_tick_ >> 12;
  return PhotoId{ms << 22 | server_ << 12 | (last_tick_ & 0xfff)};
}

void PhotoIdMaker::start_after(PhotoId id) {
  const std::lock_guard lock(mutex_);
  last_tick_ = std::max(last_tick_, (id.value >> 22) << 12 | (id.value & 0xfff));
}

}  // namespace farm
