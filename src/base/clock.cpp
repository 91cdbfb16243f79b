#include "base/clock.h"

#include <array>
#include <ctime>

namespace farm {

Millis SystemClock::coarse_now_ms() const {
  timespec now{};
  clock_gettime(CLOCK_REALTIME_COARSE, &now);
  return Millis{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

Millis SystemClock::now_ms() const {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

std::string format_rfc3339(Millis wall_ms) {
  const auto seconds = static_cast<std::time_t>(wall_ms / 1000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  const std::size_t length = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return {text.data(), length};
}

}  // namespace farm
