// The estimate against the truth: how much memory of this process is touched while the sizes of a
// picture are made. The kernel's high-water mark is put back before each (/proc/self/clear_refs).
#include <gtest/gtest.h>
#include <malloc.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "image/image.h"
#include "image/measure.h"
#include "image/pictures_for_test.h"

namespace farm::image {
namespace {

namespace fs = std::filesystem;
using namespace image::testing;

// What a real peak may be above the estimate: pages of the allocator's own.
constexpr std::int64_t kMargin = 4 << 20;

std::int64_t status_bytes(const std::string& field) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(field + ":")) return std::stoll(line.substr(field.size() + 1)) << 10;
  }
  return -1;
}

bool forget_peak() {
  std::ofstream refs("/proc/self/clear_refs");
  refs << "5" << std::flush;
  return refs.good();
}

// Large blocks go back to the kernel when they are freed: what an earlier step held is not found
// again and mistaken for nothing.
template <class Work>
std::int64_t peak_of(Work&& work) {
  ::mallopt(M_MMAP_THRESHOLD, 128 << 10);
  ::malloc_trim(0);
  if (!forget_peak()) return -1;
  const std::int64_t before = status_bytes("VmRSS");
  work();
  return status_bytes("VmHWM") - before;
}

struct Kind {
  const char* suffix;
  int width, height;
};

// As many colours as a photograph has, and no flat areas: nothing a decoder could make short work
// of.
Image gradients(int width, int height) {
  Image made;
  const auto step = [&made](auto&& operation) {
    VipsImage* out = nullptr;
    if (operation(&out) != 0) std::abort();
    made.reset(out);
  };
  step([&](VipsImage** out) { return vips_xyz(out, width, height, nullptr); });
  const Image places = share(made);
  const double scale[] = {255.0 / width, 255.0 / height};
  const double offset[] = {0, 0};
  step([&](VipsImage** out) {
    return vips_linear(places.get(), out, scale, offset, 2, "uchar", TRUE, nullptr);
  });
  const Image two = share(made);
  step([&](VipsImage** out) {
    return vips_gaussnoise(out, width, height, "mean", 128.0, "sigma", 6.0, nullptr);
  });
  const Image noise = share(made);
  step([&](VipsImage** out) { return vips_cast_uchar(noise.get(), out, nullptr); });
  const Image third = share(made);
  step([&](VipsImage** out) { return vips_bandjoin2(two.get(), third.get(), out, nullptr); });
  const Image joined = share(made);
  step([&](VipsImage** out) {
    return vips_copy(joined.get(), out, "interpretation", VIPS_INTERPRETATION_sRGB, nullptr);
  });
  return made;
}

class Peak : public ::testing::TestWithParam<Kind> {};

bool sanitized() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return true;
#else
  return false;
#endif
}

void show(const std::string& name, const Shape& shape, const char* what, std::int64_t peak,
          std::uint64_t estimate) {
  std::printf("  %-34s %5ux%-5u %s: peak %4lld MiB, estimate %4lld MiB\n", name.c_str(),
              shape.stored.width, shape.stored.height, what, static_cast<long long>(peak >> 20),
              static_cast<long long>(estimate >> 20));
}

void expect_within_estimates(const std::string& name, const Bytes& bytes) {
  const auto shape = measure(bytes);
  ASSERT_TRUE(shape) << shape.error().message();
  const std::uint64_t estimate = estimate_bytes(shape.value());
  bool done = false;
  const std::int64_t peak = peak_of([&] { done = render_stored(bytes, Config{}).has_value(); });
  if (peak < 0) GTEST_SKIP() << "this kernel does not forget a process's peak";
  ASSERT_TRUE(done);
  show(name, shape.value(), "sizes", peak, estimate);
  EXPECT_LE(peak, static_cast<std::int64_t>(estimate) + kMargin);

  const std::uint32_t frames = count_frames(bytes, shape.value(), 1000);
  const std::uint64_t edit_estimate = estimate_edit_bytes(shape.value(), frames);
  const std::int64_t edit_peak = peak_of([&] { done = rotate(bytes, {90}, Config{}).has_value(); });
  ASSERT_TRUE(done);
  show(name, shape.value(), "edit ", edit_peak, edit_estimate);
  EXPECT_LE(edit_peak, static_cast<std::int64_t>(edit_estimate) + kMargin);
}

TEST_P(Peak, IsNotAboveTheEstimate) {
  if (sanitized()) GTEST_SKIP() << "a sanitizer's own memory would be measured";
  const auto [suffix, width, height] = GetParam();
  ::mallopt(M_MMAP_THRESHOLD, 128 << 10);
  expect_within_estimates(suffix, encode(gradients(width, height), suffix));
}

TEST(PeakOfRealPictures, IsNotAboveTheEstimate) {
  if (sanitized()) GTEST_SKIP() << "a sanitizer's own memory would be measured";
  const char* collection = std::getenv("PHOTOFARM_PHOTOS");
  if (collection == nullptr) GTEST_SKIP() << "no collection of pictures at hand";
  ::mallopt(M_MMAP_THRESHOLD, 128 << 10);
  for (const char* folder : {"camera", "formats"}) {
    for (const auto& entry : fs::directory_iterator(fs::path(collection) / folder)) {
      std::ifstream in(entry.path(), std::ios::binary);
      const std::string text((std::istreambuf_iterator<char>(in)), {});
      SCOPED_TRACE(entry.path());
      expect_within_estimates(entry.path().filename(), to_bytes(text));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(OfPictures, Peak,
                         ::testing::Values(Kind{".jpg", 640, 480}, Kind{".jpg", 4000, 3000},
                                           Kind{".jpg[interlace]", 4000, 3000},
                                           Kind{".jpg[interlace,subsample_mode=off]", 4000, 3000},
                                           Kind{".jpg", 20000, 600}, Kind{".png", 4000, 3000},
                                           Kind{".png[interlace]", 4000, 3000},
                                           Kind{".gif[effort=1]", 1500, 1000},
                                           Kind{".webp[effort=0]", 4000, 3000},
                                           Kind{".webp[lossless,effort=0]", 2400, 1800},
                                           Kind{".tiff", 4000, 3000},
                                           Kind{".tiff[tile]", 4000, 3000},
                                           Kind{".tiff[compression=deflate]", 20000, 600},
                                           Kind{".avif[effort=0]", 2000, 1500}),
                         [](const auto& kind) { return std::to_string(kind.index); });

}  // namespace
}  // namespace farm::image
