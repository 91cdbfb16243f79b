#include "image/srgb_profile.h"

#include <gtest/gtest.h>

#include "image/pictures_for_test.h"

namespace farm::image {
namespace {

using namespace image::testing;

Bytes profile_of(const Image& image) {
  const void* data = nullptr;
  std::size_t size = 0;
  if (vips_image_get_blob(image.get(), VIPS_META_ICC_NAME, &data, &size) != 0) return {};
  const auto* first = static_cast<const std::byte*>(data);
  return Bytes(first, first + size);
}

TEST(SrgbProfile, IsToldFromOthers) {
  const Image plain = solid(4, 4, {10, 20, 30});
  EXPECT_TRUE(means_srgb(profile_of(in_profile(plain, "srgb"))));
  EXPECT_FALSE(means_srgb(profile_of(in_profile(plain, "p3"))));
  EXPECT_FALSE(means_srgb(profile_of(in_profile(plain, "cmyk"))));
  EXPECT_FALSE(means_srgb({}));
  EXPECT_FALSE(means_srgb(as_bytes("no profile")));
}

TEST(SrgbProfile, IsOneWithItsOwnCurveAndPrimaries) {
  const Bytes good = profile_of(in_profile(solid(4, 4, {10, 20, 30}), "srgb"));
  const std::string_view text = as_text(good);
  // Another first primary, by its tag's offset; the curve, by its type's name.
  Bytes other = good;
  const std::size_t entry = text.find("rXYZ");
  ASSERT_NE(entry, text.npos);
  const std::size_t offset = std::to_integer<std::size_t>(good[entry + 6]) * 256 +
                             std::to_integer<std::size_t>(good[entry + 7]);
  other[offset + 10] ^= std::byte{0x20};
  EXPECT_FALSE(means_srgb(other));
}

TEST(SrgbProfile, SurvivesAnyBytes) {
  const Bytes good = profile_of(in_profile(solid(4, 4, {10, 20, 30}), "srgb"));
  for (std::size_t size = 0; size < good.size(); ++size) {
    means_srgb(ByteView(good).first(size));
  }
  std::size_t still = 0;
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (const int value : {0x00, 0x7f, 0xff}) {
      Bytes bad = good;
      bad[at] = static_cast<std::byte>(value);
      still += means_srgb(bad) ? 1 : 0;
    }
  }
  EXPECT_LT(still, 3 * good.size());
}

}  // namespace
}  // namespace farm::image
