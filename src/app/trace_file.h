// Reads a text file line by line, be it plain, gzip or xz: its first bytes tell. "-" is stdin.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace farm::app {

// `line` gets each without its end, and ends the reading with an error. `progress` is told the
// bytes read of the file, every so often. kNotFound or kIo if the file cannot be read; kCorrupt if
// what is packed in it is damaged or cut short; kTooLarge for a line of more than 1 MiB.
Result<void> for_each_line(const std::string& file,
                           const std::function<Result<void>(std::string_view)>& line,
                           const std::function<void(std::uint64_t)>& progress = {});

}  // namespace farm::app
