// Error bodies: RFC 9457 application/problem+json.
#pragma once

#include <string>
#include <string_view>

namespace farm::net {

inline constexpr std::string_view kProblemType = "application/problem+json";

// {"type":"about:blank","title":"Not Found","status":404,"detail":"…"}
std::string problem_json(int status, std::string_view detail);

// `text` as a JSON string, with its quotes (RFC 8259 section 7). Bytes that are no UTF-8 become
// U+FFFD.
std::string json_string(std::string_view text);

}  // namespace farm::net
