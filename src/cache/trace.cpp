#include "cache/trace.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>

namespace farm::cache {
namespace {

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// The next word, taken off the front of `line`.
std::string_view take_word(std::string_view& line) {
  const std::size_t begin = std::min(line.find_first_not_of(" \t\r"), line.size());
  line.remove_prefix(begin);
  const std::size_t end = std::min(line.find_first_of(" \t\r"), line.size());
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(end);
  return word;
}

std::string_view trimmed(std::string_view line) {
  const std::size_t begin = line.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) return {};
  return line.substr(begin, line.find_last_not_of(" \t\r") - begin + 1);
}

bool looks_like_a_log(std::string_view line) {
  const std::size_t quote = line.find('"');
  return quote != std::string_view::npos &&
         line.substr(quote).find(" HTTP/") != std::string_view::npos;
}

struct LogRequest {
  std::string_view method;
  std::string_view target;
  std::uint64_t status = 0;
  std::optional<std::uint64_t> bytes;  // "-" is none
};

std::optional<LogRequest> parse_log_line(std::string_view line) {
  const std::size_t quote = line.find('"');
  if (quote == std::string_view::npos) return std::nullopt;
  line.remove_prefix(quote + 1);
  const std::size_t end = line.find('"');
  if (end == std::string_view::npos) return std::nullopt;
  std::string_view request_line = line.substr(0, end);
  line.remove_prefix(end + 1);
  LogRequest request;
  request.method = take_word(request_line);
  request.target = take_word(request_line);
  const auto status = number(take_word(line));
  if (!status || request.target.empty()) return std::nullopt;
  request.status = *status;
  request.bytes = number(take_word(line));
  return request;
}

bool may_come_from_a_cache(const LogRequest& request) {
  static constexpr std::array<std::uint64_t, 7> kStatuses = {200, 203, 206, 301, 304, 404, 410};
  return request.method == "GET" && std::ranges::count(kStatuses, request.status) > 0;
}

}  // namespace

Result<void> Trace::add_line(std::string_view line) {
  line = trimmed(line);
  if (line.empty() || line.front() == '#') return ok();
  if (format_ == Format::kUnknown) {
    if (looks_like_a_log(line)) {
      format_ = Format::kLog;
    } else if (add_columns(line)) {
      format_ = Format::kColumns;
      return ok();
    } else {
      return fail(ErrorCode::kInvalidArgument, "cache",
                  "\"" + std::string(line.substr(0, 80)) +
                      "\" is no line of a trace (TIME ID BYTES) nor of an access log in the common "
                      "log format");
    }
  }
  if (keys_.size() == std::numeric_limits<std::uint32_t>::max()) {
    return fail(ErrorCode::kTooLarge, "cache", "the trace has more than 2^32 - 1 objects");
  }
  if (!(format_ == Format::kLog ? add_log_line(line) : add_columns(line))) ++skipped_lines_;
  return ok();
}

bool Trace::add_columns(std::string_view line) {
  const std::string_view time = take_word(line);
  const std::string_view id = take_word(line);
  const auto bytes = number(take_word(line));
  double ignored = 0;
  const bool timed =
      std::from_chars(time.data(), time.data() + time.size(), ignored).ec == std::errc();
  if (!timed || !bytes) return false;
  add(id, *bytes);
  return true;
}

bool Trace::add_log_line(std::string_view line) {
  const auto request = parse_log_line(line);
  if (!request || !may_come_from_a_cache(*request)) return false;
  std::uint64_t bytes = request->bytes.value_or(0);
  if (request->status == 206 || request->status == 304) {
    const auto known = by_key_.find(request->target);
    if (known != by_key_.end()) {
      bytes = std::max<std::uint64_t>(bytes, last_bytes_[known->second]);
    }
  }
  add(request->target, bytes);
  return true;
}

void Trace::add(std::string_view key, std::uint64_t bytes) {
  auto found = by_key_.find(key);
  if (found == by_key_.end()) {
    const auto place = static_cast<std::uint32_t>(keys_.size());
    found = by_key_.emplace(keys_.emplace_back(key), place).first;
    last_bytes_.push_back(0);
  }
  const auto bounded = static_cast<std::uint32_t>(
      std::min<std::uint64_t>(bytes, std::numeric_limits<std::uint32_t>::max()));
  last_bytes_[found->second] = bounded;
  requests_.push_back({found->second, bounded});
}

std::uint64_t Trace::footprint_bytes() const {
  std::uint64_t sum = 0;
  for (const std::uint32_t bytes : last_bytes_) sum += bytes;
  return sum;
}

}  // namespace farm::cache
