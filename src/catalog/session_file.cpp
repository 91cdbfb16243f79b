#include "catalog/session_file.h"

#include <algorithm>

#include "base/checksum.h"

namespace farm::catalog {
namespace {

constexpr std::string_view kMagic{"\x89PFC\r\n\x1a\n", 8};
constexpr std::uint16_t kFormatVersion = 1;
constexpr std::size_t kFileBytes = 64;

// Byte offsets: docs/formats/catalog.md.
constexpr std::size_t kVersionAt = 8;
constexpr std::size_t kChecksumAt = 12;
constexpr std::size_t kTokenAt = 16;
constexpr std::size_t kAddedAt = 32;

std::uint32_t checksum_of(ByteView bytes) { return crc32c_around(bytes, kChecksumAt); }

}  // namespace

Bytes encode_session(const SessionMark& mark) {
  Bytes bytes(kFileBytes);
  std::ranges::copy(as_bytes(kMagic), bytes.begin());
  store_le(bytes, kVersionAt, kFormatVersion);
  std::ranges::copy(mark.token, bytes.begin() + kTokenAt);
  store_le(bytes, kAddedAt, mark.added);
  store_le(bytes, kChecksumAt, checksum_of(bytes));
  return bytes;
}

Result<SessionMark> decode_session(ByteView bytes) {
  if (bytes.size() != kFileBytes || as_text(bytes.first(kMagic.size())) != kMagic ||
      load_le<std::uint32_t>(bytes, kChecksumAt) != checksum_of(bytes)) {
    return fail(ErrorCode::kCorrupt, "catalog", "the file is damaged");
  }
  if (load_le<std::uint16_t>(bytes, kVersionAt) != kFormatVersion) {
    return fail(ErrorCode::kUnsupported, "catalog", "written by a newer photofarm; run that one");
  }
  SessionMark mark;
  std::ranges::copy(bytes.subspan(kTokenAt, mark.token.size()), mark.token.begin());
  mark.added = load_le<std::uint64_t>(bytes, kAddedAt);
  return mark;
}

Result<std::optional<SessionMark>> read_session(io::FileSystem& files,
                                                const std::filesystem::path& directory) {
  const auto path = directory / kSessionFileName;
  auto file = files.open(path, io::OpenMode::kRead);
  if (!file && file.error().code == ErrorCode::kNotFound) return std::optional<SessionMark>{};
  if (!file) return fail(std::move(file).error());
  Bytes bytes(kFileBytes + 1);  // a longer file is no good one
  FARM_TRY(const std::size_t count, file.value()->read_at(0, bytes));
  auto mark = decode_session(ByteView(bytes).first(count));
  if (mark) return std::optional<SessionMark>(mark.value());
  Error error = std::move(mark).error();
  error.context = path.string() + ": " + error.context;
  return fail(std::move(error));
}

Result<void> write_session(io::FileSystem& files, const std::filesystem::path& directory,
                           const SessionMark& mark) {
  const auto path = directory / kSessionFileName;
  const std::filesystem::path draft = path.string() + ".new";
  FARM_TRY(const bool left_over, files.exists(draft));
  if (left_over) {
    FARM_TRY(files.remove(draft));
  }
  {
    FARM_TRY(const auto file, files.open(draft, io::OpenMode::kCreateNew));
    const Bytes bytes = encode_session(mark);
    const ByteView part = bytes;
    FARM_TRY(file->write_at(0, {&part, 1}));
    FARM_TRY(file->sync_data());
  }
  FARM_TRY(files.rename(draft, path));
  return files.sync_directory(directory);
}

}  // namespace farm::catalog
