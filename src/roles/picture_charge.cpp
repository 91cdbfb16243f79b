#include "roles/picture_charge.h"

#include "image/measure.h"

namespace farm::roles {
namespace {

Result<image::Shape> shape_within(const Services& services, ByteView original) {
  FARM_TRY(const image::Shape shape, image::measure(original));
  FARM_TRY(image::check_dimensions(shape.stored, services.image_config.limits));
  return shape;
}

}  // namespace

io::Task<Result<PictureBudget::Share>> charge_sizes(Services& services, ByteView original,
                                                    std::uint32_t largest_side_px) {
  FARM_CO_TRY(const image::Shape shape, shape_within(services, original));
  co_return co_await services.pictures.take(image::estimate_bytes(shape, largest_side_px));
}

Result<PictureBudget::Share> charge_on_demand(Services& services, ByteView original,
                                              std::uint32_t largest_side_px) {
  FARM_TRY(const image::Shape shape, shape_within(services, original));
  return services.pictures.take_behind_others(image::estimate_bytes(shape, largest_side_px));
}

io::Task<Result<PictureBudget::Share>> charge_edit(Services& services, ByteView original) {
  // More frames than these are over any limit on pixels that makes sense.
  constexpr std::uint32_t kMostFrames = 10'000;
  FARM_CO_TRY(const image::Shape shape, shape_within(services, original));
  const std::uint64_t most_pixels = services.image_config.limits.max_pixels;
  const std::uint32_t frames = image::count_frames(original, shape, kMostFrames);
  // Refused by the edit itself, with the sentence for it, before anything is decoded.
  const bool too_many = frames > 1 && shape.pixels() * frames > most_pixels;
  co_return co_await services.pictures.take(
      image::estimate_edit_bytes(shape, too_many ? 1 : frames));
}

}  // namespace farm::roles
