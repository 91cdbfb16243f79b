#include "net/client_socket.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <memory>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

namespace farm::net {
namespace {

using Read = std::optional<std::size_t>;

struct Pair {
  explicit Pair(Poller& poller) {
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
    ours = std::make_unique<ClientSocket>(poller, Fd(ends[0]));
    theirs = Fd(ends[1]);
  }
  void say(std::string_view text) {
    EXPECT_EQ(::send(theirs.get(), text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  }

  std::unique_ptr<ClientSocket> ours;
  Fd theirs;
};

class ClientSocketTest : public ::testing::Test {
 protected:
  enum class Wait { kNone, kRunning, kReady, kCancelled };

  static io::Task<void> wait_readable(ClientSocket& socket, Wait& state) {
    state = Wait::kRunning;
    const bool ready = co_await socket.readable();
    state = ready ? Wait::kReady : Wait::kCancelled;
  }
  static io::Task<void> wait_writable(ClientSocket& socket, Wait& state) {
    state = Wait::kRunning;
    const bool ready = co_await socket.writable();
    state = ready ? Wait::kReady : Wait::kCancelled;
  }
  // Destroys the other one's socket when its own can be read.
  static io::Task<void> end_other(ClientSocket& socket, std::unique_ptr<ClientSocket>& other) {
    (void)co_await socket.readable();
    other.reset();
  }

  void begin(io::Task<void> task) {
    boost::asio::co_spawn(context_.get_executor(), std::move(task), boost::asio::detached);
    settle();
  }
  void settle() {
    context_.restart();
    context_.poll();
  }
  Read read(Pair& pair, std::size_t most = 64) {
    Bytes into(most);
    return pair.ours->try_read(into);
  }

  boost::asio::io_context context_{1};
  std::optional<Poller> poller_{std::in_place, context_};
};

TEST_F(ClientSocketTest, ReadsWhatHasCome) {
  Pair pair(*poller_);
  EXPECT_EQ(read(pair), std::nullopt);
  Wait wait = Wait::kNone;
  begin(wait_readable(*pair.ours, wait));
  EXPECT_EQ(wait, Wait::kRunning);
  pair.say("hello");
  settle();
  EXPECT_EQ(wait, Wait::kReady);
  EXPECT_EQ(read(pair), Read(5));
  EXPECT_EQ(read(pair), std::nullopt);
}

TEST_F(ClientSocketTest, ReadsOnWhileThereMayBeMore) {
  Pair pair(*poller_);
  pair.say("hello");
  settle();
  EXPECT_EQ(read(pair, 3), Read(3));
  EXPECT_EQ(read(pair, 3), Read(2)) << "the first one filled its room";
  EXPECT_EQ(read(pair, 3), std::nullopt);
}

TEST_F(ClientSocketTest, AWaitForWhatIsThereAlreadyEnds) {
  Pair pair(*poller_);
  pair.say("hello");
  settle();
  Wait wait = Wait::kNone;
  begin(wait_readable(*pair.ours, wait));
  EXPECT_EQ(wait, Wait::kReady);
}

TEST_F(ClientSocketTest, SeesAnEndThatCameWithTheLastBytes) {
  Pair pair(*poller_);
  pair.say("bye");
  ::shutdown(pair.theirs.get(), SHUT_WR);
  settle();
  EXPECT_EQ(read(pair), Read(3));
  EXPECT_EQ(read(pair), Read(0)) << "no event is to come that would tell of it";
}

TEST_F(ClientSocketTest, SeesAnEndThatComesLater) {
  Pair pair(*poller_);
  pair.say("bye");
  settle();
  EXPECT_EQ(read(pair), Read(3));
  Wait wait = Wait::kNone;
  begin(wait_readable(*pair.ours, wait));
  pair.theirs.reset();
  settle();
  EXPECT_EQ(wait, Wait::kReady);
  EXPECT_EQ(read(pair), Read(0));
}

TEST_F(ClientSocketTest, LetsOthersHaveTheirTurn) {
  Pair pair(*poller_);
  pair.say(std::string(1000, 'x'));
  settle();
  std::size_t reads = 0;
  while (read(pair, 1)) ++reads;
  EXPECT_GT(reads, 1U);
  EXPECT_LT(reads, 100U);
  Wait wait = Wait::kNone;
  begin(wait_readable(*pair.ours, wait));
  EXPECT_EQ(wait, Wait::kReady);
  EXPECT_EQ(read(pair, 1), Read(1)) << "the rest is still there";
}

TEST_F(ClientSocketTest, CancelEndsAWaitButNotWithinTheCall) {
  Pair pair(*poller_);
  pair.ours->cancel();  // nobody waits
  Wait wait = Wait::kNone;
  begin(wait_readable(*pair.ours, wait));
  pair.ours->cancel();
  EXPECT_EQ(wait, Wait::kRunning);
  settle();
  EXPECT_EQ(wait, Wait::kCancelled);
}

TEST_F(ClientSocketTest, CanBeWrittenWhenThereIsRoomAgain) {
  Pair pair(*poller_);
  const std::string block(64 << 10, 'x');
  while (::send(pair.ours->native_handle(), block.data(), block.size(), MSG_NOSIGNAL) > 0) {
  }
  settle();
  Wait wait = Wait::kNone;
  begin(wait_writable(*pair.ours, wait));
  pair.say("that is no room");
  settle();
  EXPECT_EQ(wait, Wait::kRunning);
  std::string into(1 << 20, ' ');
  while (::recv(pair.theirs.get(), into.data(), into.size(), 0) > 0) {
  }
  settle();
  EXPECT_EQ(wait, Wait::kReady);
}

TEST_F(ClientSocketTest, AClientThatLeavesEndsAWaitForRoom) {
  Pair pair(*poller_);
  const std::string block(64 << 10, 'x');
  while (::send(pair.ours->native_handle(), block.data(), block.size(), MSG_NOSIGNAL) > 0) {
  }
  settle();
  Wait wait = Wait::kNone;
  begin(wait_writable(*pair.ours, wait));
  pair.theirs.reset();
  settle();
  EXPECT_EQ(wait, Wait::kReady);
}

TEST_F(ClientSocketTest, OneMayDestroyAnotherWhoseEventHasBeenTaken) {
  Pair first(*poller_);
  Pair second(*poller_);
  begin(end_other(*first.ours, second.ours));
  begin(end_other(*second.ours, first.ours));
  first.say("both");
  second.say("at once");
  settle();
  EXPECT_NE(first.ours == nullptr, second.ours == nullptr) << "only the first of them was told";
}

TEST_F(ClientSocketTest, WithThePollerGoWhoWaits) {
  Pair pair(*poller_);
  Wait wait = Wait::kNone;
  begin(wait_readable(*pair.ours, wait));
  poller_.reset();
  pair.say("nobody is told");
  settle();
  EXPECT_EQ(wait, Wait::kRunning) << "its coroutine is gone";
}

TEST_F(ClientSocketTest, KnowsItsPeer) {
  Pair pair(*poller_);
  pair.ours->close();
  EXPECT_EQ(pair.ours->peer(), "gone");
  EXPECT_EQ(read(pair), Read(0));
}

}  // namespace
}  // namespace farm::net
