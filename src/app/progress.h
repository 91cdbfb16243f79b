// Progress of long work, to stderr: a bar on a terminal, a plain line every few seconds elsewhere.
// Thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>

namespace farm::app {

class Progress {
 public:
  static constexpr std::uint64_t kUnknown = UINT64_MAX;  // a total that nobody knows

  // `what` stands before the figures; `unit` is shown behind them: "files", "bytes". Nothing is
  // shown while the total is 0.
  Progress(std::string what, std::string unit, std::uint64_t total);
  ~Progress();  // clears the bar
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void set(std::uint64_t done, std::uint64_t total);
  void advance();  // by one

  // Takes the bar away: what follows is printed by others.
  void finish();

  // Writes a line to stdout without tearing the bar.
  void print(const std::string& text);
  // The same to stderr.
  void print_error(const std::string& text);

 private:
  using Steady = std::chrono::steady_clock;

  void draw(bool force);
  void clear();

  std::mutex mutex_;
  const std::string what_;
  const std::string unit_;
  std::uint64_t done_ = 0;
  std::uint64_t total_;
  const bool terminal_;
  bool drawn_ = false;
  Steady::time_point last_;
};

// "829 KB", "1.4 GB": powers of 1000.
std::string human_bytes(std::uint64_t bytes);

}  // namespace farm::app
