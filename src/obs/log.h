// The log: one line an event, to stderr, by a thread of its own. A caller never waits for the
// terminal or the disk: when the queue is full the oldest waiting line is dropped and counted.
//
//   obs::log_info("photo stored", {{"photo", id}, {"bytes", size}});
//
// On a terminal a line is "02:19:00.123 info  photo stored photo=714… bytes=829183"; elsewhere it
// is logfmt, or JSON. Control characters are escaped, so that no value can forge a line. Never give
// it a secret, an API key or a permission URL. Thread-safe.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <variant>

#include "base/photo_id.h"

namespace farm::obs {

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarn, kError, kOff };
enum class LogFormat : std::uint8_t {
  kAuto,    // text on a terminal, logfmt elsewhere
  kText,    // for eyes
  kLogfmt,  // ts=… level=info msg="…" key=value
  kJson,    // one object a line
};

struct LogConfig {
  LogLevel level = LogLevel::kInfo;  // lower ones are left out
  LogFormat format = LogFormat::kAuto;
  std::size_t queue = 4096;  // lines that may wait to be written, at least 1
  std::FILE* out = stderr;   // not closed here
};

std::optional<LogLevel> parse_log_level(std::string_view text);    // debug info warn error off
std::optional<LogFormat> parse_log_format(std::string_view text);  // auto text logfmt json

// One key=value of a line. A view of what it is given: for use as a call's argument only.
struct LogField {
  using Value = std::variant<std::string_view, std::int64_t, std::uint64_t, double, bool, PhotoId>;

  LogField(std::string_view name, std::string_view text) : key(name), value(text) {}
  LogField(std::string_view name, const char* text) : key(name), value(std::string_view(text)) {}
  LogField(std::string_view name, double number) : key(name), value(number) {}
  LogField(std::string_view name, PhotoId id) : key(name), value(id) {}
  LogField(std::string_view name, std::same_as<bool> auto truth) : key(name), value(truth) {}
  LogField(std::string_view name, std::signed_integral auto number)
      : key(name), value(std::int64_t{number}) {}
  template <std::unsigned_integral T>
  requires(!std::same_as<T, bool>) LogField(std::string_view name, T number)
      : key(name), value(std::uint64_t{number}) {}

  std::string_view key;
  Value value;
};

using LogFields = std::initializer_list<LogField>;

// Starts the writing thread, with an older one stopped first. Before it, and after stop_logging(),
// lines of kInfo and above are written at once, by the caller, to stderr. Of no use in the child of
// a fork() made while it ran: the thread is not there.
void start_logging(const LogConfig& config);
// Writes all that waits and ends the thread.
void stop_logging();

void log(LogLevel level, std::string_view message, LogFields fields = {});
inline void log_debug(std::string_view message, LogFields fields = {}) {
  log(LogLevel::kDebug, message, fields);
}
inline void log_info(std::string_view message, LogFields fields = {}) {
  log(LogLevel::kInfo, message, fields);
}
inline void log_warn(std::string_view message, LogFields fields = {}) {
  log(LogLevel::kWarn, message, fields);
}
inline void log_error(std::string_view message, LogFields fields = {}) {
  log(LogLevel::kError, message, fields);
}

// Lines lost to a full queue since the process began.
std::uint64_t dropped_log_lines();

}  // namespace farm::obs
