#include "cache/http/cache_control.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace farm::cache {
namespace {

// delta-seconds (section 1.2.2); in quotes too, as section 5.2 asks of recipients.
Seconds seconds(std::string_view text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
    text = text.substr(1, text.size() - 2);
  }
  if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos) return 0;
  std::uint64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec == std::errc::result_out_of_range) return kMaxSeconds;
  return static_cast<Seconds>(std::min<std::uint64_t>(value, kMaxSeconds));
}

struct NumberDirective {
  std::string_view name;
  std::optional<Seconds> CacheControl::*field;
};
constexpr std::array<NumberDirective, 6> kNumbers = {{
    {"max-age", &CacheControl::max_age},
    {"s-maxage", &CacheControl::s_maxage},
    {"max-stale", &CacheControl::max_stale},
    {"min-fresh", &CacheControl::min_fresh},
    {"stale-while-revalidate", &CacheControl::stale_while_revalidate},
    {"stale-if-error", &CacheControl::stale_if_error},
}};

struct FlagDirective {
  std::string_view name;
  bool CacheControl::*field;
};
constexpr std::array<FlagDirective, 9> kFlags = {{
    {"no-store", &CacheControl::no_store},
    {"no-cache", &CacheControl::no_cache},
    {"private", &CacheControl::is_private},
    {"public", &CacheControl::is_public},
    {"must-revalidate", &CacheControl::must_revalidate},
    {"proxy-revalidate", &CacheControl::proxy_revalidate},
    {"must-understand", &CacheControl::must_understand},
    {"only-if-cached", &CacheControl::only_if_cached},
    {"immutable", &CacheControl::immutable},
}};

// Of several of one name, the first counts, or the last.
enum class Repeated { kFirst, kLast };

void set_directive(CacheControl& out, Repeated repeated, std::string_view name,
                   std::optional<std::string_view> value) {
  for (const auto& [known, field] : kNumbers) {
    if (!net::equals_ignoring_case(known, name)) continue;
    if (repeated == Repeated::kFirst && out.*field) continue;
    // max-stale alone takes any staleness (section 5.2.1.2); the others without a number are wrong.
    out.*field = value ? seconds(*value) : (known == "max-stale" ? kMaxSeconds : 0);
  }
  for (const auto& [known, field] : kFlags) {
    if (net::equals_ignoring_case(known, name)) out.*field = true;
  }
}

bool is_key(std::string_view text) {
  constexpr std::string_view kFirst = "abcdefghijklmnopqrstuvwxyz*";
  return !text.empty() && kFirst.find(text.front()) != std::string_view::npos &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-.*") ==
             std::string_view::npos;
}

// A bare item of RFC 8941 (section 3.3) as far as directives have it: an integer, a token, a string
// or a boolean. Inner lists and byte sequences count as malformed.
bool is_item(std::string_view text) {
  if (text.empty()) return false;
  if (text.front() == '"') return text.size() >= 2 && text.find('"', 1) == text.size() - 1;
  if (text.front() == '?') return text == "?0" || text == "?1";
  const std::string_view digits = text.front() == '-' ? text.substr(1) : text;
  if (!digits.empty() && digits.find_first_not_of("0123456789") == std::string_view::npos) {
    return digits.size() <= 15;
  }
  const bool letter = (text.front() >= 'A' && text.front() <= 'Z') ||
                      (text.front() >= 'a' && text.front() <= 'z') || text.front() == '*';
  return letter && text.find_first_of(" \t\"(),;=") == std::string_view::npos;
}

bool has_open_quote(std::string_view text) {
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (quoted && text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      quoted = !quoted;
    }
  }
  return quoted;
}

}  // namespace

std::string_view take_member(std::string_view& list) {
  bool quoted = false;
  std::size_t end = 0;
  for (; end < list.size(); ++end) {
    if (list[end] == '"') quoted = !quoted;
    if (quoted && list[end] == '\\') ++end;
    if (!quoted && list[end] == ',') break;
  }
  end = std::min(end, list.size());
  const std::string_view member = net::trim(list.substr(0, end));
  list.remove_prefix(std::min(end + 1, list.size()));
  return member;
}

CacheControl parse_cache_control(Headers headers) {
  CacheControl out;
  for_each_member(headers, "Cache-Control", [&](std::string_view member) {
    if (has_open_quote(member)) out.no_store = true;
    const std::size_t equals = member.find('=');
    const std::string_view name = net::trim(member.substr(0, equals));
    if (equals == std::string_view::npos) {
      set_directive(out, Repeated::kFirst, name, std::nullopt);
    } else {
      set_directive(out, Repeated::kFirst, name, net::trim(member.substr(equals + 1)));
    }
  });
  return out;
}

std::optional<CacheControl> parse_cdn_cache_control(Headers headers) {
  CacheControl out;
  bool any = false;
  bool good = true;
  for_each_member(headers, "CDN-Cache-Control", [&](std::string_view member) {
    any = true;
    const std::string_view item = net::trim(member.substr(0, member.find(';')));  // no parameters
    const std::size_t equals = item.find('=');
    const std::string_view key = item.substr(0, equals);
    good = good && is_key(key);
    if (equals == std::string_view::npos) {
      set_directive(out, Repeated::kLast, key, std::nullopt);
      return;
    }
    const std::string_view value = item.substr(equals + 1);
    good = good && is_item(value);
    if (value != "?0") set_directive(out, Repeated::kLast, key, value);
  });
  if (!any || !good) return std::nullopt;
  return out;
}

CacheControl response_cache_control(Headers headers) {
  if (const auto targeted = parse_cdn_cache_control(headers)) return *targeted;
  return parse_cache_control(headers);
}

std::optional<std::string_view> find_header(Headers headers, std::string_view name) {
  for (const net::HeaderView& header : headers) {
    if (net::equals_ignoring_case(header.name, name)) return header.value;
  }
  return std::nullopt;
}

}  // namespace farm::cache
