#include "sizes.h"

#include <cmath>
#include <fstream>
#include <string_view>

#include "must.h"

namespace farm::bench {
namespace {

constexpr std::string_view kLetters = "amcb";  // in the order of Class

// The trace's quantiles, bytes; between them sizes grow geometrically.
constexpr std::array<double, 11> kQuantiles = {0,    0.01, 0.05, 0.1,  0.25, 0.5,
                                               0.75, 0.9,  0.95, 0.99, 1};
struct Stated {
  double share;
  std::array<double, kQuantiles.size()> bytes;
};
constexpr std::array<Stated, Sizes::kClasses> kStated = {{
    {0.0619, {300, 364, 1652, 2128, 2796, 3495, 4181, 4655, 5116, 7156, 17782}},
    {0.5900, {1000, 1916, 4166, 5436, 7740, 11096, 15120, 19206, 22457, 67937, 139273}},
    {0.2248, {400, 582, 8376, 13150, 21494, 33129, 48722, 70132, 87550, 240108, 788831}},
    {0.1233, {2932, 5366, 12462, 19167, 35224, 57697, 93986, 141426, 197099, 1897132, 5161439}},
}};

std::uint32_t at_quantile(const Stated& stated, double quantile) {
  std::size_t i = 1;
  while (quantile > kQuantiles[i]) ++i;
  const double share = (quantile - kQuantiles[i - 1]) / (kQuantiles[i] - kQuantiles[i - 1]);
  return static_cast<std::uint32_t>(stated.bytes[i - 1] *
                                    std::pow(stated.bytes[i] / stated.bytes[i - 1], share));
}

}  // namespace

Sizes Sizes::from_trace(const std::string& path) {
  Sizes sizes;
  std::ifstream file(path);
  char letter = 0;
  std::uint32_t bytes = 0;
  std::size_t count = 0;
  while (file >> letter >> bytes) {
    const std::size_t at = kLetters.find(letter);
    if (at == std::string_view::npos || bytes == 0) continue;  // a picture has bytes
    sizes.bytes_[at].push_back(bytes);
    ++count;
  }
  for (std::size_t i = 0; i < kClasses; ++i) {
    if (sizes.bytes_[i].empty()) give_up(path + " has no sizes of class " + kLetters[i]);
    sizes.share_[i] = static_cast<double>(sizes.bytes_[i].size()) / static_cast<double>(count);
  }
  return sizes;
}

Sizes Sizes::stated() {
  constexpr int kValues = 1000;
  Sizes sizes;
  for (std::size_t i = 0; i < kClasses; ++i) {
    sizes.share_[i] = kStated[i].share;
    for (int n = 0; n < kValues; ++n) {
      sizes.bytes_[i].push_back(at_quantile(kStated[i], (n + 0.5) / kValues));
    }
  }
  return sizes;
}

std::uint64_t Sizes::pick(Class of, Random& random) const {
  return bytes_[of][random() % bytes_[of].size()];
}

Sizes::Class Sizes::pick_class(Random& random) const {
  double at = std::uniform_real_distribution<>(0, 1)(random);
  std::size_t i = 0;
  while (i + 1 < kClasses && at >= share_[i]) at -= share_[i++];
  return static_cast<Class>(i);
}

}  // namespace farm::bench
