// multipart/form-data bodies (RFC 7578, RFC 2046 section 5.1), taken apart in place. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace farm::net {

// The boundary of a Content-Type header's value; nothing if it is not multipart/form-data with a
// valid one (1 to 70 characters).
std::optional<std::string> multipart_boundary(std::string_view content_type);

// The content of the part called `name`, as a view into `body`. kNotFound if there is none,
// kInvalidArgument if the body is malformed, if two parts have that name or there are over 64.
Result<ByteView> find_part(ByteView body, std::string_view boundary, std::string_view name);

}  // namespace farm::net
