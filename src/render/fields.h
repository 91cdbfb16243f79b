// What of each struct goes to a worker and back, in this order. The structs are taken apart by
// structured bindings, so that a field that is new in one of them and missing here does not
// compile.
#pragma once

#include <concepts>
#include <type_traits>

#include "render/message.h"

namespace farm::render {

template <class T, class Of>
concept Is = std::same_as<std::remove_const_t<T>, Of>;

template <class Visit>
void each_field(Visit& visit, Is<image::Limits> auto& value) {
  auto& [max_pixels, max_side_px, max_file_bytes, max_scans, accept_truncated] = value;
  visit(max_pixels, max_side_px, max_file_bytes, max_scans, accept_truncated);
}

template <class Visit>
void each_field(Visit& visit, Is<image::SizeQuality> auto& value) {
  auto& [code, format, quality] = value;
  visit(code, format, quality);
}

template <class Visit>
void each_field(Visit& visit, Is<image::Config> auto& value) {
  auto& [limits, jpeg_quality, webp_quality, avif_quality, avif_effort, sharpen, linear_light,
         keep_copyright, keep_profile, edit_quality, encode_threads, threads, queue, memory_bytes,
         memory_queue, memory_wait, size_quality] = value;
  visit(limits, jpeg_quality, webp_quality, avif_quality, avif_effort, sharpen, linear_light,
        keep_copyright, keep_profile, edit_quality, encode_threads, threads, queue, memory_bytes,
        memory_queue, memory_wait, size_quality);
}

template <class Visit>
void each_field(Visit& visit, Is<image::Rotate> auto& value) {
  auto& [degrees] = value;
  visit(degrees);
}

template <class Visit>
void each_field(Visit& visit, Is<image::Crop> auto& value) {
  auto& [x, y, width, height] = value;
  visit(x, y, width, height);
}

template <class Visit>
void each_field(Visit& visit, Is<Request> auto& value) {
  auto& [task, code, to, rotate, crop, config] = value;
  visit(task, code, to, rotate, crop, config);
}

template <class Visit>
void each_field(Visit& visit, Is<photo::Dimensions> auto& value) {
  auto& [width, height] = value;
  visit(width, height);
}

template <class Visit>
void each_field(Visit& visit, Is<image::Picture> auto& value) {
  auto& [format, dimensions] = value;
  visit(format, dimensions);
}

template <class Visit>
void each_field(Visit& visit, Is<image::RenderedSize> auto& value) {
  auto& [code, format, dimensions, bytes] = value;
  visit(code, format, dimensions, bytes);
}

template <class Visit>
void each_field(Visit& visit, Is<image::Timings> auto& value) {
  auto& [decode_s, reduce_s, encode_s] = value;
  visit(decode_s, reduce_s, encode_s);
}

template <class Visit>
void each_field(Visit& visit, Is<photo::Facts> auto& value) {
  auto& [taken_at, camera, dominant_color, thumb_hash] = value;
  visit(taken_at, camera, dominant_color, thumb_hash);
}

template <class Visit>
void each_field(Visit& visit, Is<image::Rendered> auto& value) {
  auto& [picture, sizes, facts, timings] = value;
  visit(picture, sizes, facts, timings);
}

template <class Visit>
void each_field(Visit& visit, Is<Reply> auto& value) {
  auto& [failed, error, context, rendered, edited] = value;
  visit(failed, error, context, rendered, edited);
}

}  // namespace farm::render
