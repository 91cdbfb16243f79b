// For tests of a volume set as a whole: one on a disk in memory, with small volumes, and photos
// whose bytes follow from their id and version.
#pragma once

#include <gtest/gtest.h>

#include <map>

#include "io/fake_file.h"
#include "obs/log.h"
#include "volume/volume_set.h"

namespace farm::volume {

class VolumeSetFixture : public ::testing::Test {
 protected:
  VolumeSetFixture() {
    config_.volume_bytes = 64 << 10;
    config_.preallocate_bytes = 16 << 10;
    config_.commit_wait = std::chrono::microseconds{0};
  }

  static void SetUpTestSuite() {
    obs::LogConfig quiet;
    quiet.level = obs::LogLevel::kOff;
    obs::start_logging(quiet);
  }
  static void TearDownTestSuite() { obs::stop_logging(); }

  Result<std::unique_ptr<VolumeSet>> try_open() {
    FARM_TRY(auto set, VolumeSet::open(disk_, clock_, directories_, config_));
    const std::atomic<bool> never{false};
    FARM_TRY(set->load(never));
    return set;
  }
  void open() {
    set_.reset();
    auto opened = try_open();
    ASSERT_TRUE(opened) << opened.error().message();
    set_ = std::move(opened).value();
  }
  // An empty store in place of this one.
  void start_afresh() {
    disk_.clear_faults();
    set_.reset();
    expected_.clear();
    const auto volumes = disk_.list("/data/volumes");
    for (const std::string& name : volumes.value()) {
      ASSERT_TRUE(disk_.remove("/data/volumes/" + name));
    }
    (void)disk_.remove("/data/index.checkpoint");
    open();
  }
  // As kill -9 and a power cut would: nothing is tidied up first.
  void crash(std::uint64_t seed) {
    disk_.cut_power_after(0);
    set_.reset();
    disk_.crash(seed);
  }

  static Bytes payload(std::uint64_t id, std::uint32_t version) {
    return Bytes(500 + id * 7 % 900, static_cast<std::byte>(id * 31 + version));
  }
  Result<void> put(std::uint64_t id, std::uint32_t version = 1) {
    const Bytes bytes = payload(id, version);
    const ByteView part = bytes;
    FARM_TRY(set_->put({id}, version, {&part, 1}));
    expected_[id] = version;
    return ok();
  }
  Result<void> remove(std::uint64_t id) {
    FARM_TRY(set_->remove({id}));
    expected_[id] = 0;
    return ok();
  }
  // Photos 1 to `count`; of every three one is removed and one replaced.
  void fill(std::uint64_t count) {
    for (std::uint64_t id = 1; id <= count; ++id) ASSERT_TRUE(put(id));
    for (std::uint64_t id = 1; id <= count; id += 3) ASSERT_TRUE(remove(id));
    for (std::uint64_t id = 2; id <= count; id += 3) ASSERT_TRUE(put(id, 2));
  }
  // Whether a photo reads back as it was put, or is as gone as it should be.
  void expect_photo(std::uint64_t id, std::uint32_t version) {
    const auto held = set_->hold();
    const auto location = set_->find({id});
    ASSERT_EQ(location.has_value(), version != 0) << "photo " << id;
    if (!location) return;
    ASSERT_EQ(location->version, version) << "photo " << id;
    const Bytes bytes = payload(id, version);
    ASSERT_EQ(location->bytes, bytes.size());
    Bytes out(bytes.size());
    ASSERT_TRUE(set_->read(*location, 0, out));
    ASSERT_TRUE(out == bytes) << "photo " << id;
    ASSERT_TRUE(set_->header_of({id}, *location));
  }
  void expect_photos() {
    for (const auto& [id, version] : expected_) {
      ASSERT_NO_FATAL_FAILURE(expect_photo(id, version));
    }
  }
  void expect_all() {
    ASSERT_NO_FATAL_FAILURE(expect_photos());
    EXPECT_EQ(set_->stats().problems, std::vector<std::string>{});
  }
  // Returns the first error.
  Result<void> compact_all() {
    Throttle throttle;
    for (const std::uint16_t slot : set_->compactable(0, clock_.now_ms() + 1)) {
      FARM_TRY(set_->compact(slot, throttle));
    }
    return ok();
  }

  io::FakeFileSystem disk_;
  FakeClock clock_{1'000'000};
  Config config_;
  std::vector<std::filesystem::path> directories_ = {"/data"};
  std::unique_ptr<VolumeSet> set_;
  std::map<std::uint64_t, std::uint32_t> expected_;  // by id: the version, 0 if removed
};

}  // namespace farm::volume
