// The chunks of a WebP (RFC 9649): a name, a length, and as many bytes. Internal to the room. Pure;
// the bytes must outlive it.
#pragma once

#include <algorithm>
#include <optional>
#include <string_view>

#include "image/byte_order.h"

namespace farm::image {

struct Chunk {
  std::string_view name;
  ByteView payload;  // as much of it as there is
};

class Chunks {
 public:
  // Those of a whole file, or those inside a frame.
  static Chunks of_file(ByteView webp) {
    return Chunks(webp.subspan(std::min(kHead, webp.size())));
  }
  explicit Chunks(ByteView chunks) : rest_(chunks) {}

  // Nothing at the end, or after more than any file has.
  std::optional<Chunk> next() {
    constexpr std::size_t kMaxChunks = 1 << 20;
    const auto length = read_le<std::uint32_t>(rest_, 4);
    if (!length || ++taken_ > kMaxChunks) return {};
    const Chunk chunk{as_text(rest_.first(4)),
                      rest_.subspan(8, std::min<std::size_t>(*length, rest_.size() - 8))};
    const std::uint64_t padded = 8 + std::uint64_t{*length} + (*length & 1);
    rest_ = rest_.subspan(std::min<std::uint64_t>(padded, rest_.size()));
    return chunk;
  }

 private:
  static constexpr std::size_t kHead = 12;  // "RIFF", a length, "WEBP"
  ByteView rest_;
  std::size_t taken_ = 0;
};

}  // namespace farm::image
