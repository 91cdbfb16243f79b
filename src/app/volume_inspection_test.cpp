#include "app/volume_inspection.h"

#include <gmock/gmock.h>

#include "io/fake_file.h"
#include "store/sample_record.h"
#include "store/volume_store.h"

namespace farm::app {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using volume::FrameType;

class VolumeInspectionTest : public ::testing::Test {
 protected:
  static constexpr const char* kVolume = "/data/volumes/000001.vol";

  void open(std::uint64_t volume_bytes = 1 << 20) {
    store_.reset();
    store::Config config;
    config.upkeep = false;  // nothing is rewritten while it is looked at
    config.volume.volume_bytes = volume_bytes;
    config.volume.preallocate_bytes = 64 << 10;
    store_ = store::open_volume_store(disk_, clock_, "/data", config).value();
  }
  void put(std::uint64_t id, std::uint32_t version = 1, std::size_t bytes = 2000) {
    clock_.advance(1000);
    ASSERT_TRUE(store_->put({id}, version, store::SampleRecord({id}, version, bytes).parts()));
  }
  Result<VolumeInspection> inspect(bool check = false) {
    frames_.clear();
    InspectOptions options;
    options.check = check;
    options.visit = [this](const FrameSeen& seen) { frames_.push_back(seen); };
    return inspect_volume(disk_, kVolume, options);
  }
  void damage(std::uint64_t offset, std::string_view with = "damaged!") {
    const ByteView bytes = as_bytes(with);
    ASSERT_TRUE(
        disk_.open(kVolume, io::OpenMode::kReadWrite).value()->write_at(offset, {&bytes, 1}));
  }
  std::vector<FrameType> types() const {
    std::vector<FrameType> found;
    for (const FrameSeen& seen : frames_) found.push_back(seen.header.type);
    return found;
  }

  FakeClock clock_{kPhotoEpochMs};
  io::FakeFileSystem disk_;
  std::unique_ptr<store::PhotoStore> store_;
  std::vector<FrameSeen> frames_;
};

TEST_F(VolumeInspectionTest, CountsWhatIsThere) {
  open();
  put(1);
  put(2);
  put(2, 2);
  put(3);
  ASSERT_TRUE(store_->remove({3}));
  const std::uint64_t live = store_->stats().live_bytes;
  for (const bool open_by_a_store : {true, false}) {
    if (!open_by_a_store) store_.reset();
    const VolumeInspection found = inspect(true).value();
    EXPECT_TRUE(found.copy_good[0] && found.copy_good[1]);
    EXPECT_EQ(found.superblock.number, 1U);
    EXPECT_EQ(found.records, 4U);
    EXPECT_EQ(found.tombstones, 1U);
    EXPECT_EQ(found.live_records, 2U);
    EXPECT_EQ(found.live_bytes, live);
    EXPECT_EQ(found.first_sequence, 1U);
    EXPECT_EQ(found.last_sequence, 5U);
    EXPECT_EQ(found.first_written_ms, kPhotoEpochMs + 1000);
    EXPECT_EQ(found.last_written_ms, kPhotoEpochMs + 4000);
    EXPECT_EQ(found.bad_payloads, 0U);
    EXPECT_FALSE(found.footer);
    EXPECT_THAT(found.recovery.damaged, IsEmpty());
    EXPECT_EQ(frames_.size(), found.records + found.tombstones + found.fillers);
    EXPECT_EQ(frames_.front().offset, volume::kFirstFrame);
  }
}

TEST_F(VolumeInspectionTest, ChangesNothing) {
  open();
  put(1);
  put(2);
  const auto bytes = [&] {
    const auto file = disk_.open(kVolume, io::OpenMode::kRead).value();
    Bytes all(file->size().value());
    EXPECT_TRUE(file->read_at(0, all));
    return all;
  };
  const Bytes before = bytes();
  ASSERT_TRUE(inspect(true));
  EXPECT_TRUE(bytes() == before);
  put(3);
  EXPECT_EQ(inspect().value().records, 3U);
}

TEST_F(VolumeInspectionTest, TellsAFooter) {
  open(64 << 10);
  for (std::uint64_t id = 1; id <= 4; ++id) put(id, 1, 20'000);  // the last one needs another
  const VolumeInspection found = inspect().value();
  ASSERT_TRUE(found.footer);
  EXPECT_TRUE(found.footer_agrees);
  EXPECT_EQ(found.footer->records, found.records);
  EXPECT_EQ(types().back(), FrameType::kFooter);
  EXPECT_EQ(frames_.back().holds, true);
}

TEST_F(VolumeInspectionTest, SaysWhichSuperblockIsDamaged) {
  open();
  put(1);
  damage(100);
  EXPECT_FALSE(inspect().value().copy_good[0]);
  EXPECT_TRUE(inspect().value().copy_good[1]);
  EXPECT_EQ(inspect().value().records, 1U);
  damage(volume::kSuperblockBytes + 100);
  EXPECT_EQ(inspect().error().code, ErrorCode::kCorrupt);
}

TEST_F(VolumeInspectionTest, FindsADamagedHeaderAndADamagedPayload) {
  open();
  for (std::uint64_t id = 1; id <= 5; ++id) put(id);
  store_.reset();
  ASSERT_TRUE(inspect());
  const std::vector<FrameSeen> whole = frames_;
  damage(whole[1].offset + 8);
  damage(whole[3].offset + volume::kFrameHeaderBytes + 500);

  const VolumeInspection quick = inspect().value();
  EXPECT_EQ(quick.records, 4U);
  EXPECT_EQ(quick.recovery.damaged_count, 1U);
  ASSERT_EQ(quick.recovery.damaged.size(), 1U);
  EXPECT_EQ(quick.recovery.damaged[0].offset, whole[1].offset);
  EXPECT_EQ(quick.recovery.damaged[0].bytes, whole[2].offset - whole[1].offset);
  EXPECT_EQ(quick.bad_payloads, 0U) << "payloads are not read";

  EXPECT_EQ(inspect(true).value().bad_payloads, 1U);
  for (const FrameSeen& seen : frames_) {
    EXPECT_EQ(seen.holds, seen.offset != whole[3].offset) << seen.offset;
  }
}

TEST_F(VolumeInspectionTest, AFileThatIsNone) {
  ASSERT_TRUE(disk_.make_directories("/data/volumes"));
  EXPECT_EQ(inspect().error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(disk_.open(kVolume, io::OpenMode::kCreateNew));
  EXPECT_EQ(inspect().error().code, ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace farm::app
