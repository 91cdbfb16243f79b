#include "io/notifier.h"

#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

namespace farm::io {
namespace {

using Context = boost::asio::io_context;

Task<void> wait_once(Notifier& notifier, std::uint64_t ticket, int& woken) {
  co_await notifier.wait(ticket);
  ++woken;
}

void begin(Context& context, Task<void> task) {
  boost::asio::co_spawn(context.get_executor(), std::move(task), boost::asio::detached);
}

TEST(NotifierTest, WakesAllWhoWait) {
  Context context;
  Notifier notifier;
  int woken = 0;
  for (int i = 0; i < 3; ++i) begin(context, wait_once(notifier, notifier.ticket(), woken));
  context.poll();
  EXPECT_EQ(woken, 0);
  notifier.notify();
  context.poll();
  EXPECT_EQ(woken, 3);
}

TEST(NotifierTest, ANotifySinceTheTicketCounts) {
  Context context;
  Notifier notifier;
  const std::uint64_t ticket = notifier.ticket();
  notifier.notify();
  int woken = 0;
  begin(context, wait_once(notifier, ticket, woken));
  context.run();
  EXPECT_EQ(woken, 1);
}

TEST(NotifierTest, ANotifyBeforeTheTicketDoesNot) {
  Context context;
  Notifier notifier;
  notifier.notify();
  int woken = 0;
  begin(context, wait_once(notifier, notifier.ticket(), woken));
  context.poll();
  EXPECT_EQ(woken, 0);
  notifier.notify();
  context.run();
  EXPECT_EQ(woken, 1);
}

Task<void> wait_and_look(Notifier& notifier, std::thread::id& woken_on) {
  co_await notifier.wait(notifier.ticket());
  woken_on = std::this_thread::get_id();
}

TEST(NotifierTest, WakesEachOnItsOwnThread) {
  Context context;
  Notifier notifier;
  std::thread::id woken_on;
  begin(context, wait_and_look(notifier, woken_on));
  context.poll();
  std::thread loop([&] { context.run(); });
  const std::thread::id own = loop.get_id();
  notifier.notify();
  loop.join();
  EXPECT_EQ(woken_on, own);
}

// Two who wait for each other's steps: one wake-up that is lost, and they stand still.
Task<void> step_in_turn(Notifier& notifier, std::atomic<int>& steps, int mine, int last) {
  for (;;) {
    const std::uint64_t ticket = notifier.ticket();
    const int now = steps.load();
    if (now >= last) co_return;
    if (now % 3 == mine) {
      steps.store(now + 1);
      notifier.notify();
      continue;
    }
    co_await notifier.wait(ticket);
  }
}

TEST(NotifierTest, LosesNoWakeUpBetweenThreads) {
  Notifier notifier;
  std::atomic<int> steps{0};
  constexpr int kSteps = 30'000;
  Context contexts[3];
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) begin(contexts[i], step_in_turn(notifier, steps, i, kSteps));
  for (Context& context : contexts) threads.emplace_back([&context] { context.run(); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(steps.load(), kSteps);
}

}  // namespace
}  // namespace farm::io
