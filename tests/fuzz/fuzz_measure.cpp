// Measuring a picture by its header: any bytes get an answer, and what is measured is something
// that can be counted with. Each input is tried in memory of its own, so that a sanitizer sees a
// byte read too far.
#include <cstdint>
#include <cstdlib>

#include "image/image.h"
#include "image/measure.h"

namespace {

void must(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const farm::ByteView bytes{reinterpret_cast<const std::byte*>(data), size};
  const auto shape = farm::image::measure(bytes);
  if (!shape) {
    const farm::ErrorCode code = shape.error().code;
    must(code == farm::ErrorCode::kUnsupported || code == farm::ErrorCode::kUnprocessable);
    must(!shape.error().context.empty());
    return 0;
  }
  const farm::image::Shape& measured = shape.value();
  must(measured.format == farm::image::identify(bytes).value());
  must(measured.stored.width > 0 && measured.stored.height > 0);
  must(measured.rows_in_memory > 0 && measured.rows_in_memory <= (1U << 31));
  must(!measured.whole_in_memory || measured.rows_in_memory >= measured.stored.height);
  must(measured.bytes_per_pixel > 0 && measured.decoded_bytes_per_pixel > 0);
  must(farm::image::count_frames(bytes, measured, 1000) <= 1000);
  must(farm::image::estimate_bytes(measured) >= measured.stored.width);
  return 0;
}
