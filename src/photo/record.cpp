#include "photo/record.h"

#include <algorithm>
#include <array>
#include <limits>

#include "base/checksum.h"

namespace farm::photo {
namespace {

constexpr std::string_view kMagic{"\x89PFR\r\n\x1a\n", 8};
constexpr std::uint16_t kFormatVersion = 1;
constexpr std::size_t kMaxSizes = 16;

// Byte offsets: docs/formats/record.md.
namespace at {
constexpr std::size_t kFormatVersion = 8;
constexpr std::size_t kSizeCount = 10;
constexpr std::size_t kHeaderLength = 12;
constexpr std::size_t kHeaderChecksum = 16;
constexpr std::size_t kFlags = 20;
constexpr std::size_t kId = 24;
constexpr std::size_t kVersion = 32;
constexpr std::size_t kServer = 36;
constexpr std::size_t kVisibility = 38;
constexpr std::size_t kFormat = 39;
constexpr std::size_t kSecret = 40;
constexpr std::size_t kOriginalSecret = 50;
constexpr std::size_t kWidth = 60;
constexpr std::size_t kHeight = 64;
constexpr std::size_t kTextLength = 68;
constexpr std::size_t kCreated = 72;
constexpr std::size_t kChanged = 80;
constexpr std::size_t kRecordLength = 88;
constexpr std::size_t kDirectory = 96;
}  // namespace at

constexpr std::size_t kEntryBytes = 32;
namespace entry_at {
constexpr std::size_t kCode = 0;
constexpr std::size_t kFormat = 1;
constexpr std::size_t kReserved = 2;
constexpr std::size_t kWidth = 4;
constexpr std::size_t kHeight = 8;
constexpr std::size_t kFirstBlock = 12;
constexpr std::size_t kOffset = 16;
constexpr std::size_t kLength = 24;
}  // namespace entry_at

constexpr std::uint8_t kOwnerTag = 1;
constexpr std::uint8_t kTitleTag = 2;
constexpr std::uint8_t kTakenAtTag = 3;
constexpr std::uint8_t kCameraTag = 4;
constexpr std::uint8_t kDominantColorTag = 5;
constexpr std::uint8_t kThumbHashTag = 6;
constexpr std::size_t kTextHeadBytes = 3;  // tag, 16-bit length

std::uint64_t blocks_of(std::uint64_t length) {
  return length / kRecordBlockBytes + (length % kRecordBlockBytes != 0 ? 1 : 0);
}

Error corrupt(std::string what) {
  return make_error(ErrorCode::kCorrupt, "photo", "record header: " + std::move(what));
}

std::uint32_t header_checksum(ByteView header) {
  std::array<std::byte, at::kHeaderChecksum + 4> start{};  // the field itself counts as zeros
  std::ranges::copy(header.first(at::kHeaderChecksum), start.begin());
  return crc32c(header.subspan(start.size()), crc32c(start));
}

Result<void> check_input(const RecordInfo& info, std::span<const SizeInput> sizes) {
  const auto invalid = [](std::string_view what) {
    return fail(ErrorCode::kInvalidArgument, "photo", std::string(what));
  };
  if (sizes.empty() || sizes.size() > kMaxSizes) return invalid("a record has 1 to 16 sizes");
  if (info.owner.size() > kMaxOwnerBytes) return invalid("owner is over 255 bytes");
  if (info.title.size() > kMaxTitleBytes) return invalid("title is over 1000 bytes");
  if (checked_facts(info.facts).texts() != info.facts) return invalid("a fact has not its form");
  if (info.id.value == 0 || info.id.value >> 63 != 0) return invalid("an id has 63 bits");
  if (info.version == 0) return invalid("versions start at 1");
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i].bytes.empty()) return invalid("a size has no bytes");
    if (sizes[i].code == SizeCode::kOriginal && i + 1 != sizes.size()) {
      return invalid("the original comes last");
    }
    for (std::size_t j = 0; j < i; ++j) {
      if (sizes[i].code == sizes[j].code) return invalid("a size comes twice");
    }
  }
  return ok();
}

void append_text(Bytes& header, std::uint8_t tag, std::string_view text) {
  if (text.empty()) return;
  const std::size_t start = header.size();
  header.resize(start + kTextHeadBytes + text.size());
  header[start] = std::byte{tag};
  store_le(header, start + 1, static_cast<std::uint16_t>(text.size()));
  std::ranges::copy(as_bytes(text), header.begin() + static_cast<std::ptrdiff_t>(start + 3));
}

void put_fixed_part(MutableByteView header, const RecordInfo& info, std::size_t size_count) {
  std::ranges::copy(as_bytes(kMagic), header.begin());
  store_le(header, at::kFormatVersion, kFormatVersion);
  store_le(header, at::kSizeCount, static_cast<std::uint16_t>(size_count));
  store_le(header, at::kHeaderLength, static_cast<std::uint32_t>(header.size()));
  store_le(header, at::kId, info.id.value);
  store_le(header, at::kVersion, info.version);
  store_le(header, at::kServer, info.server);
  store_le(header, at::kVisibility, static_cast<std::uint8_t>(info.visibility));
  store_le(header, at::kFormat, static_cast<std::uint8_t>(info.format));
  std::ranges::copy(info.secret.bytes, header.begin() + at::kSecret);
  std::ranges::copy(info.original_secret.bytes, header.begin() + at::kOriginalSecret);
  store_le(header, at::kWidth, info.dimensions.width);
  store_le(header, at::kHeight, info.dimensions.height);
  store_le(header, at::kCreated, info.created_ms);
  store_le(header, at::kChanged, info.changed_ms);
}

}  // namespace

Result<Bytes> encode_header(const RecordInfo& info, std::span<const SizeInput> sizes) {
  FARM_TRY(check_input(info, sizes));
  std::uint64_t block_count = 0;
  for (const SizeInput& size : sizes) block_count += blocks_of(size.bytes.size());

  Bytes header(at::kDirectory + sizes.size() * kEntryBytes + block_count * 4);
  const std::size_t texts_start = header.size();
  append_text(header, kOwnerTag, info.owner);
  append_text(header, kTitleTag, info.title);
  append_text(header, kTakenAtTag, info.facts.taken_at);
  append_text(header, kCameraTag, info.facts.camera);
  append_text(header, kDominantColorTag, info.facts.dominant_color);
  append_text(header, kThumbHashTag, info.facts.thumb_hash);
  const std::size_t texts_bytes = header.size() - texts_start;
  header.resize((header.size() + 7) / 8 * 8);
  if (header.size() > kRecordMaxHeaderBytes) {
    return fail(ErrorCode::kTooLarge, "photo", "the record's header would be over 1 MiB");
  }
  put_fixed_part(header, info, sizes.size());
  store_le(header, at::kTextLength, static_cast<std::uint32_t>(texts_bytes));

  std::uint64_t offset = header.size();
  std::uint32_t block = 0;
  const std::size_t checksums = at::kDirectory + sizes.size() * kEntryBytes;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const MutableByteView entry =
        MutableByteView(header).subspan(at::kDirectory + i * kEntryBytes, kEntryBytes);
    entry[entry_at::kCode] = static_cast<std::byte>(sizes[i].code);
    entry[entry_at::kFormat] = static_cast<std::byte>(sizes[i].format);
    store_le(entry, entry_at::kWidth, sizes[i].dimensions.width);
    store_le(entry, entry_at::kHeight, sizes[i].dimensions.height);
    store_le(entry, entry_at::kFirstBlock, block);
    store_le(entry, entry_at::kOffset, offset);
    store_le(entry, entry_at::kLength, static_cast<std::uint64_t>(sizes[i].bytes.size()));
    offset += sizes[i].bytes.size();
    for (ByteView rest = sizes[i].bytes; !rest.empty();) {
      const ByteView part = rest.first(std::min(rest.size(), kRecordBlockBytes));
      store_le(header, checksums + 4 * block++, crc32c(part));
      rest = rest.subspan(part.size());
    }
  }
  store_le(header, at::kRecordLength, offset);
  store_le(header, at::kHeaderChecksum, header_checksum(header));
  return header;
}

Result<std::size_t> record_header_length(ByteView prefix) {
  if (prefix.size() < kRecordPreludeBytes) return fail(corrupt("cut short"));
  if (as_text(prefix.first(8)) != kMagic) return fail(corrupt("wrong magic"));
  if (load_le<std::uint16_t>(prefix, at::kFormatVersion) != kFormatVersion) {
    return fail(corrupt("a version this program does not know"));
  }
  const auto length = load_le<std::uint32_t>(prefix, at::kHeaderLength);
  if (length < at::kDirectory + kEntryBytes || length > kRecordMaxHeaderBytes || length % 8 != 0) {
    return fail(corrupt("impossible length"));
  }
  return length;
}

namespace {

// Directory, checksums and texts must fill the header exactly, sizes the record exactly.
Result<void> check_structure(const RecordView& view, ByteView header) {
  const std::size_t count = view.size_count();
  if (count < 1 || count > kMaxSizes) return fail(corrupt("impossible number of sizes"));
  if (load_le<std::uint32_t>(header, at::kFlags) != 0) return fail(corrupt("unknown flags"));
  const std::size_t directory_end = at::kDirectory + count * kEntryBytes;
  if (directory_end > header.size()) return fail(corrupt("directory runs over the end"));

  std::uint64_t offset = header.size();
  std::uint64_t block = 0;
  const std::uint64_t max_blocks = (header.size() - directory_end) / 4;
  for (std::size_t i = 0; i < count; ++i) {
    const ByteView raw = header.subspan(at::kDirectory + i * kEntryBytes, kEntryBytes);
    const SizeEntry entry = view.size_at(i);
    const bool known = find_size(static_cast<char>(raw[entry_at::kCode])) != nullptr &&
                       format_from_number(std::to_integer<std::uint8_t>(raw[entry_at::kFormat])) &&
                       load_le<std::uint16_t>(raw, entry_at::kReserved) == 0;
    if (!known) return fail(corrupt("unknown size or format"));
    if (view.find(entry.code)->offset != entry.offset) return fail(corrupt("a size comes twice"));
    if (entry.code == SizeCode::kOriginal && i + 1 != count) {
      return fail(corrupt("the original is not the last size"));
    }
    if (entry.offset != offset || entry.first_block != block || entry.length == 0 ||
        blocks_of(entry.length) > max_blocks) {
      return fail(corrupt("directory does not add up"));
    }
    offset += entry.length;
    block += blocks_of(entry.length);
  }
  if (block > max_blocks || offset != view.record_bytes()) {
    return fail(corrupt("directory does not add up"));
  }
  const std::uint64_t texts = load_le<std::uint32_t>(header, at::kTextLength);
  const std::uint64_t used = directory_end + block * 4 + texts;
  if ((used + 7) / 8 * 8 != header.size()) return fail(corrupt("length does not add up"));
  return ok();
}

Result<void> check_texts(ByteView texts) {
  while (!texts.empty()) {
    if (texts.size() < kTextHeadBytes) return fail(corrupt("text cut short"));
    const auto length = load_le<std::uint16_t>(texts, 1);
    if (texts.size() - kTextHeadBytes < length) return fail(corrupt("text runs over its end"));
    texts = texts.subspan(kTextHeadBytes + length);
  }
  return ok();
}

// Where the texts lie in a header whose structure holds.
ByteView texts_of(const RecordView& view, ByteView header) {
  const SizeEntry last = view.size_at(view.size_count() - 1);
  const std::uint64_t blocks = last.first_block + blocks_of(last.length);
  return header.subspan(at::kDirectory + view.size_count() * kEntryBytes + blocks * 4,
                        load_le<std::uint32_t>(header, at::kTextLength));
}

}  // namespace

Result<RecordView> RecordView::parse(ByteView bytes) {
  FARM_TRY(const std::size_t length, record_header_length(bytes));
  if (bytes.size() < length) return fail(corrupt("cut short"));
  const ByteView header = bytes.first(length);
  if (header_checksum(header) != load_le<std::uint32_t>(header, at::kHeaderChecksum)) {
    return fail(corrupt("wrong checksum"));
  }
  const RecordView view(header);
  const auto visibility = std::to_integer<std::uint8_t>(header[at::kVisibility]);
  const auto format = std::to_integer<std::uint8_t>(header[at::kFormat]);
  if (visibility > 1 || !format_from_number(format)) return fail(corrupt("unknown value"));
  if (view.id().value == 0 || view.id().value >> 63 != 0 || view.version() == 0) {
    return fail(corrupt("impossible id or version"));
  }
  FARM_TRY(check_structure(view, header));
  FARM_TRY(check_texts(texts_of(view, header)));
  return view;
}

Result<Bytes> relabel(const RecordView& record, const Labels& labels) {
  if (labels.owner.size() > kMaxOwnerBytes || labels.title.size() > kMaxTitleBytes) {
    return fail(ErrorCode::kInvalidArgument, "photo", "owner or title is over its limit");
  }
  const ByteView old = record.header_;
  const ByteView texts = texts_of(record, old);
  const auto texts_start = static_cast<std::size_t>(texts.data() - old.data());
  Bytes header(old.begin(), old.begin() + static_cast<std::ptrdiff_t>(texts_start));
  append_text(header, kOwnerTag, labels.owner);
  append_text(header, kTitleTag, labels.title);
  for (ByteView rest = texts; !rest.empty();) {
    const std::size_t length = kTextHeadBytes + load_le<std::uint16_t>(rest, 1);
    const auto tag = std::to_integer<std::uint8_t>(rest[0]);
    if (tag != kOwnerTag && tag != kTitleTag) {
      header.insert(header.end(), rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(length));
    }
    rest = rest.subspan(length);
  }
  const std::size_t texts_bytes = header.size() - texts_start;
  header.resize((header.size() + 7) / 8 * 8);
  if (header.size() > kRecordMaxHeaderBytes) {
    return fail(ErrorCode::kTooLarge, "photo", "the record's header would be over 1 MiB");
  }
  const std::uint64_t sizes_bytes = record.record_bytes() - old.size();
  store_le(header, at::kHeaderLength, static_cast<std::uint32_t>(header.size()));
  store_le(header, at::kVisibility, static_cast<std::uint8_t>(labels.visibility));
  store_le(header, at::kTextLength, static_cast<std::uint32_t>(texts_bytes));
  store_le(header, at::kRecordLength, header.size() + sizes_bytes);
  for (std::size_t i = 0; i < record.size_count(); ++i) {
    const std::uint64_t offset = record.size_at(i).offset - old.size() + header.size();
    store_le(header, at::kDirectory + i * kEntryBytes + entry_at::kOffset, offset);
  }
  store_le(header, at::kHeaderChecksum, header_checksum(header));
  return header;
}

RecordInfo RecordView::info() const {
  RecordInfo info;
  info.id = id();
  info.version = version();
  info.server = load_le<std::uint16_t>(header_, at::kServer);
  info.visibility = static_cast<Visibility>(header_[at::kVisibility]);
  info.format = static_cast<Format>(header_[at::kFormat]);
  info.secret = secret();
  info.original_secret = original_secret();
  info.dimensions = {load_le<std::uint32_t>(header_, at::kWidth),
                     load_le<std::uint32_t>(header_, at::kHeight)};
  info.created_ms = load_le<std::int64_t>(header_, at::kCreated);
  info.changed_ms = changed_ms();
  info.owner = text(kOwnerTag);
  info.title = text(kTitleTag);
  info.facts = {.taken_at = text(kTakenAtTag),
                .camera = text(kCameraTag),
                .dominant_color = text(kDominantColorTag),
                .thumb_hash = text(kThumbHashTag)};
  return info;
}

PhotoId RecordView::id() const { return {load_le<std::uint64_t>(header_, at::kId)}; }
std::uint32_t RecordView::version() const { return load_le<std::uint32_t>(header_, at::kVersion); }

Secret RecordView::secret() const {
  Secret secret;
  std::ranges::copy(header_.subspan(at::kSecret, Secret::kBytes), secret.bytes.begin());
  return secret;
}

Secret RecordView::original_secret() const {
  Secret secret;
  std::ranges::copy(header_.subspan(at::kOriginalSecret, Secret::kBytes), secret.bytes.begin());
  return secret;
}

Millis RecordView::changed_ms() const { return load_le<std::int64_t>(header_, at::kChanged); }

std::uint64_t RecordView::record_bytes() const {
  return load_le<std::uint64_t>(header_, at::kRecordLength);
}

std::size_t RecordView::size_count() const {
  return load_le<std::uint16_t>(header_, at::kSizeCount);
}

SizeEntry RecordView::size_at(std::size_t index) const {
  const ByteView raw = header_.subspan(at::kDirectory + index * kEntryBytes, kEntryBytes);
  return {.code = static_cast<SizeCode>(raw[entry_at::kCode]),
          .format = static_cast<Format>(raw[entry_at::kFormat]),
          .dimensions = {load_le<std::uint32_t>(raw, entry_at::kWidth),
                         load_le<std::uint32_t>(raw, entry_at::kHeight)},
          .first_block = load_le<std::uint32_t>(raw, entry_at::kFirstBlock),
          .offset = load_le<std::uint64_t>(raw, entry_at::kOffset),
          .length = load_le<std::uint64_t>(raw, entry_at::kLength)};
}

std::optional<SizeEntry> RecordView::find(SizeCode code) const {
  for (std::size_t i = 0; i < size_count(); ++i) {
    if (header_[at::kDirectory + i * kEntryBytes] == static_cast<std::byte>(code)) {
      return size_at(i);
    }
  }
  return {};
}

std::uint32_t RecordView::block_checksum(std::uint64_t index) const {
  return load_le<std::uint32_t>(header_, at::kDirectory + size_count() * kEntryBytes + index * 4);
}

bool RecordView::verify(const SizeEntry& size, std::uint64_t block, ByteView bytes) const {
  const std::uint64_t start = block * kRecordBlockBytes;
  if (start > size.length || bytes.size() > size.length - start) return false;
  if (bytes.size() % kRecordBlockBytes != 0 && start + bytes.size() != size.length) return false;
  for (std::uint64_t index = size.first_block + block; !bytes.empty(); ++index) {
    const ByteView part = bytes.first(std::min(bytes.size(), kRecordBlockBytes));
    if (crc32c(part) != block_checksum(index)) return false;
    bytes = bytes.subspan(part.size());
  }
  return true;
}

std::uint64_t RecordView::fingerprint(const SizeEntry& size) const {
  const std::size_t first =
      at::kDirectory + size_count() * kEntryBytes + std::size_t{size.first_block} * 4;
  const std::uint32_t sums = crc32c(header_.subspan(first, blocks_of(size.length) * 4));
  return std::uint64_t{sums} << 32 | (size.length & std::numeric_limits<std::uint32_t>::max());
}

std::string_view RecordView::text(std::uint8_t tag) const {
  for (ByteView texts = texts_of(*this, header_); !texts.empty();) {
    const auto length = load_le<std::uint16_t>(texts, 1);
    if (std::to_integer<std::uint8_t>(texts[0]) == tag) {
      return as_text(texts.subspan(kTextHeadBytes, length));
    }
    texts = texts.subspan(kTextHeadBytes + length);
  }
  return {};
}

}  // namespace farm::photo
