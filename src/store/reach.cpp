#include "store/reach.h"

#include <algorithm>
#include <array>
#include <optional>

namespace farm::store {
namespace {

constexpr unsigned kMarkBits = 5;
constexpr unsigned kMarks = 1U << kMarkBits;

// Each a fourth root of two farther than the one before, from 1 KiB on; the first stands for
// nothing known.
constexpr std::array<std::uint32_t, kMarks> make_marks() {
  constexpr std::array<double, 4> kSteps = {1.0, 1.189207115, 1.414213562, 1.681792831};
  std::array<std::uint32_t, kMarks> marks{};
  for (unsigned i = 1; i < kMarks; ++i) {
    marks[i] = static_cast<std::uint32_t>(1024 * (1U << i / 4) * kSteps[i % 4]);
  }
  return marks;
}
constexpr std::array<std::uint32_t, kMarks> kMark = make_marks();
static_assert(kMark.back() / 1024 == Reach::kFarthestBytes / 1024);

std::optional<unsigned> place_of(photo::SizeCode code) {
  switch (code) {
    case photo::SizeCode::kSmall:
      return 0;
    case photo::SizeCode::kMedium:
      return 1;
    case photo::SizeCode::kLarge:
      return 2;
    default:
      return {};
  }
}

unsigned mark_for(const photo::SizeEntry& size, std::uint64_t window) {
  const std::uint64_t end = size.offset + size.length;
  if (size.length > window || end > kMark.back()) return 0;
  const auto* const mark = std::lower_bound(kMark.begin() + 1, kMark.end(), end);
  return static_cast<unsigned>(mark - kMark.begin());
}

}  // namespace

Reach Reach::of(const photo::RecordView& view, std::uint64_t window) {
  unsigned bits = 0;
  for (std::size_t i = 0; i < view.size_count(); ++i) {
    const photo::SizeEntry size = view.size_at(i);
    if (const auto place = place_of(size.code))
      bits |= mark_for(size, window) << *place * kMarkBits;
  }
  return from_bits(static_cast<std::uint16_t>(bits));
}

std::uint32_t Reach::bytes_for(photo::SizeCode code) const {
  const auto place = place_of(code);
  return place ? kMark[bits_ >> *place * kMarkBits & (kMarks - 1)] : 0;
}

}  // namespace farm::store
