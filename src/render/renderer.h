// What the program asks of pictures, wherever it is done: in worker processes that cannot hurt, or
// (for debugging) in this one. Results and errors are those of image/image.h; besides, a picture
// that was too much for its worker is kUnprocessable (422), with a sentence that says how.
//
// Thread-safe. Calls take long: make them on an image thread (io::offload).
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "image/image.h"
#include "obs/metrics.h"
#include "render/config.h"

namespace farm::render {

class Renderer {
 public:
  Renderer() = default;
  virtual ~Renderer() = default;
  Renderer(const Renderer&) = delete;
  Renderer& operator=(const Renderer&) = delete;

  virtual Result<image::Rendered> render_stored(ByteView original) = 0;
  virtual Result<image::RenderedSize> render_one(ByteView original, photo::SizeCode code,
                                                 photo::Format to) = 0;
  virtual Result<Bytes> rotate(ByteView original, image::Rotate edit) = 0;
  virtual Result<Bytes> crop(ByteView original, image::Crop edit) = 0;

  // What keeps hostile pictures from being harmless here, a phrase each; nothing if all is well.
  virtual std::vector<std::string> weaknesses() const = 0;
  virtual void collect(obs::Samples& out) const = 0;
};

// As config.sandbox says; `callers` threads may ask at once. Refers to `metrics` as long as it
// lives. kUnavailable if no worker starts, or none can be locked down as is required. With "off",
// libvips is started in this process.
Result<std::unique_ptr<Renderer>> make_renderer(const image::Config& image_config,
                                                const Config& config, std::size_t callers,
                                                obs::Metrics& metrics);

// The one in this process. image::start() is the caller's.
std::unique_ptr<Renderer> make_in_process_renderer(const image::Config& image_config);

}  // namespace farm::render
