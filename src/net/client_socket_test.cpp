#include "net/client_socket.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

namespace farm::net {
namespace {

using Read = std::optional<std::size_t>;

// Two ends of a TCP connection over loopback.
struct Pair {
  explicit Pair(Poller& poller) {
    const Fd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* any = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(listener.get(), any, size), 0);
    EXPECT_EQ(::listen(listener.get(), 1), 0);
    EXPECT_EQ(::getsockname(listener.get(), any, &size), 0);
    theirs = Fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::connect(theirs.get(), any, size), 0);
    ours = std::make_unique<ClientSocket>(
        poller, Fd(::accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)));
  }
  // Until the kernel takes no more.
  void fill() const {
    const std::string block(64 << 10, 'x');
    while (::send(ours->native_handle(), block.data(), block.size(), MSG_NOSIGNAL) > 0) {
    }
    EXPECT_EQ(errno, EAGAIN);
  }
  void drain() const {
    std::string into(1 << 20, ' ');
    while (::recv(theirs.get(), into.data(), into.size(), MSG_DONTWAIT) > 0) {
    }
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
  void begin_wait_for_room(Pair& pair, Wait& wait) {
    pair.fill();
    settle();
    begin(wait_writable(*pair.ours, wait));
    EXPECT_EQ(wait, Wait::kRunning);
  }
  // Events come by themselves, but the kernel may take a moment.
  template <class Condition>
  void settle_until(const Condition& condition) {
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    do {
      settle();
    } while (!condition() && std::chrono::steady_clock::now() < give_up);
    EXPECT_TRUE(condition());
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
  Wait wait = Wait::kNone;
  begin_wait_for_room(pair, wait);
  pair.say("that is no room");
  settle();
  EXPECT_EQ(wait, Wait::kRunning);
  settle_until([&] {
    pair.drain();
    return wait == Wait::kReady;
  });
}

TEST_F(ClientSocketTest, AClientThatLeavesEndsAWaitForRoom) {
  Pair pair(*poller_);
  Wait wait = Wait::kNone;
  begin_wait_for_room(pair, wait);
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

TEST_F(ClientSocketTest, OneThatAChildHasAsWellIsForgottenAllTheSame) {
  Pair pair(*poller_);
  const Fd of_the_child(::dup(pair.ours->native_handle()));
  pair.ours.reset();
  pair.say("to nobody");
  settle();
}

TEST_F(ClientSocketTest, AWaitThatIsAboutToEndIsNotCancelled) {
  Pair pair(*poller_);
  pair.say("hello");
  settle();
  Wait wait = Wait::kNone;
  boost::asio::co_spawn(context_.get_executor(), wait_readable(*pair.ours, wait),
                        boost::asio::detached);
  context_.restart();
  context_.poll_one();
  EXPECT_EQ(wait, Wait::kRunning);
  pair.ours->cancel();
  settle();
  EXPECT_EQ(wait, Wait::kReady);
}

// Reads `most` bytes at a time, until it has no wish to any more.
struct Reader final : ClientSocket::StandIn {
  bool serves() override {
    ++calls;
    Bytes into(most);
    while (true) {
      const Read got = socket->try_read(into);
      if (!got) return willing;
      if (*got == 0) return false;
      bytes += *got;
    }
  }
  ClientSocket* socket = nullptr;
  std::size_t most = 64;
  bool willing = true;
  int calls = 0;
  std::size_t bytes = 0;
};

class StandInTest : public ClientSocketTest {
 protected:
  StandInTest() {
    reader_.socket = pair_.ours.get();
    begin(wait_readable(*pair_.ours, wait_, &reader_));
  }
  static io::Task<void> wait_readable(ClientSocket& socket, Wait& state, Reader* reader) {
    state = Wait::kRunning;
    const bool ready = co_await socket.readable(reader);
    state = ready ? Wait::kReady : Wait::kCancelled;
  }

  Pair pair_{*poller_};
  Reader reader_;
  Wait wait_ = Wait::kNone;
};

TEST_F(StandInTest, ServesWhileTheCoroutineSleeps) {
  for (const int round : {1, 2, 3}) {
    pair_.say("hello");
    settle();
    EXPECT_EQ(reader_.calls, round);
    EXPECT_EQ(reader_.bytes, 5U * round);
    EXPECT_EQ(wait_, Wait::kRunning);
  }
  pair_.ours->cancel();
  settle();
  EXPECT_EQ(wait_, Wait::kCancelled);
}

TEST_F(StandInTest, WakesTheCoroutineForWhatItDoesNotDo) {
  reader_.willing = false;
  pair_.say("hello");
  settle();
  EXPECT_EQ(reader_.calls, 1);
  EXPECT_EQ(wait_, Wait::kReady);
}

TEST_F(StandInTest, WakesTheCoroutineAtTheEnd) {
  pair_.theirs.reset();
  settle();
  EXPECT_EQ(wait_, Wait::kReady);
  EXPECT_EQ(read(pair_), Read(0)) << "it can be seen again";
}

TEST_F(StandInTest, TheCoroutineGoesOnAfterTheOthersTurn) {
  reader_.most = 1;
  pair_.say(std::string(1000, 'x'));
  settle();
  EXPECT_EQ(reader_.calls, 1);
  EXPECT_LT(reader_.bytes, 100U);
  EXPECT_EQ(wait_, Wait::kReady);
  EXPECT_EQ(read(pair_, 1), Read(1)) << "the rest is still there";
}

TEST_F(StandInTest, IsForOneWaitOnly) {
  pair_.ours->cancel();
  settle();
  begin(wait_readable(*pair_.ours, wait_, nullptr));
  pair_.say("hello");
  settle();
  EXPECT_EQ(reader_.calls, 0);
  EXPECT_EQ(wait_, Wait::kReady);
}

TEST_F(ClientSocketTest, KnowsItsPeer) {
  Pair pair(*poller_);
  EXPECT_TRUE(pair.ours->peer().starts_with("127.0.0.1:")) << pair.ours->peer();
  pair.ours->close();
  EXPECT_EQ(pair.ours->peer(), "gone");
  EXPECT_EQ(read(pair), Read(0));
}

}  // namespace
}  // namespace farm::net
