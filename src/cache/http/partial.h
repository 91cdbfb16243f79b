// Parts of a representation: Content-Range, which 206 may be kept, and how kept parts become more
// (RFC 9110 sections 14.4 and 15.3.7.3, RFC 9111 sections 3.3 and 3.4). Pure; values; thread-safe
// as any value is. Offsets and lengths are bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "cache/http/storing.h"
#include "net/byte_range.h"

namespace farm::cache {

struct ContentRange {
  std::optional<net::ByteRange> range;          // nothing: of a 416, "bytes */1234"
  std::optional<std::uint64_t> complete_bytes;  // nothing: "*", not known
};
// Nothing if it is malformed, of another unit, or can't be ("bytes 5-2/10", "bytes 0-9/5").
std::optional<ContentRange> parse_content_range(std::string_view value);

// The one range and the complete length of a 206 that has both; nothing for multipart/byteranges.
struct PartFacts {
  net::ByteRange range;
  std::uint64_t complete_bytes = 0;
};
std::optional<PartFacts> part_facts(Headers response);

// Section 3.3, for a 206 to `request`: kStatus where it can't be combined later on (several ranges,
// no complete length, no strong ETag), else as a 200 with its headers.
Storability partial_storability(net::Method method, Headers request, Headers response);

// Whether both belong to the same representation: one strong ETag (RFC 9110 section 8.8.3.2), and
// no complete length of the two that contradicts the other.
bool may_combine(Headers stored, Headers response);

bool is_strong_etag(std::string_view etag);

// The kept parts of one representation, in one run of bytes that goes into an Object's body as it
// is:
//   0  u32 magic   4  u32 pieces   8  u64 complete length
//   16 for each piece, in order: u64 first byte, u64 length
//   then the bytes of all pieces, in order
// Pieces neither overlap nor touch: those that do are one. This is a view of such a run.
class PartialView {
 public:
  // Nothing if `bytes` is no such run.
  static std::optional<PartialView> parse(ByteView bytes);

  std::uint64_t complete_bytes() const { return load_le<std::uint64_t>(bytes_, 8); }
  std::size_t pieces() const { return load_le<std::uint32_t>(bytes_, 4); }
  net::ByteRange piece(std::size_t n) const;
  ByteView piece_bytes(std::size_t n) const;

  bool covers(const net::ByteRange& range) const { return !view(range).empty(); }
  // Its bytes; empty if not all of them are here.
  ByteView view(const net::ByteRange& range) const;
  // Whether nothing is missing; view() of the whole is then what a 200 has.
  bool complete() const;

 private:
  explicit PartialView(ByteView bytes) : bytes_(bytes) {}
  ByteView bytes_;
};

class PartialBody {
 public:
  static constexpr std::size_t kMaxPieces = 32;

  explicit PartialBody(std::uint64_t complete_bytes);
  // A copy of what is stored.
  explicit PartialBody(const PartialView& stored);

  // Takes a part in. False, and nothing is changed, if its bytes are not as many as the range has,
  // if it lies outside the whole, or if there would be more than kMaxPieces. Where it overlaps, the
  // new bytes count: under one strong ETag they are the same.
  bool add(const net::ByteRange& range, ByteView bytes);

  PartialView view() const { return *PartialView::parse(bytes_); }
  ByteView bytes() const { return bytes_; }  // to be stored

 private:
  Bytes bytes_;
};

}  // namespace farm::cache
