#include "roles/picture_budget.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

namespace farm::roles {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Pictures that ask in the order of the test, and hold what they get until it lets them go.
class PictureBudgetTest : public ::testing::Test {
 protected:
  struct Picture {
    std::string name;
    std::optional<PictureBudget::Share> share = {};
    std::optional<Error> error = {};
  };

  static io::Task<void> ask(PictureBudget& budget, Picture& picture, std::uint64_t bytes,
                            std::vector<std::string>& order) {
    Result<PictureBudget::Share> share = co_await budget.take(bytes);
    if (share) {
      picture.share.emplace(std::move(share).value());
      order.push_back(picture.name);
    } else {
      picture.error = std::move(share).error();
    }
  }
  Picture& add(PictureBudget& budget, std::string name, std::uint64_t bytes) {
    pictures_.push_back(std::make_unique<Picture>(Picture{std::move(name)}));
    boost::asio::co_spawn(context_, ask(budget, *pictures_.back(), bytes, order_),
                          boost::asio::detached);
    run();
    return *pictures_.back();
  }
  // All that can go on, goes on; what waits, waits.
  void run() {
    context_.restart();
    context_.poll();
  }
  void finish(Picture& picture) {
    picture.share.reset();
    run();
  }

  static PictureBudget::Limits limits() {
    return {.total_bytes = 100,
            .max_wait = std::chrono::hours(1),
            .max_waiting = 8,
            .max_overtaken = 3};
  }

  PictureBudget budget_{limits()};
  std::vector<std::unique_ptr<Picture>> pictures_;
  std::vector<std::string> order_;
  boost::asio::io_context context_{1};
};

TEST_F(PictureBudgetTest, TakesWhatFitsAtOnce) {
  Picture& a = add(budget_, "a", 60);
  Picture& b = add(budget_, "b", 40);
  EXPECT_THAT(order_, ElementsAre("a", "b"));
  EXPECT_EQ(budget_.stats().used_bytes, 100u);
  finish(a);
  finish(b);
  EXPECT_EQ(budget_.stats().used_bytes, 0u);
  EXPECT_EQ(budget_.stats().waited, 0u);
}

TEST_F(PictureBudgetTest, RefusesAtOnceWhatNeverFits) {
  Picture& giant = add(budget_, "giant", 101);
  ASSERT_TRUE(giant.error);
  EXPECT_EQ(giant.error->code, ErrorCode::kTooLarge);
  EXPECT_THAT(giant.error->context, HasSubstr("MiB"));
  EXPECT_TRUE(add(budget_, "whole", 100).share);
}

TEST_F(PictureBudgetTest, SmallOnesPassABigOneThatWaits) {
  Picture& first = add(budget_, "first", 50);
  Picture& big = add(budget_, "big", 80);
  EXPECT_FALSE(big.share);
  EXPECT_EQ(budget_.stats().waiting, 1u);
  Picture& small = add(budget_, "small", 20);
  EXPECT_TRUE(small.share);
  finish(first);
  EXPECT_TRUE(big.share);
  EXPECT_THAT(order_, ElementsAre("first", "small", "big"));
  EXPECT_EQ(budget_.stats().waited, 1u);
}

TEST_F(PictureBudgetTest, ABigOneIsNotPassedForEver) {
  Picture& first = add(budget_, "first", 50);
  Picture& big = add(budget_, "big", 100);
  std::vector<Picture*> small;
  for (int i = 0; i < 5; ++i) small.push_back(&add(budget_, std::to_string(i), 10));
  EXPECT_THAT(order_, ElementsAre("first", "0", "1", "2"));
  // There is room for the others, but it is the big one's turn.
  finish(first);
  for (int i = 0; i < 3; ++i) finish(*small[static_cast<std::size_t>(i)]);
  EXPECT_TRUE(big.share);
  EXPECT_FALSE(small[3]->share);
  finish(big);
  EXPECT_THAT(order_, ElementsAre("first", "0", "1", "2", "big", "3", "4"));
}

TEST_F(PictureBudgetTest, KeepsTheirOrderAmongEquals) {
  Picture& first = add(budget_, "first", 100);
  for (const char* name : {"a", "b", "c"}) add(budget_, name, 40);
  finish(first);
  EXPECT_THAT(order_, ElementsAre("first", "a", "b"));
}

TEST_F(PictureBudgetTest, ABoundedNumberWaits) {
  add(budget_, "first", 100);
  for (int i = 0; i < 8; ++i) EXPECT_FALSE(add(budget_, "waits", 10).error);
  Picture& over = add(budget_, "over", 10);
  ASSERT_TRUE(over.error);
  EXPECT_EQ(over.error->code, ErrorCode::kBusy);
  EXPECT_EQ(budget_.stats().waiting, 8u);
  EXPECT_EQ(budget_.stats().refused, 1u);
}

TEST_F(PictureBudgetTest, ForABoundedTime) {
  PictureBudget::Limits impatient = limits();
  impatient.max_wait = std::chrono::milliseconds(1);
  PictureBudget budget(impatient);
  Picture& first = add(budget, "first", 90);
  Picture& late = add(budget, "late", 20);
  context_.restart();
  context_.run();  // until nobody waits any more
  ASSERT_TRUE(late.error);
  EXPECT_EQ(late.error->code, ErrorCode::kBusy);
  EXPECT_EQ(budget.stats().waiting, 0u);
  EXPECT_EQ(budget.stats().used_bytes, 90u);
  first.share.reset();
}

TEST_F(PictureBudgetTest, NobodyComesToATurnOnceItIsClosed) {
  Picture& first = add(budget_, "first", 50);
  add(budget_, "big", 100);
  for (int i = 0; i < 5; ++i) add(budget_, std::to_string(i), 10);
  EXPECT_EQ(budget_.stats().waiting, 3u);
  budget_.close();  // as a server does before its threads go
  first.share.reset();
  EXPECT_EQ(budget_.stats().waiting, 3u);
}

TEST_F(PictureBudgetTest, ACoroutineThatGoesLeavesNothingBehind) {
  PictureBudget budget(limits());
  Picture holder{"holder"};
  Picture gone{"gone"};
  std::vector<std::string> order;
  boost::asio::io_context other(1);
  {
    boost::asio::io_context context(1);
    boost::asio::co_spawn(other, ask(budget, holder, 90, order), boost::asio::detached);
    other.poll();
    boost::asio::co_spawn(context, ask(budget, gone, 50, order), boost::asio::detached);
    context.poll();
    EXPECT_EQ(budget.stats().waiting, 1u);
  }
  EXPECT_EQ(budget.stats().waiting, 0u);
  EXPECT_EQ(budget.stats().used_bytes, 90u);
  holder.share.reset();
  EXPECT_EQ(budget.stats().used_bytes, 0u);
}

TEST_F(PictureBudgetTest, WorkThatCanWaitComesBehindTheOthers) {
  Picture& running = add(budget_, "running", 60);
  Picture& waiting = add(budget_, "waiting", 70);
  std::optional<Result<PictureBudget::Share>> got;
  std::thread later([&] { got.emplace(budget_.take_behind_others(20)); });
  finish(running);
  ASSERT_TRUE(waiting.share) << "the other one would have fitted before";
  later.join();
  ASSERT_TRUE(got && *got);
  EXPECT_EQ(budget_.stats().used_bytes, 90U);
  got.reset();
  EXPECT_EQ(budget_.stats().used_bytes, 70U);
  EXPECT_EQ(budget_.take_behind_others(101).error().code, ErrorCode::kTooLarge);
}

TEST_F(PictureBudgetTest, WorkThatCanWaitIsToldOfTheEnd) {
  Picture& running = add(budget_, "running", 60);
  std::optional<Result<PictureBudget::Share>> got;
  std::thread later([&] { got.emplace(budget_.take_behind_others(50)); });
  budget_.close();
  later.join();
  EXPECT_EQ(got->error().code, ErrorCode::kBusy);
  finish(running);
}

}  // namespace
}  // namespace farm::roles
