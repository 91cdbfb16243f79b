// The index's checkpoint, from any bytes: read or refused, never a crash; and what is read is only
// what an index may hold. The first byte says whether checksums are put right, so that what is
// behind them is reached, too.
#include <cstdlib>

#include "base/checksum.h"
#include "io/fake_file.h"
#include "volume/checkpoint.h"

namespace {

using farm::Bytes;
using farm::ByteView;
using namespace farm::volume;

constexpr const char* kPath = "/data/index.checkpoint";
constexpr std::size_t kHeadBytes = 64;
constexpr std::size_t kCoverBytes = 128;
constexpr std::size_t kShardHeadBytes = 16;

void must(bool holds) {
  if (!holds) std::abort();
}

void put_right(Bytes& file) {
  if (file.size() < kHeadBytes) return;
  const std::size_t rows = farm::load_le<std::uint32_t>(file, 40) % 8;
  farm::store_le(file, 40, static_cast<std::uint32_t>(rows));
  std::size_t at = kHeadBytes + rows * kCoverBytes;
  if (file.size() < at) return;
  farm::store_le(file, 12, std::uint32_t{0});
  farm::store_le(file, 12, farm::crc32c(ByteView(file).first(at)));
  for (std::uint32_t shard = 0; at + kShardHeadBytes <= file.size(); ++shard) {
    const std::size_t left = (file.size() - at - kShardHeadBytes) / sizeof(IndexEntry);
    const std::size_t count =
        std::min<std::size_t>(farm::load_le<std::uint32_t>(file, at + 4) % 4, left);
    farm::store_le(file, at, shard);
    farm::store_le(file, at + 4, static_cast<std::uint32_t>(count));
    const ByteView head = ByteView(file).subspan(at, 8);
    const ByteView body = ByteView(file).subspan(at + kShardHeadBytes, count * sizeof(IndexEntry));
    farm::store_le(file, at + 8, farm::crc32c(body, farm::crc32c(head)));
    at += kShardHeadBytes + body.size();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto* begin = reinterpret_cast<const std::byte*>(data);
  Bytes file(begin + 1, begin + size);
  if ((data[0] & 1) != 0) put_right(file);
  farm::io::FakeFileSystem disk;
  must(disk.make_directories("/data").has_value());
  disk.set_contents(kPath, file);
  auto reader = CheckpointReader::open(disk, kPath);
  if (!reader) return 0;
  const std::vector<std::uint16_t> slots(reader.value().head().volumes.size(), 5);
  Index index;
  if (!reader.value().read_entries(slots, index)) return 0;
  index.for_each([&](farm::PhotoId id, const Location& location) {
    must(id.value != 0 && id.value >> 63 == 0);
    must(location.slot == 5);
    must(index.find(id) == location);
    return true;
  });
  return 0;
}
