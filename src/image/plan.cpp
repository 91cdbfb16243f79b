#include "image/plan.h"

#include <algorithm>
#include <cmath>
#include <functional>

namespace farm::image {
namespace {

using photo::Dimensions;
using photo::SizeSpec;

// Of what there is, the smallest that still has twice the pixels needed along each side: reducing
// from it costs a fraction of reducing from the largest, and what it has lost is not seen in the
// result.
std::optional<std::size_t> source_for(const std::vector<Step>& made, Dimensions needed) {
  for (std::size_t i = made.size(); i-- > 0;) {
    const Dimensions there = made[i].whole;
    if (made[i].spec.square) continue;  // not the whole picture any more
    if (there.width >= 2 * needed.width && there.height >= 2 * needed.height) return i;
  }
  return {};
}

std::uint64_t pixels(Dimensions size) { return std::uint64_t{size.width} * size.height; }

// The step at `last` and those it is made from.
Plan only(const Plan& whole, std::size_t last) {
  std::vector<std::size_t> way = {last};
  while (whole.steps[way.back()].from) way.push_back(*whole.steps[way.back()].from);
  Plan plan{whole.base, {}};
  for (auto step = way.rbegin(); step != way.rend(); ++step) {
    plan.steps.push_back(whole.steps[*step]);
    if (plan.steps.size() > 1) plan.steps.back().from = plan.steps.size() - 2;
  }
  return plan;
}

}  // namespace

std::vector<SizeSpec> stored_sizes(Dimensions original) {
  std::vector<SizeSpec> sizes;
  const std::uint32_t longest = std::max(original.width, original.height);
  for (const SizeSpec& spec : photo::kSizes) {
    const bool left_out = spec.only_if_larger && longest <= spec.side_px;
    if (spec.stored && spec.side_px != 0 && !left_out) sizes.push_back(spec);
  }
  return sizes;
}

Dimensions before_crop(Dimensions upright, const SizeSpec& spec) {
  const Dimensions size = photo::scaled(upright, spec);
  if (!spec.square) return size;
  const std::uint32_t shortest = std::min(upright.width, upright.height);
  const auto in_proportion = [&](std::uint32_t side) {
    const double exact = static_cast<double>(side) * size.width / shortest;
    return static_cast<std::uint32_t>(std::lround(exact));
  };
  return {in_proportion(upright.width), in_proportion(upright.height)};
}

Plan plan_sizes(Dimensions original, std::span<const SizeSpec> sizes) {
  Plan plan;
  for (const SizeSpec& spec : sizes) {
    plan.steps.push_back({spec, before_crop(original, spec), photo::scaled(original, spec), {}});
  }
  std::ranges::stable_sort(plan.steps, std::greater{},
                           [](const Step& step) { return pixels(step.whole); });
  std::vector<Step> made;
  for (Step& step : plan.steps) {
    // All are in the same proportion, so the widest is the largest.
    plan.base = {std::max(plan.base.width, step.whole.width),
                 std::max(plan.base.height, step.whole.height)};
    step.from = source_for(made, step.whole);
    made.push_back(step);
  }
  return plan;
}

Plan plan_one(Dimensions original, const SizeSpec& size) {
  const std::vector<SizeSpec> stored = stored_sizes(original);
  if (std::ranges::find(stored, size.code, &SizeSpec::code) == stored.end()) {
    return plan_sizes(original, std::span(&size, 1));
  }
  const Plan all = plan_sizes(original, stored);
  const auto step =
      std::ranges::find(all.steps, size.code, [](const Step& one) { return one.spec.code; });
  return only(all, static_cast<std::size_t>(step - all.steps.begin()));
}

}  // namespace farm::image
