#include "cache/disk/segment_format.h"

#include <gtest/gtest.h>

#include "cache/disk/admission.h"
#include "cache/disk/disk_tier_fixture.h"
#include "cache/disk/segment_reader.h"
#include "cache/disk/write_queue.h"

namespace farm::cache {
namespace {

RecordHead some_head() {
  return {.kind = RecordHead::Kind::kObject,
          .expired = true,
          .segment = {7, 9},
          .hash = 0x1234'5678'9abc'def0,
          .shape = {.key_bytes = 10,
                    .tags_bytes = 3,
                    .head_bytes = 50,
                    .etag_offset = 20,
                    .etag_bytes = 8,
                    .body_bytes = 4096},
          .meta = {.stored_ms = 1, .fresh_until_ms = -2, .status = 404, .purge_seq = 77},
          .payload_checksum = 0xdead'beef};
}

TEST(SegmentFormatTest, RecordHeadsComeBack) {
  const RecordHead head = some_head();
  const auto bytes = encode_record_head(head);
  EXPECT_EQ(load_le<std::uint64_t>(bytes, 108), 0U) << "what is not read";
  const auto back = decode_record_head(bytes);
  ASSERT_TRUE(back);
  EXPECT_TRUE(back->expired);
  EXPECT_EQ(back->segment, head.segment);
  EXPECT_EQ(back->hash, head.hash);
  EXPECT_EQ(back->shape.etag_offset, 20U);
  EXPECT_EQ(back->shape.payload_bytes(), 4159U);
  EXPECT_EQ(back->units(), 67U);
  EXPECT_EQ(back->meta.fresh_until_ms, -2);
  EXPECT_EQ(back->meta.purge_seq, 77U);
  EXPECT_EQ(back->meta.status, 404U);
  EXPECT_EQ(back->payload_checksum, 0xdead'beefU);
}

template <class Bytes, class Decode>
void expect_every_bit_to_count(Bytes bytes, const Decode& decode) {
  ASSERT_TRUE(decode(bytes));
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    bytes[bit / 8] ^= std::byte{1} << (bit % 8);
    ASSERT_FALSE(decode(bytes)) << bit;
    bytes[bit / 8] ^= std::byte{1} << (bit % 8);
  }
}

TEST(SegmentFormatTest, EveryBitCounts) {
  expect_every_bit_to_count(encode_segment_head({3, 4}),
                            [](ByteView in) { return decode_segment_head(in).has_value(); });
  expect_every_bit_to_count(encode_record_head(some_head()),
                            [](ByteView in) { return decode_record_head(in).has_value(); });
  expect_every_bit_to_count(
      encode_disk_head({.disk = 1, .epoch = 2, .secret = {3, 4}, .members = {1, 5}}),
      [](ByteView in) { return decode_disk_head(in).has_value(); });
  const std::vector<SegmentEntry> entries = {{1, 1, 5}, {2, 6, 0}, {3, 8, 4}};
  expect_every_bit_to_count(encode_segment_end({3, 4}, 12, entries), [&](ByteView in) {
    // Behind the three entries there is room that nobody looks at.
    for (std::size_t i = 48; i < in.size() - kSegmentTailBytes; ++i) {
      if (in[i] != std::byte{0}) return false;
    }
    const auto tail = decode_segment_tail(in.last(kSegmentTailBytes));
    return tail && decode_segment_entries(*tail, in.first(48)) == entries;
  });
}

TEST(SegmentFormatTest, ImpossibleRecordsAreRefused) {
  RecordHead head = some_head();
  head.shape.etag_offset = 43;
  EXPECT_FALSE(decode_record_head(encode_record_head(head)));
  head = some_head();
  head.shape.body_bytes = ~std::uint64_t{0};
  EXPECT_FALSE(decode_record_head(encode_record_head(head)));
  head = some_head();
  head.kind = RecordHead::Kind::kForgotten;
  EXPECT_FALSE(decode_record_head(encode_record_head(head)));
}

ObjectRef object(std::string_view key) { return test_object(key, "body"); }

TEST(WriteQueueTest, KeepsTheNewestOfAKey) {
  const std::uint64_t each = object("/a")->memory_bytes();
  WriteQueue queue(3 * each);
  EXPECT_TRUE(queue.add(1, object("/a")));
  EXPECT_TRUE(queue.add(2, object("/b")));
  const ObjectRef newer = object("/a");
  EXPECT_TRUE(queue.add(1, newer));
  EXPECT_EQ(queue.bytes(), 2 * each);
  EXPECT_EQ(&*queue.find(1, "/a"), &*newer);
  EXPECT_FALSE(queue.find(1, "/of the same hash"));
  const WriteQueue::Batch batch = queue.take(1);
  ASSERT_EQ(batch.items.size(), 1U);
  EXPECT_EQ(batch.items[0].hash, 2U);
  EXPECT_EQ(queue.waiting_bytes(), each);
  // Found until it is written; what comes meanwhile is another one.
  EXPECT_TRUE(queue.find(2, "/b"));
  EXPECT_TRUE(queue.add(2, object("/b")));
  EXPECT_FALSE(queue.done(batch.items[0]));
  const WriteQueue::Batch rest = queue.take(1 << 20);
  ASSERT_EQ(rest.items.size(), 2U);
  EXPECT_TRUE(queue.done(rest.items[1]));
  EXPECT_TRUE(queue.remove(1));
  EXPECT_FALSE(queue.done(rest.items[0]));
  EXPECT_EQ(queue.bytes(), 0U);
  EXPECT_FALSE(queue.has_work());
}

TEST(WriteQueueTest, IsBounded) {
  const std::uint64_t each = object("/a")->memory_bytes();
  WriteQueue queue(2 * each);
  EXPECT_TRUE(queue.add(1, object("/a")));
  EXPECT_TRUE(queue.add(2, object("/b")));
  EXPECT_FALSE(queue.add(3, object("/c")));
  EXPECT_TRUE(queue.add(2, object("/b")));  // in the place of the older one
  for (std::uint64_t hash = 0; hash < WriteQueue::kMaxForgotten; ++hash) {
    ASSERT_TRUE(queue.forget(hash));
  }
  EXPECT_FALSE(queue.forget(0));
  // One key over and over leaves nothing behind.
  for (int i = 0; i < 5000; ++i) ASSERT_TRUE(queue.add(2, object("/b")));
  EXPECT_EQ(queue.bytes(), 2 * each);
  EXPECT_EQ(queue.take(1 << 20).items.size(), 2U);
}

TEST(AdmissionTest, RemembersWhoAskedOnce) {
  Admission admission({.object_max_bytes = 100, .remembered = 100});
  EXPECT_EQ(admission.judge(1ULL << 40, 101, 200, true, 0), Verdict::kTooLarge);
  EXPECT_EQ(admission.judge(1ULL << 40, 100, 200, false, 0), Verdict::kFirstRequest);
  EXPECT_EQ(admission.judge(2ULL << 40, 100, 200, true, 0), Verdict::kTake);
  EXPECT_EQ(admission.judge(1ULL << 40, 100, 200, false, 0), Verdict::kTake);
  EXPECT_EQ(admission.judge(1ULL << 40, 100, 200, false, 0), Verdict::kFirstRequest);
}

}  // namespace
}  // namespace farm::cache
