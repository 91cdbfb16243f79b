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

struct Record {
  std::uint32_t version = 0;
  Bytes payload;
  bool operator==(const Record&) const = default;
};
using Found = std::map<farm::PhotoId, Record>;

enum class Then { kNothing, kPut, kCompact };

Found look(VolumeSet& set) {
  Found found;
  set.for_each([&](farm::PhotoId id, const Location& location) {
    Bytes payload(location.bytes);
    must(set.read(location, 0, payload).has_value());
    must(set.header_of(id, location).has_value());
    found[id] = {location.version, std::move(payload)};
    return true;
  });
  return found;
}

Found open_and_look(farm::io::FakeFileSystem& disk, Then then) {
  const farm::FakeClock clock(farm::kPhotoEpochMs);
  Config config;
  config.volume_bytes = 64 << 10;
  config.preallocate_bytes = 16 << 10;
  config.commit_wait = std::chrono::microseconds{0};
  const auto set = VolumeSet::open(disk, clock, {"/data"}, config);
  if (!set) return {};  // a newer format
  const std::atomic<bool> never{false};
  must(set.value()->load(never).has_value());
  Found found = look(*set.value());
  if (then == Then::kPut) {
    const ByteView part = farm::as_bytes("new");
    must(set.value()->put({1000}, 1, {&part, 1}).has_value());
    must(set.value()->find({1000}).has_value());
  }
  if (then == Then::kCompact) {
    farm::volume::Throttle throttle;
    for (const std::uint16_t slot : set.value()->compactable(0, clock.now_ms() + 1)) {
      // A damaged volume is left as it is.
      (void)set.value()->compact(slot, throttle);
    }
    must(look(*set.value()) == found);
  }
  return found;
}

}  // namespace

// Opened with what the opening before left, checkpoint and all, after a rewrite, after a crash, and
// without the checkpoint: it is always the same photos.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  farm::io::FakeFileSystem disk;
  must(disk.make_directories("/data/volumes").has_value());
  disk.set_contents("/data/volumes/000001.vol",
                    file_from({reinterpret_cast<const std::byte*>(data), size}));
  const Found first = open_and_look(disk, Then::kNothing);
  must(open_and_look(disk, Then::kPut) == first);
  disk.crash(1);  // nothing was under way: nothing may be lost
  Found next = open_and_look(disk, Then::kCompact);
  next.erase({1000});
  must(next == first);
  disk.crash(2);
  Found last = open_and_look(disk, Then::kNothing);
  last.erase({1000});
  must(last == first);
  (void)disk.remove("/data/index.checkpoint");
  last = open_and_look(disk, Then::kNothing);
  last.erase({1000});
  must(last == first);
  return 0;
}
