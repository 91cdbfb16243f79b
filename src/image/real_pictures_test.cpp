// Pictures of real cameras and programs, where a collection of them is at hand: the folder named by
// PHOTOFARM_PHOTOS, else shared/photos beside a folder above the current one. Without it there is
// nothing to do here: the other tests make their own pictures.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <vector>

#include "image/image.h"
#include "image/loader.h"
#include "image/measure.h"
#include "image/pictures_for_test.h"

namespace farm::image {
namespace {

namespace fs = std::filesystem;
using photo::Dimensions;
using namespace image::testing;

std::optional<fs::path> collection() {
  if (const char* named = std::getenv("PHOTOFARM_PHOTOS")) return fs::path(named);
  fs::path above = fs::current_path();
  for (int i = 0; i < 8; ++i, above = above.parent_path()) {
    if (fs::is_directory(above / "shared" / "photos")) return above / "shared" / "photos";
  }
  return {};
}

Bytes read(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(in)), {});
  return to_bytes(text);
}

class RealPictures : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!collection()) GTEST_SKIP() << "no collection of pictures at hand";
  }

  static std::vector<fs::path> files(const char* folder) {
    std::vector<fs::path> found;
    std::error_code missing;
    for (const auto& entry : fs::directory_iterator(*collection() / folder, missing)) {
      found.push_back(entry.path());
    }
    std::ranges::sort(found);
    return found;
  }
};

void expect_sizes(const fs::path& file) {
  SCOPED_TRACE(file.filename());
  const Bytes bytes = read(file);
  const auto rendered = render_stored(bytes, Config{});
  ASSERT_TRUE(rendered) << rendered.error().message();
  const Dimensions original = rendered.value().picture.dimensions;
  const auto shape = measure(bytes);
  ASSERT_TRUE(shape) << shape.error().message();
  {
    const Visit visit;
    EXPECT_EQ(shape.value().stored, open(bytes, Limits{}).value().stored);
  }
  EXPECT_EQ(probe(bytes, Limits{}).value().dimensions, original);
  EXPECT_EQ(rendered.value().sizes.size(),
            std::max(original.width, original.height) > 1024 ? 5 : 4);
  for (const RenderedSize& size : rendered.value().sizes) {
    EXPECT_EQ(dimensions(decode(size.bytes)), photo::scaled(original, photo::spec_of(size.code)));
  }
}

TEST_F(RealPictures, OfCamerasAreRendered) {
  for (const fs::path& file : files("camera")) expect_sizes(file);
}

TEST_F(RealPictures, OfEveryFormatAreRendered) {
  for (const fs::path& file : files("formats")) expect_sizes(file);
}

TEST_F(RealPictures, OfEveryOrientationComeOutUpright) {
  for (const fs::path& file : files("orientation")) {
    expect_sizes(file);
    const auto picture = probe(read(file), Limits{});
    ASSERT_TRUE(picture);
    const bool portrait = file.filename().string().starts_with("portrait");
    EXPECT_EQ(picture.value().dimensions,
              portrait ? (Dimensions{450, 600}) : (Dimensions{600, 450}))
        << file.filename();
  }
}

TEST_F(RealPictures, ThatAreHostileAreRefused) {
  for (const fs::path& file : files("hostile")) {
    const auto rendered = render_stored(read(file), Config{});
    ASSERT_FALSE(rendered) << file.filename();
    const bool giant = file.filename().string().starts_with("giant");
    EXPECT_EQ(rendered.error().code, giant ? ErrorCode::kTooLarge : ErrorCode::kUnprocessable)
        << file.filename() << ": " << rendered.error().message();
  }
}

}  // namespace
}  // namespace farm::image
