// What is sent to a worker and what comes back, as bytes. Both directions are read as if a stranger
// had written them: lengths are checked, counts are bounded, nothing is trusted that is not looked
// at. fields.h lists what is in which struct; a new field is a word there. Both ends are the same
// program, so there is one version, and no compatibility. Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "image/image.h"

namespace farm::render {

enum class Task : std::uint8_t { kRenderStored = 1, kRenderOne = 2, kRotate = 3, kCrop = 4 };

// The original follows behind it.
struct Request {
  Task task = Task::kRenderStored;
  photo::SizeCode code = photo::SizeCode::kOriginal;  // of kRenderOne
  photo::Format to = photo::Format::kJpeg;            // the same
  image::Rotate rotate{};                             // of kRotate
  image::Crop crop{};                                 // of kCrop
  image::Config config{};
};
Bytes encode(const Request& request);

struct Received {
  Request request;
  ByteView original;  // in the message
};
Result<Received> decode_request(ByteView message);

// Either an error or what was asked for: sizes, or a new original.
struct Reply {
  bool failed = false;
  ErrorCode error = ErrorCode::kInternal;
  std::string context;
  image::Rendered rendered;  // one size in it for kRenderOne
  Bytes edited;
};
Reply reply_of(Result<image::Rendered> result);
Reply reply_of(Result<image::RenderedSize> result);
Reply reply_of(Result<Bytes> result);
Bytes encode(const Reply& reply);

// The worker's own error, or kUnprocessable if the message is not what `asked` wants: the sizes
// named and no others, each of the dimensions it must have and in its format; an original in a
// format that is taken here.
Result<image::Rendered> decode_rendered(ByteView message, photo::Format asked);
Result<image::RenderedSize> decode_one(ByteView message, photo::SizeCode asked, photo::Format to);
Result<Bytes> decode_edited(ByteView message, const image::Limits& limits);

}  // namespace farm::render
