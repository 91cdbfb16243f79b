#include "cache/http/tags.h"

#include <algorithm>
#include <vector>

namespace farm::cache {

bool is_cache_tag(std::string_view tag) {
  return !tag.empty() && tag.size() <= kMaxTagBytes &&
         std::ranges::all_of(tag, [](char c) { return c > ' ' && c <= '~' && c != ','; });
}

std::string cache_tags(Headers response) {
  std::vector<std::string_view> tags;
  for (const net::HeaderView& header : response) {
    if (!net::equals_ignoring_case(header.name, "Cache-Tag")) continue;
    for (std::string_view rest = header.value; !rest.empty() && tags.size() < kMaxTags;) {
      const std::string_view tag = rest.substr(0, rest.find_first_of(", \t"));
      rest.remove_prefix(std::min(tag.size() + 1, rest.size()));
      if (is_cache_tag(tag) && std::ranges::count(tags, tag) == 0) tags.push_back(tag);
    }
  }
  std::string out;
  for (const std::string_view tag : tags) {
    if (!out.empty()) out += ' ';
    out += tag;
  }
  return out;
}

}  // namespace farm::cache
