#include "image/encode_avif.h"

#include <libheif/heif.h>

#include <cstring>
#include <memory>

namespace farm::image {
namespace {

template <auto Release>
struct Releaser {
  template <class T>
  void operator()(T* owned) const {
    Release(owned);
  }
};
using Context = std::unique_ptr<heif_context, Releaser<heif_context_free>>;
using Encoder = std::unique_ptr<heif_encoder, Releaser<heif_encoder_release>>;
using Frame = std::unique_ptr<heif_image, Releaser<heif_image_release>>;
using Colours = std::unique_ptr<heif_color_profile_nclx, Releaser<heif_nclx_color_profile_free>>;
using Handle = std::unique_ptr<heif_image_handle, Releaser<heif_image_handle_release>>;
using Options = std::unique_ptr<heif_encoding_options, Releaser<heif_encoding_options_free>>;

auto failed() {
  return fail(ErrorCode::kInternal, "image", "the picture can't be written as AVIF");
}

bool good(const heif_error& error) { return error.code == heif_error_Ok; }

Result<Encoder> make_encoder(heif_context* context, AvifOptions options) {
  const heif_encoder_descriptor* aom = nullptr;
  if (heif_context_get_encoder_descriptors(context, heif_compression_AV1, "aom", &aom, 1) != 1) {
    return failed();
  }
  heif_encoder* raw = nullptr;
  if (!good(heif_context_get_encoder(context, aom, &raw))) return failed();
  Encoder encoder(raw);
  const bool set = good(heif_encoder_set_lossy_quality(raw, options.quality)) &&
                   good(heif_encoder_set_parameter_integer(raw, "speed", 9 - options.effort)) &&
                   good(heif_encoder_set_parameter_integer(raw, "threads", 1)) &&
                   good(heif_encoder_set_parameter_string(raw, "chroma", "420"));
  if (!set) return failed();
  return encoder;
}

Result<Frame> make_frame(const Image& image) {
  const int width = vips_image_get_width(image.get());
  const int height = vips_image_get_height(image.get());
  heif_image* raw = nullptr;
  if (!good(heif_image_create(width, height, heif_colorspace_RGB, heif_chroma_interleaved_RGB,
                              &raw))) {
    return failed();
  }
  Frame frame(raw);
  if (!good(heif_image_add_plane(raw, heif_channel_interleaved, width, height, 8))) return failed();
  int stride = 0;
  std::uint8_t* rows = heif_image_get_plane(raw, heif_channel_interleaved, &stride);
  for (int y = 0; y < height; ++y) {
    std::memcpy(rows + std::size_t(y) * std::size_t(stride), VIPS_IMAGE_ADDR(image.get(), 0, y),
                std::size_t(width) * 3);
  }
  return frame;
}

// sRGB by the usual matrix (ITU-T H.273: primaries 1, transfer 13, matrix 6), all 256 values used.
Result<Colours> make_colours() {
  Colours colours(heif_nclx_color_profile_alloc());
  if (!colours) return failed();
  colours->color_primaries = heif_color_primaries_ITU_R_BT_709_5;
  colours->transfer_characteristics = heif_transfer_characteristic_IEC_61966_2_1;
  colours->matrix_coefficients = heif_matrix_coefficients_ITU_R_BT_601_6;
  colours->full_range_flag = 1;
  return colours;
}

heif_error append(heif_context*, const void* data, std::size_t size, void* to) {
  const auto* first = static_cast<const std::byte*>(data);
  static_cast<Bytes*>(to)->insert(static_cast<Bytes*>(to)->end(), first, first + size);
  return {heif_error_Ok, heif_suberror_Unspecified, ""};
}

}  // namespace

Result<Bytes> encode_avif(const Image& image, AvifOptions options) {
  const Context context(heif_context_alloc());
  if (!context) return failed();
  FARM_TRY(const Encoder encoder, make_encoder(context.get(), options));
  FARM_TRY(const Frame frame, make_frame(image));
  FARM_TRY(const Colours colours, make_colours());
  const Options encoding(heif_encoding_options_alloc());
  if (!encoding) return failed();
  encoding->output_nclx_profile = colours.get();
  heif_image_handle* raw = nullptr;
  if (!good(heif_context_encode_image(context.get(), frame.get(), encoder.get(), encoding.get(),
                                      &raw))) {
    return failed();
  }
  const Handle handle(raw);
  Bytes bytes;
  heif_writer writer{1, append};
  if (!good(heif_context_write(context.get(), &writer, &bytes))) return failed();
  return bytes;
}

}  // namespace farm::image
