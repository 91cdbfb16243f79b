#include "app/progress.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>

namespace farm::app {
namespace {

constexpr std::chrono::milliseconds kRedraw{100};
constexpr std::chrono::seconds kPlainLine{5};
constexpr std::size_t kBarWidth = 30;

}  // namespace

std::string human_bytes(std::uint64_t bytes) {
  static constexpr std::array kUnits = {"B", "KB", "MB", "GB", "TB", "PB"};
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 999.5 && unit + 1 < kUnits.size()) {
    value /= 1000;
    ++unit;
  }
  std::array<char, 32> text;
  const int digits = unit > 0 && value < 9.95 ? 1 : 0;
  std::snprintf(text.data(), text.size(), "%.*f %s", digits, value, kUnits[unit]);
  return text.data();
}

Progress::Progress(std::string what, std::string unit, std::uint64_t total)
    : what_(std::move(what)),
      unit_(std::move(unit)),
      total_(total),
      terminal_(isatty(STDERR_FILENO) != 0),
      last_(Steady::now()) {}

Progress::~Progress() {
  const std::lock_guard lock(mutex_);
  clear();
}

void Progress::set(std::uint64_t done, std::uint64_t total) {
  const std::lock_guard lock(mutex_);
  done_ = done;
  total_ = total;
  draw(false);
}

void Progress::advance() {
  const std::lock_guard lock(mutex_);
  ++done_;
  draw(false);
}

void Progress::finish() {
  const std::lock_guard lock(mutex_);
  clear();
  total_ = 0;
}

void Progress::print(const std::string& text) {
  const std::lock_guard lock(mutex_);
  clear();
  std::fprintf(stdout, "%s\n", text.c_str());
  std::fflush(stdout);
  draw(true);
}

void Progress::print_error(const std::string& text) {
  const std::lock_guard lock(mutex_);
  clear();
  std::fprintf(stderr, "%s\n", text.c_str());
  draw(true);
}

void Progress::clear() {
  if (drawn_) std::fputs("\r\x1b[K", stderr);
  drawn_ = false;
}

void Progress::draw(bool force) {
  const auto now = Steady::now();
  const bool due = now - last_ >= (terminal_ ? Steady::duration(kRedraw) : kPlainLine);
  if (total_ == 0 || (!due && !(force && terminal_))) return;
  if (!due && !drawn_ && !force) return;
  last_ = now;
  const std::uint64_t done = std::min(done_, total_);
  const bool bytes = unit_ == "bytes";
  std::string figures = bytes ? human_bytes(done) : std::to_string(done);
  if (total_ != kUnknown)
    figures += " of " + (bytes ? human_bytes(total_) : std::to_string(total_));
  if (!bytes) figures += " " + unit_;
  if (!terminal_) {
    std::fprintf(stderr, "%s: %s\n", what_.c_str(), figures.c_str());
    return;
  }
  if (total_ == kUnknown) {
    std::fprintf(stderr, "\r\x1b[K%s %s", what_.c_str(), figures.c_str());
    drawn_ = true;
    return;
  }
  const auto filled = static_cast<std::size_t>(
      static_cast<double>(done) / static_cast<double>(total_) * static_cast<double>(kBarWidth));
  std::fprintf(stderr, "\r\x1b[K%s [%s%s] %s", what_.c_str(), std::string(filled, '#').c_str(),
               std::string(kBarWidth - filled, '-').c_str(), figures.c_str());
  drawn_ = true;
}

}  // namespace farm::app
