// Sizes: one decode down to the largest that is wanted, and each of the others from what is there.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <optional>
#include <thread>
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

// What of the original is still to be known when its sizes are written.
struct Source {
  Dimensions dimensions;
  Bytes exif;     // for the sizes
  Bytes profile;  // the same; empty: they are sRGB
};

Source source_of(const Opened& opened, const Config& config) {
  Source source{opened.picture.dimensions, {}, {}};
  if (config.keep_copyright) source.exif = exif_of(read_copyright(opened.image));
  return source;
}

// The picture at each step of the plan.
Result<std::vector<Planes>> make_all(Opened& opened, const Plan& plan, const Config& config,
                                     Source& source, Timings& timings) {
  const auto decoded = [&]() {
    const Stopwatch stopwatch(timings.decode_s);
    return decode(opened, plan.base, config);
  };
  FARM_TRY(const Decoded base, decoded());
  source.profile.assign(base.profile.begin(), base.profile.end());
  const Stopwatch stopwatch(timings.reduce_s);
  std::vector<Planes> made;
  for (const Step& step : plan.steps) {
    const Planes& larger = step.from ? made[*step.from] : base.planes;
    FARM_TRY(Planes reduced, reduce(larger, step.size, config));
    made.push_back(std::move(reduced));
  }
  return made;
}

Result<RenderedSize> finish(Planes& planes, const Step& step, const Source& source, Format format,
                            const Config& config, Timings& timings) {
  const Stopwatch stopwatch(timings.encode_s);
  const photo::SizeCode code = step.spec.code;
  const bool reduced = step.whole != source.dimensions;
  if (reduced) sharpen(planes, config.sharpen);
  FARM_TRY(Bytes bytes, encode_size(planes, {format, config.quality_of(code, format),
                                             config.avif_effort, source.exif, source.profile}));
  return RenderedSize{code, format, planes.dimensions, std::move(bytes)};
}

// All sizes, each on its own, by as many threads as are allowed; the last one, which is the
// largest, first. No library that keeps something for a thread has a part in it.
std::vector<Result<RenderedSize>> finish_all(std::vector<Planes>& made, const Plan& plan,
                                             const std::vector<photo::SizeSpec>& wanted,
                                             const Source& source, const Config& config,
                                             Timings& timings) {
  std::vector<std::optional<Result<RenderedSize>>> sizes(wanted.size());
  std::atomic<std::size_t> left{wanted.size()};
  const auto work = [&](Timings& spent) {
    for (std::size_t n = left--; n > 0 && n <= wanted.size(); n = left--) {
      const auto step = std::ranges::find(plan.steps, wanted[n - 1].code,
                                          [](const Step& one) { return one.spec.code; });
      Planes& planes = made[static_cast<std::size_t>(step - plan.steps.begin())];
      sizes[n - 1].emplace(finish(planes, *step, source, Format::kJpeg, config, spent));
    }
  };
  const std::size_t threads = std::clamp<std::size_t>(config.encode_threads, 1, wanted.size());
  std::vector<Timings> spent(threads);
  {
    std::vector<std::jthread> others;
    for (std::size_t i = 1; i < threads; ++i) others.emplace_back([&, i] { work(spent[i]); });
    work(spent[0]);
  }
  for (const Timings& one : spent) timings.encode_s += one.encode_s;
  std::vector<Result<RenderedSize>> finished;
  for (auto& size : sizes) finished.push_back(std::move(size).value());
  return finished;
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
  Source source = source_of(opened, config);
  const std::vector<photo::SizeSpec> wanted = stored_sizes(source.dimensions);
  const Plan plan = plan_sizes(source.dimensions, wanted);
  FARM_TRY(std::vector<Planes> made, make_all(opened, plan, config, source, rendered.timings));
  for (auto& size : finish_all(made, plan, wanted, source, config, rendered.timings)) {
    FARM_TRY(RenderedSize finished, std::move(size));
    rendered.sizes.push_back(std::move(finished));
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
  Source source = source_of(opened, config);
  Timings timings;
  const Plan plan = plan_one(source.dimensions, spec);
  Config decoding = config;
  decoding.keep_profile &= to == Format::kJpeg;  // nothing here puts one into the others
  FARM_TRY(std::vector<Planes> made, make_all(opened, plan, decoding, source, timings));
  return finish(made.back(), plan.steps.back(), source, to, config, timings);
}

Result<RenderedSize> render_one(ByteView original, photo::SizeCode code, const Config& config) {
  return render_one(original, code, Format::kJpeg, config);
}

}  // namespace farm::image
