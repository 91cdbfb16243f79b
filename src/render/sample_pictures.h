// One small picture of every format that is taken (16x16 pixels, made for this with libvips): a
// worker decodes them before it closes its door.
#pragma once

#include <span>

#include "base/bytes.h"

namespace farm::render {

std::span<const ByteView> sample_pictures();

}  // namespace farm::render
