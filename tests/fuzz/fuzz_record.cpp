// The record header: whatever parses must be safe to use and add up. Each input is tried as it is,
// and once more with magic, length and checksum put right, so that what lies behind them is
// reached.
#include <cstdint>
#include <cstdlib>

#include "base/checksum.h"
#include "photo/record.h"

namespace {

using farm::Bytes;
using farm::ByteView;
using farm::photo::RecordView;

void must(bool holds) {
  if (!holds) std::abort();
}

void use(const RecordView& view, ByteView bytes) {
  const farm::photo::RecordInfo info = view.info();
  must(info.id == view.id() && info.id.value != 0 && info.version != 0);
  must(info.owner.size() + info.title.size() < view.header_bytes());
  must(view.size_count() >= 1 && view.size_count() <= 16);
  std::uint64_t offset = view.header_bytes();
  for (std::size_t i = 0; i < view.size_count(); ++i) {
    const farm::photo::SizeEntry size = view.size_at(i);
    must(size.length > 0 && size.offset == offset);
    offset += size.length;
    must(farm::photo::find_size(static_cast<char>(size.code)) != nullptr);
    must(!farm::photo::extension(size.format).empty());
    must(view.find(size.code).has_value());
    (void)view.fingerprint(size);
    must(view.verify(size, 0, {}) == (size.length == 0) || view.verify(size, 0, {}));
    (void)view.verify(size, ~std::uint64_t{0} >> 17, bytes);
    (void)view.verify(size, 1, bytes);
    if (size.offset < bytes.size()) (void)view.verify(size, 0, bytes.subspan(size.offset));
  }
  must(offset == view.record_bytes());
}

// Under other labels it is a good header of the same sizes.
void relabel(const RecordView& view) {
  const auto header = farm::photo::relabel(
      view, {farm::photo::Visibility::kPrivate, "another owner", "another title"});
  if (!header) return;  // texts that nobody knows leave no room
  const auto made = RecordView::parse(header.value());
  must(made.has_value() && made.value().info().owner == "another owner");
  must(made.value().info().title == "another title" && made.value().id() == view.id());
  must(made.value().size_count() == view.size_count());
  for (std::size_t i = 0; i < view.size_count(); ++i) {
    const farm::photo::SizeEntry size = made.value().size_at(i);
    must(size.length == view.size_at(i).length);
    must(made.value().fingerprint(size) == view.fingerprint(view.size_at(i)));
  }
}

void try_parse(ByteView bytes) {
  (void)farm::photo::record_header_length(bytes);
  const auto view = RecordView::parse(bytes);
  if (!view) return;
  use(view.value(), bytes);
  relabel(view.value());
}

Bytes put_right(ByteView bytes) {
  Bytes fixed(bytes.begin(), bytes.end());
  fixed.resize(bytes.size() / 8 * 8);
  if (fixed.size() < 128) return fixed;
  const ByteView magic = farm::as_bytes("\x89PFR\r\n\x1a\n");
  std::copy(magic.begin(), magic.end(), fixed.begin());
  farm::store_le(fixed, 8, std::uint16_t{1});
  farm::store_le(fixed, 12, static_cast<std::uint32_t>(fixed.size()));
  farm::store_le(fixed, 16, std::uint32_t{0});
  farm::store_le(fixed, 16, farm::crc32c(fixed));
  return fixed;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes{reinterpret_cast<const std::byte*>(data), size};
  try_parse(bytes);
  try_parse(put_right(bytes));
  return 0;
}
