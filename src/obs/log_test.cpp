#include "obs/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "obs/log_line.h"

namespace farm::obs {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr Millis kNoon = 1795313940123;  // 2026-11-22T02:19:00.123Z

std::string text(std::string_view message, LogFields fields = {}) {
  return format_line({LogFormat::kText, false}, LogLevel::kInfo, kNoon, message, fields);
}
std::string logfmt(std::string_view message, LogFields fields = {}) {
  return format_line({LogFormat::kLogfmt, false}, LogLevel::kWarn, kNoon, message, fields);
}
std::string json(std::string_view message, LogFields fields = {}) {
  return format_line({LogFormat::kJson, false}, LogLevel::kError, kNoon, message, fields);
}

TEST(LogLine, TextIsForEyes) {
  EXPECT_EQ(text("photo stored", {{"photo", PhotoId{714}}, {"title", "a b"}, {"ms", 1.5}}),
            "02:19:00.123 info  photo stored photo=714 title=\"a b\" ms=1.5");
}

TEST(LogLine, LogfmtIsKeysAndValues) {
  EXPECT_EQ(
      logfmt("started", {{"port", 8080U}, {"ok", true}, {"delta", -3}, {"none", ""}}),
      "ts=2026-11-22T02:19:00.123Z level=warn msg=started port=8080 ok=true delta=-3 none=\"\"");
}

TEST(LogLine, JsonIsOneObject) {
  EXPECT_EQ(json("x \"y\"", {{"photo", PhotoId{714}}, {"bytes", std::uint64_t{1} << 60}}),
            "{\"ts\":\"2026-11-22T02:19:00.123Z\",\"level\":\"error\",\"msg\":\"x \\\"y\\\"\","
            "\"photo\":\"714\",\"bytes\":1152921504606846976}");
}

TEST(LogLine, NoValueForgesALineOrReachesTheTerminal) {
  const std::string evil = "a\nb\x1b[31m\x7f\xc2\x9b\xff";
  EXPECT_EQ(text(evil), "02:19:00.123 info  a\\nb\\x1b[31m\\x7f\\u009b\\xff");
  EXPECT_THAT(logfmt("m", {{"v", evil}}), HasSubstr("v=\"a\\nb\\x1b[31m\\x7f\\u009b\\xff\""));
  EXPECT_THAT(json("m", {{"v", evil}}), HasSubstr("\"a\\nb\\u001b[31m\\u007f\xc2\x9b\\ufffd\""));
}

TEST(LogLine, KeepsUtf8AndReplacesWhatIsNone) {
  EXPECT_THAT(json("m", {{"v", "päckchen €𝄞"}}), HasSubstr("\"päckchen €𝄞\""));
  for (const char* bad : {"\xc0\xaf", "\xe0\x80\x80", "\xed\xa0\x80", "\xf5\x80\x80\x80",
                          "\xe2\x82", "\xf0\x80\x80\x80", "\xf4\x90\x80\x80", "\x80"}) {
    EXPECT_THAT(json("m", {{"v", bad}}), HasSubstr("\\ufffd")) << bad;
  }
}

TEST(LogLine, NumbersThatJsonHasNotAreNull) {
  EXPECT_THAT(json("m", {{"v", 1.0 / 0.0}}), HasSubstr("\"v\":null"));
}

TEST(LogLine, IsBounded) {
  const std::string huge(1 << 20, 'x');
  EXPECT_LE(text(huge, {{"v", huge}}).size(), kMaxLineBytes);
  EXPECT_LE(logfmt(huge, {{"v", huge}}).size(), kMaxLineBytes);
  const std::string line = json(huge, {{"v", huge}, {"w", huge}});
  EXPECT_LE(line.size(), 3 * kMaxLineBytes);
  EXPECT_EQ(line.back(), '}');
}

TEST(LogLine, ColorsOnlyTheLevel) {
  EXPECT_EQ(format_line({LogFormat::kText, true}, LogLevel::kWarn, kNoon, "m", {}),
            "02:19:00.123 \x1b[33mwarn \x1b[0m m");
}

TEST(LogNames, AreParsedExactly) {
  EXPECT_EQ(parse_log_level("debug"), LogLevel::kDebug);
  EXPECT_EQ(parse_log_level("off"), LogLevel::kOff);
  EXPECT_FALSE(parse_log_level("Debug"));
  EXPECT_EQ(parse_log_format("json"), LogFormat::kJson);
  EXPECT_FALSE(parse_log_format(""));
}

class LogFile {
 public:
  LogFile() : file_(std::tmpfile()) {}
  ~LogFile() {
    stop_logging();
    std::fclose(file_);
  }
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;

  void start(LogLevel level) {
    start_logging({.level = level, .format = LogFormat::kLogfmt, .queue = 4096, .out = file_});
  }
  std::string stop_and_read() {
    stop_logging();
    std::rewind(file_);
    std::string all;
    std::array<char, 4096> part{};
    while (const std::size_t n = std::fread(part.data(), 1, part.size(), file_)) {
      all.append(part.data(), n);
    }
    return all;
  }

 private:
  std::FILE* file_;
};

TEST(Log, WritesWhatIsAtOrAboveItsLevel) {
  LogFile file;
  file.start(LogLevel::kWarn);
  log_info("quiet");
  log_warn("loud", {{"n", 1}});
  log_error("louder");
  const std::string all = file.stop_and_read();
  EXPECT_THAT(all, Not(HasSubstr("quiet")));
  EXPECT_THAT(all, HasSubstr("level=warn msg=loud n=1\n"));
  EXPECT_THAT(all, HasSubstr("level=error msg=louder\n"));
}

TEST(Log, OffIsSilent) {
  LogFile file;
  file.start(LogLevel::kOff);
  log_error("nothing");
  EXPECT_EQ(file.stop_and_read(), "");
}

TEST(Log, KeepsEveryLineOfManyThreadsWhole) {
  constexpr int kThreads = 4;
  constexpr int kLines = 200;
  LogFile file;
  file.start(LogLevel::kInfo);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([t] {
      for (int i = 0; i < kLines; ++i) log_info("line", {{"thread", t}, {"i", i}});
    });
  }
  for (auto& thread : threads) thread.join();
  const std::string all = file.stop_and_read();
  EXPECT_EQ(std::count(all.begin(), all.end(), '\n'), kThreads * kLines);
  EXPECT_THAT(all, HasSubstr("msg=line thread=3 i=199\n"));
}

TEST(Log, DropsAndCountsRatherThanWaits) {
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe(ends.data()), 0);
  std::FILE* out = fdopen(ends[1], "w");
  const std::uint64_t dropped_before = dropped_log_lines();
  start_logging({.level = LogLevel::kInfo, .format = LogFormat::kLogfmt, .queue = 4, .out = out});
  // Nobody reads: the pipe fills, the thread sticks in its write, and the queue overruns.
  const std::string filler(8000, 'x');
  for (int i = 0; i < 200; ++i) log_info(filler);
  EXPECT_GT(dropped_log_lines(), dropped_before);
  std::thread reader([end = ends[0]] {
    std::array<char, 65536> part{};
    while (read(end, part.data(), part.size()) > 0) {
    }
  });
  stop_logging();
  std::fclose(out);
  reader.join();
  close(ends[0]);
}

}  // namespace
}  // namespace farm::obs
