#include "obs/log.h"

#include <spdlog/async_logger.h>
#include <spdlog/details/null_mutex.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/sinks/base_sink.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "obs/log_line.h"

namespace farm::obs {
namespace {

// Lines come formatted. No lock: the one thread of the pool is the only writer.
class StreamSink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  explicit StreamSink(std::FILE* out) : out_(out) {}

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    std::fwrite(message.payload.data(), 1, message.payload.size(), out_);
    std::fflush(out_);
  }
  void flush_() override { std::fflush(out_); }

  std::FILE* out_;
};

bool is_terminal(std::FILE* out) { return isatty(fileno(out)) == 1; }

LineStyle style_for(LogFormat format, std::FILE* out) {
  const bool terminal = is_terminal(out);
  if (format == LogFormat::kAuto) format = terminal ? LogFormat::kText : LogFormat::kLogfmt;
  return {format, terminal && std::getenv("NO_COLOR") == nullptr};
}

// Everything that logging needs; destroying it writes what waits and joins the thread.
class Writer {
 public:
  explicit Writer(const LogConfig& config)
      : style_(style_for(config.format, config.out)),
        pool_(std::make_shared<spdlog::details::thread_pool>(std::max<std::size_t>(config.queue, 1),
                                                             1)),
        logger_(std::make_shared<spdlog::async_logger>(
            "photofarm", std::make_shared<StreamSink>(config.out), pool_,
            spdlog::async_overflow_policy::overrun_oldest)) {
    logger_->set_level(spdlog::level::trace);
    logger_->flush_on(spdlog::level::off);
  }

  LineStyle style() const { return style_; }
  std::uint64_t dropped() const { return pool_->overrun_counter(); }
  void write(const std::string& line) {
    logger_->log(spdlog::level::info, spdlog::string_view_t(line));
  }

 private:
  LineStyle style_;
  std::shared_ptr<spdlog::details::thread_pool> pool_;
  std::shared_ptr<spdlog::async_logger> logger_;
};

struct Global {
  std::mutex mutex;
  std::shared_ptr<Writer> writer;
  std::uint64_t dropped_before = 0;  // by writers that have gone
};

// Never destroyed: a destructor of some static object may still log.
Global& global() {
  static Global& instance = *new Global;
  return instance;
}

std::atomic<LogLevel> threshold{LogLevel::kInfo};

void replace_writer(std::shared_ptr<Writer> next) {
  std::shared_ptr<Writer> old;
  const std::lock_guard lock(global().mutex);
  old = std::exchange(global().writer, std::move(next));
  if (old) global().dropped_before += old->dropped();
}

template <class T, std::size_t N>
std::optional<T> find_name(const std::array<std::pair<std::string_view, T>, N>& names,
                           std::string_view text) {
  for (const auto& [name, value] : names) {
    if (name == text) return value;
  }
  return {};
}

}  // namespace

std::optional<LogLevel> parse_log_level(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, LogLevel>, 5> kNames{
      {{"debug", LogLevel::kDebug},
       {"info", LogLevel::kInfo},
       {"warn", LogLevel::kWarn},
       {"error", LogLevel::kError},
       {"off", LogLevel::kOff}}};
  return find_name(kNames, text);
}

std::optional<LogFormat> parse_log_format(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, LogFormat>, 4> kNames{
      {{"auto", LogFormat::kAuto},
       {"text", LogFormat::kText},
       {"logfmt", LogFormat::kLogfmt},
       {"json", LogFormat::kJson}}};
  return find_name(kNames, text);
}

void start_logging(const LogConfig& config) {
  replace_writer(std::make_shared<Writer>(config));
  threshold.store(config.level, std::memory_order_relaxed);
}

void stop_logging() {
  replace_writer(nullptr);
  threshold.store(LogLevel::kInfo, std::memory_order_relaxed);
}

void log(LogLevel level, std::string_view message, LogFields fields) {
  if (level < threshold.load(std::memory_order_relaxed) || level == LogLevel::kOff) return;
  std::shared_ptr<Writer> writer;
  {
    const std::lock_guard lock(global().mutex);
    writer = global().writer;
  }
  const LineStyle style = writer ? writer->style() : style_for(LogFormat::kAuto, stderr);
  std::string line = format_line(style, level, SystemClock().now_ms(), message, fields);
  line.push_back('\n');
  if (writer) {
    writer->write(line);
  } else {
    std::fwrite(line.data(), 1, line.size(), stderr);
  }
}

std::uint64_t dropped_log_lines() {
  const std::lock_guard lock(global().mutex);
  return global().dropped_before + (global().writer ? global().writer->dropped() : 0);
}

}  // namespace farm::obs
