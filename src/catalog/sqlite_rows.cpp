#include "catalog/sqlite_rows.h"

#include <algorithm>
#include <limits>
#include <string>

namespace farm::catalog {
namespace {

constexpr std::size_t kMaxSizes = 16;  // as many as a record has

// One entry of the column `sizes`, little-endian.
constexpr std::size_t kEntryBytes = 18;
constexpr std::size_t kCodeAt = 0;
constexpr std::size_t kFormatAt = 1;
constexpr std::size_t kWidthAt = 2;
constexpr std::size_t kHeightAt = 6;
constexpr std::size_t kBytesAt = 10;

Error corrupt(std::string what) {
  return make_error(ErrorCode::kCorrupt, "catalog", std::move(what));
}

Result<photo::Format> format_of(std::int64_t number) {
  if (number >= 0 && number <= std::numeric_limits<std::uint8_t>::max()) {
    if (const auto format = photo::format_from_number(static_cast<std::uint8_t>(number))) {
      return *format;
    }
  }
  return fail(corrupt("unknown format " + std::to_string(number)));
}

Result<photo::Secret> secret_of(ByteView bytes) {
  photo::Secret secret;
  if (bytes.size() != secret.bytes.size()) return fail(corrupt("a secret has the wrong length"));
  std::ranges::copy(bytes, secret.bytes.begin());
  return secret;
}

template <class T>
Result<T> number_of(std::int64_t number, std::string_view name) {
  if (number < 0 || static_cast<std::uint64_t>(number) > std::numeric_limits<T>::max()) {
    return fail(corrupt(std::string(name) + " is out of range: " + std::to_string(number)));
  }
  return static_cast<T>(number);
}

Result<photo::Visibility> visibility_of(std::int64_t number) {
  if (number == 0) return photo::Visibility::kPublic;
  if (number == 1) return photo::Visibility::kPrivate;
  return fail(corrupt("unknown visibility " + std::to_string(number)));
}

Result<PhotoRow> read_columns(const Query& query) {
  PhotoRow row;
  FARM_TRY(row.id.value, number_of<std::uint64_t>(query.integer(0), "id"));
  FARM_TRY(row.version, number_of<std::uint32_t>(query.integer(1), "version"));
  FARM_TRY(row.server, number_of<std::uint16_t>(query.integer(2), "server"));
  FARM_TRY(row.format, format_of(query.integer(3)));
  FARM_TRY(row.dimensions.width, number_of<std::uint32_t>(query.integer(4), "width"));
  FARM_TRY(row.dimensions.height, number_of<std::uint32_t>(query.integer(5), "height"));
  row.created_ms = query.integer(6);
  row.changed_ms = query.integer(7);
  FARM_TRY(row.secret, secret_of(query.blob(8)));
  FARM_TRY(row.original_secret, secret_of(query.blob(9)));
  FARM_TRY(row.sizes, decode_sizes(query.blob(10)));
  row.facts = {.taken_at = std::string(query.text(11)),
               .camera = std::string(query.text(12)),
               .dominant_color = std::string(query.text(13)),
               .thumb_hash = std::string(query.text(14))};
  FARM_TRY(row.visibility, visibility_of(query.integer(15)));
  row.owner = query.text(16);
  row.title = query.text(17);
  return row;
}

}  // namespace

Bytes encode_sizes(std::span<const SizeRow> sizes) {
  Bytes bytes(sizes.size() * kEntryBytes);
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const MutableByteView entry = MutableByteView(bytes).subspan(i * kEntryBytes, kEntryBytes);
    store_le(entry, kCodeAt, static_cast<std::uint8_t>(sizes[i].code));
    store_le(entry, kFormatAt, static_cast<std::uint8_t>(sizes[i].format));
    store_le(entry, kWidthAt, sizes[i].dimensions.width);
    store_le(entry, kHeightAt, sizes[i].dimensions.height);
    store_le(entry, kBytesAt, sizes[i].bytes);
  }
  return bytes;
}

Result<std::vector<SizeRow>> decode_sizes(ByteView bytes) {
  if (bytes.size() % kEntryBytes != 0 || bytes.size() / kEntryBytes > kMaxSizes) {
    return fail(corrupt("the list of sizes has the wrong length"));
  }
  std::vector<SizeRow> sizes(bytes.size() / kEntryBytes);
  for (SizeRow& size : sizes) {
    const photo::SizeSpec* spec = photo::find_size(load_le<char>(bytes, kCodeAt));
    if (spec == nullptr) return fail(corrupt("unknown size code"));
    size.code = spec->code;
    FARM_TRY(size.format, format_of(load_le<std::uint8_t>(bytes, kFormatAt)));
    size.dimensions.width = load_le<std::uint32_t>(bytes, kWidthAt);
    size.dimensions.height = load_le<std::uint32_t>(bytes, kHeightAt);
    size.bytes = load_le<std::uint64_t>(bytes, kBytesAt);
    bytes = bytes.subspan(kEntryBytes);
  }
  return sizes;
}

Result<void> check_photo(const PhotoRow& row) {
  const auto invalid = [](std::string what) {
    return fail(ErrorCode::kInvalidArgument, "catalog", std::move(what));
  };
  if (row.id.value == 0 || row.id.value >> 63 != 0) return invalid("id is not 1 to 2^63-1");
  if (row.version == 0) return invalid("versions start at 1");
  if (row.owner.size() > photo::kMaxOwnerBytes) return invalid("owner is over 255 bytes");
  if (row.title.size() > photo::kMaxTitleBytes) return invalid("title is over 1000 bytes");
  if (row.sizes.size() > kMaxSizes) return invalid("a photo has at most 16 sizes");
  if (photo::checked_facts(row.facts.texts()) != row.facts)
    return invalid("a fact has not its form");
  return ok();
}

void bind_version(Query& query, const PhotoRow& row, ByteView sizes) {
  query.bind(row.id.value)
      .bind(row.version)
      .bind(row.server)
      .bind(static_cast<int>(row.format))
      .bind(row.dimensions.width)
      .bind(row.dimensions.height)
      .bind(row.created_ms)
      .bind(row.changed_ms)
      .bind(ByteView(row.secret.bytes))
      .bind(ByteView(row.original_secret.bytes))
      .bind(sizes)
      .bind(std::string_view(row.facts.taken_at))
      .bind(std::string_view(row.facts.camera))
      .bind(std::string_view(row.facts.dominant_color))
      .bind(std::string_view(row.facts.thumb_hash));
}

void bind_labels(Query& query, const PhotoRow& row) {
  query.bind(static_cast<int>(row.visibility))
      .bind(std::string_view(row.owner))
      .bind(std::string_view(row.title));
}

Result<PhotoRow> read_photo(const Query& query) {
  Result<PhotoRow> row = read_columns(query);
  if (row) return row;
  Error error = std::move(row).error();
  error.context = "row of photo " + std::to_string(query.integer(0)) + ": " + error.context;
  return fail(std::move(error));
}

}  // namespace farm::catalog
