#include "cache/trace.h"

#include <gtest/gtest.h>

namespace farm::cache {
namespace {

TEST(TraceTest, ReadsTimeIdAndBytes) {
  Trace trace;
  for (const char* line : {"# a comment", "", "1 0 68", "2.5 1 7454\r", "3 0 70", "no line"}) {
    ASSERT_TRUE(trace.add_line(line)) << line;
  }
  ASSERT_EQ(trace.requests().size(), 3U);
  EXPECT_EQ(trace.keys().size(), 2U);
  EXPECT_EQ(trace.requests()[1].bytes, 7454U);
  EXPECT_EQ(trace.requests()[2].object, trace.requests()[0].object);
  EXPECT_EQ(trace.footprint_bytes(), 7454U + 70);
  EXPECT_EQ(trace.skipped_lines(), 1U);
}

TEST(TraceTest, ReadsAccessLogs) {
  Trace trace;
  const char* const kLines[] = {
      R"(::1 - - [22/Nov/2026:11:00:00 +0000] "GET /a.jpg HTTP/1.1" 200 1000 "-" "curl \"x\"")",
      R"(10.0.0.1 - anna [22/Nov/2026:11:00:01 +0000] "GET /b.jpg HTTP/1.1" 200 500)",
      R"(10.0.0.1 - - [22/Nov/2026:11:00:02 +0000] "GET /a.jpg HTTP/1.1" 304 -)",
      R"(10.0.0.1 - - [22/Nov/2026:11:00:03 +0000] "GET /a.jpg HTTP/2.0" 206 10)",
      R"(10.0.0.1 - - [22/Nov/2026:11:00:04 +0000] "POST /v1/photos HTTP/1.1" 201 900)",
      R"(10.0.0.1 - - [22/Nov/2026:11:00:05 +0000] "GET /c.jpg HTTP/1.1" 503 12)",
      R"(10.0.0.1 - - [22/Nov/2026:11:00:06 +0000] "\x16\x03" 400 0)",
  };
  for (const char* line : kLines) ASSERT_TRUE(trace.add_line(line)) << line;
  ASSERT_EQ(trace.requests().size(), 4U);
  EXPECT_EQ(trace.keys()[0], "/a.jpg");
  EXPECT_EQ(trace.keys()[1], "/b.jpg");
  EXPECT_EQ(trace.requests()[2].bytes, 1000U);
  EXPECT_EQ(trace.requests()[3].bytes, 1000U);
  EXPECT_EQ(trace.skipped_lines(), 3U);
}

TEST(TraceTest, TellsWhatIsNoTrace) {
  for (const char* line : {"m 12903", "hello", "1 2", "a b c", "1 2 -5", "{\"a\": 1}"}) {
    Trace trace;
    const auto added = trace.add_line(line);
    ASSERT_FALSE(added) << line;
    EXPECT_EQ(added.error().code, ErrorCode::kInvalidArgument);
  }
}

}  // namespace
}  // namespace farm::cache
