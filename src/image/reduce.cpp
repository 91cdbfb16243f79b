#include "image/reduce.h"

namespace farm::image {

using photo::Dimensions;

Result<Image> reduce(const Image& image, Dimensions to) {
  const double horizontal = static_cast<double>(to.width) / vips_image_get_width(image.get());
  const double vertical = static_cast<double>(to.height) / vips_image_get_height(image.get());
  if (horizontal == 1 && vertical == 1) return share(image);
  return apply([&](VipsImage** out) {
    return vips_resize(image.get(), out, horizontal, "vscale", vertical, "kernel",
                       VIPS_KERNEL_LANCZOS3, nullptr);
  });
}

Result<Image> crop_centre(const Image& image, Dimensions to) {
  const int width = static_cast<int>(to.width);
  const int height = static_cast<int>(to.height);
  const int spare_width = vips_image_get_width(image.get()) - width;
  const int spare_height = vips_image_get_height(image.get()) - height;
  if (spare_width == 0 && spare_height == 0) return share(image);
  return apply([&](VipsImage** out) {
    return vips_extract_area(image.get(), out, spare_width / 2, spare_height / 2, width, height,
                             nullptr);
  });
}

}  // namespace farm::image
