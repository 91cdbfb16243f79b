#include "image/jpeg_encode.h"

#include <algorithm>
#include <array>

#include "image/jpeg_guard.h"

namespace farm::image {
namespace {

constexpr std::size_t kFirstBytes = 64 << 10;
constexpr int kMaxComponents = 3;
constexpr std::uint32_t kBlockPx = 8;

// Writes into bytes that grow.
struct Destination {
  jpeg_destination_mgr manager{};  // first: libjpeg's pointer to it is one to this object
  Bytes bytes;

  Destination() {
    manager.init_destination = [](j_compress_ptr jpeg) { of(jpeg).grow(0, kFirstBytes); };
    manager.empty_output_buffer = [](j_compress_ptr jpeg) -> boolean {
      Destination& self = of(jpeg);
      self.grow(self.bytes.size(), self.bytes.size() * 2);
      return TRUE;
    };
    manager.term_destination = [](j_compress_ptr jpeg) {
      Destination& self = of(jpeg);
      self.bytes.resize(self.bytes.size() - self.manager.free_in_buffer);
    };
  }

 private:
  static Destination& of(j_compress_ptr jpeg) {
    return *reinterpret_cast<Destination*>(jpeg->dest);
  }
  void grow(std::size_t written, std::size_t size) {
    bytes.resize(size);
    manager.next_output_byte = reinterpret_cast<JOCTET*>(bytes.data()) + written;
    manager.free_in_buffer = size - written;
  }
};

class Encoder {
 public:
  Encoder(const Planes& planes, int quality, const JpegMetadata& metadata)
      : planes_(planes), quality_(quality), metadata_(metadata) {
    jpeg_.err = &errors_.manager;
  }
  Encoder(const Encoder&) = delete;
  Encoder& operator=(const Encoder&) = delete;
  ~Encoder() { jpeg_destroy_compress(&jpeg_); }

  Result<Bytes> encode() {
    fill_edges();
    if (!guarded(errors_, [&] { start(); }) || !guarded(errors_, [&] { write(); })) {
      return fail(ErrorCode::kInternal, "image", "the picture can't be written as JPEG");
    }
    return std::move(destination_.bytes);
  }

 private:
  void start();
  void write();
  void fill_edges();

  const Planes& planes_;
  const int quality_;
  const JpegMetadata metadata_;
  JpegErrors errors_;
  Destination destination_;
  jpeg_compress_struct jpeg_{};
};

void Encoder::start() {
  jpeg_create_compress(&jpeg_);
  jpeg_.dest = &destination_.manager;
  jpeg_.image_width = planes_.dimensions.width;
  jpeg_.image_height = planes_.dimensions.height;
  jpeg_.input_components = static_cast<int>(planes_.planes.size());
  jpeg_.in_color_space = planes_.grey() ? JCS_GRAYSCALE : JCS_YCbCr;
  jpeg_set_defaults(&jpeg_);
  jpeg_set_quality(&jpeg_, quality_, TRUE);
  jpeg_.optimize_coding = TRUE;
  jpeg_.raw_data_in = TRUE;
  const int luma_factor = planes_.halved ? 2 : 1;
  jpeg_.comp_info[0].h_samp_factor = luma_factor;
  jpeg_.comp_info[0].v_samp_factor = luma_factor;
  jpeg_start_compress(&jpeg_, TRUE);
  const auto octets = [](ByteView bytes) { return reinterpret_cast<const JOCTET*>(bytes.data()); };
  if (const ByteView exif = metadata_.exif; !exif.empty()) {
    jpeg_write_marker(&jpeg_, JPEG_APP0 + 1, octets(exif), static_cast<unsigned>(exif.size()));
  }
  if (const ByteView profile = metadata_.profile; !profile.empty()) {
    jpeg_write_icc_profile(&jpeg_, octets(profile), static_cast<unsigned>(profile.size()));
  }
}

// The last blocks reach over the edge, where the last sample goes on.
void Encoder::fill_edges() {
  for (const Plane& plane : planes_.planes) {
    for (std::uint32_t y = 0; y < plane.height; ++y) {
      std::uint8_t* row = plane.samples.get() + std::size_t{y} * plane.stride;
      std::fill(row + plane.width, row + plane.stride, row[plane.width - 1]);
    }
  }
}

void Encoder::write() {
  const std::uint32_t most = planes_.halved ? 2 : 1;
  std::array<std::array<JSAMPROW, std::size_t{2} * kBlockPx>, kMaxComponents> rows{};
  std::array<JSAMPARRAY, kMaxComponents> components{};
  while (jpeg_.next_scanline < jpeg_.image_height) {
    for (std::size_t i = 0; i < planes_.planes.size(); ++i) {
      const Plane& plane = planes_.planes[i];
      const std::uint32_t factor = i == 0 ? most : 1;
      const std::uint32_t first = jpeg_.next_scanline * factor / most;
      for (std::uint32_t y = 0; y < kBlockPx * factor; ++y) {
        const std::uint32_t from = std::min(first + y, plane.height - 1);
        rows[i][y] = plane.samples.get() + std::size_t{from} * plane.stride;
      }
      components[i] = rows[i].data();
    }
    jpeg_write_raw_data(&jpeg_, components.data(), most * kBlockPx);
  }
  jpeg_finish_compress(&jpeg_);
}

}  // namespace

Result<Bytes> encode_jpeg(const Planes& planes, int quality, const JpegMetadata& metadata) {
  return Encoder(planes, quality, metadata).encode();
}

}  // namespace farm::image
