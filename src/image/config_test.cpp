#include "image/config.h"

#include <gtest/gtest.h>

namespace farm::image {
namespace {

using photo::Format;
using photo::SizeCode;

TEST(ImageConfig, ReadsEveryKeyAndKeepsDefaultsOtherwise) {
  auto document = config::Document::parse(R"(
[image]
max_pixels = 50_000_000
max_side = 30_000
max_file = "20MiB"
jpeg_quality = 75
webp_quality = 70
avif_quality = 50
avif_effort = 4
max_scans = 20
accept_truncated = true
sharpen = 0
reduce = "linear"
keep = ["copyright", "icc"]
edit_quality = 90
threads = 3
queue = 8
memory = "512MiB"
memory_queue = 9
memory_wait = "3s"
[image.size_quality]
s = { jpeg = 90, webp = 88 }
- = { avif = 45 }
)",
                                          "a.toml");
  ASSERT_TRUE(document);
  Config config;
  read_config(document.value().root().table("image"), config);
  ASSERT_TRUE(document.value().finish());
  EXPECT_EQ(config.limits.max_pixels, 50'000'000);
  EXPECT_EQ(config.limits.max_side_px, 30'000);
  EXPECT_EQ(config.limits.max_file_bytes, 20 << 20);
  EXPECT_EQ(config.jpeg_quality, 75);
  EXPECT_EQ(config.quality_of(SizeCode::kLarge, Format::kJpeg), 75);
  EXPECT_EQ(config.quality_of(SizeCode::kLarge, Format::kWebp), 70);
  EXPECT_EQ(config.quality_of(SizeCode::kLarge, Format::kAvif), 50);
  EXPECT_EQ(config.quality_of(SizeCode::kSquare, Format::kJpeg), 90);
  EXPECT_EQ(config.quality_of(SizeCode::kSquare, Format::kWebp), 88);
  EXPECT_EQ(config.quality_of(SizeCode::kSquare, Format::kAvif), 50);
  EXPECT_EQ(config.quality_of(SizeCode::kMedium, Format::kAvif), 45);
  EXPECT_EQ(config.avif_effort, 4);
  EXPECT_EQ(config.limits.max_scans, 20);
  EXPECT_TRUE(config.limits.accept_truncated);
  EXPECT_EQ(config.sharpen, 0);
  EXPECT_TRUE(config.linear_light);
  EXPECT_TRUE(config.keep_copyright);
  EXPECT_TRUE(config.keep_profile);
  EXPECT_EQ(config.edit_quality, 90);
  EXPECT_EQ(config.threads, 3);
  EXPECT_EQ(config.queue, 8);
  EXPECT_EQ(config.memory_bytes, 512U << 20);
  EXPECT_EQ(config.memory_queue, 9);
  EXPECT_EQ(config.memory_wait, std::chrono::seconds(3));

  auto empty = config::Document::empty();
  Config defaults;
  read_config(empty.root().table("image"), defaults);
  EXPECT_EQ(defaults.limits.max_pixels, 100'000'000);
  EXPECT_EQ(defaults.jpeg_quality, 82);
  EXPECT_EQ(defaults.memory_bytes, 2ULL << 30);
}

TEST(ImageConfig, RefusesWhatMakesNoSense) {
  for (const char* line :
       {"jpeg_quality = 0", "jpeg_quality = 101", "queue = 0", "max_pixels = -1",
        "max_file = \"lots\"", "jpeg_qualty = 80", "avif_effort = 10", "reduce = \"light\"",
        "keep = [\"gps\"]", "sharpen = 101", "max_scans = 0", "size_quality.s.jpeg = 0",
        "memory = \"1KiB\"", "size_quality.x.jpeg = 80", "size_quality.s.png = 80"}) {
    auto document = config::Document::parse(std::string("[image]\n") + line, "a.toml");
    ASSERT_TRUE(document);
    Config config;
    read_config(document.value().root().table("image"), config);
    EXPECT_FALSE(document.value().finish()) << line;
  }
}

}  // namespace
}  // namespace farm::image
