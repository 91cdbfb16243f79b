// Sizes: one decode down to the largest that is wanted, and each of the others from what is there.
#include <algorithm>
#include <chrono>
#include <vector>

#include "image/colour.h"
#include "image/encode.h"
#include "image/image.h"
#include "image/loader.h"
#include "image/plan.h"
#include "image/reduce.h"

namespace farm::image {
namespace {

using photo::Dimensions;
using photo::Format;

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

Result<Image> reduce_into_memory(const Image& source, Dimensions whole, Timings& timings) {
  const Stopwatch stopwatch(timings.reduce_s);
  FARM_TRY(const Image recipe, reduce(source, whole));
  return into_memory(recipe);
}

// The whole picture at each step of the plan, in memory.
Result<std::vector<Image>> make_all(Opened& opened, const Plan& plan, Timings& timings) {
  const auto decoded = [&]() {
    const Stopwatch stopwatch(timings.decode_s);
    return decode(opened, plan.base);
  };
  FARM_TRY(const Image base, decoded());
  std::vector<Image> made;
  for (const Step& step : plan.steps) {
    const Image& source = step.from ? made[*step.from] : base;
    FARM_TRY(Image reduced, reduce_into_memory(source, step.whole, timings));
    made.push_back(std::move(reduced));
  }
  return made;
}

Result<RenderedSize> finish(const Image& whole, Dimensions original, photo::SizeCode code,
                            Format format, const Config& config, Timings& timings) {
  const Stopwatch stopwatch(timings.encode_s);
  const Dimensions size = photo::scaled(original, photo::spec_of(code));
  FARM_TRY(const Image cut, crop_centre(whole, size));
  FARM_TRY(Bytes bytes,
           encode_size(cut, {format, config.quality_of(code, format), config.avif_effort}));
  return RenderedSize{code, format, size, std::move(bytes)};
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
  const Dimensions upright = opened.picture.dimensions;
  const std::vector<photo::SizeSpec> wanted = stored_sizes(upright);
  const Plan plan = plan_sizes(upright, wanted);
  FARM_TRY(const std::vector<Image> made, make_all(opened, plan, rendered.timings));
  for (const photo::SizeSpec& spec : wanted) {
    const auto step =
        std::ranges::find(plan.steps, spec.code, [](const Step& one) { return one.spec.code; });
    const Image& whole = made[static_cast<std::size_t>(step - plan.steps.begin())];
    FARM_TRY(RenderedSize size,
             finish(whole, upright, spec.code, Format::kJpeg, config, rendered.timings));
    rendered.sizes.push_back(std::move(size));
  }
  return rendered;
}

Result<RenderedSize> render_one(ByteView original, photo::SizeCode code, Format to,
                                const Config& config) {
  const Visit visit;
  const photo::SizeSpec& spec = photo::spec_of(code);
  if (spec.side_px == 0) {
    return fail(ErrorCode::kInvalidArgument, "image", "the original is stored, not rendered");
  }
  if (to != Format::kJpeg && to != Format::kWebp && to != Format::kAvif) {
    return fail(ErrorCode::kInvalidArgument, "image", "sizes are made as JPEG, WebP or AVIF");
  }
  FARM_TRY(Opened opened, open(original, config.limits));
  const Dimensions upright = opened.picture.dimensions;
  Timings timings;
  FARM_TRY(const std::vector<Image> made, make_all(opened, plan_one(upright, spec), timings));
  return finish(made.back(), upright, code, to, config, timings);
}

Result<RenderedSize> render_one(ByteView original, photo::SizeCode code, const Config& config) {
  return render_one(original, code, Format::kJpeg, config);
}

}  // namespace farm::image
