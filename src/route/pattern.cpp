#include "route/pattern.h"

#include <algorithm>
#include <array>

namespace farm::route {
namespace {

constexpr int kMaxGroups = 10;  // \0 to \9

re2::StringPiece piece(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

RE2::Options Pattern::options() {
  RE2::Options options;
  options.set_max_mem(kMaxMemoryBytes);
  options.set_encoding(RE2::Options::EncodingLatin1);
  options.set_log_errors(false);
  return options;
}

Pattern::Pattern(std::string_view match, std::string_view rewrite)
    : match_(piece(match), options()), rewrite_(rewrite) {}

std::string Pattern::problem() const { return match_.ok() ? std::string() : match_.error(); }

std::string Pattern::rewrite_problem() const {
  if (rewrite_.empty() || !match_.ok()) return {};
  if (!rewrite_.starts_with('/')) return "the path it makes must begin with /";
  const auto breaks_target = [](char c) {
    return static_cast<unsigned char>(c) <= ' ' || c == 0x7f || c == '#' || c == '?';
  };
  if (std::ranges::any_of(rewrite_, breaks_target)) {
    return "a path has no spaces, control characters, ? and #; write %20 and the like";
  }
  std::string error;
  match_.CheckRewriteString(rewrite_, &error);
  return error;
}

bool Pattern::matches(std::string_view path) const {
  return match_.Match(piece(path), 0, path.size(), RE2::UNANCHORED, nullptr, 0);
}

std::string Pattern::rewritten(std::string_view path) const {
  if (rewrite_.empty()) return std::string(path);
  std::array<re2::StringPiece, kMaxGroups> groups;
  const int count = 1 + std::min(match_.NumberOfCapturingGroups(), kMaxGroups - 1);
  std::string out;
  const bool done =
      match_.Match(piece(path), 0, path.size(), RE2::UNANCHORED, groups.data(), count) &&
      match_.Rewrite(&out, rewrite_, groups.data(), count);
  return done ? out : std::string(path);
}

}  // namespace farm::route
