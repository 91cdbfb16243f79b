#include "render/renderer.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <thread>

#include "render/sample_pictures.h"

namespace farm::render {
namespace {

using photo::Format;
using photo::SizeCode;

// A TIFF without compression: the one format that is written by hand in a few lines.
Bytes tiff(std::uint32_t width, std::uint32_t height) {
  constexpr std::uint16_t kShort = 3;
  constexpr std::uint16_t kLong = 4;
  struct Entry {
    std::uint16_t tag, type;
    std::uint32_t count, value;
  };
  const std::uint32_t pixels = width * height * 3;
  constexpr std::uint32_t kHead = 8;
  const std::array entries = {
      Entry{256, kLong, 1, width}, Entry{257, kLong, 1, height}, Entry{258, kShort, 1, 8},
      Entry{259, kShort, 1, 1},    Entry{262, kShort, 1, 2},     Entry{273, kLong, 1, kHead},
      Entry{277, kShort, 1, 3},    Entry{278, kLong, 1, height}, Entry{279, kLong, 1, pixels}};
  Bytes file(kHead + pixels);
  std::copy_n(as_bytes("II*").data(), 3, file.begin());
  store_le(MutableByteView(file), 4, kHead + pixels);
  for (std::uint32_t i = 0; i < pixels; ++i) file[kHead + i] = std::byte(i / 3 * 7 + i % 3 * 80);
  const auto put = [&]<class T>(T value) {
    file.resize(file.size() + sizeof value);
    store_le(MutableByteView(file), file.size() - sizeof value, value);
  };
  put(static_cast<std::uint16_t>(entries.size()));
  for (const Entry& entry : entries) {
    put(entry.tag);
    put(entry.type);
    put(entry.count);
    put(entry.value);
  }
  put(std::uint32_t{0});
  return file;
}

std::unique_ptr<Renderer> workers(obs::Metrics& metrics, const image::Config& image_config = {},
                                  const Config& config = {}) {
  auto made = make_renderer(image_config, config, 2, metrics);
  EXPECT_TRUE(made) << made.error().message();
  return std::move(made).value();
}

void expect_same(const Result<image::Rendered>& ours, const Result<image::Rendered>& theirs) {
  ASSERT_EQ(ours.has_value(), theirs.has_value());
  if (!ours) {
    EXPECT_EQ(ours.error().code, theirs.error().code);
    EXPECT_EQ(ours.error().context, theirs.error().context);
    return;
  }
  EXPECT_EQ(ours.value().picture.format, theirs.value().picture.format);
  EXPECT_EQ(ours.value().picture.dimensions, theirs.value().picture.dimensions);
  ASSERT_EQ(ours.value().sizes.size(), theirs.value().sizes.size());
  for (std::size_t i = 0; i < ours.value().sizes.size(); ++i) {
    EXPECT_EQ(ours.value().sizes[i].code, theirs.value().sizes[i].code);
    EXPECT_EQ(ours.value().sizes[i].dimensions, theirs.value().sizes[i].dimensions);
    EXPECT_EQ(ours.value().sizes[i].bytes, theirs.value().sizes[i].bytes);
  }
}

template <class T>
void expect_same_one(const Result<T>& ours, const Result<T>& theirs) {
  ASSERT_EQ(ours.has_value(), theirs.has_value())
      << (ours ? theirs.error().message() : ours.error().message());
  if (!ours) {
    EXPECT_EQ(ours.error().code, theirs.error().code);
  } else if constexpr (std::is_same_v<T, Bytes>) {
    EXPECT_EQ(ours.value(), theirs.value());
  } else {
    EXPECT_EQ(ours.value().bytes, theirs.value().bytes);
  }
}

// All that is done with pictures, on every format, with the door closed.
TEST(Renderer, DoesTheSameInAWorker) {
  obs::Metrics metrics;
  image::Config config;
  config.jpeg_quality = 71;  // arrives there
  const auto apart = workers(metrics, config);
  const auto here = make_in_process_renderer(config);
  std::vector<Bytes> pictures = {tiff(1500, 900)};
  for (const ByteView sample : sample_pictures())
    pictures.emplace_back(sample.begin(), sample.end());
  pictures.push_back(here->rotate(pictures[0], {90}).value());  // a JPEG of that size
  pictures.push_back(to_bytes("\xff\xd8\xff, but no picture"));
  pictures.push_back(to_bytes("no picture at all"));
  pictures.emplace_back();
  for (const Bytes& picture : pictures) {
    SCOPED_TRACE(picture.size());
    expect_same(here->render_stored(picture), apart->render_stored(picture));
    for (const SizeCode code : {SizeCode::kBigSquare, SizeCode::kMedium640}) {
      for (const Format to : {Format::kJpeg, Format::kWebp, Format::kAvif}) {
        expect_same_one(here->render_one(picture, code, to), apart->render_one(picture, code, to));
      }
    }
    expect_same_one(here->rotate(picture, {90}), apart->rotate(picture, {90}));
    expect_same_one(here->crop(picture, {2, 3, 8, 7}), apart->crop(picture, {2, 3, 8, 7}));
    expect_same_one(here->crop(picture, {2, 3, 8000, 7}), apart->crop(picture, {2, 3, 8000, 7}));
  }
  const std::string figures = [&] {
    metrics.collect([&](obs::Samples& out) { apart->collect(out); });
    return metrics.scrape();
  }();
  EXPECT_EQ(figures.find("reason=\"crash\"} 1"), std::string::npos) << figures;
  EXPECT_EQ(figures.find("reason=\"forbidden\"} 1"), std::string::npos) << figures;
}

TEST(Renderer, KeepsItsLimits) {
  obs::Metrics metrics;
  image::Config image_config;
  image_config.limits.max_pixels = 100'000;
  const auto renderer = workers(metrics, image_config);
  const auto large = renderer->render_stored(tiff(1000, 1000));
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().code, ErrorCode::kTooLarge);
  EXPECT_TRUE(renderer->render_stored(tiff(300, 200)));
}

TEST(Renderer, WorksForManyThreadsAtOnce) {
  obs::Metrics metrics;
  const auto renderer = workers(metrics);
  const Bytes picture = tiff(400, 300);
  const auto expected = renderer->render_stored(picture);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 10; ++i) expect_same(expected, renderer->render_stored(picture));
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(Renderer, SaysThatItIsWeakWithoutWorkers) {
  EXPECT_FALSE(make_in_process_renderer({})->weaknesses().empty());
  obs::Metrics metrics;
  Config config;
  config.sandbox = Sandbox::kOff;
  EXPECT_FALSE(workers(metrics, {}, config)->weaknesses().empty());
}

// Required is granted exactly where nothing is missing.
TEST(Renderer, CanBeRequiredToBeStrong) {
  obs::Metrics metrics;
  const bool strong = workers(metrics)->weaknesses().empty();
  Config config;
  config.sandbox = Sandbox::kRequired;
  EXPECT_EQ(make_renderer({}, config, 1, metrics).has_value(), strong);
}

Result<Config> parse(std::string_view text) {
  FARM_TRY(auto document, config::Document::parse(text, "test.toml"));
  Config config;
  read_config(document.root(), config);
  FARM_TRY(document.finish());
  return config;
}

TEST(Config, ReadsItsKeys) {
  const auto config = parse(
      "sandbox = \"required\"\nworker_memory = \"2GiB\"\nworker_cpu = \"5s\"\n"
      "worker_wall = \"6s\"\nworker_jobs = 7\n");
  ASSERT_TRUE(config) << config.error().message();
  EXPECT_EQ(config.value().sandbox, Sandbox::kRequired);
  EXPECT_EQ(config.value().limits.memory_bytes, std::uint64_t{2} << 30);
  EXPECT_EQ(config.value().limits.cpu, std::chrono::seconds(5));
  EXPECT_EQ(config.value().limits.wall, std::chrono::seconds(6));
  EXPECT_EQ(config.value().jobs_per_worker, 7U);
  EXPECT_EQ(parse("").value().sandbox, Sandbox::kPreferred);
  EXPECT_EQ(parse("sandbox = \"off\"\n").value().sandbox, Sandbox::kOff);
}

TEST(Config, RefusesWhatIsNoLevel) {
  const auto config = parse("sandbox = \"on\"\n");
  ASSERT_FALSE(config);
  EXPECT_NE(config.error().context.find("preferred"), std::string::npos);
}

}  // namespace
}  // namespace farm::render
