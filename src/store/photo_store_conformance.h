// What every PhotoStore does. A backend's test says:
//
//   struct MyBackend {
//     PhotoStore& store();
//     void reopen();   // as after a restart: the store must come back with all that it
//     acknowledged
//   };
//   INSTANTIATE_TYPED_TEST_SUITE_P(Mine, PhotoStoreConformance, MyBackend);
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>

#include "store/photo_store.h"
#include "store/sample_record.h"

namespace farm::store {

template <class Backend>
class PhotoStoreConformance : public ::testing::Test {
 protected:
  PhotoStore& store() { return backend_.store(); }

  Result<void> put(std::uint64_t id, std::uint32_t version, std::size_t original_bytes = 5000) {
    return store().put(PhotoId{id}, version, SampleRecord({id}, version, original_bytes).parts());
  }
  Bytes read_all(std::uint64_t id, std::uint32_t version = 0) {
    const auto found = store().find({id});
    if (!found) return {};
    Bytes bytes(found->bytes + 10);  // asks for more than there is
    const auto read = store().read({id}, version, 0, bytes);
    if (!read) return {};
    bytes.resize(read.value().size);
    return bytes;
  }
  void expect_holds(std::uint64_t id, std::uint32_t version, std::size_t original_bytes = 5000) {
    const Bytes expected = SampleRecord({id}, version, original_bytes).whole();
    EXPECT_TRUE(read_all(id) == expected) << "photo " << id;  // no dump of the bytes
    const auto found = store().find({id});
    ASSERT_TRUE(found);
    EXPECT_EQ(found->version, version);
    EXPECT_EQ(found->bytes, expected.size());
  }
  ErrorCode read_error(std::uint64_t id, std::uint32_t version = 0) {
    Bytes byte(1);
    return store().read({id}, version, 0, byte).error().code;
  }

  Backend backend_;
};

TYPED_TEST_SUITE_P(PhotoStoreConformance);

TYPED_TEST_P(PhotoStoreConformance, GivesBackWhatWasPut) {
  ASSERT_TRUE(this->put(7, 1));
  this->expect_holds(7, 1);
  this->backend_.reopen();
  this->expect_holds(7, 1);
}

TYPED_TEST_P(PhotoStoreConformance, ReadsAnyRange) {
  ASSERT_TRUE(this->put(7, 1));
  const Bytes whole = SampleRecord({7}, 1, 5000).whole();
  const ByteView expected = whole;
  for (const std::size_t offset : {std::size_t{0}, std::size_t{1}, std::size_t{4095},
                                   whole.size() - 1, whole.size(), whole.size() + 1}) {
    for (const std::size_t length : {std::size_t{0}, std::size_t{1}, std::size_t{700}}) {
      Bytes out(length);
      const auto read = this->store().read({7}, 1, offset, out);
      ASSERT_TRUE(read);
      const std::size_t left = whole.size() - std::min(offset, whole.size());
      ASSERT_EQ(read.value().size, std::min(length, left));
      EXPECT_EQ(read.value().version, 1U);
      EXPECT_TRUE(
          std::ranges::equal(ByteView(out).first(read.value().size),
                             expected.subspan(std::min(offset, whole.size()), read.value().size)));
    }
  }
}

TYPED_TEST_P(PhotoStoreConformance, TryReadGivesTheSameOrNothing) {
  ASSERT_TRUE(this->put(7, 1));
  const Bytes whole = SampleRecord({7}, 1, 5000).whole();
  Bytes out(300);
  if (const auto read = this->store().try_read({7}, 0, 100, out)) {
    ASSERT_TRUE(*read);
    EXPECT_EQ(read->value().size, 300U);
    EXPECT_TRUE(std::ranges::equal(out, ByteView(whole).subspan(100, 300)));
  }
  if (const auto read = this->store().try_read({8}, 0, 0, out)) {
    EXPECT_EQ(read->error().code, ErrorCode::kNotFound);
  }
  if (const auto read = this->store().try_read({7}, 2, 0, out)) {
    EXPECT_EQ(read->error().code, ErrorCode::kConflict);
  }
}

TYPED_TEST_P(PhotoStoreConformance, KnowsNothingOfWhatWasNotPut) {
  EXPECT_FALSE(this->store().find({9}));
  EXPECT_FALSE(this->store().find({0}));
  EXPECT_EQ(this->read_error(9), ErrorCode::kNotFound);
  EXPECT_EQ(this->store().remove({9}).error().code, ErrorCode::kNotFound);
}

TYPED_TEST_P(PhotoStoreConformance, ANewerVersionTakesThePlaceOfAnOlder) {
  ASSERT_TRUE(this->put(7, 1));
  ASSERT_TRUE(this->put(7, 2, 100));
  ASSERT_TRUE(this->put(7, 5, 200));  // versions may skip
  this->expect_holds(7, 5, 200);
  EXPECT_EQ(this->read_error(7, 1), ErrorCode::kConflict);
  EXPECT_EQ(this->read_error(7, 6), ErrorCode::kConflict);
  EXPECT_TRUE(this->read_all(7, 5) == SampleRecord({7}, 5, 200).whole());
  this->backend_.reopen();
  this->expect_holds(7, 5, 200);
}

TYPED_TEST_P(PhotoStoreConformance, RefusesAVersionThatIsNotNewer) {
  ASSERT_TRUE(this->put(7, 3));
  EXPECT_EQ(this->put(7, 3, 10).error().code, ErrorCode::kConflict);
  EXPECT_EQ(this->put(7, 2, 10).error().code, ErrorCode::kConflict);
  this->backend_.reopen();
  EXPECT_EQ(this->put(7, 3, 10).error().code, ErrorCode::kConflict);
  this->expect_holds(7, 3);
}

TYPED_TEST_P(PhotoStoreConformance, RemovedIsGoneForGood) {
  ASSERT_TRUE(this->put(7, 1));
  ASSERT_TRUE(this->put(8, 1));
  ASSERT_TRUE(this->store().remove({7}));
  for (int life = 0; life < 2; ++life) {
    EXPECT_FALSE(this->store().find({7}));
    EXPECT_EQ(this->read_error(7), ErrorCode::kNotFound);
    EXPECT_EQ(this->store().remove({7}).error().code, ErrorCode::kNotFound);
    EXPECT_EQ(this->put(7, 2).error().code, ErrorCode::kConflict);
    this->expect_holds(8, 1);
    this->backend_.reopen();
  }
}

TYPED_TEST_P(PhotoStoreConformance, RefusesWhatIsNoRecord) {
  const ByteView some = as_bytes("x");
  const auto code = [&](std::uint64_t id, std::uint32_t version, std::span<const ByteView> parts) {
    return this->store().put({id}, version, parts).error().code;
  };
  EXPECT_EQ(code(0, 1, {&some, 1}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code(1ULL << 63, 1, {&some, 1}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code(7, 0, {&some, 1}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code(7, 1, {}), ErrorCode::kInvalidArgument);
  EXPECT_FALSE(this->store().find({7}));
}

TYPED_TEST_P(PhotoStoreConformance, TakesPartsOfAnyLength) {
  const std::vector<ByteView> parts = {{}, as_bytes("ab"), {}, as_bytes("c"), {}};
  ASSERT_TRUE(this->store().put({7}, 1, parts));
  EXPECT_EQ(as_text(this->read_all(7)), "abc");
}

TYPED_TEST_P(PhotoStoreConformance, TakesLargeRecords) {
  constexpr std::size_t kBytes = 3'000'001;
  ASSERT_TRUE(this->put(7, 1, kBytes));
  ASSERT_TRUE(this->put(8, 1));
  this->expect_holds(7, 1, kBytes);
  this->backend_.reopen();
  this->expect_holds(7, 1, kBytes);
  this->expect_holds(8, 1);
}

TYPED_TEST_P(PhotoStoreConformance, ScansWhatIsThere) {
  for (std::uint64_t id = 1; id <= 20; ++id) ASSERT_TRUE(this->put(id, 1, 50));
  ASSERT_TRUE(this->put(3, 2, 60));
  ASSERT_TRUE(this->store().remove({4}));
  std::set<std::uint64_t> seen;
  ASSERT_TRUE(this->store().scan([&](const StoredRecord& record) -> Result<void> {
    EXPECT_TRUE(seen.insert(record.id.value).second);
    EXPECT_EQ(record.version, record.id.value == 3 ? 2U : 1U);
    EXPECT_EQ(record.bytes, this->store().find(record.id)->bytes);
    return ok();
  }));
  EXPECT_EQ(seen.size(), 19U);
  EXPECT_FALSE(seen.contains(4));
}

TYPED_TEST_P(PhotoStoreConformance, AScanEndsWithItsVisitorsError) {
  for (std::uint64_t id = 1; id <= 5; ++id) ASSERT_TRUE(this->put(id, 1, 50));
  int calls = 0;
  const auto scanned = this->store().scan([&](const StoredRecord&) -> Result<void> {
    ++calls;
    return fail(ErrorCode::kTimeout, "test", "enough");
  });
  EXPECT_EQ(scanned.error().code, ErrorCode::kTimeout);
  EXPECT_EQ(calls, 1);
}

TYPED_TEST_P(PhotoStoreConformance, AScanMayChangeTheStore) {
  for (std::uint64_t id = 1; id <= 5; ++id) ASSERT_TRUE(this->put(id, 1, 50));
  ASSERT_TRUE(this->store().scan(
      [&](const StoredRecord& record) { return this->store().remove(record.id); }));
  EXPECT_EQ(this->store().stats().photos, 0U);
}

TYPED_TEST_P(PhotoStoreConformance, CountsPhotosAndBytes) {
  ASSERT_TRUE(this->put(1, 1, 1000));
  ASSERT_TRUE(this->put(2, 1, 1000));
  ASSERT_TRUE(this->put(2, 2, 3000));
  ASSERT_TRUE(this->put(3, 1, 1000));
  ASSERT_TRUE(this->store().remove({3}));
  const std::uint64_t live = this->store().find({1})->bytes + this->store().find({2})->bytes;
  for (int life = 0; life < 2; ++life) {
    const StoreStats stats = this->store().stats();
    EXPECT_EQ(stats.photos, 2U);
    EXPECT_EQ(stats.live_bytes, live);
    EXPECT_GT(stats.garbage_bytes, 2000U);
    EXPECT_THAT(stats.problems, ::testing::IsEmpty());
    this->backend_.reopen();
  }
}

TYPED_TEST_P(PhotoStoreConformance, VerifiesEveryRecord) {
  std::uint64_t live = 0;
  for (std::uint64_t id = 1; id <= 6; ++id) {
    ASSERT_TRUE(this->put(id, 1, 70'000 * id));
    live += this->store().find({id})->bytes;
  }
  std::uint64_t last = 0;
  const auto report = this->store().verify([&](std::uint64_t done, std::uint64_t all) {
    EXPECT_LE(last, done);
    EXPECT_LE(done, all);
    last = done;
    return true;
  });
  ASSERT_TRUE(report);
  EXPECT_EQ(report.value().records, 6U);
  EXPECT_EQ(report.value().bytes, live);
  EXPECT_EQ(report.value().damaged_count, 0U);
  EXPECT_THAT(report.value().damaged, ::testing::IsEmpty());
  EXPECT_TRUE(this->store().verify({}));
}

TYPED_TEST_P(PhotoStoreConformance, VerifyCanBeStopped) {
  ASSERT_TRUE(this->put(1, 1));
  const auto report = this->store().verify([](std::uint64_t, std::uint64_t) { return false; });
  EXPECT_EQ(report.error().code, ErrorCode::kClosed);
}

TYPED_TEST_P(PhotoStoreConformance, VerifyFindsWhatIsNoGoodRecord) {
  ASSERT_TRUE(this->put(1, 1));
  const ByteView wrong = as_bytes("this was stored as it is, but it is no record");
  ASSERT_TRUE(this->store().put({2}, 1, {&wrong, 1}));
  const auto report = this->store().verify({});
  ASSERT_TRUE(report);
  EXPECT_EQ(report.value().damaged_count, 1U);
  EXPECT_THAT(report.value().damaged,
              ::testing::ElementsAre(::testing::HasSubstr("photo 2 version 1")));
}

TYPED_TEST_P(PhotoStoreConformance, RemembersReportedDamage) {
  ASSERT_TRUE(this->put(1, 1));
  this->store().report_damage({1}, "a bad block");
  this->store().report_damage({1}, "a bad block");
  const StoreStats stats = this->store().stats();
  EXPECT_EQ(stats.checksum_errors, 2U);
  EXPECT_THAT(stats.problems, ::testing::ElementsAre(::testing::HasSubstr("a bad block")));
}

TYPED_TEST_P(PhotoStoreConformance, ManyWritersAndReadersAtOnce) {
  constexpr std::uint64_t kThreads = 8;
  constexpr std::uint64_t kPhotos = 12;
  std::vector<std::thread> threads;
  for (std::uint64_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([this, t] {
      for (std::uint64_t i = 0; i < kPhotos; ++i) {
        const std::uint64_t id = 1 + t * kPhotos + i;
        EXPECT_TRUE(this->put(id, 1, 200 * i + 1));
        this->expect_holds(id, 1, 200 * i + 1);
        if (i % 3 == 1) {
          EXPECT_TRUE(this->put(id, 2, 100));
        }
        if (i % 3 == 2) {
          EXPECT_TRUE(this->store().remove({id}));
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (int life = 0; life < 2; ++life) {
    EXPECT_EQ(this->store().stats().photos, kThreads * kPhotos * 2 / 3);
    for (std::uint64_t id = 1; id <= kThreads * kPhotos; ++id) {
      const std::uint64_t i = (id - 1) % kPhotos;
      if (i % 3 == 0) this->expect_holds(id, 1, 200 * i + 1);
      if (i % 3 == 1) this->expect_holds(id, 2, 100);
      if (i % 3 == 2) {
        EXPECT_FALSE(this->store().find({id}));
      }
    }
    this->backend_.reopen();
  }
}

TYPED_TEST_P(PhotoStoreConformance, OfManyPutsOfOneVersionOneWins) {
  for (std::uint32_t version = 1; version <= 10; ++version) {
    std::atomic<int> winners = 0;
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        const auto done = this->put(7, version);
        if (done) ++winners;
        if (!done) {
          EXPECT_EQ(done.error().code, ErrorCode::kConflict);
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(winners, 1);
  }
}

REGISTER_TYPED_TEST_SUITE_P(PhotoStoreConformance, GivesBackWhatWasPut, ReadsAnyRange,
                            TryReadGivesTheSameOrNothing, KnowsNothingOfWhatWasNotPut,
                            ANewerVersionTakesThePlaceOfAnOlder, RefusesAVersionThatIsNotNewer,
                            RemovedIsGoneForGood, RefusesWhatIsNoRecord, TakesPartsOfAnyLength,
                            TakesLargeRecords, ScansWhatIsThere, AScanEndsWithItsVisitorsError,
                            AScanMayChangeTheStore, CountsPhotosAndBytes, VerifiesEveryRecord,
                            VerifyCanBeStopped, VerifyFindsWhatIsNoGoodRecord,
                            RemembersReportedDamage, ManyWritersAndReadersAtOnce,
                            OfManyPutsOfOneVersionOneWins);

}  // namespace farm::store
