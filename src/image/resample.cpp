#include "image/resample.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "image/resample_kernels.h"

namespace farm::image {
namespace {

constexpr double kLobes = 3;

double lanczos(double x) {
  if (x == 0) return 1;
  if (std::abs(x) >= kLobes) return 0;
  const double angle = std::numbers::pi * x;
  return kLobes * std::sin(angle) * std::sin(angle / kLobes) / (angle * angle);
}

// A filter has tens of thousands of weights: between the entries of a table they are exact to six
// digits.
class Kernel {
 public:
  Kernel() {
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      entries_[i] = static_cast<float>(lanczos(static_cast<double>(i) / kEntriesALobe));
    }
  }
  float at(double x) const {
    const double place = std::min(std::abs(x), kLobes) * kEntriesALobe;
    const auto entry = static_cast<std::size_t>(place);
    const auto part = static_cast<float>(place - static_cast<double>(entry));
    return entries_[entry] + part * (entries_[entry + 1] - entries_[entry]);
  }

 private:
  static constexpr std::size_t kEntriesALobe = 2048;
  std::array<float, static_cast<std::size_t>(kLobes) * kEntriesALobe + 2> entries_{};
};

bool changes_nothing(const Axis& axis) {
  return axis.from == axis.to && axis.from_begin == 0 && axis.from_extent == axis.to_extent &&
         !axis.mirrored;
}

}  // namespace

Filter make_filter(const Axis& axis) {
  const double scale = axis.from_extent / axis.to_extent;
  const double stretch = std::max(1.0, scale);
  const double reach = kLobes * stretch;
  static const Kernel kernel;
  Filter filter;
  filter.from = axis.from;
  filter.taps = std::min(axis.from, static_cast<std::uint32_t>(std::ceil(2 * reach)) + 1);
  filter.descending = axis.mirrored;
  filter.first.resize(axis.to);
  filter.weights.resize(std::size_t{axis.to} * filter.taps);
  for (std::uint32_t i = 0; i < axis.to; ++i) {
    const double along = (i + 0.5) * scale;
    // Where the new sample's middle lies; sample k of the old ones has its own at k.
    const double middle =
        axis.from_begin + (axis.mirrored ? axis.from_extent - along : along) - 0.5;
    const double most = axis.from - filter.taps;
    filter.first[i] = static_cast<std::uint32_t>(std::clamp(std::ceil(middle - reach), 0.0, most));
    float* weights = &filter.weights[std::size_t{i} * filter.taps];
    float sum = 0;
    for (std::uint32_t k = 0; k < filter.taps; ++k) {
      weights[k] = kernel.at((filter.first[i] + k - middle) / stretch);
      sum += weights[k];
    }
    // Nothing but the far end of the filter inside: the nearest sample is all there is.
    if (sum < 0.1F) {
      std::fill_n(weights, filter.taps, 0.0F);
      weights[middle < 0 ? 0 : filter.taps - 1] = 1;
      sum = 1;
    }
    for (std::uint32_t k = 0; k < filter.taps; ++k) weights[k] /= sum;
  }
  return filter;
}

PlaneReducer::PlaneReducer(const Axis& across, const Axis& down)
    : across_(make_filter(across)),
      down_(make_filter(down)),
      stride_((across.from + kLanes - 1) / kLanes * kLanes),
      recent_(stride_ * down_.taps),
      row_(stride_),
      columns_(std::size_t{across.from} * kLanes),
      out_(across.to, down.to) {
  waiting_.reserve(kLanes);
}

void PlaneReducer::push(const std::uint8_t* row) {
  to_floats(row, &recent_[stride_ * (pushed_ % down_.taps)], across_.from);
  ++pushed_;
  while (made_ < out_.height) {
    const std::uint32_t next = down_.descending ? out_.height - 1 - made_ : made_;
    if (down_.first[next] + down_.taps > pushed_) break;
    finish_row();
  }
  if (made_ == out_.height) flush();
}

void PlaneReducer::finish_row() {
  const std::uint32_t next = down_.descending ? out_.height - 1 - made_ : made_;
  const std::uint32_t first = down_.first[next];
  std::vector<const float*>& rows = sources_;
  rows.clear();
  for (std::uint32_t k = 0; k < down_.taps; ++k) {
    rows.push_back(&recent_[stride_ * ((first + k) % down_.taps)]);
  }
  weigh_rows(rows, &down_.weights[std::size_t{next} * down_.taps], row_.data(), stride_);
  to_lane(row_.data(), across_.from, columns_.data(), waiting_.size());
  waiting_.push_back(next);
  ++made_;
  if (waiting_.size() == kLanes) flush();
}

void PlaneReducer::flush() {
  if (waiting_.empty()) return;
  std::array<std::uint8_t*, kLanes> rows{};
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    rows[lane] = out_.row(waiting_[std::min(lane, waiting_.size() - 1)]);
  }
  weigh_columns(columns_.data(), across_, rows, waiting_.size());
  waiting_.clear();
}

Plane reduce(const Plane& plane, const Axis& across, const Axis& down) {
  if (changes_nothing(across) && changes_nothing(down)) {
    Plane copy(plane.width, plane.height);
    std::copy_n(plane.row(0), std::size_t{plane.stride} * plane.height, copy.row(0));
    return copy;
  }
  PlaneReducer reducer(across, down);
  for (std::uint32_t y = 0; y < plane.height; ++y) reducer.push(plane.row(y));
  return reducer.take();
}

}  // namespace farm::image
