// A server that is told to stop finishes what runs, within its bound.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/this_coro.hpp>

#include "io/notifier.h"
#include "io/offload.h"
#include "net/test_endpoints.h"

namespace farm::net {
namespace {

using namespace testing;
using namespace std::chrono_literals;

// Work on another thread that lasts until the test opens the gate.
struct Gate {
  io::WorkerPool pool{"gate", 2, 8};
  std::promise<void> entered;
  std::promise<void> opened;
  std::shared_future<void> open = opened.get_future().share();

  Result<int> wait() {
    entered.set_value();
    open.wait();
    return 7;
  }
};

struct WaitAtGate {
  Gate* gate;
  Result<int> operator()() { return gate->wait(); }
};

io::Task<void> wait_at_gate(Exchange& exchange, Gate& gate) {
  const auto number = co_await io::offload(gate.pool, WaitAtGate{&gate});
  co_await say(exchange, "waited for " + std::to_string(number.value()));
}

// One idle connection a thread, as connections go to the threads in turn: when all of them have
// ended, every thread knows that it is to stop.
class IdleClients {
 public:
  explicit IdleClients(const Server& server) {
    for (std::size_t i = 0; i < server.threads(); ++i) {
      clients_.emplace_back(server.address());
      EXPECT_EQ(clients_.back().ask(get("/hello")).body, "hello");
    }
  }

  void expect_end() {
    for (RawClient& client : clients_) EXPECT_TRUE(client.ends());
  }

 private:
  std::vector<RawClient> clients_;
};

class ServerStopTest : public ::testing::Test {
 protected:
  std::unique_ptr<Server> start(std::chrono::milliseconds stop_grace) {
    Config config = test_config();
    config.stop_grace = stop_grace;
    EndpointTable table = test_endpoints();
    add_endpoint(table, Method::kGet, "/gate", 0,
                 [this](Exchange& exchange) { return wait_at_gate(exchange, gate_); });
    return start_server(config, std::move(table));
  }

  Gate gate_;
};

TEST_F(ServerStopTest, FinishesWhatRunsAndEndsWhatIdles) {
  const auto server = start(60s);
  IdleClients idle(*server);
  RawClient busy(server->address());
  busy.send(get("/gate") + get("/hello"));
  gate_.entered.get_future().wait();
  std::thread stopper([&] { server->stop(); });
  idle.expect_end();
  EXPECT_FALSE(busy.has_something());
  gate_.opened.set_value();
  const RawResponse response = busy.receive();
  EXPECT_EQ(response.body, "waited for 7");
  EXPECT_EQ(response.find("Connection"), "close");
  EXPECT_TRUE(busy.ends()) << "the next request is for the next server";
  stopper.join();
  RawClient late;
  const sockaddr_in to = socket_address(server->address());
  EXPECT_NE(connect(late.socket(), reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
}

// Work of one thread's event loop that others wait for: a fetch that many share.
struct SharedWork {
  explicit SharedWork(Gate& at) : gate(&at) {}
  Gate* gate;
  io::Notifier done;
  std::uint64_t ticket = done.ticket();
};

io::Task<void> work_and_tell(SharedWork& work) {
  (void)co_await io::offload(work.gate->pool, WaitAtGate{work.gate});
  work.done.notify();
}

io::Task<void> begin_work(Exchange& exchange, SharedWork& work) {
  const io::Executor executor = co_await boost::asio::this_coro::executor;
  boost::asio::co_spawn(executor, work_and_tell(work), boost::asio::detached);
  co_await say(exchange, std::to_string(exchange.thread_index()));
}

io::Task<void> await_work(Exchange& exchange, SharedWork& work) {
  co_await work.done.wait(work.ticket);
  co_await say(exchange, "done");
}

TEST_F(ServerStopTest, AThreadWithoutConnectionsGoesOnWhileOthersWaitForIt) {
  SharedWork work(gate_);
  Config config = test_config();
  config.stop_grace = 60s;
  EndpointTable table = test_endpoints();
  add_endpoint(table, Method::kGet, "/begin", 0,
               [&work](Exchange& exchange) { return begin_work(exchange, work); });
  add_endpoint(table, Method::kGet, "/await", 0,
               [&work](Exchange& exchange) { return await_work(exchange, work); });
  const auto server = start_server(config, std::move(table));
  RawClient first(server->address());
  RawClient second(server->address());  // on the other thread
  EXPECT_EQ(first.ask(get("/begin")).body, "0");
  gate_.entered.get_future().wait();
  second.send(get("/await"));
  IdleClients idle(*server);
  std::thread stopper([&] { server->stop(); });
  EXPECT_TRUE(first.ends());
  idle.expect_end();
  std::this_thread::sleep_for(100ms);  // the first thread sees that it has no connections
  gate_.opened.set_value();
  EXPECT_EQ(second.receive().body, "done");
  stopper.join();
}

TEST_F(ServerStopTest, FinishesABodyThatIsOnItsWay) {
  const auto server = start(60s);
  IdleClients idle(*server);
  RawClient client(server->address());
  const std::string text = post("/echo", "a body in two halves", "Expect: 100-continue\r\n");
  const std::size_t head_bytes = text.size() - 20;
  EXPECT_EQ(client.ask(text.substr(0, head_bytes)).status, 100);
  std::thread stopper([&] { server->stop(); });
  idle.expect_end();
  client.send(text.substr(head_bytes));
  EXPECT_EQ(client.receive().body, "a body in two halves");
  EXPECT_TRUE(client.ends());
  client.close();
  stopper.join();
}

TEST_F(ServerStopTest, DoesNotWaitForeverForWorkThatDoesNotEnd) {
  auto server = start(200ms);
  RawClient client(server->address());
  client.send(get("/gate"));
  gate_.entered.get_future().wait();
  server->stop();
  gate_.opened.set_value();
  gate_.pool.stop();
  server.reset();
  EXPECT_TRUE(client.ends());
}

TEST_F(ServerStopTest, DoesNotWaitForeverForClients) {
  auto server = start(200ms);
  std::vector<RawClient> clients;
  for (const std::string& text :
       {std::string("GET /hel"), get("/big"), post("/count", std::string(100, 'x')).substr(0, 90),
        chunked_head("/count") + "5\r\nhe"}) {
    clients.emplace_back(server->address());
    clients.back().send(text);
  }
  server->stop();
  server.reset();
}

TEST_F(ServerStopTest, MayBeStoppedTwiceOrNotAtAll) {
  auto server = start(60s);
  server->stop();
  server->stop();
  server.reset();
  server = start(60s);
  RawClient client(server->address());
  EXPECT_EQ(client.ask(get("/hello")).body, "hello");
  server.reset();
  EXPECT_TRUE(client.ends());
}

TEST_F(ServerStopTest, MayBeBoundAndNeverRun) {
  const auto server = Server::bind(test_config(), "127.0.0.1:0", test_endpoints());
  ASSERT_TRUE(server);
  RawClient client(server.value()->address());
  client.send(get("/hello"));
  server.value()->stop();
}

TEST_F(ServerStopTest, WhileClientsComeAndGo) {
  for (int round = 0; round < 5; ++round) {
    auto server = start(60s);
    const std::string address = server->address();
    std::promise<void> begun;
    std::thread hammer([&] {
      for (int i = 0; i < 10'000; ++i) {
        RawClient client;
        const sockaddr_in to = socket_address(address);
        if (connect(client.socket(), reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) break;
        const RawResponse response = client.ask(get("/hello"));
        if (i == 20) begun.set_value();
        if (response.status == 0) break;
        if (response.body != "hello") ADD_FAILURE() << response.body;
      }
    });
    begun.get_future().wait();
    server->stop();
    server.reset();
    hammer.join();
  }
}

}  // namespace
}  // namespace farm::net
