#include "io/single_flight.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <optional>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

namespace farm::io {
namespace {

using Flights = SingleFlight<int>;

// Work that waits for a gate, and counts how often it was done.
struct GatedWork {
  std::atomic<int>* count;
  std::shared_future<void> gate;
  Result<int> operator()() const {
    gate.wait();
    return ++*count;
  }
};

Task<void> ask(Flights& flights, WorkerPool& pool, std::string key, GatedWork work,
               std::optional<Result<int>>& answer) {
  answer.emplace(co_await flights.run(pool, std::move(key), std::move(work)));
}

class SingleFlightTest : public ::testing::Test {
 protected:
  // Asks on a thread of its own each, and begins all before the gate opens.
  std::vector<Result<int>> ask_at_once(const std::vector<std::string>& keys) {
    std::vector<std::unique_ptr<boost::asio::io_context>> contexts;
    std::vector<std::optional<Result<int>>> answers(keys.size());
    for (std::size_t i = 0; i < keys.size(); ++i) {
      auto& context = *contexts.emplace_back(std::make_unique<boost::asio::io_context>());
      begin_to_ask(context, keys[i], answers[i]);
      context.poll();  // as far as to the wait
    }
    gate_.set_value();
    std::vector<std::thread> threads;
    for (const auto& context : contexts) threads.emplace_back([&context] { context->run(); });
    for (std::thread& thread : threads) thread.join();
    std::vector<Result<int>> results;
    for (const auto& answer : answers) results.push_back(answer.value());
    return results;
  }
  void begin_to_ask(boost::asio::io_context& context, const std::string& key,
                    std::optional<Result<int>>& answer) {
    boost::asio::co_spawn(context.get_executor(),
                          ask(flights_, pool_, key, {&count_, opened_}, answer),
                          boost::asio::detached);
  }

  std::atomic<int> count_{0};
  std::promise<void> gate_;
  std::shared_future<void> opened_ = gate_.get_future().share();
  Flights flights_;
  WorkerPool pool_{"test", 1, 2};
};

TEST_F(SingleFlightTest, DoesForAllWhatTheyAskForAtOnce) {
  const auto results = ask_at_once(std::vector<std::string>(50, "same"));
  EXPECT_EQ(count_, 1);
  for (const Result<int>& result : results) EXPECT_EQ(result.value(), 1);
}

TEST_F(SingleFlightTest, KeepsThingsApart) {
  const auto results = ask_at_once({"a", "b", "a"});
  EXPECT_EQ(count_, 2);
  EXPECT_EQ(results[0].value(), results[2].value());
  EXPECT_NE(results[0].value(), results[1].value());
}

TEST_F(SingleFlightTest, ForgetsWhenItIsDone) {
  (void)ask_at_once({"a"});
  boost::asio::io_context context;
  std::optional<Result<int>> again;
  begin_to_ask(context, "a", again);
  context.run();
  EXPECT_EQ(again.value().value(), 2);
}

TEST_F(SingleFlightTest, TellsWhereThereIsNoRoom) {
  const auto results = ask_at_once({"a", "b", "c", "d", "e"});
  std::size_t refused = 0;
  for (const Result<int>& result : results) {
    if (result) continue;
    ++refused;
    EXPECT_EQ(result.error().code, ErrorCode::kBusy);
  }
  // One runs, two wait; the one may not have begun when the others came.
  EXPECT_GE(refused, 2U);
  EXPECT_LE(refused, 3U);
}

}  // namespace
}  // namespace farm::io
