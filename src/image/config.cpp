#include "image/config.h"

#include <algorithm>
#include <string>
#include <string_view>

namespace farm::image {
namespace {

using photo::Format;

void read_reduce(config::Table& table, Config& out) {
  std::string light = out.linear_light ? "linear" : "srgb";
  table.read("reduce", light);
  if (light != "srgb" && light != "linear")
    table.reject("reduce", "must be \"srgb\" or \"linear\"");
  out.linear_light = light == "linear";
}

void read_keep(config::Table& table, Config& out) {
  std::vector<std::string> keep;
  table.read("keep", keep);
  for (const std::string& what : keep) {
    if (what != "copyright" && what != "icc") {
      table.reject("keep", "may only have \"copyright\" and \"icc\" in it");
    }
  }
  if (!table.has("keep")) return;
  const auto has = [&](const char* what) { return std::ranges::find(keep, what) != keep.end(); };
  out.keep_copyright = has("copyright");
  out.keep_profile = has("icc");
}

void read_size_quality(config::Table table, Config& out) {
  for (const photo::SizeSpec& spec : photo::kSizes) {
    if (spec.code == photo::SizeCode::kOriginal) continue;
    const char code = static_cast<char>(spec.code);
    const std::string_view name(&code, 1);
    if (!table.has(name)) continue;
    config::Table of_size = table.table(name);
    for (const auto& [key, format] :
         {std::pair{"jpeg", Format::kJpeg}, {"webp", Format::kWebp}, {"avif", Format::kAvif}}) {
      int quality = 0;
      of_size.read(key, quality, {1, 100});
      if (quality != 0) out.size_quality.push_back({spec.code, format, quality});
    }
  }
}

}  // namespace

int Config::quality_of(photo::SizeCode code, Format format) const {
  const auto own = std::ranges::find_if(size_quality, [&](const SizeQuality& one) {
    return one.code == code && one.format == format;
  });
  if (own != size_quality.end()) return own->quality;
  if (format == Format::kWebp) return webp_quality;
  return format == Format::kAvif ? avif_quality : jpeg_quality;
}

void read_config(config::Table table, Config& out) {
  std::int64_t max_pixels = static_cast<std::int64_t>(out.limits.max_pixels);
  table.read("max_pixels", max_pixels, {1, 1'000'000'000});
  out.limits.max_pixels = static_cast<std::uint64_t>(max_pixels);
  table.read("max_side", out.limits.max_side_px, {1, 1'000'000});
  table.read_size("max_file", out.limits.max_file_bytes, {1, std::int64_t{4} << 30});
  table.read("max_scans", out.limits.max_scans, {1, 10'000});
  table.read("accept_truncated", out.limits.accept_truncated);
  table.read("jpeg_quality", out.jpeg_quality, {1, 100});
  table.read("webp_quality", out.webp_quality, {1, 100});
  table.read("avif_quality", out.avif_quality, {1, 100});
  table.read("avif_effort", out.avif_effort, {0, 9});
  table.read("sharpen", out.sharpen, {0, 100});
  read_reduce(table, out);
  read_keep(table, out);
  table.read("edit_quality", out.edit_quality, {1, 100});
  table.read("threads", out.threads, {0, 1024});
  table.read("queue", out.queue, {1, 100'000});
  read_size_quality(table.table("size_quality"), out);
  table.read_size("memory", out.memory_bytes, {64 << 20, std::int64_t{1} << 44});
  table.read("memory_queue", out.memory_queue, {0, 100'000});
  table.read_duration("memory_wait", out.memory_wait);
}

}  // namespace farm::image
