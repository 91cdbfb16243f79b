// Opening a volume file, whatever is in it. The first byte says what the rest is: the file itself,
// or a script of frames with good checksums and wild values, as random bytes never get past those.
//
// Opening must not fail for damage, must find only what is inside the file, and must find the same
// once more: what recovery repairs it may not spoil.
#include <cstdint>
#include <cstdlib>
#include <map>

#include "base/checksum.h"
#include "base/clock.h"
#include "io/fake_file.h"
#include "volume/volume_set.h"

namespace {

using farm::Bytes;
using farm::ByteView;
using namespace farm::volume;

constexpr std::uint64_t kNonce = 7;
constexpr std::size_t kMaxFileBytes = 1 << 20;

void must(bool holds) {
  if (!holds) std::abort();
}

class Input {
 public:
  explicit Input(ByteView bytes) : rest_(bytes) {}
  bool empty() const { return rest_.empty(); }
  ByteView rest() const { return rest_; }
  std::uint64_t number(std::size_t bytes) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < bytes && !rest_.empty(); ++i) {
      value = value << 8 | std::to_integer<std::uint64_t>(rest_.front());
      rest_ = rest_.subspan(1);
    }
    return value;
  }

 private:
  ByteView rest_;
};

Bytes superblocks() {
  Superblock superblock;
  superblock.nonce = kNonce;
  superblock.number = 1;
  superblock.store.fill(std::byte{1});
  return encode_superblocks(superblock);
}

// One frame, and how it is damaged.
void add_frame(Bytes& file, Input& input) {
  const std::uint64_t offset = file.size();
  const std::uint64_t how = input.number(1);
  FrameHeader header;
  header.type = static_cast<FrameType>(1 + how % 4);
  header.sequence = input.number(1);
  header.id = {header.type == FrameType::kFooter ? 0 : input.number(1)};
  header.version = static_cast<std::uint32_t>(input.number(1));
  header.payload_bytes = input.number(2);
  header.durable_end = input.number(3);
  if ((how & 4) != 0) header.payload_bytes = 0;
  if ((how & 8) != 0) header.durable_end = offset;
  if (header.type == FrameType::kFooter) header.payload_bytes = kFooterPayloadBytes;
  const Bytes payload(header.payload_bytes, std::byte{0x5a});
  header.payload_checksum = farm::crc32c(payload) + ((how & 16) != 0 ? 1 : 0);
  auto encoded = encode_frame_header(header, kNonce, offset);
  if ((how & 32) != 0) encoded[20] ^= std::byte{1};
  file.insert(file.end(), encoded.begin(), encoded.end());
  if ((how & 64) == 0) file.insert(file.end(), payload.begin(), payload.end());
  file.resize((file.size() + 63) / 64 * 64);
}

Bytes file_from(ByteView bytes) {
  Input input(bytes);
  const std::uint64_t mode = input.number(1);
  if (mode % 2 == 0) return {input.rest().begin(), input.rest().end()};
  Bytes file = superblocks();
  while (!input.empty() && file.size() < kMaxFileBytes) add_frame(file, input);
  file.resize(file.size() - std::min<std::size_t>(mode / 2, file.size()));  // cut anywhere
  return file;
}

using Found = std::map<farm::PhotoId, Location>;

Found open_and_look(farm::io::FakeFileSystem& disk, bool put) {
  const farm::FakeClock clock(farm::kPhotoEpochMs);
  Config config;
  config.volume_bytes = 64 << 10;
  config.preallocate_bytes = 16 << 10;
  config.commit_wait = std::chrono::microseconds{0};
  const auto set = VolumeSet::open(disk, clock, {"/data"}, config);
  if (!set) return {};  // a newer format
  Found found;
  set.value()->for_each([&](farm::PhotoId id, const Location& location) {
    found[id] = location;
    Bytes payload(location.bytes);
    must(set.value()->read(location, 0, payload).has_value());
    must(set.value()->header_of(id, location).has_value());
    return true;
  });
  if (put) {
    const ByteView part = farm::as_bytes("new");
    must(set.value()->put({1000}, 1, {&part, 1}).has_value());
    must(set.value()->find({1000}).has_value());
  }
  return found;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  farm::io::FakeFileSystem disk;
  must(disk.make_directories("/data/volumes").has_value());
  disk.set_contents("/data/volumes/000001.vol",
                    file_from({reinterpret_cast<const std::byte*>(data), size}));
  const Found first = open_and_look(disk, false);
  must(open_and_look(disk, true) == first);
  disk.crash(1);  // nothing was under way: nothing may be lost
  Found last = open_and_look(disk, false);
  last.erase({1000});
  must(last == first);
  return 0;
}
