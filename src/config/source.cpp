#include "config/source.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace farm::config {
namespace {

constexpr std::size_t kMaxFileBytes = 1 << 20;
constexpr std::size_t kMaxShown = 100;

struct Descriptor {
  int fd;
  ~Descriptor() {
    if (fd >= 0) close(fd);
  }
};

}  // namespace

void Problems::add(Place place, std::string_view key, std::string_view why) {
  all_.insert({place, std::string(key), std::string(why)});
}

std::string Problems::text(std::string_view file) const {
  std::string out;
  std::size_t shown = 0;
  for (const Problem& problem : all_) {
    if (!out.empty()) out.push_back('\n');
    if (shown++ == kMaxShown) {
      return out.append("and ").append(std::to_string(all_.size() - kMaxShown)).append(" more");
    }
    if (!file.empty()) out.append(file).push_back(':');
    if (problem.place.line != 0) out.append(std::to_string(problem.place.line)).push_back(':');
    if (!file.empty() || problem.place.line != 0) out.push_back(' ');
    if (!problem.key.empty()) out.append(problem.key).append(": ");
    out.append(problem.why);
  }
  return out;
}

Result<std::string> read_file(const std::filesystem::path& file) {
  const std::string what = "cannot read " + file.string();
  const Descriptor opened{open(file.c_str(), O_RDONLY | O_CLOEXEC)};
  if (opened.fd < 0) return fail(errno_error(errno, "config", what));
  std::string text;
  std::array<char, 16384> part{};
  while (text.size() <= kMaxFileBytes) {
    const ssize_t got = read(opened.fd, part.data(), part.size());
    if (got == 0) return text;
    if (got < 0 && errno != EINTR) return fail(errno_error(errno, "config", what));
    if (got > 0) text.append(part.data(), static_cast<std::size_t>(got));
  }
  return fail(ErrorCode::kTooLarge, "config", what + ": over 1 MiB, so it is no configuration");
}

}  // namespace farm::config
