// The streaming client against servers that say, byte by byte, what a test wants.
#include "net/upstream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "net/test_upstream.h"

namespace farm::net {
namespace {

using namespace testing;
using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::string_view kHello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

TEST_F(UpstreamTest, AnAnswerWithALength) {
  answer_once(std::string(kHello));
  const Outcome got = get();
  EXPECT_EQ(got.error, "");
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(got.reason, "OK");
  EXPECT_EQ(got.body_bytes, 5U);
  EXPECT_EQ(got.body, "hello");
  EXPECT_THAT(got.headers, ElementsAre("Content-Length: 5"));
}

}  // namespace
}  // namespace farm::net
