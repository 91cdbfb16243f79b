#include "config/quantity.h"

#include <charconv>
#include <cstdlib>
#include <optional>
#include <span>

#include "config/document.h"
#include "config/words.h"

namespace farm::config {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t factor;
};

constexpr Unit kSizeUnits[] = {
    {"TiB", 1LL << 40},
    {"GiB", 1LL << 30},
    {"MiB", 1LL << 20},
    {"KiB", 1LL << 10},
    {"TB", 1'000'000'000'000},
    {"GB", 1'000'000'000},
    {"MB", 1'000'000},
    {"kB", 1'000},
    {"B", 1},
};

constexpr Unit kDurationUnits[] = {
    {"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1},
};

struct Kind {
  std::span<const Unit> units;
  std::string_view noun;
  std::string_view example;
};

constexpr Kind kSize{kSizeUnits, "a size", "\"64KiB\""};
constexpr Kind kDuration{kDurationUnits, "a time", "\"30s\""};

std::string unit_names(const Kind& kind) {
  std::string names;
  for (std::size_t i = kind.units.size(); i-- > 0;) {
    if (!names.empty()) names.append(i == 0 ? " or " : ", ");
    names.append(kind.units[i].name);
  }
  return names;
}

const Unit* find_unit(const Kind& kind, std::string_view name) {
  for (const Unit& unit : kind.units) {
    if (unit.name == name) return &unit;
  }
  return nullptr;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

NotAnAmount refuse(const Kind& kind, std::string_view text, std::string_view what) {
  std::string why = in_quotes(text);
  why.append(" ").append(what).append("; write ").append(kind.noun).append(" such as ");
  return {why.append(kind.example)};
}

std::variant<std::int64_t, NotAnAmount> amount_from_text(const Kind& kind, std::string_view text) {
  if (text.empty()) return refuse(kind, text, "is empty");
  if (text.front() == '-') return refuse(kind, text, "is negative");
  std::size_t digits = 0;
  while (digits < text.size() && is_digit(text[digits])) ++digits;
  if (digits == 0) return refuse(kind, text, "does not start with a number");
  if (digits > 1 && text.front() == '0') return refuse(kind, text, "starts with a needless 0");
  std::int64_t number = 0;
  const bool fits = std::from_chars(text.data(), text.data() + digits, number).ec == std::errc{};
  std::string_view rest = text.substr(digits);
  if (rest.empty()) {
    if (fits && number == 0) return 0;
    return refuse(kind, text, "has no unit (" + unit_names(kind) + ")");
  }
  if (rest.front() == '.' || rest.front() == ',') {
    return refuse(kind, text, "is not a whole number of a unit");
  }
  if (rest.front() == ' ') rest.remove_prefix(1);
  const Unit* unit = find_unit(kind, rest);
  if (unit == nullptr) {
    return refuse(kind, text, "has an unknown unit (known: " + unit_names(kind) + ")");
  }
  std::int64_t product = 0;
  if (!fits || __builtin_mul_overflow(number, unit->factor, &product)) {
    return refuse(kind, text, "is too large to be counted");
  }
  return product;
}

std::string amount_to_text(const Kind& kind, std::int64_t amount) {
  if (amount == 0) return "0";
  const Unit* best = &kind.units.back();
  for (const Unit& unit : kind.units) {
    if (amount % unit.factor == 0 && amount / unit.factor < amount / best->factor) best = &unit;
  }
  return std::to_string(amount / best->factor).append(best->name);
}

std::optional<std::int64_t> value_of(const std::variant<std::int64_t, NotAnAmount>& amount) {
  if (const auto* value = std::get_if<std::int64_t>(&amount)) return *value;
  return {};
}

}  // namespace

std::variant<std::int64_t, NotAnAmount> size_from_text(std::string_view text) {
  return amount_from_text(kSize, text);
}

std::variant<std::int64_t, NotAnAmount> duration_from_text(std::string_view text) {
  return amount_from_text(kDuration, text);
}

std::string size_to_text(std::int64_t bytes) { return amount_to_text(kSize, bytes); }

std::string duration_to_text(std::chrono::milliseconds duration) {
  return amount_to_text(kDuration, duration.count());
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  const auto bytes = value_of(size_from_text(text));
  if (!bytes) return {};
  return static_cast<std::uint64_t>(*bytes);
}

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  const auto ms = value_of(duration_from_text(text));
  if (!ms) return {};
  return std::chrono::milliseconds(*ms);
}

}  // namespace farm::config
