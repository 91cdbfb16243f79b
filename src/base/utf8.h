// UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing beyond U+10FFFF. Pure.
#pragma once

#include <cstddef>
#include <string_view>

namespace farm {

// The length of the sequence at the front of `text` (not empty), 0 if it is none.
std::size_t utf8_length(std::string_view text);

bool is_utf8(std::string_view text);

}  // namespace farm
