#include "roles/edge/upstream_call.h"

#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "net/test_upstream.h"
#include "roles/edge/edge_fixture.h"

namespace farm::roles {
namespace {

using net::testing::RawClient;
using net::testing::RawListener;

constexpr std::string_view kAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

struct Heard {
  int status = 0;
  std::optional<Error> error;
};

io::Task<Result<net::UpstreamHead>> send_and_read(UpstreamCall& call) {
  FARM_CO_TRY(co_await call.send());
  co_return co_await call.read_head();
}

io::Task<void> call_once(UpstreamCall& call, Heard& out) {
  const auto head = co_await send_and_read(call);
  if (head) {
    out.status = head.value().status;
  } else {
    out.error = head.error();
  }
}

class UpstreamCallTest : public ::testing::Test {
 protected:
  // Asks the servers at these ports.
  Heard ask(const std::vector<std::uint16_t>& ports, UpstreamCallRequest request) {
    std::vector<route::ServerAddress> servers;
    for (const std::uint16_t port : ports) servers.push_back({.host = "127.0.0.1", .port = port});
    const route::Routes routes = routes_to(servers);
    boost::asio::io_context context;
    net::Upstreams upstreams(context.get_executor(), {});
    Heard out;
    {
      UpstreamCall call(upstreams, *routes.pools().front(), std::move(request));
      boost::asio::co_spawn(context, call_once(call, out), boost::asio::detached);
      while (out.status == 0 && !out.error && context.run_one() > 0) {
      }
    }
    return out;
  }
  static UpstreamCallRequest get() {
    UpstreamCallRequest request;
    request.target = "/";
    return request;
  }
  static UpstreamCallRequest post() {
    UpstreamCallRequest request = get();
    request.method = "POST";
    request.content_length = 0;
    return request;
  }

  // Where nobody listens.
  static std::uint16_t closed_port() { return RawListener().port(); }
};

// A server that takes a request and says `text`, or nothing, and leaves.
class OneAnswer {
 public:
  explicit OneAnswer(std::string_view text)
      : thread_([this, text] {
          RawClient client = listener_.accept();
          if (client.socket() < 0) return;
          heard_ = client.receive_until("\r\n\r\n");
          client.send(text);
        }) {}
  ~OneAnswer() { (void)heard(); }
  std::uint16_t port() const { return listener_.port(); }
  const std::string& heard() {
    if (thread_.joinable()) thread_.join();
    return heard_;
  }

 private:
  RawListener listener_;
  std::string heard_;
  std::thread thread_;
};

TEST_F(UpstreamCallTest, PassesOverServersThatCannotBeReached) {
  OneAnswer good(kAnswer);
  EXPECT_EQ(ask({closed_port(), closed_port(), good.port()}, post()).status, 200);
  EXPECT_TRUE(good.heard().starts_with("POST / HTTP/1.1\r\nHost: 127.0.0.1:"));
}

TEST_F(UpstreamCallTest, TellsWhereNoneCanBeReached) {
  const Heard heard = ask({closed_port(), closed_port()}, get());
  ASSERT_TRUE(heard.error);
  EXPECT_EQ(heard.error->code, ErrorCode::kUnavailable);
  EXPECT_EQ(gateway_status(*heard.error), 502);
}

TEST_F(UpstreamCallTest, AReadGoesToOneOtherServerWhereTheFirstLeaves) {
  OneAnswer leaves("");
  OneAnswer good(kAnswer);
  EXPECT_EQ(ask({leaves.port(), good.port()}, get()).status, 200);
  EXPECT_FALSE(leaves.heard().empty());
}

TEST_F(UpstreamCallTest, AWriteIsNeverSentTwice) {
  OneAnswer leaves("");
  RawListener other;
  const Heard heard = ask({leaves.port(), other.port()}, post());
  ASSERT_TRUE(heard.error);
  EXPECT_EQ(heard.error->code, ErrorCode::kClosed);
}

TEST(GatewayStatusTest, TellsWhatWentWrong) {
  EXPECT_EQ(gateway_status(make_error(ErrorCode::kTimeout, "t", "")), 504);
  EXPECT_EQ(gateway_status(make_error(ErrorCode::kBusy, "t", "")), 503);
  EXPECT_EQ(gateway_status(make_error(ErrorCode::kClosed, "t", "")), 502);
  EXPECT_EQ(gateway_status(make_error(ErrorCode::kCorrupt, "t", "")), 502);
}

}  // namespace
}  // namespace farm::roles
