#include "render/worker_main.h"

#include "image/image.h"
#include "render/message.h"
#include "render/sample_pictures.h"
#include "sandbox/worker.h"

namespace farm::render {
namespace {

// Everything that a picture of any format needs is loaded before the door closes: one of each goes
// through all that is done with pictures.
Result<void> warm_up() {
  FARM_TRY(image::start("photofarm"));
  const image::Config config;
  for (const ByteView sample : sample_pictures()) {
    FARM_TRY(image::render_stored(sample, config));
    FARM_TRY(image::rotate(sample, image::Rotate{90}, config));
  }
  for (const photo::Format to : {photo::Format::kWebp, photo::Format::kAvif}) {
    FARM_TRY(image::render_one(sample_pictures().front(), photo::SizeCode::kSmall, to, config));
  }
  return ok();
}

Reply do_work(const Request& request, ByteView original) {
  const image::Config& config = request.config;
  switch (request.task) {
    case Task::kRenderStored:
      return reply_of(image::render_stored(original, config));
    case Task::kRenderOne:
      return reply_of(image::render_one(original, request.code, request.to, config));
    case Task::kRotate:
      return reply_of(image::rotate(original, request.rotate, config));
    case Task::kCrop:
      return reply_of(image::crop(original, request.crop, config));
  }
  return reply_of(Result<Bytes>(fail(ErrorCode::kInvalidArgument, "render", "no such task")));
}

Bytes handle(ByteView message) {
  const auto request = decode_request(message);
  if (!request) return encode(reply_of(Result<Bytes>(fail(request.error()))));
  return encode(do_work(request.value().request, request.value().original));
}

}  // namespace

int worker_main(int argument_count, char** arguments) {
  return sandbox::worker_main(argument_count, arguments, {.warm_up = warm_up, .handle = handle});
}

}  // namespace farm::render
