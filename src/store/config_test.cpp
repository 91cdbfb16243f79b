#include "store/config.h"

#include <gtest/gtest.h>

namespace farm::store {
namespace {

Result<Config> parse(std::string_view text) {
  FARM_TRY(auto document, config::Document::parse(text, "test.toml"));
  Config config;
  read_config(document.root().table("store"), config);
  FARM_TRY(document.finish());
  return config;
}

TEST(StoreConfigTest, HasDefaults) {
  const Config config = parse("").value();
  EXPECT_TRUE(config.paths.empty());
  EXPECT_EQ(config.volume.volume_bytes, std::uint64_t{4} << 30);
  EXPECT_EQ(config.volume.commit_wait, std::chrono::milliseconds(2));
}

TEST(StoreConfigTest, ReadsEveryKey) {
  const Config config = parse(R"([store]
    paths = ["/disk-a", "/disk-b"]
    volume_size = "1GiB"
    preallocate = "1MiB"
    commit_wait = "5ms"
    commit_size = "8MiB"
    read_window = "32KiB"
  )")
                            .value();
  EXPECT_EQ(config.paths, (std::vector<std::filesystem::path>{"/disk-a", "/disk-b"}));
  EXPECT_EQ(config.volume.volume_bytes, 1U << 30);
  EXPECT_EQ(config.volume.preallocate_bytes, 1U << 20);
  EXPECT_EQ(config.volume.commit_wait, std::chrono::milliseconds(5));
  EXPECT_EQ(config.volume.commit_bytes, 8U << 20);
  EXPECT_EQ(config.read_window, 32U << 10);
}

TEST(StoreConfigTest, RefusesWhatIsOutOfBounds) {
  EXPECT_FALSE(parse("[store]\nvolume_size = \"1KiB\""));
  EXPECT_FALSE(parse("[store]\nvolume_size = \"1TiB\""));
  EXPECT_FALSE(parse("[store]\ncommit_wait = \"5s\""));
  EXPECT_FALSE(parse("[store]\npreallocate = \"1B\""));
  EXPECT_FALSE(parse("[store]\nread_window = \"1MiB\""));
}

}  // namespace
}  // namespace farm::store
