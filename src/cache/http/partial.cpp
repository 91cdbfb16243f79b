#include "cache/http/partial.h"

#include <algorithm>
#include <charconv>

namespace farm::cache {
namespace {

using net::ByteRange;

constexpr std::uint32_t kMagic = 0x50'46'50'31;  // "1PFP"
constexpr std::size_t kHeadBytes = 16;
constexpr std::size_t kEntryBytes = 16;

// Digits that fit into 63 bits, so that sums of two never overflow.
std::optional<std::uint64_t> parse_offset(std::string_view text) {
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (text.empty() || stop != end || error != std::errc() || value >> 63U != 0) return {};
  return value;
}

struct Piece {
  std::uint64_t first = 0;
  ByteView bytes;
  std::uint64_t end() const { return first + bytes.size(); }
};

Bytes build(std::uint64_t complete_bytes, std::span<const Piece> pieces) {
  std::size_t total = kHeadBytes + pieces.size() * kEntryBytes;
  for (const Piece& piece : pieces) total += piece.bytes.size();
  Bytes out(kHeadBytes + pieces.size() * kEntryBytes);
  out.reserve(total);
  store_le(out, 0, kMagic);
  store_le(out, 4, static_cast<std::uint32_t>(pieces.size()));
  store_le(out, 8, complete_bytes);
  std::size_t at = kHeadBytes;
  for (const Piece& piece : pieces) {
    store_le(out, at, piece.first);
    store_le(out, at + 8, std::uint64_t{piece.bytes.size()});
    at += kEntryBytes;
    out.insert(out.end(), piece.bytes.begin(), piece.bytes.end());
  }
  return out;
}

std::optional<std::uint64_t> complete_length(Headers headers) {
  if (const auto value = find_header(headers, "Content-Range")) {
    const auto parsed = parse_content_range(*value);
    return parsed ? parsed->complete_bytes : std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

std::optional<ContentRange> parse_content_range(std::string_view value) {
  value = net::trim(value);
  const std::size_t space = value.find(' ');
  if (space == std::string_view::npos) return {};
  if (!net::equals_ignoring_case(value.substr(0, space), "bytes")) return {};
  const std::string_view rest = net::trim(value.substr(space));
  const std::size_t slash = rest.find('/');
  if (slash == std::string_view::npos) return {};
  const std::string_view range = rest.substr(0, slash);
  const std::string_view complete = rest.substr(slash + 1);

  ContentRange out;
  if (complete != "*") {
    out.complete_bytes = parse_offset(complete);
    if (!out.complete_bytes) return {};
  }
  if (range == "*") {
    if (!out.complete_bytes) return {};
    return out;
  }
  const std::size_t dash = range.find('-');
  if (dash == std::string_view::npos) return {};
  const auto first = parse_offset(range.substr(0, dash));
  const auto last = parse_offset(range.substr(dash + 1));
  if (!first || !last || *last < *first) return {};
  if (out.complete_bytes && *last >= *out.complete_bytes) return {};
  out.range = ByteRange{*first, *last};
  return out;
}

std::optional<PartFacts> part_facts(Headers response) {
  const auto value = find_header(response, "Content-Range");
  if (!value) return {};
  const auto parsed = parse_content_range(*value);
  if (!parsed || !parsed->range || !parsed->complete_bytes) return {};
  const auto is_range = [](const net::HeaderView& header) {
    return net::equals_ignoring_case(header.name, "Content-Range");
  };
  if (std::ranges::count_if(response, is_range) != 1) return {};
  return PartFacts{*parsed->range, *parsed->complete_bytes};
}

bool is_strong_etag(std::string_view etag) {
  return etag.size() >= 2 && etag.front() == '"' && etag.find('"', 1) == etag.size() - 1;
}

Storability partial_storability(net::Method method, Headers request, Headers response) {
  const auto etag = find_header(response, "ETag");
  if (!part_facts(response) || !etag || !is_strong_etag(*etag)) return Storability::kStatus;
  return storability(method, request, 200, response);
}

bool may_combine(Headers stored, Headers response) {
  const auto ours = find_header(stored, "ETag");
  const auto theirs = find_header(response, "ETag");
  if (!ours || !theirs || !is_strong_etag(*ours) || *ours != *theirs) return false;
  const auto our_length = complete_length(stored);
  const auto their_length = complete_length(response);
  return !our_length || !their_length || *our_length == *their_length;
}

std::optional<PartialView> PartialView::parse(ByteView bytes) {
  if (bytes.size() < kHeadBytes || load_le<std::uint32_t>(bytes, 0) != kMagic) return {};
  const PartialView view(bytes);
  if (view.pieces() > PartialBody::kMaxPieces) return {};
  std::size_t offset = kHeadBytes + view.pieces() * kEntryBytes;
  if (bytes.size() < offset) return {};
  std::uint64_t least = 0;  // where the next piece may begin
  for (std::size_t n = 0; n < view.pieces(); ++n) {
    const auto first = load_le<std::uint64_t>(bytes, kHeadBytes + n * kEntryBytes);
    const auto length = load_le<std::uint64_t>(bytes, kHeadBytes + n * kEntryBytes + 8);
    if (length == 0 || length > bytes.size() - offset || first < least) return {};
    if (first > view.complete_bytes() || length > view.complete_bytes() - first) return {};
    offset += length;
    least = first + length + 1;
  }
  if (offset != bytes.size()) return {};
  return view;
}

ByteRange PartialView::piece(std::size_t n) const {
  const auto first = load_le<std::uint64_t>(bytes_, kHeadBytes + n * kEntryBytes);
  const auto length = load_le<std::uint64_t>(bytes_, kHeadBytes + n * kEntryBytes + 8);
  return {first, first + length - 1};
}

ByteView PartialView::piece_bytes(std::size_t n) const {
  std::size_t offset = kHeadBytes + pieces() * kEntryBytes;
  for (std::size_t i = 0; i < n; ++i) offset += piece(i).length();
  return bytes_.subspan(offset, piece(n).length());
}

ByteView PartialView::view(const ByteRange& range) const {
  if (range.last < range.first) return {};
  for (std::size_t n = 0; n < pieces(); ++n) {
    const ByteRange have = piece(n);
    if (have.first <= range.first && range.last <= have.last) {
      return piece_bytes(n).subspan(range.first - have.first, range.length());
    }
  }
  return {};
}

bool PartialView::complete() const {
  return complete_bytes() == 0 || (pieces() == 1 && piece(0).length() == complete_bytes());
}

PartialBody::PartialBody(std::uint64_t complete_bytes) : bytes_(build(complete_bytes, {})) {}

PartialBody::PartialBody(const PartialView& stored) {
  std::vector<Piece> pieces;
  for (std::size_t n = 0; n < stored.pieces(); ++n) {
    pieces.push_back({stored.piece(n).first, stored.piece_bytes(n)});
  }
  bytes_ = build(stored.complete_bytes(), pieces);
}

bool PartialBody::add(const ByteRange& range, ByteView bytes) {
  const PartialView now = view();
  if (range.last < range.first || range.last >= now.complete_bytes()) return false;
  if (bytes.size() != range.length()) return false;

  // What touches the new part goes into one piece with it: of the old ones, what lies before and
  // behind it.
  Bytes joined;
  std::uint64_t first = range.first;
  ByteView behind;
  std::vector<Piece> pieces;
  std::size_t place = 0;
  for (std::size_t n = 0; n < now.pieces(); ++n) {
    const Piece old{now.piece(n).first, now.piece_bytes(n)};
    if (old.end() < range.first || old.first > range.last + 1) {
      if (old.end() < range.first) place = pieces.size() + 1;
      pieces.push_back(old);
      continue;
    }
    if (old.first < range.first) {
      first = old.first;
      const ByteView before = old.bytes.first(range.first - old.first);
      joined.assign(before.begin(), before.end());
    }
    if (old.end() > range.last + 1) behind = old.bytes.subspan(range.last + 1 - old.first);
  }
  if (pieces.size() + 1 > kMaxPieces) return false;
  joined.insert(joined.end(), bytes.begin(), bytes.end());
  joined.insert(joined.end(), behind.begin(), behind.end());
  pieces.insert(pieces.begin() + static_cast<std::ptrdiff_t>(place), {first, joined});
  bytes_ = build(now.complete_bytes(), pieces);
  return true;
}

}  // namespace farm::cache
