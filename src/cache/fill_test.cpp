#include "cache/fill.h"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include "cache/fills.h"

namespace farm::cache {
namespace {

using Context = boost::asio::io_context;

std::byte byte_at(std::uint64_t at) { return static_cast<std::byte>((at * 2'654'435'761U) >> 13U); }

FillHead head_of(bool stored, std::optional<std::uint64_t> body_bytes) {
  FillHead head;
  head.status = 200;
  head.lines = "HTTP/1.1 200 OK\r\n";
  head.body_bytes = body_bytes;
  head.shared = head.stored = stored;
  return head;
}

void begin(Context& context, io::Task<void> task) {
  boost::asio::co_spawn(context.get_executor(), std::move(task), boost::asio::detached);
}

io::Task<void> pause(unsigned turns) {
  const io::Executor executor = co_await boost::asio::this_coro::executor;
  for (unsigned i = 0; i < turns; ++i) co_await boost::asio::post(executor, io::use_task);
}

// What a producer is to do.
struct Script {
  bool stored = true;
  std::optional<std::uint64_t> told_bytes = {};
  std::uint64_t body_bytes = 0;
  std::optional<std::uint64_t> fails_at = {};
  std::size_t most_at_once = 16 << 10;
  unsigned pause_turns = 0;
};

struct Produced {
  bool begun = false;
  bool ended = false;
  bool abandoned = false;
  std::uint64_t bytes = 0;
};

io::Task<void> produce(std::shared_ptr<Fill> fill, Script script, Produced& out) {
  out.begun = true;
  fill->set_head(head_of(script.stored, script.told_bytes));
  while (out.bytes < script.body_bytes) {
    const bool wanted = co_await fill->room();
    if (!wanted) {
      out.abandoned = out.ended = true;
      fill->fail(make_error(ErrorCode::kClosed, "test", "nobody wants it"));
      co_return;
    }
    if (out.bytes >= script.fails_at.value_or(script.body_bytes)) {
      out.ended = true;
      fill->fail(make_error(ErrorCode::kTimeout, "test", "cut"));
      co_return;
    }
    const MutableByteView space = fill->space();
    const std::size_t count =
        std::min<std::uint64_t>({space.size(), script.body_bytes - out.bytes, script.most_at_once});
    for (std::size_t i = 0; i < count; ++i) space[i] = byte_at(out.bytes + i);
    co_await pause(script.pause_turns);
    out.bytes += count;
    fill->commit(count);
  }
  out.ended = true;
  fill->finish();
}

struct Got {
  bool ended = false;
  bool whole = false;
  bool late = false;
  bool wrong = false;
  std::uint64_t bytes = 0;
  std::optional<Error> error;
};

struct Manner {
  bool owner = false;
  unsigned first_pause_turns = 0;
  unsigned pause_turns = 0;
  std::optional<std::uint64_t> leaves_after = {};
};

io::Task<void> read(std::shared_ptr<Fill> fill, Manner manner, Got& out) {
  co_await pause(manner.first_pause_turns);
  Fill::Reader reader(fill, manner.owner);
  const Fill::Outcome outcome = co_await reader.outcome();
  out.late = !reader.can_follow();
  if (outcome.error) out.error = outcome.error;
  while (outcome.head != nullptr && !out.late) {
    const auto bytes = co_await reader.next();
    if (!bytes) {
      out.error = bytes.error();
      break;
    }
    if (bytes.value().empty()) {
      out.whole = true;
      break;
    }
    co_await pause(manner.pause_turns);
    for (std::size_t i = 0; i < bytes.value().size(); ++i) {
      out.wrong = out.wrong || bytes.value()[i] != byte_at(out.bytes + i);
    }
    out.bytes += bytes.value().size();
    if (out.bytes >= manner.leaves_after.value_or(UINT64_MAX)) break;
  }
  out.ended = true;
}

TEST(FillTest, ReadersOfAKeptBodyGetItWholeWheneverTheyCome) {
  Context context;
  const auto fill = std::make_shared<Fill>(FillLimits{.keep_max_bytes = 1 << 20});
  Got first;
  Got late;
  Produced produced;
  begin(context, read(fill, {.owner = true}, first));
  begin(context, produce(fill, {.body_bytes = 300'000}, produced));
  context.run();
  context.restart();
  begin(context, read(fill, {}, late));
  context.run();
  for (const Got& got : {first, late}) {
    EXPECT_TRUE(got.whole && !got.wrong);
    EXPECT_EQ(got.bytes, 300'000U);
  }
  EXPECT_TRUE(fill->kept());
  std::uint64_t at = 0;
  for (const ByteView piece : fill->body()) {
    for (const std::byte byte : piece) ASSERT_EQ(byte, byte_at(at++));
  }
  EXPECT_EQ(at, fill->body_bytes());
  EXPECT_EQ(at, 300'000U);
}

TEST(FillTest, ABodyOfKnownLengthThatIsKeptLiesInOnePiece) {
  Context context;
  const auto fill = std::make_shared<Fill>(FillLimits{.keep_max_bytes = 1 << 20});
  Produced produced;
  begin(context, produce(fill, {.told_bytes = 300'000, .body_bytes = 300'000}, produced));
  context.run();
  EXPECT_TRUE(produced.ended && !produced.abandoned) << "what is kept needs no reader";
  ASSERT_EQ(fill->body().size(), 1U);
  EXPECT_EQ(fill->body().front().size(), 300'000U);
}

TEST(FillTest, ABodyThatIsTooLongIsNotKeptAndWhoComesLateIsTold) {
  Context context;
  const auto fill =
      std::make_shared<Fill>(FillLimits{.keep_max_bytes = 100'000, .window_bytes = 64 << 10});
  Got first;
  Got late;
  Produced produced;
  begin(context, read(fill, {.owner = true}, first));
  begin(context, produce(fill, {.body_bytes = 1'000'000}, produced));
  context.run();
  context.restart();
  begin(context, read(fill, {}, late));
  context.run();
  EXPECT_TRUE(first.whole && !first.wrong);
  EXPECT_EQ(first.bytes, 1'000'000U);
  EXPECT_FALSE(fill->kept());
  EXPECT_TRUE(late.late);
  EXPECT_EQ(late.bytes, 0U);
}

TEST(FillTest, TheSlowestReaderHoldsTheProducerBack) {
  Context context;
  constexpr std::uint64_t kWindow = 128 << 10;
  const auto fill =
      std::make_shared<Fill>(FillLimits{.keep_max_bytes = 1'000, .window_bytes = kWindow});
  Produced produced;
  Got fast;
  std::optional<Fill::Reader> slow(std::in_place, fill, false);
  begin(context, read(fill, {.owner = true}, fast));
  begin(context, produce(fill, {.body_bytes = 1'000'000}, produced));
  context.poll();
  EXPECT_FALSE(produced.ended);
  EXPECT_GE(produced.bytes, kWindow);
  EXPECT_LT(produced.bytes, kWindow + (16 << 10));
  EXPECT_EQ(fast.bytes, produced.bytes) << "what is there is for all";
  slow.reset();
  context.run();
  EXPECT_TRUE(produced.ended && !produced.abandoned);
  EXPECT_TRUE(fast.whole);
}

TEST(FillTest, WhereTheLastReaderLeavesWhatIsNotKeptEnds) {
  Context context;
  const auto fill = std::make_shared<Fill>(FillLimits{.window_bytes = 64 << 10});
  Produced produced;
  Got got;
  begin(context, read(fill, {.owner = true, .leaves_after = 100'000}, got));
  begin(context, produce(fill, {.stored = false, .body_bytes = 10'000'000}, produced));
  context.run();
  EXPECT_TRUE(got.ended && !got.whole);
  EXPECT_TRUE(produced.abandoned);
}

TEST(FillTest, TheOwnerMayBeGoneBeforeItBegins) {
  Context context;
  const auto fill = std::make_shared<Fill>(FillLimits{});
  { const Fill::Reader gone(fill, true); }
  Produced produced;
  begin(context, produce(fill, {.stored = false, .body_bytes = 10}, produced));
  context.run();
  EXPECT_TRUE(produced.abandoned);
}

TEST(FillTest, AFailureBeforeTheHeadIsEveryonesOutcomeAndAfterItTheBodysEnd) {
  Context context;
  const auto fill = std::make_shared<Fill>(FillLimits{});
  Got before;
  begin(context, read(fill, {}, before));
  context.poll();
  fill->fail(make_error(ErrorCode::kUnavailable, "test", "no server"));
  context.run();
  ASSERT_TRUE(before.error);
  EXPECT_EQ(before.error->code, ErrorCode::kUnavailable);

  context.restart();
  const auto cut = std::make_shared<Fill>(FillLimits{});
  Got after;
  Produced produced;
  begin(context, read(cut, {.owner = true}, after));
  begin(context, produce(cut, {.body_bytes = 90'000, .fails_at = 50'000}, produced));
  context.run();
  ASSERT_TRUE(after.error);
  EXPECT_EQ(after.error->code, ErrorCode::kTimeout);
  EXPECT_FALSE(after.whole);
  EXPECT_EQ(after.bytes, produced.bytes);
}

io::Task<void> collect_interims(std::shared_ptr<Fill> fill, bool owner, std::vector<int>& out) {
  Fill::Reader reader(fill, owner);
  for (;;) {
    const auto interim = co_await reader.interim();
    if (!interim) break;
    out.push_back(interim->status);
  }
}

// They may be for the owner's eyes alone: a session's links, a cookie.
TEST(FillTest, InterimAnswersAreForTheOwner) {
  Context context;
  const auto fill = std::make_shared<Fill>(FillLimits{});
  std::vector<int> owners;
  std::vector<int> others;
  begin(context, collect_interims(fill, true, owners));
  begin(context, collect_interims(fill, false, others));
  context.poll();
  fill->add_interim({103, "Set-Cookie: a=b\r\n"});
  context.poll();
  for (int i = 0; i < 100; ++i) fill->add_interim({102, ""});
  fill->set_head(head_of(false, 0));
  context.run();
  ASSERT_EQ(owners.size(), 16U) << "there is a bound";
  EXPECT_EQ(owners.front(), 103);
  EXPECT_TRUE(others.empty());
}

TEST(FillTest, WhatIsSpoiledIsNotKept) {
  Fill fill(FillLimits{});
  fill.set_head(head_of(true, 10));
  EXPECT_TRUE(fill.kept());
  fill.spoil();
  EXPECT_FALSE(fill.kept());
}

io::Task<void> hold(std::shared_ptr<Fill> fill) {
  const Fill::Reader reader(fill, true);
  boost::asio::basic_waitable_timer<
      std::chrono::steady_clock, boost::asio::wait_traits<std::chrono::steady_clock>, io::Executor>
      timer(co_await boost::asio::this_coro::executor, std::chrono::hours(1));
  co_await timer.async_wait(io::use_task);
}

// A server that stops: its threads have ended, and their event loops go one after the other, with
// whoever waits on them.
TEST(FillTest, AfterFailAllEventLoopsMayGoInAnyOrder) {
  for (const std::size_t first : {0U, 1U}) {
    Fills fills(FillLimits{.window_bytes = 64 << 10}, 4);
    std::array<std::optional<Context>, 2> contexts;
    for (auto& context : contexts) context.emplace();
    auto fill = fills.join("/a").fill;
    const std::weak_ptr<Fill> weak = fill;
    Produced produced;
    // It waits for room until the reader on the other thread goes on, which never happens.
    begin(*contexts[1], hold(fill));
    contexts[1]->poll();
    begin(*contexts[0], produce(fill, {.stored = false, .body_bytes = 1'000'000}, produced));
    contexts[0]->poll();
    fill.reset();
    ASSERT_TRUE(produced.begun && !produced.ended);
    fills.fail_all(make_error(ErrorCode::kUnavailable, "test", "stopping"));
    contexts[first].reset();
    contexts[1 - first].reset();
    EXPECT_TRUE(weak.expired()) << "somebody waits for it still, and holds it";
  }
}

TEST(FillTest, AProducerThatWaitsForRoomIsToldThatItIsOver) {
  Context context;
  const auto fill = std::make_shared<Fill>(FillLimits{.window_bytes = 64 << 10});
  const Fill::Reader idle(fill, true);
  Produced produced;
  begin(context, produce(fill, {.stored = false, .body_bytes = 1'000'000}, produced));
  context.poll();
  ASSERT_FALSE(produced.ended);
  fill->fail(make_error(ErrorCode::kUnavailable, "test", "stopping"));
  context.poll();
  EXPECT_TRUE(produced.abandoned);
}

// Producer and readers on threads of their own, of all speeds; some leave, some come late.
TEST(FillTest, ManyThreads) {
  std::mt19937 random(20'261'122);
  const auto below = [&random](std::uint64_t bound) { return random() % bound; };
  constexpr int kRounds = 150;
  constexpr std::size_t kReaders = 9;
  for (int round = 0; round < kRounds; ++round) {
    const auto fill = std::make_shared<Fill>(
        FillLimits{.keep_max_bytes = 120'000, .window_bytes = 8'000 + below(60'000)});
    Script script;
    script.stored = below(3) > 0;
    script.body_bytes = below(300'000);
    if (below(2) == 0) script.told_bytes = script.body_bytes;
    if (below(3) == 0) script.fails_at = below(script.body_bytes + 1);
    script.most_at_once = 1 + below(below(2) == 0 ? 1 << 16 : 1 << 11);
    script.pause_turns = static_cast<unsigned>(below(3));
    Produced produced;
    std::array<Got, kReaders> got;
    std::array<Context, 3> contexts;
    for (std::size_t i = 0; i < kReaders; ++i) {
      Manner manner;
      manner.owner = i == 0;
      manner.first_pause_turns = static_cast<unsigned>(below(i % 3 == 0 ? 1 : 200));
      manner.pause_turns = static_cast<unsigned>(below(4));
      if (below(4) == 0) manner.leaves_after = below(script.body_bytes + 1);
      begin(contexts[i % contexts.size()], read(fill, manner, got[i]));
    }
    begin(contexts[round % contexts.size()], produce(fill, script, produced));
    std::vector<std::thread> threads;
    for (Context& context : contexts) threads.emplace_back([&context] { context.run(); });
    for (std::thread& thread : threads) thread.join();

    EXPECT_TRUE(produced.ended);
    const bool cut = produced.abandoned || produced.bytes < script.body_bytes;
    for (const Got& one : got) {
      EXPECT_TRUE(one.ended);
      EXPECT_FALSE(one.wrong);
      EXPECT_TRUE(!one.whole || one.bytes == script.body_bytes);
      EXPECT_FALSE(one.whole && cut);
      EXPECT_FALSE(one.error && !cut);
    }
    const bool fits = script.stored && script.body_bytes <= 120'000;
    EXPECT_TRUE(cut || fill->kept() == fits);
    EXPECT_FALSE(fits && produced.abandoned);
  }
}

}  // namespace
}  // namespace farm::cache
