#include "route/pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace farm::route {
namespace {

using namespace std::chrono_literals;
using ::testing::Each;
using ::testing::ElementsAre;
using Steady = Pool::Steady;

const Steady::time_point kNow{1h};

PoolConfig three_servers() {
  PoolConfig config;
  config.name = "app";
  config.servers = {{"10.0.0.1", 9000}, {"10.0.0.2", 80}, {"::1", 81}};
  config.retry_after = 10s;
  return config;
}

std::vector<std::size_t> turns(Pool& pool, std::size_t count, Steady::time_point now) {
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < count; ++i) out.push_back(pool.next(now));
  return out;
}

TEST(Pool, TakesServersInTurn) {
  Pool pool(three_servers());
  EXPECT_THAT(turns(pool, 7, kNow), ElementsAre(0, 1, 2, 0, 1, 2, 0));
}

TEST(Pool, PassesOverAServerThatFailedUntilItsTimeHasCome) {
  Pool pool(three_servers());
  pool.failed(1, kNow);
  EXPECT_EQ(pool.good(kNow), 2U);
  EXPECT_THAT(turns(pool, 6, kNow + 10s - 1ns), ElementsAre(0, 2, 2, 0, 2, 2));
  EXPECT_THAT(turns(pool, 3, kNow + 10s), ElementsAre(0, 1, 2));
  EXPECT_EQ(pool.good(kNow + 10s), 3U);
}

TEST(Pool, AServerThatAnswersIsGoodAtOnce) {
  Pool pool(three_servers());
  pool.failed(0, kNow);
  pool.succeeded(0);
  EXPECT_THAT(turns(pool, 3, kNow), ElementsAre(0, 1, 2));
}

TEST(Pool, WhereAllHaveFailedAllAreTried) {
  Pool pool(three_servers());
  for (std::size_t i = 0; i < 3; ++i) pool.failed(i, kNow);
  EXPECT_EQ(pool.good(kNow), 0U);
  EXPECT_THAT(turns(pool, 4, kNow), ElementsAre(0, 1, 2, 0));
  pool.succeeded(2);
  EXPECT_THAT(turns(pool, 4, kNow), Each(2U));
}

TEST(Pool, SendsTheServersOwnHostOrTheOneThatWasTold) {
  PoolConfig config = three_servers();
  const Pool own(config);
  EXPECT_EQ(own.host(0), "10.0.0.1:9000");
  EXPECT_EQ(own.host(1), "10.0.0.2");
  EXPECT_EQ(own.host(2), "[::1]:81");
  config.host = "img.example.com";
  const Pool told(config);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(told.host(i), "img.example.com");
}

TEST(Pool, MayBeUsedByManyThreads) {
  Pool pool(three_servers());
  std::vector<std::vector<std::size_t>> taken(4, std::vector<std::size_t>(3));
  std::vector<std::thread> threads;
  for (auto& counts : taken) {
    threads.emplace_back([&pool, &counts] {
      for (int i = 0; i < 3000; ++i) {
        const std::size_t at = pool.next(kNow);
        ++counts[at];
        if (i % 100 == 0) pool.failed(at, kNow - 1h);
        pool.succeeded(at);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::size_t sum = 0;
  for (const auto& counts : taken) sum += counts[0] + counts[1] + counts[2];
  EXPECT_EQ(sum, 12'000U);
  EXPECT_EQ(pool.good(kNow), 3U);
}

}  // namespace
}  // namespace farm::route
