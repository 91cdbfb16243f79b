#include "render/renderer.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <thread>
#include <utility>

#include "image/measure.h"
#include "render/message.h"
#include "render/worker_main.h"
#include "sandbox/pool.h"

namespace farm::render {
namespace {

using image::Rendered;
using image::RenderedSize;

class InProcess final : public Renderer {
 public:
  explicit InProcess(const image::Config& config) : config_(config) {}

  Result<Rendered> render_stored(ByteView original) override {
    return image::render_stored(original, config_);
  }
  Result<RenderedSize> render_one(ByteView original, photo::SizeCode code,
                                  photo::Format to) override {
    return image::render_one(original, code, to, config_);
  }
  Result<Bytes> rotate(ByteView original, image::Rotate edit) override {
    return image::rotate(original, edit, config_);
  }
  Result<Bytes> crop(ByteView original, image::Crop edit) override {
    return image::crop(original, edit, config_);
  }
  std::vector<std::string> weaknesses() const override {
    return {"pictures are decoded in the server itself ([image] sandbox = \"off\")"};
  }
  void collect(obs::Samples&) const override {}

 private:
  const image::Config config_;
};

// What a request or an answer has besides the picture's bytes.
constexpr std::uint64_t kMessageSlack = 64 << 10;

class InWorkers final : public Renderer {
 public:
  InWorkers(const image::Config& image_config, const Config& config,
            std::unique_ptr<sandbox::Pool> pool, obs::Histogram overhead_seconds)
      : image_config_(image_config),
        limits_(config.limits),
        pool_(std::move(pool)),
        overhead_seconds_(overhead_seconds) {}

  Result<Rendered> render_stored(ByteView original) override {
    FARM_TRY(const photo::Format format, image::identify(original));
    FARM_TRY(const Bytes reply, run({.task = Task::kRenderStored}, original));
    return decode_rendered(reply, format);
  }
  Result<RenderedSize> render_one(ByteView original, photo::SizeCode code,
                                  photo::Format to) override {
    FARM_TRY(const Bytes reply, run({.task = Task::kRenderOne, .code = code, .to = to}, original));
    return decode_one(reply, code, to);
  }
  Result<Bytes> rotate(ByteView original, image::Rotate edit) override {
    FARM_TRY(const Bytes reply, run({.task = Task::kRotate, .rotate = edit}, original));
    return decode_edited(reply, image_config_.limits);
  }
  Result<Bytes> crop(ByteView original, image::Crop edit) override {
    FARM_TRY(const Bytes reply, run({.task = Task::kCrop, .crop = edit}, original));
    return decode_edited(reply, image_config_.limits);
  }
  std::vector<std::string> weaknesses() const override {
    std::vector<std::string> told = pool_->level().missing();
    for (std::string& one : told) one.insert(0, "image workers are not wholly locked down: ");
    return told;
  }
  void collect(obs::Samples& out) const override { pool_->collect(out); }

 private:
  // What the header alone gives away needs no worker: decoders take memory for what a header says
  // before anybody can look at it. A header that says nothing is left to the decoder.
  Result<void> check(ByteView original) const {
    if (original.size() > image_config_.limits.max_file_bytes) {
      return fail(ErrorCode::kTooLarge, "render", "the file is larger than is taken");
    }
    FARM_TRY(image::identify(original));
    if (const auto shape = image::measure(original)) {
      FARM_TRY(image::check_dimensions(shape.value().stored, image_config_.limits));
    }
    return ok();
  }

  Result<Bytes> run(Request request, ByteView original) {
    FARM_TRY(check(original));
    request.config = image_config_;
    // A picture that is alone may have the cores that others leave free.
    const Busy busy(busy_);
    request.config.encode_threads = std::max(1U, std::thread::hardware_concurrency() / busy.now);
    const Bytes head = encode(request);
    const std::array<ByteView, 2> parts = {head, original};
    auto done = pool_->run(parts, limits_);
    if (!done) {
      Error error = std::move(done).error();
      if (error.code == ErrorCode::kUnprocessable) {
        error.context.insert(0, "the picture could not be decoded within the limits: ");
      }
      return fail(std::move(error));
    }
    overhead_seconds_.observe(std::chrono::duration<double>(done.value().overhead).count());
    return std::move(done.value().answer);
  }

  // Counts the pictures under way.
  struct Busy {
    explicit Busy(std::atomic<unsigned>& count) : counter(count), now(++count) {}
    Busy(const Busy&) = delete;
    Busy& operator=(const Busy&) = delete;
    ~Busy() { --counter; }
    std::atomic<unsigned>& counter;
    const unsigned now;  // this one included
  };

  const image::Config image_config_;
  std::atomic<unsigned> busy_{0};
  const sandbox::Limits limits_;
  const std::unique_ptr<sandbox::Pool> pool_;
  const obs::Histogram overhead_seconds_;
};

}  // namespace

std::unique_ptr<Renderer> make_in_process_renderer(const image::Config& image_config) {
  return std::make_unique<InProcess>(image_config);
}

Result<std::unique_ptr<Renderer>> make_renderer(const image::Config& image_config,
                                                const Config& config, std::size_t callers,
                                                obs::Metrics& metrics) {
  if (config.sandbox == Sandbox::kOff) {
    FARM_TRY(image::start("photofarm"));
    return make_in_process_renderer(image_config);
  }
  sandbox::Config pool_config;
  pool_config.name = "image";
  pool_config.arguments = {kWorkerArgument};
  pool_config.environment = {
      // libvips would put large pictures into temporary files, and there are none.
      "VIPS_DISC_THRESHOLD=1000g",
      // jemalloc would keep address space that it has no use for, which is limited there.
      "MALLOC_CONF=retain:false",
  };
  // One more than can be busy: it is ready when another one dies or is replaced.
  pool_config.workers = callers + 1;
  pool_config.required = config.sandbox == Sandbox::kRequired;
  pool_config.jobs_per_worker = config.jobs_per_worker;
  pool_config.request_max_bytes = image_config.limits.max_file_bytes + kMessageSlack;
  // An edited original may be larger than the one it was made from, a bit.
  pool_config.answer_max_bytes = image_config.limits.max_file_bytes + kMessageSlack;
  FARM_TRY(auto pool, sandbox::Pool::start(std::move(pool_config)));
  const obs::Histogram overhead =
      metrics.histogram("photofarm_image_sandbox_seconds",
                        "What a picture's way to its worker and back takes.", obs::time_bounds());
  return std::make_unique<InWorkers>(image_config, config, std::move(pool), overhead);
}

}  // namespace farm::render
