#include "bench_record.h"

#include "must.h"

namespace farm::bench {

Noise::Noise(std::size_t bytes) : noise_(bytes) {
  Random random(1);
  for (std::byte& byte : noise_) byte = static_cast<std::byte>(random());
}

ByteView Noise::pick(std::uint64_t bytes, Random& random) const {
  if (bytes > noise_.size()) give_up("a picture larger than the noise");
  return ByteView(noise_).subspan(random() % (noise_.size() - bytes + 1), bytes);
}

BenchRecord::BenchRecord(PhotoId id, std::span<const Picture> pictures) {
  std::vector<photo::SizeInput> sizes;
  sizes.reserve(pictures.size());
  for (const Picture& picture : pictures) {
    sizes.push_back({picture.code, photo::Format::kJpeg, {640, 480}, picture.bytes});
  }
  photo::RecordInfo info;
  info.id = id;
  info.dimensions = {640, 480};
  info.owner = "somebody";
  info.title = "A photo of nothing";
  header_ = must(photo::encode_header(info, sizes));
  parts_.emplace_back(header_);
  for (const Picture& picture : pictures) parts_.push_back(picture.bytes);
}

std::uint64_t BenchRecord::bytes() const {
  std::uint64_t bytes = 0;
  for (const ByteView part : parts_) bytes += part.size();
  return bytes;
}

}  // namespace farm::bench
