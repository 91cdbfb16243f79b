// Keys and values as error messages show them. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace farm::config {

// With control characters escaped, so that a file cannot write to the terminal through its error
// messages.
std::string printable(std::string_view text);

// In double quotes, cut where it is long, and printable.
std::string in_quotes(std::string_view text);

// A key as TOML would write it: bare where it can be, else quoted.
std::string key_text(std::string_view key);

// The one of `known` that was most likely meant by `key`; empty if none is near.
std::string_view nearest(std::string_view key, std::span<const std::string_view> known);

}  // namespace farm::config
