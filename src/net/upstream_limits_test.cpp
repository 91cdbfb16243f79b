// Bounds, deadlines, names and lifetimes of the streaming client.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <vector>

#include <boost/asio/detached.hpp>

#include "net/host_lookup.h"
#include "net/test_endpoints.h"
#include "net/test_upstream.h"

namespace farm::net {
namespace {

using namespace testing;
using namespace std::chrono_literals;
using ::testing::HasSubstr;

constexpr std::string_view kHello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

class UpstreamLimitsTest : public UpstreamTest {
 protected:
  Outcome get_with(UpstreamConfig config, Asking asking = {}) {
    Asker asker(config);
    return asker.ask(listener_.port(), std::move(asking));
  }
};

// ---- how many

class UpstreamServerTest : public ::testing::Test {
 protected:
  UpstreamServer to() const {
    return {"127.0.0.1", ntohs(socket_address(server_->address()).sin_port)};
  }
  static Asking asking(std::string target) {
    Asking out;
    out.target = std::move(target);
    return out;
  }
  // So many at once; how many had "hello" for an answer.
  std::size_t hellos(Asker& asker, std::size_t count) {
    std::vector<Outcome> outcomes(count);
    for (Outcome& outcome : outcomes) {
      boost::asio::co_spawn(asker.context(), Asker::run(asker, to(), asking("/hello"), outcome),
                            boost::asio::detached);
    }
    asker.run_all();
    busy_ = static_cast<std::size_t>(
        std::ranges::count(outcomes, std::string("busy"), &Outcome::error));
    return static_cast<std::size_t>(
        std::ranges::count(outcomes, std::string("hello"), &Outcome::body));
  }

  std::unique_ptr<Server> server_ = start_server(test_config(), test_endpoints());
  std::size_t busy_ = 0;
};

TEST_F(UpstreamServerTest, ManyAtOnceEachHaveAConnection) {
  UpstreamConfig config;
  config.idle_timeout = 0ms;
  Asker asker(config);
  EXPECT_EQ(hellos(asker, 100), 100U);
  EXPECT_EQ(asker.figures().connects, 100U);
  EXPECT_EQ(asker.figures().open, 0U);  // idle ones were given up, after idle_timeout
  EXPECT_EQ(asker.figures().idle, 0U);
}

TEST_F(UpstreamServerTest, MoreThanTheBoundAreBusy) {
  UpstreamConfig config;
  config.max_open_per_server = 3;
  config.idle_timeout = 0ms;
  Asker asker(config);
  EXPECT_EQ(hellos(asker, 10), 3U);
  EXPECT_EQ(busy_, 7U);
  EXPECT_EQ(asker.figures().failures, 7U);
  EXPECT_EQ(hellos(asker, 3), 3U);
}

TEST_F(UpstreamServerTest, IdleOnesHaveABound) {
  for (const std::uint32_t bound : {0U, 1U, 4U}) {
    UpstreamConfig config;
    config.max_idle_per_server = bound;
    Asker asker(config);
    asker.until_idle = true;
    EXPECT_EQ(hellos(asker, 10), 10U);
    EXPECT_EQ(asker.figures().idle, bound);
    EXPECT_EQ(asker.figures().open, bound);
  }
}

TEST_F(UpstreamServerTest, LargeBodiesGoBothWays) {
  Asker asker;
  const std::string piece(100'003, 'p');
  for (const bool chunked : {false, true}) {
    Asking echo = asking("/echo");
    echo.method = "POST";
    echo.pieces = {piece};
    echo.repeat_pieces = 30;
    echo.chunked = chunked;
    if (!chunked) echo.content_length = 30 * piece.size();
    const Outcome outcome = asker.ask(to().port, std::move(echo));
    EXPECT_EQ(outcome.error, "") << outcome.context;
    EXPECT_EQ(outcome.body.size(), 30 * piece.size());
  }
  EXPECT_EQ(asker.figures().connects, 1U);
}

TEST_F(UpstreamServerTest, ARefusedBodyIsAnswered) {
  Asker asker;
  Asking refused = asking("/refuse");
  refused.method = "POST";
  refused.pieces = {std::string(1 << 20, 'b')};
  refused.repeat_pieces = 20;
  refused.content_length = 20 << 20;
  const Outcome outcome = asker.ask(to().port, std::move(refused));
  EXPECT_EQ(outcome.status, 401) << outcome.context;
  EXPECT_EQ(asker.ask(to().port, asking("/hello")).body, "hello");
}

// ---- deadlines

TEST_F(UpstreamLimitsTest, AServerThatDoesNotTakeConnections) {
  // A full queue of connections that nobody accepts: the kernel drops the next one's first packet.
  const int full = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at = socket_address("127.0.0.1:0");
  ASSERT_EQ(bind(full, reinterpret_cast<const sockaddr*>(&at), sizeof at), 0);
  ASSERT_EQ(listen(full, 0), 0);
  socklen_t size = sizeof at;
  ASSERT_EQ(getsockname(full, reinterpret_cast<sockaddr*>(&at), &size), 0);
  const RawClient first("127.0.0.1:" + std::to_string(ntohs(at.sin_port)));
  UpstreamConfig config;
  config.connect_timeout = 200ms;
  Asker asker(config);
  EXPECT_EQ(asker.ask(ntohs(at.sin_port), {}).error, "timed out");
  EXPECT_EQ(asker.figures().open, 0U);
  ::close(full);
}

TEST_F(UpstreamLimitsTest, AServerThatDoesNotAnswer) {
  UpstreamConfig config;
  config.head_timeout = 200ms;
  serve([this] {
    RawClient silent = listener_.accept();
    (void)silent.receive_all();
    RawClient dripping = listener_.accept();
    (void)dripping.receive();
    dripping.send("HTTP/1.1 200 OK\r\nA: ");
    dripping.drip_to_end("a");
    RawClient interim = listener_.accept();
    (void)interim.receive();
    interim.send("HTTP/1.1 103 Early Hints\r\n\r\n");
    (void)interim.receive_all();
  });
  EXPECT_EQ(get_with(config).error, "timed out");
  EXPECT_EQ(get_with(config).error, "timed out");
  EXPECT_EQ(get_with(config).error, "timed out");
}

TEST_F(UpstreamLimitsTest, ARequestMayHaveDeadlinesOfItsOwn) {
  serve([this] { (void)listener_.accept().receive_all(); });
  Asking asking;
  asking.head_timeout = 200ms;
  EXPECT_EQ(get_with({}, asking).error, "timed out");
}

TEST_F(UpstreamLimitsTest, ABodyThatDrips) {
  UpstreamConfig config;
  config.transfer_grace = 200ms;
  config.min_rate = 1 << 20;
  for (const std::string_view framing :
       {"Content-Length: 1000", "Transfer-Encoding: chunked", "A: b"}) {
    serve([this, framing] {
      RawClient connection = listener_.accept();
      (void)connection.receive();
      connection.send("HTTP/1.1 200 OK\r\n" + std::string(framing) + "\r\n\r\n");
      connection.drip_to_end(framing.starts_with("T") ? "1\r\nx\r\n" : "x");
    });
    const Outcome got = get_with(config);
    EXPECT_EQ(got.status, 200);
    EXPECT_EQ(got.error, "timed out") << framing;
  }
}

TEST_F(UpstreamLimitsTest, ABodyThatKeepsMovingIsNotCutHoweverLongItTakes) {
  UpstreamConfig config;
  config.transfer_grace = 1500ms;
  config.min_rate = 1;  // every byte wins it all back
  serve([this] {
    RawClient connection = listener_.accept();
    (void)connection.receive();
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n");
    for (int i = 0; i < 100; ++i) {
      (void)connection.has_something(20);
      connection.send("x");
    }
  });
  EXPECT_EQ(get_with(config).body, std::string(100, 'x'));
}

TEST_F(UpstreamLimitsTest, AServerThatDoesNotTakeTheBody) {
  UpstreamConfig config;
  config.transfer_grace = 200ms;
  serve([this] {
    const RawClient connection = listener_.accept();
    EXPECT_TRUE(connection.is_reset());
  });
  Asking asking;
  asking.method = "PUT";
  asking.pieces = {std::string(1 << 20, 'b')};
  asking.repeat_pieces = 64;
  asking.chunked = true;
  EXPECT_EQ(get_with(config, asking).error, "timed out");
}

TEST_F(UpstreamLimitsTest, NobodyListens) {
  std::uint16_t port = 0;
  {
    const RawListener listener;
    port = listener.port();
  }
  const Outcome got = asker_.ask(port, {});
  EXPECT_EQ(got.error, "unavailable");
  EXPECT_THAT(got.context, HasSubstr("127.0.0.1:" + std::to_string(port)));
  EXPECT_EQ(asker_.figures().open, 0U);
  EXPECT_EQ(asker_.figures().failures, 1U);
}

// ---- names

TEST_F(UpstreamLimitsTest, NamesAreLookedUp) {
  serve([this] {
    RawClient connection = listener_.accept();
    for (int i = 0; i < 2; ++i) {
      (void)connection.receive();
      connection.send(kHello);
    }
  });
  EXPECT_EQ(asker_.ask(listener_.port(), {}, "localhost").body, "hello");
  EXPECT_EQ(asker_.ask(listener_.port(), {}, "localhost").body, "hello");
  EXPECT_EQ(asker_.figures().connects, 1U);
}

TEST_F(UpstreamLimitsTest, ANameThatIsNone) {
  const std::string too_long(300, 'n');
  const Outcome got = asker_.ask(listener_.port(), {}, too_long);
  EXPECT_EQ(got.error, "unavailable");
  EXPECT_THAT(got.context, HasSubstr("cannot look up nnn"));
  EXPECT_EQ(asker_.figures().open, 0U);
}

io::Task<void> look_up(std::shared_ptr<HostLookup> lookup, std::string host, int& good, int& bad) {
  const auto found = co_await lookup->find(std::move(host), std::chrono::seconds(30));
  ++(found && !found.value().empty() ? good : bad);
}

TEST(HostLookup, ManyAskForManyNames) {
  boost::asio::io_context context;
  const auto lookup = std::make_shared<HostLookup>(context.get_executor());
  int good = 0;
  int bad = 0;
  for (int i = 0; i < 1000; ++i) {
    const std::string host = i % 10 == 0  ? std::string(300, 'n') + std::to_string(i)
                             : i % 2 == 0 ? "localhost"
                                          : "::1";
    boost::asio::co_spawn(context, look_up(lookup, host, good, bad), boost::asio::detached);
    if (i % 100 == 99) {
      context.run();
      context.restart();
    }
  }
  EXPECT_EQ(good, 900);
  EXPECT_EQ(bad, 100);
}

TEST(HostLookup, TooManyNamesAtATimeAreRefused) {
  boost::asio::io_context context;
  const auto lookup = std::make_shared<HostLookup>(context.get_executor());
  int good = 0;
  int bad = 0;
  for (std::size_t i = 0; i <= HostLookup::kMaxNames; ++i) {
    boost::asio::co_spawn(context,
                          look_up(lookup, std::string(300, 'n') + std::to_string(i), good, bad),
                          boost::asio::detached);
  }
  boost::asio::co_spawn(context, look_up(lookup, "127.0.0.1", good, bad), boost::asio::detached);
  context.run();
  EXPECT_EQ(good, 1);
  EXPECT_EQ(bad, static_cast<int>(HostLookup::kMaxNames) + 1);
}

// ---- configuration

TEST(UpstreamConfig, ReadsItsTable) {
  auto document = config::Document::parse(R"(
[upstream]
connect_timeout = "1s"
head_timeout = "2s"
transfer_grace = "3s"
min_rate = "4KiB"
idle_timeout = "0"
max_idle_per_server = 5
max_open_per_server = 6
max_head = "7KiB"
)",
                                          "f.toml");
  ASSERT_TRUE(document);
  UpstreamConfig config;
  read_config(document.value().root().table("upstream"), config);
  ASSERT_TRUE(document.value().finish());
  EXPECT_EQ(config.connect_timeout, 1s);
  EXPECT_EQ(config.head_timeout, 2s);
  EXPECT_EQ(config.transfer_grace, 3s);
  EXPECT_EQ(config.min_rate, 4096U);
  EXPECT_EQ(config.idle_timeout, 0s);
  EXPECT_EQ(config.max_idle_per_server, 5U);
  EXPECT_EQ(config.max_open_per_server, 6U);
  EXPECT_EQ(config.max_head_bytes, 7168U);
}

TEST(UpstreamConfig, RefusesWhatWouldNeverWork) {
  for (const std::string line :
       {"connect_timeout = \"0\"", "min_rate = \"0\"", "max_open_per_server = 0",
        "max_head = \"2MiB\"", "max_idle_per_server = -1"}) {
    auto document = config::Document::parse("[upstream]\n" + line, "f.toml");
    ASSERT_TRUE(document);
    UpstreamConfig config;
    read_config(document.value().root().table("upstream"), config);
    EXPECT_FALSE(document.value().finish()) << line;
  }
}

// ---- lifetimes

TEST_F(UpstreamLimitsTest, ExchangesOutliveTheirUpstreams) {
  std::atomic<bool> gone{false};
  serve([&] {
    RawClient connection = listener_.accept();
    (void)connection.receive();
    gone.wait(false);
    connection.send(kHello);
    EXPECT_TRUE(connection.ends());
  });
  boost::asio::io_context context;
  auto upstreams = std::make_unique<Upstreams>(context.get_executor(), UpstreamConfig{});
  std::string body;
  boost::asio::co_spawn(context, read_all(*upstreams, {"127.0.0.1", listener_.port()}, body),
                        boost::asio::detached);
  while (upstreams->figures().connects == 0) context.run_one();
  upstreams.reset();
  gone = true;
  gone.notify_one();
  context.run();
  EXPECT_EQ(body, "hello");
}

TEST_F(UpstreamLimitsTest, ALoopMayEndUnderExchanges) {
  serve([this] {
    for (int i = 0; i < 2; ++i) (void)listener_.accept().receive_all();
  });
  for (const std::string host : {"127.0.0.1", "localhost"}) {
    std::string body;
    boost::asio::io_context context;
    Upstreams upstreams(context.get_executor(), {});
    boost::asio::co_spawn(context, read_all(upstreams, {host, listener_.port()}, body),
                          boost::asio::detached);
    while (upstreams.figures().connects == 0) context.run_one();
    for (int i = 0; i < 3; ++i) context.poll_one();
  }
}

}  // namespace
}  // namespace farm::net
