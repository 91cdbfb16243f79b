// What a server does to clients that are too slow, too many or too large. Every test shortens only
// the bound it is about, so that a slow machine does not run into the others.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "net/test_endpoints.h"

namespace farm::net {
namespace {

using namespace testing;
using namespace std::chrono_literals;

std::unique_ptr<Server> start(const Config& config) {
  return start_server(config, test_endpoints());
}

std::string half_a_body() { return post("/count", std::string(100, 'x')).substr(0, 90); }

TEST(ServerTimeouts, AHeadThatDoesNotEnd) {
  Config config = test_config();
  config.head_timeout = 300ms;
  const auto server = start(config);
  RawClient stuck(server->address());
  stuck.send("GET /hello HTTP/1.1\r\nHost:");
  RawClient dripping(server->address());
  dripping.send("GET /");
  dripping.drip("x");
  for (RawClient* client : {&stuck, &dripping}) {
    const RawResponse response = client->receive();
    EXPECT_EQ(response.status, 408);
    EXPECT_EQ(response.find("Connection"), "close");
  }
}

TEST(ServerTimeouts, AHeadAfterAnotherRequest) {
  Config config = test_config();
  config.head_timeout = 300ms;
  const auto server = start(config);
  RawClient client(server->address());
  EXPECT_EQ(client.ask(get("/hello") + "GET /hello HTT").body, "hello");
  EXPECT_EQ(client.receive().status, 408);
}

TEST(ServerTimeouts, AnIdleConnectionEndsWithoutAWord) {
  Config config = test_config();
  config.idle_timeout = 300ms;
  const auto server = start(config);
  RawClient fresh(server->address());
  EXPECT_TRUE(fresh.ends());
  RawClient used(server->address());
  EXPECT_EQ(used.ask(get("/hello")).body, "hello");
  EXPECT_TRUE(used.ends());
  RawClient blank(server->address());
  blank.send("\r\n");
  EXPECT_TRUE(blank.ends()) << "an empty line begins no request";
}

TEST(ServerTimeouts, ABodyThatDoesNotCome) {
  Config config = test_config();
  config.transfer_grace = 300ms;
  const auto server = start(config);
  for (const std::string& text :
       {half_a_body(), post("/ignore", std::string(100, 'x')).substr(0, 90),
        chunked_head("/count") + "5\r\nhe", chunked_head("/count") + "5;exten"}) {
    RawClient client(server->address());
    client.send(text);
    const RawResponse response = client.receive();
    if (text.starts_with("POST /ignore")) {
      EXPECT_EQ(response.body, "hello") << "it was answered without the body";
      EXPECT_TRUE(client.ends());
    } else {
      EXPECT_EQ(response.status, 408) << text;
      EXPECT_EQ(response.find("Connection"), "close");
    }
  }
}

TEST(ServerTimeouts, ABodyThatDrips) {
  Config config = test_config();
  config.transfer_grace = 300ms;
  const auto server = start(config);
  RawClient sized(server->address());
  sized.send(post("/count", std::string(100'000, 'x')).substr(0, 100));
  sized.drip("x");
  EXPECT_EQ(sized.receive().status, 408);
  RawClient chunked(server->address());
  chunked.send(chunked_head("/count"));
  chunked.drip("1\r\nx\r\n");
  EXPECT_EQ(chunked.receive().status, 408);
}

// What has come fast before earns no right to drip for hours.
TEST(ServerTimeouts, ABodyThatDripsAfterAFastStart) {
  Config config = test_config();
  config.transfer_grace = 300ms;
  const auto server = start(config);
  RawClient client(server->address());
  const std::string all = post("/count", std::string(4 << 20, 'x'));
  client.send(all.substr(0, 3 << 20));
  client.drip("x");
  EXPECT_EQ(client.receive().status, 408);
}

TEST(ServerTimeouts, AClientThatDoesNotTakeItsResponse) {
  Config config = test_config();
  config.transfer_grace = 300ms;
  const auto server = start(config);
  RawClient client(server->address());
  client.send(get("/big"));
  EXPECT_TRUE(client.is_reset());
  RawClient other(server->address());
  EXPECT_EQ(other.ask(get("/hello")).body, "hello");
}

TEST(ServerLimits, ConnectionsOverTheBoundAreToldToComeAgain) {
  Config config = test_config();
  config.max_connections = 2;
  const auto server = start(config);
  RawClient first(server->address());
  RawClient second(server->address());
  EXPECT_EQ(first.ask(get("/hello")).body, "hello");
  EXPECT_EQ(second.ask(get("/hello")).body, "hello");
  RawClient third(server->address());
  const RawResponse response = third.receive();
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.find("Retry-After"), "1");
  EXPECT_EQ(response.find("Connection"), "close");
  EXPECT_TRUE(third.ends());
  EXPECT_EQ(first.ask(get("/hello")).body, "hello") << "who is in stays in";
  second.close();
  int status = 503;
  for (int i = 0; i < 1000 && status != 200; ++i) {  // until the server has seen the end
    RawClient next(server->address());
    status = next.ask(get("/hello")).status;
  }
  EXPECT_EQ(status, 200);
}

TEST(ServerLimits, ABurstOfConnectionsIsCountedAsItComes) {
  Config config = test_config();
  config.max_connections = 10;
  const auto server = start(config);
  std::vector<RawClient> clients;
  for (int i = 0; i < 100; ++i) clients.emplace_back(server->address());
  int served = 0;
  for (RawClient& client : clients) {
    client.send(get("/hello"));
    if (client.receive().status == 200) ++served;
  }
  EXPECT_EQ(served, 10);
}

std::uint16_t port_of(int socket) {
  sockaddr_in own{};
  socklen_t size = sizeof own;
  getsockname(socket, reinterpret_cast<sockaddr*>(&own), &size);
  return ntohs(own.sin_port);
}

// What the server has given to the kernel for that client, and the client has not acknowledged:
// proc(5), /proc/net/tcp, "tx_queue".
std::uint64_t bytes_to_send(const std::string& server, int client) {
  char ends[64];
  std::snprintf(ends, sizeof ends, ":%04X 0100007F:%04X", ntohs(socket_address(server).sin_port),
                port_of(client));
  std::ifstream connections("/proc/self/net/tcp");
  for (std::string line; std::getline(connections, line);) {
    const std::size_t at = line.find(ends);
    if (at == std::string::npos) continue;
    const std::string queues = line.substr(at + std::strlen(ends) + 4);  // " 01 " is the state
    return std::stoull(queues, nullptr, 16);
  }
  return 0;
}

// A client that asks for /big and reads nothing.
class DeafClient {
 public:
  explicit DeafClient(const Config& config) : server_(start(config)) {
    const int segment = 1448;  // loopback's own are as large as what is to be seen
    setsockopt(client_.socket(), IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof segment);
    const int window = 4096;
    setsockopt(client_.socket(), SOL_SOCKET, SO_RCVBUF, &window, sizeof window);
    client_.connect(server_->address());
    client_.send(get("/big"));
  }

  // What the kernel holds for it, once it is more than `bytes`, or after 30 s.
  std::uint64_t held_over(std::uint64_t bytes) {
    std::uint64_t held = 0;
    for (int i = 0; i < 3000 && held <= bytes; ++i) {
      std::this_thread::sleep_for(10ms);  // between two looks
      held = bytes_to_send(server_->address(), client_.socket());
    }
    return held;
  }

 private:
  const std::unique_ptr<Server> server_;
  RawClient client_;
};

TEST(ServerLimits, TheKernelHoldsLittleForAClientThatDoesNotRead) {
  Config config = test_config();
  config.max_unsent_bytes = 16 << 10;
  DeafClient bounded(config);
  EXPECT_GT(bounded.held_over(8 << 10), 8 << 10);
  config.max_unsent_bytes = 1 << 30;
  DeafClient unbounded(config);
  EXPECT_GT(unbounded.held_over(40 << 10), 40 << 10) << "as much as it likes";
  std::this_thread::sleep_for(300ms);  // the first server goes on until the kernel takes no more
  EXPECT_LT(bounded.held_over(0), 40 << 10);
}

TEST(ServerLimits, ASmallHeadLimitHolds) {
  Config config = test_config();
  config.max_head_bytes = 1024;
  const auto server = start(config);
  RawClient client(server->address());
  EXPECT_EQ(client.ask("GET /hello HTTP/1.1\r\nHost: h\r\nA: " + std::string(900, 'x') + "\r\n\r\n")
                .status,
            200);
  EXPECT_EQ(
      client.ask("GET /hello HTTP/1.1\r\nHost: h\r\nA: " + std::string(1100, 'x') + "\r\n\r\n")
          .status,
      431);
}

TEST(ServerLimits, ALargeHeadLimitHolds) {
  Config config = test_config();
  config.max_head_bytes = 64 << 10;
  const auto server = start(config);
  RawClient client(server->address());
  const std::string large = "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nA: " +
                            std::string(60'000, 'x') + "\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.ask(large).body, "abc");
  EXPECT_EQ(client.ask(get("/hello")).body, "hello");
}

// Takes every descriptor that the process may have.
class DescriptorFamine {
 public:
  DescriptorFamine() {
    getrlimit(RLIMIT_NOFILE, &before_);
    rlimit small = before_;
    small.rlim_cur = 256;
    setrlimit(RLIMIT_NOFILE, &small);
    for (int taken = dup(STDERR_FILENO); taken >= 0; taken = dup(STDERR_FILENO)) {
      taken_.push_back(taken);
    }
  }
  ~DescriptorFamine() {
    for (const int taken : taken_) ::close(taken);
    setrlimit(RLIMIT_NOFILE, &before_);
  }
  DescriptorFamine(const DescriptorFamine&) = delete;
  DescriptorFamine& operator=(const DescriptorFamine&) = delete;

 private:
  rlimit before_{};
  std::vector<int> taken_;
};

TEST(ServerLimits, WithoutDescriptorsConnectionsWait) {
  const auto server = start(test_config());
  RawClient before(server->address());
  EXPECT_EQ(before.ask(get("/hello")).body, "hello");
  std::vector<RawClient> clients(5);
  {
    const DescriptorFamine famine;
    for (RawClient& client : clients) {
      client.connect(server->address());
      client.send(get("/hello"));
    }
    EXPECT_FALSE(clients.front().has_something(300));
    EXPECT_EQ(before.ask(get("/hello")).body, "hello") << "who is in is served";
  }
  for (RawClient& client : clients) EXPECT_EQ(client.receive().body, "hello");
}

}  // namespace
}  // namespace farm::net
