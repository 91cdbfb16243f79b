// EXIF from any camera or none: finding the block in each format, and reading it. What comes out
// has the form that record, catalog and API rely on.
#include <cstdint>
#include <cstdlib>

#include "image/exif.h"
#include "image/exif_upright.h"
#include "photo/facts.h"

namespace {

void must(bool holds) {
  if (!holds) std::abort();
}

void read(farm::ByteView block) {
  const farm::image::Shot shot = farm::image::read_shot(block);
  const farm::photo::Facts facts{.taken_at = shot.taken_at, .camera = shot.camera};
  must(farm::photo::checked_facts(facts.texts()) == facts);
  // Written anew it is EXIF again, and once more the same.
  const farm::Bytes upright = farm::image::upright_exif(block, false);
  must(upright.size() <= (60U << 10));
  if (!upright.empty()) must(farm::image::upright_exif(upright, false) == upright);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const farm::ByteView bytes{reinterpret_cast<const std::byte*>(data), size};
  read(bytes);
  for (std::uint8_t number = 1; number <= 7; ++number) {
    const auto format = farm::photo::format_from_number(number);
    must(format.has_value());
    if (const auto block = farm::image::find_exif(bytes, *format)) read(*block);
  }
  return 0;
}
