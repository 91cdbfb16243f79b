// What the tests of the disk tier share: a tier on a fake disk, and objects whose bytes tell which
// version of which key they are.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "cache/disk/disk_tier.h"
#include "cache/memory_tier.h"
#include "io/fake_file.h"

namespace farm::cache {

inline constexpr std::string_view kTestHead = "HTTP/1.1 200 OK\r\nETag: \"e\"\r\n\r\n";

inline std::string test_body(std::string_view key, std::uint64_t version, std::size_t bytes) {
  const std::string unit = std::string(key) + "#" + std::to_string(version) + "|";
  std::string body;
  while (body.size() < bytes) body += unit;
  return body;
}

inline ObjectRef test_object(std::string_view key, std::string_view body) {
  static const HashSecret kUnused{1, 2};
  MemoryTier maker({.capacity_bytes = 0, .secret = kUnused});
  return maker.insert(ObjectDraft({.key = key,
                                   .tags = "p1 p2",
                                   .head = kTestHead,
                                   .etag = kTestHead.substr(kTestHead.find('"'), 3),
                                   .body = as_bytes(body),
                                   .meta = {.stored_ms = 1'700'000'000'000,
                                            .fresh_until_ms = static_cast<Millis>(body.size()),
                                            .last_modified_ms = -1,
                                            .initial_age_s = 7,
                                            .status = 200,
                                            .flags = 0xa5,
                                            .purge_seq = 0xfeed'beef'0000'0001}}));
}

class DiskTierTest : public ::testing::Test {
 protected:
  DiskTierOptions options_of(std::vector<DiskPlace> disks = {{"/cache/a", 1 << 20}}) const {
    return {.disks = std::move(disks),
            .object_max_bytes = 8 << 10,
            .write_budget = 0,
            .segment_bytes = 64 << 10,
            .queue_bytes = 16 << 20};
  }

  void open(const DiskTierOptions& options) {
    tier_.reset();
    auto opened = DiskTier::open(files_, clock_, options);
    ASSERT_TRUE(opened) << opened.error().message();
    tier_ = std::move(opened).value();
  }
  void open() { open(options_of()); }

  // As kill -9: what was written stays, whatever the tier would still have done is not done.
  void kill() {
    files_.cut_power_after(0);
    tier_.reset();
    files_.clear_faults();
  }
  void lose_power(std::uint64_t seed) {
    files_.cut_power_after(0);
    tier_.reset();
    files_.crash(seed);
  }

  void offer(std::string_view key, std::string_view body, bool requested_before = true) {
    tier_->offer(test_object(key, body), requested_before);
  }
  // "" if it is not there.
  std::string body_of(std::string_view key) {
    const ObjectRef found = tier_->read(key);
    if (!found) return "";
    EXPECT_EQ(found->key(), key);
    EXPECT_EQ(found->head(), kTestHead);
    return std::string(as_text(found->body()));
  }

  io::FakeFileSystem files_;
  FakeClock clock_{1'700'000'000'000};
  std::unique_ptr<DiskTier> tier_;
};

}  // namespace farm::cache
