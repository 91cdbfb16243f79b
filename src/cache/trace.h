// A trace of requests, read line by line from what others wrote. Three kinds of lines are known:
//
//   TIME ID BYTES                                   request traces of CDNs, as research publishes
//   them HOST IDENT USER [TIME] "GET /path HTTP/1.1" STATUS BYTES …   the common log format and
//   those that
//                                                   begin with it (combined, vcombined's "HOST:PORT
//                                                   ")
//   CLASS BYTES                                     sizes alone: no requests, so an error
//
// The first line tells which. Of a log only GET counts, with a status of 200, 203, 206, 301, 304,
// 404 or 410; what has no size of its own (304, 206) is as large as the object was when seen whole.
// Memory: 8 bytes a request, and each distinct key once. Not thread-safe.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"

namespace farm::cache {

struct TraceRequest {
  std::uint32_t object = 0;  // its place in Trace::keys()
  std::uint32_t bytes = 0;   // at most 4 GiB - 1
};

class Trace {
 public:
  Trace() = default;
  Trace(Trace&&) = default;
  Trace& operator=(Trace&&) = default;

  // Empty lines and those that begin with '#' are left out, and so are a log's other requests and
  // the odd line that fits no format (counted). kInvalidArgument if the first line fits none, or
  // if there are more than 2^32 - 1 objects.
  Result<void> add_line(std::string_view line);
  void add(std::string_view key, std::uint64_t bytes);

  const std::vector<TraceRequest>& requests() const { return requests_; }
  const std::deque<std::string>& keys() const { return keys_; }
  std::uint64_t skipped_lines() const { return skipped_lines_; }

  // Of all distinct objects, each as large as when it was seen last.
  std::uint64_t footprint_bytes() const;

 private:
  enum class Format : std::uint8_t { kUnknown, kColumns, kLog };

  bool add_columns(std::string_view line);
  bool add_log_line(std::string_view line);

  Format format_ = Format::kUnknown;
  std::vector<TraceRequest> requests_;
  std::deque<std::string> keys_;  // stays in place: by_key_ looks into it
  std::vector<std::uint32_t> last_bytes_;
  std::unordered_map<std::string_view, std::uint32_t> by_key_;
  std::uint64_t skipped_lines_ = 0;
};

}  // namespace farm::cache
