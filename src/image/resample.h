// Reduction of one plane by Lanczos 3, row by row as a decoder delivers them: down the columns
// first, then along the rows, in floating point between. Any real-valued part of the source can be
// taken, so that the half samples of odd sizes, of scaled decoding and of halved colour lie where
// they belong. Internal to the room. Pure; an object belongs to one thread.
#pragma once

#include <cstdint>
#include <vector>

#include "image/planes.h"

namespace farm::image {

// How the samples along one side become others. The first `extent` of the new samples stand for the
// part of the old ones from `begin` on that is `from_extent` long; both may end inside a sample.
struct Axis {
  std::uint32_t from = 0;  // samples there are, at least 1
  double from_begin = 0;   // in samples
  double from_extent = 0;  // in samples
  std::uint32_t to = 0;    // samples wanted, at least 1
  double to_extent = 0;    // in samples
  bool mirrored = false;   // the last first
};

// Weights of the old samples in each new one: `taps` from `first` on.
struct Filter {
  std::uint32_t from = 0;
  std::uint32_t taps = 0;
  std::vector<std::uint32_t> first;  // one a new sample
  std::vector<float> weights;        // `taps` a new sample; their sum is 1
  bool descending = false;           // `first` falls from sample to sample
};
Filter make_filter(const Axis& axis);

class PlaneReducer {
 public:
  PlaneReducer(const Axis& across, const Axis& down);
  // From top to bottom, exactly `down.from` times. `row` has `across.from` samples.
  void push(const std::uint8_t* row);
  // After the last row.
  Plane take() { return std::move(out_); }

 private:
  void finish_row();
  void flush();

  Filter across_, down_;
  std::uint32_t pushed_ = 0;
  std::uint32_t made_ = 0;              // new rows, in the order they become ready
  std::size_t stride_ = 0;              // of the rows below, in floats
  std::vector<float> recent_;           // the last `down_.taps` old rows, in a ring
  std::vector<float> row_;              // a new row before it is reduced along
  std::vector<float> columns_;          // eight of them, sample by sample
  std::vector<std::uint32_t> waiting_;  // their places in out_
  std::vector<const float*> sources_;   // old rows of the new one being made
  Plane out_;
};

Plane reduce(const Plane& plane, const Axis& across, const Axis& down);

}  // namespace farm::image
