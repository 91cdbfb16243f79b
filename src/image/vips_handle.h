// libvips as this room uses it: owned images, and errors that stay with their picture.
// Internal to the room. A handle belongs to one thread at a time.
#pragma once

#include <vips/vips.h>

#include <memory>
#include <string>
#include <utility>

#include "base/result.h"

namespace farm::image {

struct Unref {
  void operator()(VipsImage* image) const { g_object_unref(image); }
};
// A libvips image is a recipe: its pixels are made when somebody asks, and it keeps alive the
// images it is made from. The encoded bytes it reads must outlive it.
using Image = std::unique_ptr<VipsImage, Unref>;

// The same image once more: a count, no pixels.
inline Image share(const Image& image) { return Image(VIPS_IMAGE(g_object_ref(image.get()))); }

inline Error damaged() {
  return make_error(ErrorCode::kUnprocessable, "image",
                    "the picture is damaged or cut short: it can't be decoded");
}

// One libvips operation: step(&out) puts its image there and returns 0. A step that fails on a
// picture that has been identified and measured has met damaged data.
template <class Step>
Result<Image> apply(Step&& step) {
  VipsImage* out = nullptr;
  if (step(&out) != 0) return fail(damaged());
  return Image(out);
}

// Decodes the whole recipe into memory, once: only then can it be read more than once or out of
// order.
inline Result<Image> into_memory(const Image& image) {
  VipsImage* out = vips_image_copy_memory(image.get());
  if (out == nullptr) return fail(damaged());
  return Image(out);
}

// Stands at the start of each public function that uses libvips, and outlives all images in it.
//
// libvips has one error text for the whole process, into which every thread writes failures and
// warnings: what stands there may be of another picture. So it is only ever thrown away, and errors
// say in this room's own words what failed.
// It also keeps buffers for each thread that has used it, which go when that thread ends.
class Visit {
 public:
  Visit() {
    struct ThreadEnd {
      ~ThreadEnd() { vips_thread_shutdown(); }
    };
    thread_local const ThreadEnd thread_end;
  }
  ~Visit() { vips_error_clear(); }
  Visit(const Visit&) = delete;
  Visit& operator=(const Visit&) = delete;
};

}  // namespace farm::image
