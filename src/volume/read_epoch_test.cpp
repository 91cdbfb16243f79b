#include "volume/read_epoch.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

namespace farm::volume {
namespace {

TEST(ReadEpochTest, WaitsForNobodyWhereNobodyReads) {
  ReadEpoch epoch;
  { const auto hold = epoch.enter(); }
  epoch.synchronize();
  epoch.synchronize();
}

TEST(ReadEpochTest, WaitsForThoseWhoEnteredBefore) {
  ReadEpoch epoch;
  std::atomic<bool> left{false};
  std::atomic<bool> entered{false};
  std::thread reader([&] {
    const auto hold = epoch.enter();
    entered = true;
    for (int i = 0; i < 100; ++i) std::this_thread::yield();
    left = true;
  });
  while (!entered) std::this_thread::yield();
  epoch.synchronize();
  EXPECT_TRUE(left);
  reader.join();
}

// What is taken away is never read afterwards: the sanitizers see it if it is.
TEST(ReadEpochTest, NobodyReadsWhatIsGone) {
  ReadEpoch epoch;
  std::atomic<int*> shared{new int(0)};
  std::atomic<bool> stop{false};
  std::vector<std::thread> readers;
  for (int i = 0; i < 4; ++i) {
    readers.emplace_back([&] {
      int last = 0;
      while (!stop) {
        const auto hold = epoch.enter();
        const int now = *shared.load();
        EXPECT_GE(now, last);
        last = now;
      }
    });
  }
  for (int round = 1; round <= 200; ++round) {
    const std::unique_ptr<int> old(shared.exchange(new int(round)));
    epoch.synchronize();
    *old = -1;
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
  delete shared.load();
}

}  // namespace
}  // namespace farm::volume
