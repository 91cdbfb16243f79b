#include "cache/purge.h"

#include <algorithm>

#include "base/utf8.h"
#include "cache/memory_tier.h"

namespace farm::cache {
namespace {

// So few tags are cheaper one by one: the index then tells which objects may have them.
constexpr std::size_t kFewTags = 4;

auto invalid(std::string what) {
  return fail(ErrorCode::kInvalidArgument, "cache", std::move(what));
}

bool is_unprintable(char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f; }

bool has_host(std::string_view value) { return value.starts_with("//"); }

// "HTTP://Host:80/a" as {"host", "/a"}.
struct UrlParts {
  std::string host;
  std::string_view target;
};
Result<UrlParts> split_url(std::string_view text) {
  const bool secure = text.starts_with("https://");
  std::string_view rest = text.substr(secure ? 8 : 7);
  const std::size_t end = std::min(rest.find_first_of("/?"), rest.size());
  std::string host(rest.substr(0, end));
  std::ranges::transform(host, host.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  const std::string_view port = secure ? ":443" : ":80";
  if (host.ends_with(port)) host.resize(host.size() - port.size());
  if (host.empty() || host.find('@') != std::string::npos) {
    return invalid("\"" + std::string(text) + "\" is no URL with a host");
  }
  return UrlParts{std::move(host), rest.substr(end)};
}

std::size_t common_prefix(std::string_view a, std::string_view b) {
  return static_cast<std::size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
}

// Whether one of the set, with a number above `since`, begins `text`. Of all that are not greater
// than `text`, the greatest shares at least as much with it as any that begins it; so each step
// finds one, or leaves less to be begun.
template <class Map>
bool begins(const Map& prefixes, std::string_view text, std::uint64_t since) {
  while (!text.empty()) {
    auto found = prefixes.upper_bound(text);
    if (found == prefixes.begin()) return false;
    --found;
    const std::size_t shared = common_prefix(text, found->first);
    if (shared < found->first.size()) {
      text = text.substr(0, shared);
    } else if (found->second > since) {
      return true;
    } else {
      text = text.substr(0, found->first.size() - 1);
    }
  }
  return false;
}

}  // namespace

std::string_view to_string(Purge::Kind kind) {
  switch (kind) {
    case Purge::Kind::kPath:
      return "path";
    case Purge::Kind::kPrefix:
      return "prefix";
    case Purge::Kind::kTag:
      return "tag";
  }
  return "unknown";
}

Result<void> check_purge(const Purge& purge) {
  const std::string kind(to_string(purge.kind));
  const std::string_view value = purge.value;
  const std::size_t most = purge.kind == Purge::Kind::kTag ? kMaxTagBytes : kMaxPurgeBytes;
  if (value.size() > most) {
    return fail(ErrorCode::kTooLarge, "cache",
                "a " + kind + " is over " + std::to_string(most) + " bytes");
  }
  if (value.empty() || std::ranges::any_of(value, is_unprintable) || !is_utf8(value)) {
    return invalid("a " + kind +
                   " is UTF-8, not empty, and has neither spaces nor control characters");
  }
  if (purge.kind == Purge::Kind::kTag) {
    if (is_cache_tag(value)) return ok();
    return invalid("\"" + purge.value + "\" is no tag: visible ASCII without a comma");
  }
  if (!value.starts_with('/')) {
    return invalid("\"" + purge.value + "\" begins neither with '/' nor with http://");
  }
  return ok();
}

Result<std::vector<Purge>> parse_purge(Purge::Kind kind, std::string_view text, bool soft) {
  Purge purge{kind, std::string(text), soft};
  const bool url = text.starts_with("http://") || text.starts_with("https://");
  if (kind == Purge::Kind::kTag || !url) {
    FARM_TRY(check_purge(purge));
    return std::vector{std::move(purge)};
  }
  FARM_TRY(const UrlParts parts, split_url(text));
  const std::string target = (parts.target.starts_with('/') ? "" : "/") + std::string(parts.target);
  purge.value = "//" + parts.host + target;
  FARM_TRY(check_purge(purge));
  return std::vector{std::move(purge), Purge{kind, "//" + target, soft}};
}

PurgeSet::Superseded PurgeSet::add(const Purge& purge, std::uint64_t number) {
  Superseded gone;
  gone.same = level(purge.soft).put(purge, number);
  if (!purge.soft) gone.softer = soft_.take(purge);
  return gone;
}

void PurgeSet::remove(const Purge& purge) { level(purge.soft).take(purge); }

PurgeVerdict PurgeSet::judge(std::string_view key, std::string_view tags,
                             std::uint64_t since) const {
  if (hard_.means(key, tags, since)) return PurgeVerdict::kGone;
  if (soft_.means(key, tags, since)) return PurgeVerdict::kStale;
  return PurgeVerdict::kGood;
}

std::uint64_t PurgeSet::Level::put(const Purge& purge, std::uint64_t number) {
  const std::uint64_t before = take(purge);
  if (purge.kind == Purge::Kind::kTag) {
    tags.emplace(purge.value, number);
    return before;
  }
  if (has_host(purge.value)) ++with_host;
  if (purge.kind == Purge::Kind::kPath) {
    paths.emplace(purge.value, number);
  } else {
    prefixes.emplace(purge.value, number);
  }
  return before;
}

std::uint64_t PurgeSet::Level::take(const Purge& purge) {
  const auto take_from = [&](auto& map) -> std::uint64_t {
    const auto found = map.find(std::string_view(purge.value));
    if (found == map.end()) return 0;
    const std::uint64_t number = found->second;
    map.erase(found);
    return number;
  };
  if (purge.kind == Purge::Kind::kTag) return take_from(tags);
  const std::uint64_t number =
      purge.kind == Purge::Kind::kPath ? take_from(paths) : take_from(prefixes);
  if (number != 0 && has_host(purge.value)) --with_host;
  return number;
}

bool PurgeSet::Level::means_target(std::string_view target, std::uint64_t since) const {
  const auto found = paths.find(target);
  if (found != paths.end() && found->second > since) return true;
  return begins(prefixes, target, since);
}

bool PurgeSet::Level::means(std::string_view key, std::string_view object_tags,
                            std::uint64_t since) const {
  while (!tags.empty() && !object_tags.empty()) {
    const std::size_t end = std::min(object_tags.find(' '), object_tags.size());
    const auto found = tags.find(object_tags.substr(0, end));
    if (found != tags.end() && found->second > since) return true;
    object_tags.remove_prefix(std::min(end + 1, object_tags.size()));
  }
  if (paths.empty() && prefixes.empty()) return false;
  key = key.substr(0, key.find('\n'));
  const std::size_t slash = key.find('/');
  if (means_target(slash == std::string_view::npos ? key : key.substr(slash), since)) return true;
  return with_host > 0 && means_target("//" + std::string(key), since);
}

std::uint64_t purge_memory(std::span<const Purge> purges, MemoryTier& tier) {
  const auto is_tag = [](const Purge& purge) { return purge.kind == Purge::Kind::kTag; };
  if (purges.size() <= kFewTags && std::ranges::all_of(purges, is_tag)) {
    std::uint64_t count = 0;
    for (const Purge& purge : purges) {
      count += purge.soft ? tier.expire_tag(purge.value) : tier.erase_tag(purge.value);
    }
    return count;
  }
  PurgeSet set;
  std::uint64_t number = 0;
  for (const Purge& purge : purges) set.add(purge, ++number);
  std::uint64_t expired = 0;
  const std::uint64_t erased = tier.erase_if([&](const Object& object) {
    const PurgeVerdict verdict = set.judge(object.key(), object.tags(), 0);
    if (verdict == PurgeVerdict::kStale && !object.expired()) {
      object.expire();
      ++expired;
    }
    return verdict == PurgeVerdict::kGone;
  });
  return erased + expired;
}

}  // namespace farm::cache
