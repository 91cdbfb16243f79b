// Sizes: one decode down to the largest that is wanted, and each of the others from what is there.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <numeric>
#include <vector>

#include "image/colour.h"
#include "image/encode.h"
#include "image/facts.h"
#include "image/image.h"
#include "image/loader.h"
#include "image/reduce.h"

namespace farm::image {
namespace {

using photo::Dimensions;
using photo::SizeSpec;

std::vector<SizeSpec> stored_sizes(Dimensions original) {
  std::vector<SizeSpec> sizes;
  const std::uint32_t longest = std::max(original.width, original.height);
  for (const SizeSpec& spec : photo::kSizes) {
    const bool left_out = spec.only_if_larger && longest <= spec.side_px;
    if (spec.stored && spec.side_px != 0 && !left_out) sizes.push_back(spec);
  }
  return sizes;
}

// All are in the same proportion, so the widest is the largest.
Dimensions largest(Dimensions original, const std::vector<SizeSpec>& sizes) {
  Dimensions found;
  for (const SizeSpec& spec : sizes) {
    const Dimensions needed = before_crop(original, spec);
    found = {std::max(found.width, needed.width), std::max(found.height, needed.height)};
  }
  return found;
}

// The picture upright, opaque and in sRGB, of these dimensions, in memory. Everything before the
// first into_memory() runs as the decoder delivers rows, so the full-size picture is never held
// (but by formats whose decoder itself holds it).
Result<Image> decode(Opened& opened, Dimensions upright) {
  const Dimensions as_stored = opened.turned ? Dimensions{upright.height, upright.width} : upright;
  FARM_TRY(const Image loaded, load_for(opened, as_stored));
  FARM_TRY(const Image opaque, make_opaque(loaded));
  FARM_TRY(const Image reduced, reduce(opaque, as_stored));
  FARM_TRY(const Image srgb, to_srgb(reduced));
  FARM_TRY(const Image decoded, into_memory(srgb));
  FARM_TRY(const Image turned,
           apply([&](VipsImage** out) { return vips_autorot(decoded.get(), out, nullptr); }));
  return into_memory(turned);
}

// The whole picture at one of the dimensions it has passed through, in memory.
struct Made {
  Dimensions dimensions;
  Image image;
};

// The smallest that still has twice the pixels needed along each side: reducing from it costs a
// fraction of reducing from the largest, and what it has lost is not seen in the result.
const Image& source_for(const std::vector<Made>& made, Dimensions needed) {
  const auto enough = [&](const Made& one) {
    return one.dimensions.width >= 2 * needed.width && one.dimensions.height >= 2 * needed.height;
  };
  const auto smallest_first = std::ranges::find_if(made.rbegin(), made.rend(), enough);
  return smallest_first == made.rend() ? made.front().image : smallest_first->image;
}

// Adds the time from its making to its end.
class Stopwatch {
 public:
  explicit Stopwatch(double& seconds) : seconds_(seconds) {}
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;
  ~Stopwatch() { seconds_ += std::chrono::duration<double>(Steady::now() - start_).count(); }

 private:
  using Steady = std::chrono::steady_clock;
  double& seconds_;
  const Steady::time_point start_ = Steady::now();
};

Result<Image> reduce_into_memory(const std::vector<Made>& made, Dimensions whole,
                                 Timings& timings) {
  const Stopwatch stopwatch(timings.reduce_s);
  FARM_TRY(const Image recipe, reduce(source_for(made, whole), whole));
  return into_memory(recipe);
}

// `made` begins with the largest; what is made for this size is added to it.
Result<RenderedSize> render(std::vector<Made>& made, Dimensions original, const SizeSpec& spec,
                            const Config& config, Timings& timings) {
  const Dimensions whole = before_crop(original, spec);
  const Dimensions size = photo::scaled(original, spec);
  FARM_TRY(Image reduced, reduce_into_memory(made, whole, timings));
  FARM_TRY(const Image cut, crop_centre(reduced, size));
  const Stopwatch stopwatch(timings.encode_s);
  FARM_TRY(Bytes bytes, encode_size(cut, config.jpeg_quality));
  made.push_back({whole, std::move(reduced)});
  return RenderedSize{spec.code, photo::Format::kJpeg, size, std::move(bytes)};
}

// Sizes in the order given, though made from the largest down.
Result<std::vector<RenderedSize>> render_all(Opened& opened, const std::vector<SizeSpec>& sizes,
                                             const Config& config, Timings& timings) {
  const Dimensions original = opened.picture.dimensions;
  const Dimensions top = largest(original, sizes);
  std::vector<Made> made;
  {
    const Stopwatch stopwatch(timings.decode_s);
    FARM_TRY(Image base, decode(opened, top));
    made.push_back({top, std::move(base)});
  }

  std::vector<RenderedSize> rendered(sizes.size());
  std::vector<std::size_t> order(sizes.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, std::greater{}, [&](std::size_t i) {
    const Dimensions whole = before_crop(original, sizes[i]);
    return std::uint64_t{whole.width} * whole.height;
  });
  for (const std::size_t i : order) {
    FARM_TRY(rendered[i], render(made, original, sizes[i], config, timings));
  }
  return rendered;
}

}  // namespace

Result<Picture> probe(ByteView original, const Limits& limits) {
  const Visit visit;
  FARM_TRY(const Opened opened, open(original, limits));
  return opened.picture;
}

Result<Rendered> render_stored(ByteView original, const Config& config) {
  const Visit visit;
  FARM_TRY(Opened opened, open(original, config.limits));
  Rendered rendered;
  rendered.picture = opened.picture;
  const std::vector<SizeSpec> wanted = stored_sizes(opened.picture.dimensions);
  FARM_TRY(rendered.sizes, render_all(opened, wanted, config, rendered.timings));
  rendered.facts = facts_of(original, rendered.picture.format, rendered.sizes);
  return rendered;
}

Result<RenderedSize> render_one(ByteView original, photo::SizeCode code, const Config& config) {
  const Visit visit;
  const SizeSpec& spec = photo::spec_of(code);
  if (spec.side_px == 0) {
    return fail(ErrorCode::kInvalidArgument, "image", "the original is stored, not rendered");
  }
  FARM_TRY(Opened opened, open(original, config.limits));
  Timings timings;
  FARM_TRY(std::vector<RenderedSize> sizes, render_all(opened, {spec}, config, timings));
  return std::move(sizes.front());
}

}  // namespace farm::image
