#include <gtest/gtest.h>

#include <algorithm>

#include "base/checksum.h"
#include "photo/record.h"

namespace farm::photo {
namespace {

class RelabelTest : public ::testing::Test {
 protected:
  RelabelTest() {
    info_.id = {714859384938496};
    info_.version = 3;
    info_.server = 7;
    info_.secret = Secret::random();
    info_.original_secret = Secret::random();
    info_.dimensions = {640, 480};
    info_.created_ms = 1795313940000;
    info_.changed_ms = 1795313950000;
    info_.owner = "ada";
    info_.title = "Sunset over the farm";
    info_.facts = {.taken_at = "2024-05-01T12:30:00",
                   .camera = "NIKON COOLPIX P6000",
                   .dominant_color = "#0a1b2c",
                   .thumb_hash = "1QcSHQRnh493V4dIh4eXh1h4kJUI"};
    for (std::size_t i = 0; i < original_.size(); ++i) original_[i] = static_cast<std::byte>(i * 7);
    sizes_ = {{SizeCode::kSquare, Format::kJpeg, {75, 75}, square_},
              {SizeCode::kOriginal, Format::kJpeg, {640, 480}, original_}};
    header_ = encode_header(info_, sizes_).value();
  }
  RecordView view() const { return RecordView::parse(header_).value(); }
  // The header that the record would have had, had it been written under these labels.
  Bytes written_with(const Labels& labels) {
    RecordInfo info = info_;
    info.visibility = labels.visibility;
    info.owner = labels.owner;
    info.title = labels.title;
    return encode_header(info, sizes_).value();
  }

  RecordInfo info_;
  Bytes square_ = Bytes(2391, std::byte{1});
  Bytes original_ = Bytes(3 * kRecordBlockBytes + 1);
  std::vector<SizeInput> sizes_;
  Bytes header_;
};

TEST_F(RelabelTest, IsAsIfWrittenWithThoseLabels) {
  const std::string long_title(kMaxTitleBytes, 't');
  const std::string long_owner(kMaxOwnerBytes, 'o');
  const std::vector<Labels> all = {{Visibility::kPublic, "ada", "Sunset over the farm"},
                                   {Visibility::kPrivate, "ada", "Sunset over the farm"},
                                   {Visibility::kPrivate, "", ""},
                                   {Visibility::kPublic, "grace", ""},
                                   {Visibility::kPublic, long_owner, long_title}};
  for (const Labels& labels : all) {
    const Bytes header = relabel(view(), labels).value();
    EXPECT_TRUE(header == written_with(labels)) << labels.owner;
    const RecordView record = RecordView::parse(header).value();
    EXPECT_EQ(record.info().owner, labels.owner);
    EXPECT_EQ(record.info().title, labels.title);
    EXPECT_EQ(record.info().facts, info_.facts);
    EXPECT_EQ(record.info().visibility, labels.visibility);
    EXPECT_TRUE(record.verify(record.size_at(1), 0, original_));
    EXPECT_EQ(record.fingerprint(record.size_at(1)), view().fingerprint(view().size_at(1)));
  }
}

TEST_F(RelabelTest, KeepsTextsItDoesNotKnow) {
  // The title's tag becomes one of another program's.
  const auto title = std::ranges::search(header_, as_bytes("Sunset"));
  *(title.begin() - 3) = std::byte{200};
  store_le(header_, 16, std::uint32_t{0});
  store_le(header_, 16, crc32c(header_));
  const Bytes header = relabel(view(), {Visibility::kPublic, "grace", "Dawn"}).value();
  const RecordView record = RecordView::parse(header).value();
  EXPECT_EQ(record.info().owner, "grace");
  EXPECT_EQ(record.info().title, "Dawn");
  EXPECT_NE(as_text(header).find("Sunset over the farm"), std::string_view::npos);
}

TEST_F(RelabelTest, RefusesLabelsOverTheirLimits) {
  const std::string text(kMaxTitleBytes + 1, 'x');
  EXPECT_EQ(relabel(view(), {Visibility::kPublic, "", text}).error().code,
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(relabel(view(), {Visibility::kPublic, text.substr(0, 256), ""}).error().code,
            ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace farm::photo
