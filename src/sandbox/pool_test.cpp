#include "sandbox/pool.h"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "sandbox/hostile_worker.h"

namespace farm::sandbox {
namespace {

using hostile::config_of_test;

#ifdef FARM_SANITIZED
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

// Nothing here comes near them but what is meant to.
Limits limits_of_test() {
  Limits limits;
  limits.memory_bytes = 256 << 20;
  limits.cpu = std::chrono::seconds(1);
  limits.wall = std::chrono::seconds(kSanitized ? 60 : 20);
  return limits;
}

std::unique_ptr<Pool> start(Config config) {
  auto pool = Pool::start(std::move(config));
  EXPECT_TRUE(pool) << pool.error().message();
  return std::move(pool).value();
}

Result<std::string> ask(Pool& pool, std::string_view what, const Limits& limits) {
  const std::array<ByteView, 1> parts = {as_bytes(what)};
  FARM_TRY(const Pool::Done done, pool.run(parts, limits));
  return std::string(as_text(done.answer));
}
Result<std::string> ask(Pool& pool, std::string_view what) {
  return ask(pool, what, limits_of_test());
}

std::string scrape(const Pool& pool) {
  obs::Metrics metrics;
  metrics.collect([&](obs::Samples& out) { pool.collect(out); });
  return metrics.scrape();
}

std::size_t entries(const char* folder) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

// What one job did is over: the pool goes on as if nothing had been.
void expect_goes_on(Pool& pool) {
  const auto answer = ask(pool, "still there");
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(answer.value(), "echo still there");
}

void expect_ends_its_worker(std::string_view deed, std::string_view reason, std::string_view words,
                            const Limits& limits = limits_of_test()) {
  SCOPED_TRACE(deed);
  const auto pool = start(config_of_test(2));
  const auto answer = ask(*pool, deed, limits);
  ASSERT_FALSE(answer) << answer.value();
  EXPECT_EQ(answer.error().code, ErrorCode::kUnprocessable);
  EXPECT_NE(answer.error().context.find(words), std::string::npos) << answer.error().context;
  expect_goes_on(*pool);
  const std::string line =
      "photofarm_sandbox_worker_deaths_total{reason=\"" + std::string(reason) + "\"} 1\n";
  EXPECT_NE(scrape(*pool).find(line), std::string::npos) << scrape(*pool);
}

TEST(Pool, AnswersJobs) {
  const auto pool = start(config_of_test(2));
  const std::array<ByteView, 3> parts = {as_bytes("one "), as_bytes(""), as_bytes("two")};
  const auto done = pool->run(parts, limits_of_test());
  ASSERT_TRUE(done) << done.error().message();
  EXPECT_EQ(as_text(done.value().answer), "echo one two");
  EXPECT_GE(done.value().overhead.count(), 0);
}

TEST(Pool, AnswersManyThreadsAtOnce) {
  const auto pool = start(config_of_test(3));
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 6; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) {
        const std::string what = std::to_string(t) + "/" + std::to_string(i);
        const auto answer = ask(*pool, what);
        if (answer && answer.value() == "echo " + what) ++good;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, 300);
}

TEST(Pool, IsNotHurtByACrash) {
  if (!kSanitized) expect_ends_its_worker("segv", "crash", "signal 11");
  expect_ends_its_worker("abort", "crash", "crashed");
  expect_ends_its_worker("exit", "exit", "without an answer");
}

TEST(Pool, EndsWhatTakesTooLong) {
  expect_ends_its_worker("spin", "cpu", "over 1s of CPU time");
  Limits limits = limits_of_test();
  limits.wall = std::chrono::milliseconds(200);
  expect_ends_its_worker("wait", "wall", "over 200ms", limits);
}

TEST(Pool, EndsWhatTakesTooMuchMemory) {
  if (kSanitized) GTEST_SKIP() << "sanitizers reserve terabytes of address space";
  expect_ends_its_worker("eat", "crash", "crashed");
  const auto pool = start(config_of_test(1));
  const auto answer = ask(*pool, "allocate");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kUnprocessable);
  EXPECT_NE(answer.error().context.find("256MiB"), std::string::npos) << answer.error().context;
  expect_goes_on(*pool);
}

TEST(Pool, BelievesNoLies) {
  expect_ends_its_worker("answer too long", "lie", "without an answer");
  expect_ends_its_worker("answer nonsense", "lie", "without an answer");
  expect_ends_its_worker("close the socket", "lie", "without an answer");
}

TEST(Pool, TakesNoAnswerForAnothers) {
  const auto pool = start(config_of_test(1));
  ASSERT_TRUE(ask(*pool, "answer twice"));
  for (int i = 0; i < 3; ++i) expect_goes_on(*pool);
}

TEST(Pool, TellsWhatAJobDidWrong) {
  const auto pool = start(config_of_test(1));
  const auto thrown = ask(*pool, "throw");
  ASSERT_FALSE(thrown);
  EXPECT_EQ(thrown.error().code, ErrorCode::kUnprocessable);
  const auto too_much = ask(*pool, "answer too much");
  ASSERT_FALSE(too_much);
  EXPECT_EQ(too_much.error().code, ErrorCode::kTooLarge);
  const auto too_large = ask(*pool, std::string((1 << 20) + 1, 'x'));
  ASSERT_FALSE(too_large);
  EXPECT_EQ(too_large.error().code, ErrorCode::kTooLarge);
  expect_goes_on(*pool);
}

TEST(Pool, LetsNothingOut) {
  const auto pool = start(config_of_test(2));
  if (!pool->level().filter) GTEST_SKIP() << "no seccomp here: a sanitizer, or an old kernel";
  for (const char* deed :
       {"socket", "exec", "fork", "ptrace", "kill the parent", "unshare", "code"}) {
    SCOPED_TRACE(deed);
    const auto answer = ask(*pool, deed);
    ASSERT_FALSE(answer) << answer.value();
    EXPECT_NE(answer.error().context.find("what it may not"), std::string::npos);
  }
  EXPECT_EQ(ask(*pool, "open").value(), "EACCES");
  EXPECT_EQ(ask(*pool, "create").value(), "EACCES");
  EXPECT_EQ(ask(*pool, "environment").value(), "empty");
  EXPECT_EQ(ask(*pool, "threads").value(), "tttttttt");
  expect_goes_on(*pool);
}

TEST(Pool, HandsOnNoDescriptors) {
  const auto pool = start(config_of_test(1));
  EXPECT_EQ(ask(*pool, "descriptors").value(), "01234");
}

TEST(Pool, ReplacesAWorkerThatDiesIdle) {
  const auto pool = start(config_of_test(1));
  for (int i = 0; i < 5; ++i) {
    const int pid = std::stoi(ask(*pool, "pid").value());
    ASSERT_EQ(::kill(pid, SIGKILL), 0);
    const std::string after = ask(*pool, "pid").value();
    EXPECT_NE(after, std::to_string(pid));
  }
}

std::vector<pid_t> children() {
  std::vector<pid_t> found;
  for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream list(thread.path() / "children");
    for (pid_t pid = 0; list >> pid;) found.push_back(pid);
  }
  return found;
}

// Waits until a job is with the pool's only worker, and kills that one.
void kill_at_work(const Pool& pool) {
  while (scrape(pool).find("{state=\"busy\"} 1") == std::string::npos) std::this_thread::yield();
  for (const pid_t pid : children()) (void)::kill(pid, SIGKILL);
  while (scrape(pool).find("{state=\"busy\"} 1") != std::string::npos) std::this_thread::yield();
}

// Somebody else's SIGKILL is not the job's fault: it gets another worker, once.
TEST(Pool, TriesAgainWhenAWorkerIsKilled) {
  const auto pool = start(config_of_test(1));
  if (children().empty()) GTEST_SKIP() << "this kernel does not list children";
  Result<std::string> answer = std::string();
  std::thread once([&] { answer = ask(*pool, "nap"); });
  kill_at_work(*pool);
  once.join();
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(answer.value(), "slept");

  std::thread twice([&] { answer = ask(*pool, "wait"); });
  kill_at_work(*pool);
  kill_at_work(*pool);
  twice.join();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kUnprocessable);
  EXPECT_NE(answer.error().context.find("killed, twice"), std::string::npos);
  expect_goes_on(*pool);
}

TEST(Pool, ReplacesWorkersAfterManyJobs) {
  Config config = config_of_test(1);
  config.jobs_per_worker = 8;
  const auto pool = start(config);
  std::vector<std::string> pids;
  for (int i = 0; i < 60; ++i) pids.push_back(ask(*pool, "pid").value());
  const std::set<std::string> workers(pids.begin(), pids.end());
  EXPECT_GE(workers.size(), 5U);   // 10 jobs each at most
  EXPECT_LE(workers.size(), 10U);  // 6 at least
  EXPECT_EQ(scrape(*pool).find("deaths_total{reason=\"crash\"} 1"), std::string::npos);
}

TEST(Pool, LeaksNothingOverManyDeaths) {
  std::thread([] {}).join();  // with the first one a sanitizer may start one of its own
  const std::size_t fds_before = entries("/proc/self/fd");
  const std::size_t threads_before = entries("/proc/self/task");
  {
    const auto pool = start(config_of_test(3));
    const int rounds = kSanitized ? 10 : 60;
    std::vector<std::thread> threads;
    for (const char* deed : {"abort", "exit", "answer nonsense"}) {
      threads.emplace_back([&pool, deed, rounds] {
        for (int i = 0; i < rounds; ++i) EXPECT_FALSE(ask(*pool, deed));
      });
    }
    for (std::thread& thread : threads) thread.join();
    expect_goes_on(*pool);
  }
  EXPECT_EQ(entries("/proc/self/fd"), fds_before);
  EXPECT_EQ(entries("/proc/self/task"), threads_before);
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "there is a child left";
  EXPECT_EQ(errno, ECHILD);
}

TEST(Pool, SaysWhyItDoesNotStart) {
  Config config = config_of_test(1);
  config.program = "/nowhere/program";
  const auto none = Pool::start(config);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(none.error().context.find("cannot start a worker"), std::string::npos);

  const auto bad = Pool::start(config_of_test(2, hostile::kBadWorker));
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(bad.error().context.find("exit code 65"), std::string::npos) << bad.error().context;
}

TEST(Pool, RefusesToStartWithoutItsWallsIfTheyAreRequired) {
  Config config = config_of_test(1);
  const Level level = start(config)->level();
  config.required = true;
  const auto pool = Pool::start(config);
  EXPECT_EQ(pool.has_value(), level.whole());
  const std::string told = pool ? "required" : pool.error().context;
  EXPECT_NE(told.find("required"), std::string::npos) << told;
}

TEST(Pool, IsBusyWhenAllWorkersAre) {
  Config config = config_of_test(1);
  config.checkout_patience = std::chrono::milliseconds(50);
  const auto pool = start(config);
  Limits limits = limits_of_test();
  limits.wall = std::chrono::seconds(2);
  // It may be turned away itself, by those that ask meanwhile.
  std::atomic<bool> over{false};
  std::thread blocker([&] {
    const auto turned_away = [&] {
      const auto waited = ask(*pool, "wait", limits);
      return !waited && waited.error().code == ErrorCode::kBusy;
    };
    for (int i = 0; i < 100 && turned_away(); ++i) continue;
    over = true;
  });
  // The blocker takes the only worker at some time; from then on others are turned away.
  Result<std::string> answer = ask(*pool, "hello");
  while (answer && !over) answer = ask(*pool, "hello");
  blocker.join();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kBusy);
}

}  // namespace
}  // namespace farm::sandbox
