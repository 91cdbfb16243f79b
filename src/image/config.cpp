#include "image/config.h"

namespace farm::image {

void read_config(config::Table table, Config& out) {
  std::int64_t max_pixels = static_cast<std::int64_t>(out.limits.max_pixels);
  table.read("max_pixels", max_pixels, {1, 1'000'000'000});
  out.limits.max_pixels = static_cast<std::uint64_t>(max_pixels);
  table.read("max_side", out.limits.max_side_px, {1, 1'000'000});
  table.read_size("max_file", out.limits.max_file_bytes, {1, std::int64_t{4} << 30});
  table.read("jpeg_quality", out.jpeg_quality, {1, 100});
  table.read("edit_quality", out.edit_quality, {1, 100});
  table.read("threads", out.threads, {0, 1024});
  table.read("queue", out.queue, {1, 100'000});
  table.read_size("memory", out.memory_bytes, {64 << 20, std::int64_t{1} << 44});
  table.read("memory_queue", out.memory_queue, {0, 100'000});
  table.read_duration("memory_wait", out.memory_wait);
}

}  // namespace farm::image
