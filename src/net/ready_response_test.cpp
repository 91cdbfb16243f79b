// Responses that lie ready, and bodies of unknown length, through a real server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "net/test_endpoints.h"

namespace farm::net {
namespace {

using namespace testing;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

class ReadyResponseTest : public ::testing::Test {
 protected:
  std::unique_ptr<Server> server_ = start_server(test_config(), test_endpoints());
  RawClient client_{server_->address()};
};

TEST_F(ReadyResponseTest, IsSentWholeAndGivenBack) {
  const RawResponse response = client_.ask("GET /ready HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.find("X-Stored"), "yes");
  EXPECT_EQ(response.find("Age"), "7");
  EXPECT_EQ(response.find("Date"), "none") << "the stored head has its own";
  EXPECT_TRUE(response.body == ready_body());
  // The next answer comes after the last one's end.
  EXPECT_EQ(client_.ask("GET /hello HTTP/1.1\r\nHost: h\r\n\r\n").status, 200);
  EXPECT_EQ(kept_alive, 0);
}

TEST_F(ReadyResponseTest, HeadHasNoBody) {
  client_.send("HEAD /ready HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  const std::string all = client_.receive_all();
  EXPECT_THAT(all, HasSubstr("Content-Length: " + std::to_string(ready_body().size())));
  EXPECT_THAT(all, EndsWith("\r\n\r\n"));
  server_->stop();
  EXPECT_EQ(kept_alive, 0);
}

TEST_F(ReadyResponseTest, IsGivenBackWhenTheClientLeaves) {
  client_.send("GET /ready HTTP/1.1\r\nHost: h\r\n\r\n");
  client_.close();
  server_->stop();
  EXPECT_EQ(kept_alive, 0);
}

TEST_F(ReadyResponseTest, UnknownLengthGoesInChunks) {
  client_.send("GET /unknown-length HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  const std::string all = client_.receive_all();
  EXPECT_THAT(all, HasSubstr("HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n"));
  EXPECT_THAT(all, HasSubstr("Transfer-Encoding: chunked\r\n"));
  EXPECT_THAT(all, Not(HasSubstr("Content-Length")));
  EXPECT_THAT(all, EndsWith("\r\n\r\n4\r\none \r\n3\r\ntwo\r\n0\r\n\r\n"));
}

TEST_F(ReadyResponseTest, UnknownLengthEndsTheConnectionOfHttp10) {
  client_.send("GET /unknown-length HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  const std::string all = client_.receive_all();
  EXPECT_THAT(all, Not(HasSubstr("103")));
  EXPECT_THAT(all, Not(HasSubstr("chunked")));
  EXPECT_THAT(all, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(all, EndsWith("\r\n\r\none two"));
}

TEST_F(ReadyResponseTest, ABodyCutShortHasNoLastChunk) {
  client_.send("GET /unknown-length?cut HTTP/1.1\r\nHost: h\r\n\r\n");
  const std::string all = client_.receive_all();
  EXPECT_THAT(all, EndsWith("4\r\none \r\n3\r\ntwo\r\n"));
}

}  // namespace
}  // namespace farm::net
