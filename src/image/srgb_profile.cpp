#include "image/srgb_profile.h"

#include <array>
#include <cmath>
#include <optional>
#include <string_view>

namespace farm::image {
namespace {

constexpr std::size_t kHeaderBytes = 128;
constexpr std::size_t kTagBytes = 12;
constexpr std::size_t kMaxTags = 100;
constexpr double kPrimaryTolerance = 0.003;
constexpr int kCurvePoints = 64;

// Adapted to D50, as profiles have them.
constexpr std::array<std::array<double, 3>, 3> kPrimaries = {
    {{0.4361, 0.2225, 0.0139}, {0.3851, 0.7169, 0.0971}, {0.1431, 0.0606, 0.7142}}};

std::uint32_t u32(ByteView bytes, std::size_t at) {
  return __builtin_bswap32(load_le<std::uint32_t>(bytes, at));
}
std::uint16_t u16(ByteView bytes, std::size_t at) {
  return __builtin_bswap16(load_le<std::uint16_t>(bytes, at));
}
double fixed(ByteView bytes, std::size_t at) {  // s15Fixed16Number
  return static_cast<std::int32_t>(u32(bytes, at)) / 65536.0;
}

std::optional<ByteView> find_tag(ByteView profile, std::string_view name) {
  const std::uint32_t count = u32(profile, kHeaderBytes);
  if (count > kMaxTags || profile.size() < kHeaderBytes + 4 + count * kTagBytes) return {};
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t at = kHeaderBytes + 4 + i * kTagBytes;
    if (as_text(profile.subspan(at, 4)) != name) continue;
    const std::size_t offset = u32(profile, at + 4);
    const std::size_t size = u32(profile, at + 8);
    if (offset > profile.size() || size > profile.size() - offset || size < 12) return {};
    return profile.subspan(offset, size);
  }
  return {};
}

bool is_primary(ByteView profile, std::string_view name, const std::array<double, 3>& wanted) {
  const auto tag = find_tag(profile, name);
  if (!tag || tag->size() < 20 || as_text(tag->first(4)) != "XYZ ") return false;
  for (std::size_t i = 0; i < 3; ++i) {
    if (std::abs(fixed(*tag, 8 + 4 * i) - wanted[i]) > kPrimaryTolerance) return false;
  }
  return true;
}

double srgb_curve(double x) {
  return x <= 0.04045 ? x / 12.92 : std::pow((x + 0.055) / 1.055, 2.4);
}

// A curve of samples, at x from 0 to 1.
std::optional<double> sampled(ByteView tag, double x) {
  const std::size_t count = u32(tag, 8);
  if (count < 16 || count > 65536 || tag.size() < 12 + 2 * count) return {};
  const double place = x * static_cast<double>(count - 1);
  const auto left = std::min(static_cast<std::size_t>(place), count - 2);
  const double a = u16(tag, 12 + 2 * left);
  const double b = u16(tag, 12 + 2 * (left + 1));
  return (a + (place - static_cast<double>(left)) * (b - a)) / 65535;
}

// A parametric one of the kinds that have a straight beginning: (a x + b)^g (+ e) from d on, below
// c x (+ f).
std::optional<double> parametric(ByteView tag, double x) {
  const std::uint16_t kind = u16(tag, 8);
  if ((kind != 3 && kind != 4) || tag.size() < (kind == 3 ? 32U : 40U)) return {};
  const auto value = [&](std::size_t i) { return fixed(tag, 12 + 4 * i); };
  const double e = kind == 4 ? value(5) : 0;
  const double f = kind == 4 ? value(6) : 0;
  if (x < value(4)) return value(3) * x + f;
  const double base = value(1) * x + value(2);
  return base < 0 ? e : std::pow(base, value(0)) + e;
}

bool is_curve(ByteView profile, std::string_view name) {
  const auto tag = find_tag(profile, name);
  if (!tag) return false;
  const std::string_view type = as_text(tag->first(4));
  if (type != "curv" && type != "para") return false;
  for (int i = 0; i <= kCurvePoints; ++i) {
    const double x = static_cast<double>(i) / kCurvePoints;
    const std::optional<double> y = type == "curv" ? sampled(*tag, x) : parametric(*tag, x);
    const double wanted = srgb_curve(x);
    // Half a step of 8 bits: the steps are smallest, in light, near black.
    if (!y || !(std::abs(*y - wanted) <= 0.0002 + 0.004 * wanted)) return false;
  }
  return true;
}

}  // namespace

bool means_srgb(ByteView profile) {
  if (profile.size() < kHeaderBytes + 4) return false;
  const bool rgb = as_text(profile.subspan(16, 8)) == "RGB XYZ ";
  if (!rgb || as_text(profile.subspan(36, 4)) != "acsp") return false;
  if (find_tag(profile, "A2B0") || find_tag(profile, "A2B1")) return false;
  return is_primary(profile, "rXYZ", kPrimaries[0]) && is_primary(profile, "gXYZ", kPrimaries[1]) &&
         is_primary(profile, "bXYZ", kPrimaries[2]) && is_curve(profile, "rTRC") &&
         is_curve(profile, "gTRC") && is_curve(profile, "bTRC");
}

}  // namespace farm::image
