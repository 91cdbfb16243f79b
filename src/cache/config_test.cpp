#include "cache/config.h"

#include <gtest/gtest.h>

namespace farm::cache {
namespace {

Result<Config> parse(std::string_view text) {
  FARM_TRY(auto document, config::Document::parse(text, "test.toml"));
  Config config;
  read_config(document.root().table("cache"), config);
  FARM_TRY(document.finish());
  return config;
}

TEST(CacheConfigTest, HasDefaults) {
  const Config config = parse("").value();
  EXPECT_EQ(config.memory_bytes, 256U << 20);
  EXPECT_EQ(config.memory_object_max_bytes, 64U << 10);
  EXPECT_EQ(config.negative_max, std::chrono::seconds(60));
  EXPECT_EQ(config.policy, Policy::kS3Fifo);
  EXPECT_EQ(config.shards, 0U);
  EXPECT_TRUE(config.disks.empty());
  EXPECT_EQ(config.disk_object_max_bytes, 512U << 10);
  EXPECT_EQ(config.disk_write_budget, 32U << 20);
  EXPECT_EQ(config.disk_segment_bytes, 64U << 20);
  EXPECT_EQ(config.disk_queue_bytes, 16U << 20);
}

TEST(CacheConfigTest, ReadsEveryKey) {
  const Config config = parse(R"([cache]
    memory = "2GiB"
    memory_object_max = "128KiB"
    negative_max = "5s"
    policy = "lru"
    shards = 16
    disk = [{ path = "/cache/a", size = "100GiB" }, { path = "/cache/b", size = "16MiB" }]
    disk_object_max = "1MiB"
    disk_write_budget = "0"
    disk_segment = "128MiB"
    disk_queue = "8MiB"
  )")
                            .value();
  EXPECT_EQ(config.memory_bytes, std::uint64_t{2} << 30);
  EXPECT_EQ(config.memory_object_max_bytes, 128U << 10);
  EXPECT_EQ(config.negative_max, std::chrono::seconds(5));
  EXPECT_EQ(config.policy, Policy::kLru);
  EXPECT_EQ(config.shards, 16U);
  ASSERT_EQ(config.disks.size(), 2U);
  EXPECT_EQ(config.disks[0].path, "/cache/a");
  EXPECT_EQ(config.disks[0].bytes, std::uint64_t{100} << 30);
  EXPECT_EQ(config.disks[1].path, "/cache/b");
  EXPECT_EQ(config.disk_object_max_bytes, 1U << 20);
  EXPECT_EQ(config.disk_write_budget, 0U);
  EXPECT_EQ(config.disk_segment_bytes, 128U << 20);
  EXPECT_EQ(config.disk_queue_bytes, 8U << 20);
  EXPECT_EQ(parse("[cache]\nmemory = \"0\"").value().memory_bytes, 0U);
}

TEST(CacheConfigTest, RefusesWhatIsOutOfBounds) {
  EXPECT_FALSE(parse("[cache]\npolicy = \"random\""));
  EXPECT_FALSE(parse("[cache]\nshards = 3"));
  EXPECT_FALSE(parse("[cache]\nshards = 4096"));
  EXPECT_FALSE(parse("[cache]\nmemory_object_max = \"1GiB\""));
  EXPECT_FALSE(parse("[cache]\nmemory_object_max = \"10B\""));
  EXPECT_FALSE(parse("[cache]\nnegative_max = \"366d\""));
  EXPECT_FALSE(parse("[cache]\ndisk = [{ path = \"/a\" }]"));
  EXPECT_FALSE(parse("[cache]\ndisk = [{ path = \"/a\", size = \"7MiB\" }]"));
  EXPECT_FALSE(parse("[cache]\ndisk = [{ size = \"1GiB\" }]"));
  EXPECT_FALSE(
      parse("[cache]\ndisk = [{ path = \"/a\", size = \"1GiB\" }, "
            "{ path = \"/a\", size = \"2GiB\" }]"));
  EXPECT_FALSE(parse("[cache]\ndisk_segment = \"512MiB\""));
}

}  // namespace
}  // namespace farm::cache
