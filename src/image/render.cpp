// Sizes: one decode down to the largest that is wanted, and each of the others from what is there.
#include <algorithm>
#include <chrono>
#include <vector>

#include "image/copyright.h"
#include "image/decode.h"
#include "image/encode.h"
#include "image/facts.h"
#include "image/image.h"
#include "image/loader.h"
#include "image/plan.h"
#include "image/reduce.h"
#include "image/sharpen.h"

namespace farm::image {
namespace {

using photo::Dimensions;
using photo::Format;

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

// The picture at each step of the plan.
Result<std::vector<Planes>> make_all(Opened& opened, const Plan& plan, const Config& config,
                                     Timings& timings) {
  const auto decoded = [&]() {
    const Stopwatch stopwatch(timings.decode_s);
    return decode(opened, plan.base, config);
  };
  FARM_TRY(Planes base, decoded());
  const Stopwatch stopwatch(timings.reduce_s);
  std::vector<Planes> made;
  for (const Step& step : plan.steps) {
    const Planes& source = step.from ? made[*step.from] : base;
    FARM_TRY(Planes reduced, reduce(source, step.size, config));
    made.push_back(std::move(reduced));
  }
  return made;
}

// What of the original is still to be known when its sizes are written.
struct Source {
  Dimensions dimensions;
  Bytes exif;  // for the sizes
};

Source source_of(const Opened& opened, const Config& config) {
  Source source{opened.picture.dimensions, {}};
  if (config.keep_copyright) source.exif = exif_of(read_copyright(opened.image));
  return source;
}

Result<RenderedSize> finish(Planes& planes, const Step& step, const Source& source, Format format,
                            const Config& config, Timings& timings) {
  const Stopwatch stopwatch(timings.encode_s);
  const photo::SizeCode code = step.spec.code;
  const bool reduced = step.whole != source.dimensions;
  if (reduced) sharpen(planes, config.sharpen);
  FARM_TRY(Bytes bytes, encode_size(planes, {format, config.quality_of(code, format),
                                             config.avif_effort, source.exif}));
  return RenderedSize{code, format, planes.dimensions, std::move(bytes)};
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
  const Source source = source_of(opened, config);
  const std::vector<photo::SizeSpec> wanted = stored_sizes(source.dimensions);
  const Plan plan = plan_sizes(source.dimensions, wanted);
  FARM_TRY(std::vector<Planes> made, make_all(opened, plan, config, rendered.timings));
  for (const photo::SizeSpec& spec : wanted) {
    const auto step =
        std::ranges::find(plan.steps, spec.code, [](const Step& one) { return one.spec.code; });
    Planes& planes = made[static_cast<std::size_t>(step - plan.steps.begin())];
    FARM_TRY(RenderedSize size,
             finish(planes, *step, source, Format::kJpeg, config, rendered.timings));
    rendered.sizes.push_back(std::move(size));
  }
  rendered.facts = facts_of(original, rendered.picture.format, rendered.sizes);
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
  const Source source = source_of(opened, config);
  Timings timings;
  const Plan plan = plan_one(source.dimensions, spec);
  FARM_TRY(std::vector<Planes> made, make_all(opened, plan, config, timings));
  return finish(made.back(), plan.steps.back(), source, to, config, timings);
}

Result<RenderedSize> render_one(ByteView original, photo::SizeCode code, const Config& config) {
  return render_one(original, code, Format::kJpeg, config);
}

}  // namespace farm::image
