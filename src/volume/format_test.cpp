#include "volume/format.h"

#include <gtest/gtest.h>

#include "base/checksum.h"

namespace farm::volume {
namespace {

constexpr std::uint64_t kNonce = 0x1122334455667788;

FrameHeader sample_header() {
  FrameHeader header;
  header.type = FrameType::kRecord;
  header.sequence = 99;
  header.id = PhotoId{714859384938496};
  header.version = 3;
  header.payload_checksum = 0xdeadbeef;
  header.payload_bytes = 12'345;
  header.durable_end = 8192;
  header.written_ms = 1795313940000;
  return header;
}

bool good(const FrameHeader& header, std::uint64_t offset = 65'536) {
  const auto bytes = encode_frame_header(header, kNonce, offset);
  return decode_frame_header(bytes, kNonce, offset).has_value();
}

TEST(FrameHeaderTest, RoundTrips) {
  const FrameHeader header = sample_header();
  const auto bytes = encode_frame_header(header, kNonce, 65'536);
  const auto back = decode_frame_header(bytes, kNonce, 65'536);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->type, header.type);
  EXPECT_EQ(back->sequence, header.sequence);
  EXPECT_EQ(back->id, header.id);
  EXPECT_EQ(back->version, header.version);
  EXPECT_EQ(back->payload_checksum, header.payload_checksum);
  EXPECT_EQ(back->payload_bytes, header.payload_bytes);
  EXPECT_EQ(back->durable_end, header.durable_end);
  EXPECT_EQ(back->written_ms, header.written_ms);
}

TEST(FrameHeaderTest, HoldsOnlyInItsVolumeAndPlace) {
  const auto bytes = encode_frame_header(sample_header(), kNonce, 65'536);
  EXPECT_FALSE(decode_frame_header(bytes, kNonce + 1, 65'536));
  EXPECT_FALSE(decode_frame_header(bytes, kNonce, 65'600));
}

TEST(FrameHeaderTest, NoticesEveryFlippedBit) {
  const auto bytes = encode_frame_header(sample_header(), kNonce, 65'536);
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    auto damaged = bytes;
    damaged[bit / 8] ^= std::byte{1} << (bit % 8);
    EXPECT_FALSE(decode_frame_header(damaged, kNonce, 65'536)) << "bit " << bit;
  }
}

TEST(FrameHeaderTest, RefusesWhatMakesNoSense) {
  EXPECT_TRUE(good(sample_header()));
  const auto with = [](auto change) {
    FrameHeader header = sample_header();
    change(header);
    return good(header);
  };
  EXPECT_FALSE(with([](FrameHeader& h) { h.type = static_cast<FrameType>(0); }));
  EXPECT_FALSE(with([](FrameHeader& h) { h.type = static_cast<FrameType>(5); }));
  EXPECT_FALSE(with([](FrameHeader& h) { h.id.value = 0; }));
  EXPECT_FALSE(with([](FrameHeader& h) { h.id.value = 1ULL << 63; }));
  EXPECT_FALSE(with([](FrameHeader& h) { h.version = 0; }));
  EXPECT_FALSE(with([](FrameHeader& h) { h.payload_bytes = 0; }));
  EXPECT_FALSE(with([](FrameHeader& h) { h.payload_bytes = kMaxRecordBytes + 1; }));
  EXPECT_FALSE(with([](FrameHeader& h) { h.durable_end = 65'537; }));
  EXPECT_FALSE(with([](FrameHeader& h) { h.type = FrameType::kTombstone; }));
  EXPECT_FALSE(with([](FrameHeader& h) { h.type = FrameType::kFooter; }));
}

TEST(FrameHeaderTest, FramesAreMultiplesOf64) {
  EXPECT_EQ(frame_bytes(0), 64U);
  EXPECT_EQ(frame_bytes(1), 128U);
  EXPECT_EQ(frame_bytes(64), 128U);
  EXPECT_EQ(frame_bytes(65), 192U);
}

Superblock sample_superblock() {
  Superblock superblock;
  superblock.uuid.fill(std::byte{1});
  superblock.store.fill(std::byte{2});
  superblock.nonce = kNonce;
  superblock.number = 12;
  superblock.generation = 4;
  superblock.created_ms = 1795313940000;
  return superblock;
}

TEST(SuperblockTest, RoundTrips) {
  const auto found = decode_superblocks(encode_superblocks(sample_superblock()));
  ASSERT_TRUE(found);
  EXPECT_TRUE(found.value().both_copies_good);
  const Superblock& back = found.value().superblock;
  EXPECT_EQ(back.uuid, sample_superblock().uuid);
  EXPECT_EQ(back.store, sample_superblock().store);
  EXPECT_EQ(back.nonce, kNonce);
  EXPECT_EQ(back.number, 12U);
  EXPECT_EQ(back.generation, 4U);
  EXPECT_EQ(back.created_ms, 1795313940000);
}

TEST(SuperblockTest, OneGoodCopyIsEnough) {
  for (const std::size_t damaged : {std::size_t{50}, std::size_t{kSuperblockBytes + 4000}}) {
    Bytes bytes = encode_superblocks(sample_superblock());
    bytes[damaged] ^= std::byte{4};
    const auto found = decode_superblocks(bytes);
    ASSERT_TRUE(found);
    EXPECT_FALSE(found.value().both_copies_good);
    EXPECT_EQ(found.value().superblock.nonce, kNonce);
  }
}

TEST(SuperblockTest, NoGoodCopyIsCorrupt) {
  Bytes bytes = encode_superblocks(sample_superblock());
  bytes[50] ^= std::byte{4};
  bytes[kSuperblockBytes + 50] ^= std::byte{4};
  EXPECT_EQ(decode_superblocks(bytes).error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(decode_superblocks({}).error().code, ErrorCode::kCorrupt);
}

TEST(SuperblockTest, ANewerFormatIsRefusedAsSuch) {
  Bytes bytes = encode_superblocks(sample_superblock());
  for (const std::size_t copy : {std::size_t{0}, std::size_t{kSuperblockBytes}}) {
    const MutableByteView view = MutableByteView(bytes).subspan(copy, kSuperblockBytes);
    store_le(view, 8, std::uint16_t{2});
    store_le(view, 12, std::uint32_t{0});
    store_le(view, 12, crc32c(view));
  }
  EXPECT_EQ(decode_superblocks(bytes).error().code, ErrorCode::kUnsupported);
}

TEST(FooterTest, RoundTrips) {
  const Footer footer{
      .frames = 1, .records = 2, .tombstones = 3, .payload_bytes = 4, .last_sequence = 5};
  const Footer back = decode_footer(encode_footer(footer));
  EXPECT_EQ(back.frames, 1U);
  EXPECT_EQ(back.records, 2U);
  EXPECT_EQ(back.tombstones, 3U);
  EXPECT_EQ(back.payload_bytes, 4U);
  EXPECT_EQ(back.last_sequence, 5U);
}

}  // namespace
}  // namespace farm::volume
