#include "net/http_date.h"

#include <time.h>

#include <array>
#include <cstring>

namespace farm::net {
namespace {

constexpr std::array<const char*, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<const char*, 7> kLongDays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                  "Thursday", "Friday", "Saturday"};
constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

bool is_leap(int year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

int days_in(int month, int year) {
  static constexpr std::array<int, 12> kLengths = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 1 && is_leap(year) ? 29 : kLengths[static_cast<std::size_t>(month)];
}

// Reads a date from the left. Neither strptime, which takes spaces and digits more freely and the
// names from the locale, nor an allocation.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  void literal(std::string_view wanted) {
    if (!rest_.starts_with(wanted)) return give_up();
    rest_.remove_prefix(wanted.size());
  }

  // Exactly `digits` of them.
  int number(std::size_t digits) {
    int value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      if (rest_.empty() || rest_.front() < '0' || rest_.front() > '9') return give_up(), 0;
      value = value * 10 + (rest_.front() - '0');
      rest_.remove_prefix(1);
    }
    return value;
  }

  // The index of the name that comes next.
  template <std::size_t N>
  int name(const std::array<const char*, N>& names) {
    for (std::size_t i = 0; i < N; ++i) {
      if (!rest_.starts_with(names[i])) continue;
      rest_.remove_prefix(std::strlen(names[i]));
      return static_cast<int>(i);
    }
    give_up();
    return 0;
  }

  bool next_is(char c) const { return rest_.starts_with(c); }
  bool at_end() const { return good_ && rest_.empty(); }

 private:
  void give_up() {
    good_ = false;
    rest_ = {};
  }

  std::string_view rest_;
  bool good_ = true;
};

void read_time(Scanner& in, std::tm& out) {
  out.tm_hour = in.number(2);
  in.literal(":");
  out.tm_min = in.number(2);
  in.literal(":");
  out.tm_sec = in.number(2);
}

// "Sun, 06 Nov 1994 08:49:37 GMT"
void read_fixdate(Scanner& in, std::tm& out) {
  in.name(kDays);
  in.literal(", ");
  out.tm_mday = in.number(2);
  in.literal(" ");
  out.tm_mon = in.name(kMonths);
  in.literal(" ");
  out.tm_year = in.number(4) - 1900;
  in.literal(" ");
  read_time(in, out);
  in.literal(" GMT");
}

// "Sunday, 06-Nov-94 08:49:37 GMT"; the years are those from 1969 to 2068, as in POSIX.
void read_rfc850(Scanner& in, std::tm& out) {
  in.name(kLongDays);
  in.literal(", ");
  out.tm_mday = in.number(2);
  in.literal("-");
  out.tm_mon = in.name(kMonths);
  in.literal("-");
  const int year = in.number(2);
  out.tm_year = year < 69 ? year + 100 : year;
  in.literal(" ");
  read_time(in, out);
  in.literal(" GMT");
}

// "Sun Nov  6 08:49:37 1994"
void read_asctime(Scanner& in, std::tm& out) {
  in.name(kDays);
  in.literal(" ");
  out.tm_mon = in.name(kMonths);
  in.literal(" ");
  const bool padded = in.next_is(' ');
  if (padded) in.literal(" ");
  out.tm_mday = in.number(padded ? 1 : 2);
  in.literal(" ");
  read_time(in, out);
  in.literal(" ");
  out.tm_year = in.number(4) - 1900;
}

}  // namespace

namespace {

struct CivilDate {
  std::int64_t year;
  unsigned month;  // from 1
  unsigned day;    // from 1
};

// Days since 1970 to a date of the proleptic Gregorian calendar, counted in eras of 400 years that
// begin on 1 March (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
CivilDate civil_date(std::int64_t days) {
  days += 719468;
  const std::int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  const auto day_of_era = static_cast<unsigned>(days - era * 146097);
  const unsigned year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const unsigned day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const unsigned shifted_month = (5 * day_of_year + 2) / 153;
  const unsigned month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
  return {static_cast<std::int64_t>(year_of_era) + era * 400 + (month <= 2 ? 1 : 0), month,
          day_of_year - (153 * shifted_month + 2) / 5 + 1};
}

char* put_digits(char* out, std::uint64_t value, int count) {
  for (int i = count - 1; i >= 0; --i) {
    out[i] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
  return out + count;
}

char* put_text(char* out, std::string_view text) {
  std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

}  // namespace

// By hand and not by strftime: Last-Modified is written for every picture served.
HttpDate::HttpDate(Millis wall_ms) {
  constexpr std::int64_t kDayS = 86'400;
  const std::int64_t seconds = wall_ms >= 0 ? wall_ms / 1000 : (wall_ms - 999) / 1000;
  const std::int64_t days = seconds >= 0 ? seconds / kDayS : (seconds - kDayS + 1) / kDayS;
  const auto in_day = static_cast<std::uint64_t>(seconds - days * kDayS);
  const CivilDate date = civil_date(days);
  const std::int64_t weekday = ((days + 4) % 7 + 7) % 7;  // 1970 began on a Thursday
  char* out = text_.data();
  out = put_text(out, kDays[static_cast<std::size_t>(weekday)]);
  out = put_text(out, ", ");
  out = put_digits(out, date.day, 2);
  *out++ = ' ';
  out = put_text(out, kMonths[date.month - 1]);
  *out++ = ' ';
  out = put_digits(out, static_cast<std::uint64_t>(date.year), 4);
  *out++ = ' ';
  out = put_digits(out, in_day / 3600, 2);
  *out++ = ':';
  out = put_digits(out, in_day / 60 % 60, 2);
  *out++ = ':';
  out = put_digits(out, in_day % 60, 2);
  put_text(out, " GMT");
}

std::optional<Millis> parse_http_date(std::string_view text) {
  Scanner scanner(text);
  std::tm parts{};
  const std::size_t comma = text.find(',');
  if (comma == std::string_view::npos) {
    read_asctime(scanner, parts);
  } else if (comma == 3) {
    read_fixdate(scanner, parts);
  } else {
    read_rfc850(scanner, parts);
  }
  if (!scanner.at_end() || parts.tm_hour > 23 || parts.tm_min > 59 || parts.tm_sec > 60) return {};
  if (parts.tm_mday < 1 || parts.tm_mday > days_in(parts.tm_mon, parts.tm_year + 1900)) return {};
  return static_cast<Millis>(timegm(&parts)) * 1000;
}

}  // namespace farm::net
