// What is to go out of the caches: one path, all that begins alike, or all that carries a tag.
// Pure, and thread-safe as any value is, but for purge_memory(), which any thread may call.
//
// Cache keys are "/path?query" as it was sent, or "host/path?query", either followed by '\n' and
// what tells the variants of a response apart (Vary); a purge means all variants. A path or prefix
//   "/a/b.jpg?x=1"   is meant on every host, and with exactly that query
//   "//host/a/b.jpg" on that host alone: keys that begin with it; "///a/b.jpg": keys without a host
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "cache/http/tags.h"

namespace farm::cache {

class MemoryTier;

struct Purge {
  enum class Kind : std::uint8_t { kPath = 1, kPrefix = 2, kTag = 3 };
  Kind kind = Kind::kPath;
  std::string value;
  bool soft = false;  // stale from now on instead of gone

  bool operator==(const Purge&) const = default;
};

inline constexpr std::size_t kMaxPurgeBytes = 8 << 10;  // of a path or prefix

std::string_view to_string(Purge::Kind kind);  // "path", "prefix", "tag"

// What a person gave, checked: kInvalidArgument with a sentence, kTooLarge if it is too long. Paths
// and prefixes may be whole URLs: they mean that host, and keys without a host, so that two purges
// come of one.
Result<std::vector<Purge>> parse_purge(Purge::Kind kind, std::string_view text, bool soft);
// The same for one that another process sends: it stays as it is.
Result<void> check_purge(const Purge& purge);

// How hard an object is hit.
enum class PurgeVerdict : std::uint8_t { kGood, kStale, kGone };

// Purges by what they mean, each with a number. Not thread-safe.
class PurgeSet {
 public:
  // `purge` outlives its stay. What it makes superfluous goes: the numbers of those are returned,
  // 0 where there is none.
  struct Superseded {
    std::uint64_t same = 0;
    std::uint64_t softer = 0;
  };
  Superseded add(const Purge& purge, std::uint64_t number);
  void remove(const Purge& purge);

  // The hardest of those with a number above `since` that mean an object with this key and these
  // tags (separated by one space).
  PurgeVerdict judge(std::string_view key, std::string_view tags, std::uint64_t since) const;

 private:
  using Numbers = std::unordered_map<std::string_view, std::uint64_t>;
  using SortedNumbers = std::map<std::string_view, std::uint64_t>;
  // All purges of one hardness.
  struct Level {
    Numbers paths;
    Numbers tags;
    SortedNumbers prefixes;
    std::size_t with_host = 0;  // paths and prefixes among them

    bool means(std::string_view key, std::string_view tags, std::uint64_t since) const;
    bool means_target(std::string_view target, std::uint64_t since) const;
    std::uint64_t put(const Purge& purge, std::uint64_t number);
    std::uint64_t take(const Purge& purge);
  };
  Level& level(bool soft) { return soft ? soft_ : hard_; }

  Level hard_;
  Level soft_;
};

// Takes out of the memory tier, or makes stale, what these purges mean; how many objects that were.
// Goes through the whole index once, a shard at a time; what is inserted meanwhile may stay, so
// that who inserts asks PurgeLog::judge() afterwards.
std::uint64_t purge_memory(std::span<const Purge> purges, MemoryTier& tier);

}  // namespace farm::cache
