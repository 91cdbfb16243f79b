#include "image/plan.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace farm::image {
namespace {

using photo::Dimensions;
using photo::SizeCode;

std::string codes(const Plan& plan) {
  std::string text;
  for (const Step& step : plan.steps) text += static_cast<char>(step.spec.code);
  return text;
}

TEST(Plan, GoesFromTheLargestDown) {
  const Dimensions original{3264, 2448};
  const Plan plan = plan_sizes(original, stored_sizes(original));
  EXPECT_EQ(codes(plan), "b-mst");
  EXPECT_EQ(plan.base, (Dimensions{1024, 768}));
}

TEST(Plan, MakesNothingFromLessThanTwiceItsPixels) {
  for (const Dimensions original : {Dimensions{3264, 2448}, {90, 3000}, {1, 1}, {333, 1000}}) {
    const Plan plan = plan_sizes(original, stored_sizes(original));
    for (const Step& step : plan.steps) {
      if (!step.from) continue;
      const Dimensions from = plan.steps[*step.from].whole;
      EXPECT_GE(from.width, 2 * step.whole.width);
      EXPECT_GE(from.height, 2 * step.whole.height);
    }
  }
}

TEST(Plan, MakesOneStoredSizeAsAtUpload) {
  const Dimensions original{3264, 2448};
  const Plan all = plan_sizes(original, stored_sizes(original));
  for (const Step& wanted : all.steps) {
    const Plan one = plan_one(original, wanted.spec);
    EXPECT_EQ(one.base, all.base);
    ASSERT_FALSE(one.steps.empty());
    EXPECT_EQ(one.steps.back().spec.code, wanted.spec.code);
    // Backwards along both, the same dimensions.
    const Step* here = &one.steps.back();
    const Step* there = &wanted;
    while (here->from && there->from) {
      here = &one.steps[*here->from];
      there = &all.steps[*there->from];
      EXPECT_EQ(here->whole, there->whole);
    }
    EXPECT_EQ(here->from, there->from);
  }
}

TEST(Plan, DecodesToWhatAnOnDemandSizeNeeds) {
  const Plan plan = plan_one({3264, 2448}, photo::spec_of(SizeCode::kBigSquare));
  EXPECT_EQ(codes(plan), "q");
  EXPECT_EQ(plan.base, (Dimensions{200, 150}));
}

}  // namespace
}  // namespace farm::image
