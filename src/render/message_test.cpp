#include "render/message.h"

#include <gtest/gtest.h>

#include <limits>

#include "render/sample_pictures.h"

namespace farm::render {
namespace {

using photo::Format;
using photo::SizeCode;

ByteView jpeg() { return sample_pictures()[0]; }
Bytes jpeg_bytes() { return {jpeg().begin(), jpeg().end()}; }

// What a good worker answers about a picture of 16x16.
image::Rendered good() {
  image::Rendered rendered;
  rendered.picture = {Format::kPng, {16, 16}};
  for (const SizeCode code :
       {SizeCode::kSquare, SizeCode::kThumbnail, SizeCode::kSmall, SizeCode::kMedium}) {
    rendered.sizes.push_back({code, Format::kJpeg, {16, 16}, jpeg_bytes()});
  }
  rendered.timings = {0.5, 0.25, 0.125};
  return rendered;
}

Result<image::Rendered> there_and_back(const image::Rendered& rendered) {
  return decode_rendered(encode(reply_of(Result<image::Rendered>(rendered))), Format::kPng);
}

void expect_disbelieved(const image::Rendered& rendered) {
  const auto result = there_and_back(rendered);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kUnprocessable);
}

TEST(Message, CarriesRequests) {
  Request request;
  request.task = Task::kCrop;
  request.code = SizeCode::kLarge2048;
  request.rotate = {270};
  request.crop = {1, 2, 3, 4};
  request.config.limits = {11, 12, 13};
  request.config.jpeg_quality = 14;
  request.config.edit_quality = 15;
  Bytes message = encode(request);
  const Bytes original = to_bytes("a picture");
  message.insert(message.end(), original.begin(), original.end());

  const auto received = decode_request(message);
  ASSERT_TRUE(received) << received.error().message();
  const Request& got = received.value().request;
  EXPECT_EQ(got.task, Task::kCrop);
  EXPECT_EQ(got.code, SizeCode::kLarge2048);
  EXPECT_EQ(got.rotate.degrees, 270);
  EXPECT_EQ(got.crop.x, 1U);
  EXPECT_EQ(got.crop.height, 4U);
  EXPECT_EQ(got.config.limits.max_pixels, 11U);
  EXPECT_EQ(got.config.limits.max_side_px, 12U);
  EXPECT_EQ(got.config.limits.max_file_bytes, 13U);
  EXPECT_EQ(got.config.jpeg_quality, 14);
  EXPECT_EQ(got.config.edit_quality, 15);
  EXPECT_EQ(as_text(received.value().original), "a picture");
}

TEST(Message, CarriesSizes) {
  const auto result = there_and_back(good());
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_EQ(result.value().picture.dimensions, (photo::Dimensions{16, 16}));
  ASSERT_EQ(result.value().sizes.size(), 4U);
  EXPECT_EQ(result.value().sizes[2].code, SizeCode::kSmall);
  EXPECT_EQ(result.value().sizes[2].bytes, jpeg_bytes());
  EXPECT_EQ(result.value().timings.reduce_s, 0.25);
}

TEST(Message, CarriesErrors) {
  const Result<Bytes> wrong = fail(ErrorCode::kTooLarge, "image", "the picture is huge");
  const auto result = decode_edited(encode(reply_of(wrong)), {});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kTooLarge);
  EXPECT_EQ(result.error().context, "the picture is huge");
}

// A worker may have become anybody's: it can't make the server look faulty, nor forge log lines.
TEST(Message, CarriesNoErrorThatIsNotAboutThePicture) {
  const Result<Bytes> wrong =
      fail(ErrorCode::kNoSpace, "image", "\x1b[2J\nlevel=error " + std::string(10'000, 'x'));
  const auto result = decode_edited(encode(reply_of(wrong)), {});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kUnprocessable);
  EXPECT_LT(result.error().context.size(), 600U);
  EXPECT_EQ(result.error().context.find_first_of("\x1b\n"), std::string::npos);
}

TEST(Message, DisbelievesSizesThatCannotBe) {
  image::Rendered rendered = good();
  rendered.sizes.pop_back();
  expect_disbelieved(rendered);
  rendered = good();
  rendered.sizes.push_back(rendered.sizes.front());
  expect_disbelieved(rendered);
  rendered = good();
  rendered.sizes[0].code = SizeCode::kOriginal;
  expect_disbelieved(rendered);
  rendered = good();
  rendered.sizes[1].dimensions = {17, 16};
  expect_disbelieved(rendered);
  rendered = good();
  rendered.sizes[1].bytes = to_bytes("<script>alert(1)</script>");
  expect_disbelieved(rendered);
  rendered = good();
  rendered.sizes[1].bytes.clear();
  expect_disbelieved(rendered);
  rendered = good();
  rendered.sizes[1].format = static_cast<Format>(77);
  expect_disbelieved(rendered);
}

TEST(Message, DisbelievesPicturesThatCannotBe) {
  image::Rendered rendered = good();
  rendered.picture.format = Format::kGif;
  expect_disbelieved(rendered);
  rendered = good();
  rendered.picture.dimensions = {0, 16};
  expect_disbelieved(rendered);
  rendered = good();
  rendered.timings.decode_s = std::numeric_limits<double>::quiet_NaN();
  expect_disbelieved(rendered);
  rendered = good();
  rendered.timings.decode_s = -1;
  expect_disbelieved(rendered);
}

TEST(Message, TakesFactsInTheirFormOnly) {
  image::Rendered rendered = good();
  rendered.facts.taken_at = "2024-05-01T12:30:00";
  rendered.facts.camera = "a camera\nX-Header: 1";
  rendered.facts.dominant_color = "red";
  const auto got =
      decode_rendered(encode(reply_of(Result<image::Rendered>(rendered))), rendered.picture.format);
  ASSERT_TRUE(got);
  EXPECT_EQ(got.value().facts.taken_at, "2024-05-01T12:30:00");
  EXPECT_EQ(got.value().facts.camera, "");
  EXPECT_EQ(got.value().facts.dominant_color, "");
}

TEST(Message, WantsTheSizeThatWasAsked) {
  const image::RenderedSize size{SizeCode::kBigSquare, Format::kJpeg, {16, 16}, jpeg_bytes()};
  const Bytes message = encode(reply_of(Result<image::RenderedSize>(size)));
  EXPECT_TRUE(decode_one(message, SizeCode::kBigSquare, Format::kJpeg));
  EXPECT_FALSE(decode_one(message, SizeCode::kLarge1600, Format::kJpeg));
  EXPECT_FALSE(decode_one(message, SizeCode::kBigSquare, Format::kWebp));
}

TEST(Message, WantsAnEditedPictureToBeOne) {
  EXPECT_TRUE(decode_edited(encode(reply_of(Result<Bytes>(jpeg_bytes()))), {}));
  EXPECT_FALSE(decode_edited(encode(reply_of(Result<Bytes>(to_bytes("GIF77a")))), {}));
  image::Limits limits;
  limits.max_file_bytes = 100;
  const auto result = decode_edited(encode(reply_of(Result<Bytes>(jpeg_bytes()))), limits);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kTooLarge);
}

TEST(Message, RefusesWhatIsCutShortAnywhere) {
  const Bytes whole = encode(reply_of(Result<image::Rendered>(good())));
  for (std::size_t length = 0; length < whole.size(); ++length) {
    ASSERT_FALSE(decode_rendered(ByteView(whole).first(length), Format::kPng)) << length;
  }
  Bytes longer = whole;
  longer.push_back(std::byte{0});
  EXPECT_FALSE(decode_rendered(longer, Format::kPng));
  const Bytes request = encode(Request{});
  for (std::size_t length = 0; length < request.size(); ++length) {
    ASSERT_FALSE(decode_request(ByteView(request).first(length))) << length;
  }
}

}  // namespace
}  // namespace farm::render
