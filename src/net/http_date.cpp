#include "net/http_date.h"

#include <time.h>

#include <array>
#include <cstdio>
#include <cstring>

namespace farm::net {
namespace {

constexpr std::array<const char*, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

bool is_leap(int year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

int days_in(int month, int year) {
  static constexpr std::array<int, 12> kLengths = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 1 && is_leap(year) ? 29 : kLengths[static_cast<std::size_t>(month)];
}

}  // namespace

std::string format_http_date(Millis wall_ms) {
  const auto seconds = static_cast<time_t>(wall_ms / 1000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 64> text{};
  const int length = std::snprintf(
      text.data(), text.size(), "%s, %02d %s %04d %02d:%02d:%02d GMT",
      kDays[static_cast<std::size_t>(parts.tm_wday)], parts.tm_mday,
      kMonths[static_cast<std::size_t>(parts.tm_mon)], parts.tm_year + 1900, parts.tm_hour,
      parts.tm_min, parts.tm_sec);
  return {text.data(), static_cast<std::size_t>(length)};
}

std::optional<Millis> parse_http_date(std::string_view text) {
  if (text.size() > 40) return {};
  const std::string copy(text);
  for (const char* format :
       {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"}) {
    std::tm parts{};
    const char* end = strptime(copy.c_str(), format, &parts);
    if (end == nullptr || *end != '\0') continue;
    if (parts.tm_mday < 1 || parts.tm_mday > days_in(parts.tm_mon, parts.tm_year + 1900)) continue;
    return static_cast<Millis>(timegm(&parts)) * 1000;
  }
  return {};
}

}  // namespace farm::net
