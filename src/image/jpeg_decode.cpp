#include "image/jpeg_decode.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "image/jpeg_guard.h"
#include "image/resample.h"
// jerror.h leans on jpeglib.h.
#include <jerror.h>

namespace farm::image {
namespace {

using photo::Dimensions;

// A scaled decode leaves at least this much more than is wanted, so that the last reduction, whose
// filter is the better one, still has something to do.
constexpr double kRoomForReduction = 1.25;
constexpr int kMaxComponents = 3;
constexpr std::array<JOCTET, 2> kEndOfImage = {0xff, JPEG_EOI};

// Which sides of the stored picture are mirrored before rows become columns, to turn it upright.
struct Turn {
  bool mirror_across = false;
  bool mirror_down = false;
  bool transpose = false;
};

Turn turn_of(int orientation) {
  switch (orientation) {
    case 2:
      return {true, false, false};
    case 3:
      return {true, true, false};
    case 4:
      return {false, true, false};
    case 5:
      return {false, false, true};
    case 6:
      return {false, true, true};
    case 7:
      return {true, true, true};
    case 8:
      return {true, false, true};
    default:
      return {};
  }
}

// Reads from memory. Behind the last byte stands an end of image, so that a file which lacks only
// that is whole; that it was needed is remembered.
struct Source {
  jpeg_source_mgr manager{};  // first: libjpeg's pointer to it is one to this object
  bool ran_out = false;

  explicit Source(ByteView bytes) {
    manager.next_input_byte = reinterpret_cast<const JOCTET*>(bytes.data());
    manager.bytes_in_buffer = bytes.size();
    manager.init_source = [](j_decompress_ptr) {};
    manager.term_source = [](j_decompress_ptr) {};
    manager.resync_to_restart = jpeg_resync_to_restart;
    manager.fill_input_buffer = [](j_decompress_ptr jpeg) -> boolean {
      reinterpret_cast<Source*>(jpeg->src)->ran_out = true;
      jpeg->src->next_input_byte = kEndOfImage.data();
      jpeg->src->bytes_in_buffer = kEndOfImage.size();
      return TRUE;
    };
    manager.skip_input_data = [](j_decompress_ptr jpeg, long count) {
      jpeg_source_mgr& source = *jpeg->src;
      const auto skipped = static_cast<std::size_t>(std::max(count, 0L));
      if (skipped > source.bytes_in_buffer) {
        source.fill_input_buffer(jpeg);
        return;
      }
      source.next_input_byte += skipped;
      source.bytes_in_buffer -= skipped;
    };
  }
};

// Rows of one component as libjpeg delivers them, a row of blocks at a time, on their way into its
// reducer.
struct Component {
  std::vector<JSAMPLE> samples;
  std::vector<JSAMPROW> rows;
  std::uint32_t left = 0;  // rows still to come that belong to the picture
  std::optional<PlaneReducer> reducer;
};

class Decoder {
 public:
  Decoder(ByteView jpeg, const JpegRequest& request)
      : request_(request), turn_(turn_of(request.orientation)), source_(jpeg) {
    errors_.early_end_code = JWRN_HIT_MARKER;
    jpeg_.err = &errors_.manager;
  }
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;
  ~Decoder() { jpeg_destroy_decompress(&jpeg_); }

  bool read_header() {
    return guarded(errors_, [&] {
      jpeg_create_decompress(&jpeg_);
      jpeg_.src = &source_.manager;
      jpeg_read_header(&jpeg_, TRUE);
    });
  }

  bool is_ours() const {
    return (jpeg_.jpeg_color_space == JCS_GRAYSCALE && jpeg_.num_components == 1) ||
           (jpeg_.jpeg_color_space == JCS_YCbCr && jpeg_.num_components == kMaxComponents);
  }

  bool start() {
    jpeg_.raw_data_out = TRUE;
    jpeg_.do_fancy_upsampling = FALSE;
    jpeg_.out_color_space = jpeg_.jpeg_color_space;
    jpeg_.scale_num = 1;
    jpeg_.scale_denom = scale_denominator();
    return guarded(errors_, [&] { jpeg_start_decompress(&jpeg_); });
  }

  Result<Planes> read();

 private:
  Dimensions as_stored() const {
    const auto [width, height] = request_.upright;
    return turn_.transpose ? Dimensions{height, width} : Dimensions{width, height};
  }

  // Other scales than these have no vector code, and take longer than the next larger one.
  unsigned scale_denominator() const {
    const Dimensions wanted = as_stored();
    for (const unsigned denominator : {8U, 4U, 2U}) {
      if (jpeg_.image_width >= wanted.width * denominator * kRoomForReduction &&
          jpeg_.image_height >= wanted.height * denominator * kRoomForReduction) {
        return denominator;
      }
    }
    return 1;
  }

  void prepare(std::size_t index);
  bool ended_well() const;

  const JpegRequest request_;
  const Turn turn_;
  Source source_;
  JpegErrors errors_;
  jpeg_decompress_struct jpeg_{};
  std::array<Component, kMaxComponents> components_;
};

void Decoder::prepare(std::size_t index) {
  const jpeg_component_info& info = jpeg_.comp_info[index];
  Component& component = components_[index];
  const auto block = static_cast<std::uint32_t>(info.DCT_scaled_size);
  const std::size_t width = std::size_t{info.width_in_blocks} * block;
  const std::size_t height = static_cast<std::size_t>(info.v_samp_factor) * block;
  component.samples.resize(width * height);
  for (std::size_t y = 0; y < height; ++y) {
    component.rows.push_back(&component.samples[y * width]);
  }
  component.left = info.downsampled_height;

  const Dimensions wanted = as_stored();
  const bool halved = request_.halved && index > 0;
  // How many of its samples the picture is long, to the fraction, whatever has been rounded up.
  const auto extent = [&](std::uint32_t pixels, int factor, int most) {
    return static_cast<double>(pixels) * factor * block / (8.0 * most);
  };
  const auto axis = [&](std::uint32_t samples, double long_, std::uint32_t to, bool mirrored) {
    return Axis{.from = samples,
                .from_extent = long_,
                .to = halved ? (to + 1) / 2 : to,
                .to_extent = halved ? to / 2.0 : to,
                .mirrored = mirrored};
  };
  component.reducer.emplace(
      axis(info.downsampled_width,
           extent(jpeg_.image_width, info.h_samp_factor, jpeg_.max_h_samp_factor), wanted.width,
           turn_.mirror_across),
      axis(info.downsampled_height,
           extent(jpeg_.image_height, info.v_samp_factor, jpeg_.max_v_samp_factor), wanted.height,
           turn_.mirror_down));
}

// Cut short is what ran out of bytes before the last pixel; of a progressive one, at all: what it
// lacks is some of the sharpness of every pixel. Nor can arithmetic coding tell.
bool Decoder::ended_well() const {
  const bool can_tell = jpeg_.progressive_mode == FALSE && jpeg_.arith_code == FALSE;
  return !source_.ran_out || (can_tell && !errors_.ended_early);
}

Result<Planes> Decoder::read() {
  const auto count = static_cast<std::size_t>(jpeg_.num_components);
  std::array<JSAMPARRAY, kMaxComponents> rows{};
  JDIMENSION lines = 0;
  for (std::size_t i = 0; i < count; ++i) {
    prepare(i);
    rows[i] = components_[i].rows.data();
  }
  lines = static_cast<JDIMENSION>(jpeg_.max_v_samp_factor * jpeg_.min_DCT_scaled_size);

  while (jpeg_.output_scanline < jpeg_.output_height) {
    if (!guarded(errors_, [&] { jpeg_read_raw_data(&jpeg_, rows.data(), lines); })) {
      return fail(damaged());
    }
    if (!request_.accept_truncated && source_.ran_out && errors_.ended_early) {
      return fail(damaged());
    }
    for (std::size_t i = 0; i < count; ++i) {
      Component& component = components_[i];
      const auto here = std::min<std::size_t>(component.left, component.rows.size());
      for (std::size_t y = 0; y < here; ++y) component.reducer->push(component.rows[y]);
      component.left -= static_cast<std::uint32_t>(here);
    }
  }
  if (!request_.accept_truncated && !ended_well()) return fail(damaged());

  Planes planes{as_stored(), request_.halved && count > 1, {}};
  for (std::size_t i = 0; i < count; ++i) planes.planes.push_back(components_[i].reducer->take());
  return turn_.transpose ? transposed(planes) : std::move(planes);
}

}  // namespace

Result<std::optional<Planes>> decode_jpeg(ByteView jpeg, const JpegRequest& request) {
  Decoder decoder(jpeg, request);
  if (!decoder.read_header()) return fail(damaged());
  if (!decoder.is_ours()) return std::optional<Planes>();
  if (!decoder.start()) return fail(damaged());
  FARM_TRY(Planes planes, decoder.read());
  return std::optional(std::move(planes));
}

}  // namespace farm::image
