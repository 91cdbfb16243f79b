// How a line of the log looks, apart from where it goes. Pure functions.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "obs/log.h"

namespace farm::obs {

// Longer lines are cut: a runaway value must not fill the disk.
inline constexpr std::size_t kMaxLineBytes = 16 << 10;

struct LineStyle {
  LogFormat format = LogFormat::kLogfmt;  // not kAuto
  bool color = false;                     // kText only
};

// Without the newline; it contains none.
std::string format_line(LineStyle style, LogLevel level, Millis wall_ms, std::string_view message,
                        LogFields fields);

}  // namespace farm::obs
