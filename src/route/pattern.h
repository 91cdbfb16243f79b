// One route's regular expression and what it makes of a path, by RE2: linear in the path, with
// bounded memory. Thread-safe. Internal to route.
#pragma once

#include <re2/re2.h>

#include <string>
#include <string_view>

#include "base/result.h"

namespace farm::route {

class Pattern {
 public:
  // Of all states of one expression, together with its program.
  static constexpr std::int64_t kMaxMemoryBytes = 1 << 20;

  // Bytes, not characters: a path is whatever a client sends.
  Pattern(std::string_view match, std::string_view rewrite);

  // Why it is none; empty if it is good. Of the rewriting, the same.
  std::string problem() const;
  std::string rewrite_problem() const;

  bool matches(std::string_view path) const;
  // The path to ask for; `path` itself if there is no rewriting, or it does not match.
  std::string rewritten(std::string_view path) const;

 private:
  static RE2::Options options();

  RE2 match_;
  std::string rewrite_;
};

}  // namespace farm::route
