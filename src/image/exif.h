// What EXIF (CIPA DC-008) tells of the shot. Its block lies in every format at another place, and
// is the structure of TIFF, written by a thousand cameras and tools: read by a parser of this
// room's own, which looks for four tags, allocates nothing for the rest, and reads nothing outside
// the block. Internal to the room. Pure; views look into the bytes given.
#pragma once

#include <optional>
#include <string>

#include "base/bytes.h"
#include "photo/size_code.h"

namespace farm::image {

// The block, from its byte order on; nothing where the picture has none.
std::optional<ByteView> find_exif(ByteView original, photo::Format format);

// Each empty where the block does not tell it or says nonsense.
struct Shot {
  std::string taken_at;  // as photo::Facts has it
  std::string camera;    // make and model, cleaned: valid UTF-8, no control characters, bounded
};
Shot read_shot(ByteView exif);

}  // namespace farm::image
