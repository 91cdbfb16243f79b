// The names under which a response can be purged together with others: its Cache-Tag headers. Pure;
// thread-safe.
#pragma once

#include <string>

#include "cache/http/cache_control.h"

namespace farm::cache {

inline constexpr std::size_t kMaxTags = 64;
inline constexpr std::size_t kMaxTagBytes = 128;

// "p123 album7", as an Object has them: of all lines of the field, parted by commas or white space,
// each tag once. Tags over kMaxTagBytes, or with anything but visible ASCII, and those behind the
// first kMaxTags are left out.
std::string cache_tags(Headers response);

// Whether `tag` is one that cache_tags() keeps.
bool is_cache_tag(std::string_view tag);

}  // namespace farm::cache
