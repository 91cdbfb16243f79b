// In which order the sizes of a picture are made, and each from what. Internal to the room. Pure.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "photo/size_code.h"

namespace farm::image {

// The sizes made at upload, in the order of photo::kSizes.
std::vector<photo::SizeSpec> stored_sizes(photo::Dimensions original);

// The whole upright picture as it stands before a square is cut out of it: both sides cover the
// square. For other sizes, the size itself.
photo::Dimensions before_crop(photo::Dimensions upright, const photo::SizeSpec& spec);

struct Step {
  photo::SizeSpec spec;
  photo::Dimensions whole;          // before_crop()
  photo::Dimensions size;           // what comes out
  std::optional<std::size_t> from;  // an earlier step that is no square; nothing: the base
};

struct Plan {
  photo::Dimensions base;   // upright: what the picture is decoded to
  std::vector<Step> steps;  // from the largest down
};

// `sizes` is not empty.
Plan plan_sizes(photo::Dimensions original, std::span<const photo::SizeSpec> sizes);

// For this size alone, yet by the way it is made at upload where it is one of those: its step is
// the last.
Plan plan_one(photo::Dimensions original, const photo::SizeSpec& size);

}  // namespace farm::image
