// PNG, GIF and WebP: their dimensions stand near the front.
#include <algorithm>
#include <string>

#include "image/byte_order.h"
#include "image/measure_formats.h"
#include "image/riff_chunks.h"

namespace farm::image {
namespace {

using photo::Dimensions;
using photo::Format;

// More than any picture has of sub-blocks.
constexpr std::size_t kMaxSteps = 1 << 20;

// ---- GIF -------------------------------------------------------------------------------------

constexpr std::uint8_t kGifExtension = 0x21;
constexpr std::uint8_t kGifFrame = 0x2c;

// From one block to the next; nothing at the trailer, at the end, or where it is damaged.
class GifBlocks {
 public:
  explicit GifBlocks(ByteView gif) : gif_(gif) {
    const auto packed = read_le<std::uint8_t>(gif, 10);
    at_ = 13 + (packed ? colour_table_bytes(*packed) : 0);
  }

  // The position of the next frame's descriptor.
  std::optional<std::uint64_t> next_frame() {
    while (const auto kind = read_le<std::uint8_t>(gif_, at_)) {
      if (steps_ > kMaxSteps) return {};
      if (*kind == kGifFrame) {
        const std::uint64_t frame = at_;
        const auto packed = read_le<std::uint8_t>(gif_, frame + 9);
        if (!packed) return {};
        // The descriptor, its colours, the code size, the data.
        at_ = frame + 10 + colour_table_bytes(*packed) + 1;
        skip_sub_blocks();
        return frame;
      }
      if (*kind != kGifExtension) return {};
      at_ += 2;
      skip_sub_blocks();
    }
    return {};
  }

 private:
  static std::uint64_t colour_table_bytes(std::uint8_t packed) {
    return (packed & 0x80) != 0 ? std::uint64_t{6} << (packed & 7) : 0;
  }
  void skip_sub_blocks() {
    while (const auto length = read_le<std::uint8_t>(gif_, at_)) {
      at_ += 1 + std::uint64_t{*length};
      if (*length == 0 || ++steps_ > kMaxSteps) return;
    }
  }

  ByteView gif_;
  std::uint64_t at_ = 0;
  std::size_t steps_ = 0;
};

// ---- WebP ------------------------------------------------------------------------------------

constexpr std::size_t kFrameHeadBytes = 16;  // of ANMF, before its own chunks

std::uint32_t read_24(ByteView bytes, std::size_t at) {
  return static_cast<std::uint32_t>(*read_le<std::uint16_t>(bytes, at)) |
         std::uint32_t{*read_le<std::uint8_t>(bytes, at + 2)} << 16;
}

std::optional<Dimensions> webp_dimensions(const Chunk& chunk) {
  const ByteView bytes = chunk.payload;
  if (chunk.name == "VP8X" && bytes.size() >= 10) {
    return Dimensions{read_24(bytes, 4) + 1, read_24(bytes, 7) + 1};
  }
  if (chunk.name == "VP8 " && bytes.size() >= 10 && has_text_at(bytes, 3, "\x9d\x01\x2a")) {
    constexpr std::uint32_t kBits = 0x3fff;  // the two above say how to enlarge it: nobody does
    return Dimensions{*read_le<std::uint16_t>(bytes, 6) & kBits,
                      *read_le<std::uint16_t>(bytes, 8) & kBits};
  }
  if (chunk.name == "VP8L" && bytes.size() >= 5 && bytes[0] == std::byte{0x2f}) {
    const std::uint32_t both = *read_le<std::uint32_t>(bytes, 1);
    return Dimensions{(both & 0x3fff) + 1, (both >> 14 & 0x3fff) + 1};
  }
  return {};
}

// Whether the first frame is lossless; nothing if there is none.
std::optional<bool> is_lossless(Chunks all) {
  while (const auto chunk = all.next()) {
    if (chunk->name == "VP8L") return true;
    if (chunk->name == "VP8 ") return false;
    if (chunk->name != "ANMF") continue;
    Chunks in_frame(
        chunk->payload.subspan(std::min<std::size_t>(kFrameHeadBytes, chunk->payload.size())));
    while (const auto part = in_frame.next()) {
      if (part->name == "VP8L") return true;
      if (part->name == "VP8 ") return false;
    }
    return {};
  }
  return {};
}

}  // namespace

Result<Shape> measure_png(ByteView bytes) {
  const auto head = part_of(bytes, 8, 4 + 4 + 13);
  if (!head || !has_text_at(*head, 4, "IHDR")) return bad_header("PNG: there is no header chunk");
  const Dimensions stored{*read_be<std::uint32_t>(*head, 8), *read_be<std::uint32_t>(*head, 12)};
  const auto depth = std::to_integer<std::uint32_t>((*head)[16]);
  const auto colour = std::to_integer<std::uint32_t>((*head)[17]);
  const bool interlaced = (*head)[20] != std::byte{0};
  constexpr std::uint32_t kMostOfSide = 0x7fffffff;
  if (stored.width == 0 || stored.height == 0 || stored.width > kMostOfSide ||
      stored.height > kMostOfSide || depth == 0 || depth > 16) {
    return bad_header("PNG: the header chunk has impossible values");
  }
  // With the alpha that a tRNS chunk further on may add.
  const bool grey = colour == 0 || colour == 4;
  const std::uint32_t pixel_bytes = (grey ? 2 : 4) * (depth == 16 ? 2 : 1);
  return Shape{.format = Format::kPng,
               .stored = stored,
               .whole_in_memory = interlaced,
               .rows_in_memory = interlaced ? stored.height : 2,
               .bytes_per_pixel = pixel_bytes,
               .decoded_bytes_per_pixel = pixel_bytes};
}

Result<Shape> measure_gif(ByteView bytes) {
  const auto frame = GifBlocks(bytes).next_frame();
  if (!frame) return bad_header("GIF: there is no frame");
  const auto number = [&](std::uint64_t at) -> std::uint32_t {
    return read_le<std::uint16_t>(bytes, at).value_or(0);
  };
  // Decoders enlarge a screen that is smaller than its first frame.
  const Dimensions stored{std::max(number(6), number(*frame + 1) + number(*frame + 5)),
                          std::max(number(8), number(*frame + 3) + number(*frame + 7))};
  if (stored.width == 0 || stored.height == 0) return bad_header("GIF: it has no pixels");
  constexpr std::uint32_t kPixel = 4;
  return Shape{.format = Format::kGif,
               .stored = stored,
               .whole_in_memory = true,
               .rows_in_memory = stored.height,
               .bytes_per_pixel = 2 * kPixel,  // the frame, and the one before it
               .decoded_bytes_per_pixel = kPixel};
}

Result<Shape> measure_webp(ByteView bytes) {
  const auto first = Chunks::of_file(bytes).next();
  const auto stored = first ? webp_dimensions(*first) : std::nullopt;
  if (!stored || stored->width == 0 || stored->height == 0) {
    return bad_header("WebP: there are no dimensions");
  }
  const auto lossless = is_lossless(Chunks::of_file(bytes));
  if (!lossless) return bad_header("WebP: there is no frame");
  return Shape{.format = Format::kWebp,
               .stored = *stored,
               .whole_in_memory = *lossless,
               .rows_in_memory = *lossless ? stored->height : 64,
               .bytes_per_pixel = 8,
               .decoded_bytes_per_pixel = 4};
}

std::uint32_t count_gif_frames(ByteView bytes, std::uint32_t most) {
  GifBlocks blocks(bytes);
  std::uint32_t frames = 0;
  while (frames < most && blocks.next_frame()) ++frames;
  return frames;
}

std::uint32_t count_webp_frames(ByteView bytes, std::uint32_t most) {
  Chunks chunks = Chunks::of_file(bytes);
  std::uint32_t frames = 0;
  while (frames < most) {
    const auto chunk = chunks.next();
    if (!chunk) break;
    if (chunk->name == "ANMF") ++frames;
  }
  return std::max(frames, 1U);
}

}  // namespace farm::image
