#include "image/jpeg_for_test.h"

#include <cstdio>
#include <cstdlib>
// jpeglib.h leans on cstdio.
#include <jpeglib.h>

namespace farm::image::testing {
namespace {

void start(jpeg_compress_struct& jpeg, const JpegMaking& making) {
  jpeg_set_defaults(&jpeg);
  if (making.rgb) jpeg_set_colorspace(&jpeg, JCS_RGB);
  jpeg_set_quality(&jpeg, 95, TRUE);
  jpeg.comp_info[0].h_samp_factor = making.across;
  jpeg.comp_info[0].v_samp_factor = making.down;
  jpeg.restart_in_rows = making.restart_rows;
  jpeg.arith_code = making.arithmetic ? TRUE : FALSE;
  if (making.progressive) jpeg_simple_progression(&jpeg);
  jpeg_start_compress(&jpeg, TRUE);
}

}  // namespace

Bytes make_jpeg(const Rgb& rgb, const JpegMaking& making) {
  jpeg_compress_struct jpeg{};
  jpeg_error_mgr errors{};
  jpeg.err = jpeg_std_error(&errors);  // ends the program
  jpeg_create_compress(&jpeg);
  unsigned char* data = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&jpeg, &data, &size);
  jpeg.image_width = static_cast<JDIMENSION>(rgb.width);
  jpeg.image_height = static_cast<JDIMENSION>(rgb.height);
  jpeg.input_components = 3;
  jpeg.in_color_space = JCS_RGB;
  start(jpeg, making);
  while (jpeg.next_scanline < jpeg.image_height) {
    const std::size_t at =
        std::size_t{jpeg.next_scanline} * static_cast<std::size_t>(rgb.width) * 3;
    auto* row = const_cast<std::uint8_t*>(&rgb.samples[at]);  // NOLINT: libjpeg only reads it
    jpeg_write_scanlines(&jpeg, &row, 1);
  }
  jpeg_finish_compress(&jpeg);
  jpeg_destroy_compress(&jpeg);
  const auto* first = reinterpret_cast<const std::byte*>(data);
  Bytes bytes(first, first + size);
  std::free(data);
  return bytes;
}

Bytes with_scans_repeated(const Bytes& progressive, int times) {
  const std::string_view text = as_text(progressive);
  const std::size_t end = text.rfind("\xff\xd9");
  const std::size_t scan = text.rfind("\xff\xda");
  if (end == text.npos || scan == text.npos) std::abort();
  Bytes out = to_bytes(text.substr(0, end));
  const Bytes last = to_bytes(text.substr(scan, end - scan));
  for (int i = 0; i < times; ++i) out.insert(out.end(), last.begin(), last.end());
  out.insert(out.end(), {std::byte{0xff}, std::byte{0xd9}});
  return out;
}

}  // namespace farm::image::testing
