#include "cache/disk/disk_index.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace farm::cache {
namespace {

TEST(LocationTest, FitsIntoEightBytes) {
  for (const Location& location : {Location{0, 0, 1}, Location{Location::kMaxSlots - 1, 0, 1},
                                   Location{0, 2 * Location::kMaxUnits - 1, 1},
                                   Location{0, 0, Location::kMaxUnits - 1}, Location{5, 7, 9}}) {
    for (const bool hit : {false, true}) {
      const IndexEntry entry{1, location.packed(hit)};
      EXPECT_NE(entry.bits, 0U);
      EXPECT_EQ(entry.location(), location);
      EXPECT_EQ(entry.hit(), hit);
    }
  }
}

TEST(DiskIndexTest, DoesWhatAMapDoes) {
  std::mt19937_64 random(5);
  DiskIndex index;
  std::map<std::uint64_t, IndexEntry> model;
  // Close to each other, at both ends of the range, so that runs are long and go around.
  const auto random_hash = [&] {
    const std::uint64_t n = random() % 1500;
    return n % 3 == 0 ? n : n % 3 == 1 ? ~std::uint64_t{0} - n : n * 0x9e3779b97f4a7c15U;
  };
  const auto random_location = [&] {
    return Location{static_cast<std::uint32_t>(random() % 8),
                    static_cast<std::uint32_t>(random() % 100),
                    1 + static_cast<std::uint32_t>(random() % 50)};
  };
  for (int step = 0; step < 60'000; ++step) {
    const std::uint64_t hash = random_hash();
    const Location location = random_location();
    const auto there = model.find(hash);
    switch (random() % 8) {
      case 0:
      case 1:
      case 2:
        index.put(hash, location);
        model[hash] = {hash, location.packed(false)};
        break;
      case 3:
        ASSERT_EQ(index.erase(hash), model.erase(hash) == 1);
        break;
      case 4: {
        const bool same = there != model.end() && there->second.location() == location;
        ASSERT_EQ(index.erase_at(hash, location), same);
        if (same) model.erase(hash);
        break;
      }
      case 5: {
        const auto touched = index.touch(hash);
        ASSERT_EQ(touched.has_value(), there != model.end());
        if (touched) there->second.bits |= 1U;
        break;
      }
      case 6:
        if (there == model.end()) {
          ASSERT_FALSE(index.move(hash, location, location));
        } else {
          ASSERT_TRUE(index.move(hash, there->second.location(), location));
          there->second.bits = location.packed(false);
        }
        break;
      default: {
        const auto found = index.find(hash);
        ASSERT_EQ(found.has_value(), there != model.end());
        ASSERT_EQ(found ? found->bits : 0, found ? there->second.bits : 0);
      }
    }
    ASSERT_EQ(index.count(), model.size());
    if (step % 10'000 == 9999) {
      const auto slot = static_cast<std::uint32_t>(random() % 8);
      const auto gone = std::erase_if(
          model, [&](const auto& each) { return each.second.location().slot == slot; });
      ASSERT_EQ(index.erase_if([&](const auto& entry) { return entry.location().slot == slot; }),
                gone);
    }
  }
  std::map<std::uint64_t, std::uint64_t> all;
  for (std::size_t part = 0; part < DiskIndex::kParts; ++part) {
    for (const IndexEntry& entry : index.copy_part(part)) all[entry.hash] = entry.bits;
  }
  ASSERT_EQ(all.size(), model.size());
  for (const auto& [hash, entry] : model) ASSERT_EQ(all[hash], entry.bits);
  index.clear();
  EXPECT_EQ(index.count(), 0U);
  EXPECT_FALSE(index.find(1));
}

TEST(DiskIndexTest, TakesAboutTwentyFourBytesARecord) {
  std::mt19937_64 random(9);
  DiskIndex index;
  double most = 0;
  for (std::uint64_t n = 1; n <= 400'000; ++n) {
    index.put(random(), {1, 2, 3});
    if (n % 10'000 != 0) continue;
    most = std::max(most, static_cast<double>(index.memory_bytes()) / static_cast<double>(n));
  }
  EXPECT_LT(most, 27);
  DiskIndex reserved;
  reserved.reserve(400'000);
  EXPECT_LT(reserved.memory_bytes() / 400'000, 21U);
}

}  // namespace
}  // namespace farm::cache
