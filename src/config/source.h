// The file behind a Document: its text, and what was found wrong with it.
#pragma once

#include <compare>
#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <string_view>

#include "base/result.h"

namespace farm::config {

// Where in a file; counted from 1, line 0 is nowhere.
struct Place {
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  auto operator<=>(const Place&) const = default;
};

// Problems in the order of the file, each once.
class Problems {
 public:
  void add(Place place, std::string_view key, std::string_view why);
  bool empty() const { return all_.empty(); }
  // A line "FILE:LINE: KEY: why" each; what a problem does not have is left out.
  std::string text(std::string_view file) const;

 private:
  struct Problem {
    Place place;
    std::string key;
    std::string why;
    auto operator<=>(const Problem&) const = default;
  };
  std::set<Problem> all_;
};

struct Source {
  virtual ~Source() = default;
  void add(Place place, std::string_view key, std::string_view why) {
    problems.add(place, key, why);
  }

  std::string file;  // empty where there is none
  Problems problems;
};

// The whole file; kNotFound, kIo, or kTooLarge for what cannot be a configuration.
Result<std::string> read_file(const std::filesystem::path& file);

}  // namespace farm::config
