// The purge log, from any bytes: parsed or refused, never a crash; what is parsed comes back the
// same when it is written again; and a log can be opened on it and goes on. The first byte says
// whether checksums are put right, so that what is behind them is reached, too.
#include <algorithm>
#include <cstdlib>

#include "base/checksum.h"
#include "cache/purge_log.h"
#include "io/fake_file.h"

namespace {

using farm::Bytes;
using farm::ByteView;
using namespace farm::cache;

constexpr const char* kPath = "/data/purge.log";
constexpr std::size_t kRecordHeadBytes = 24;

void must(bool holds) {
  if (!holds) std::abort();
}

void put_right(Bytes& file) {
  if (file.size() < kPurgeFileHeadBytes) return;
  const Bytes good = encode_purge_file_head({});
  std::copy_n(good.begin(), 12, file.begin());
  farm::store_le(file, 12, std::uint32_t{0});
  farm::store_le(file, 12, farm::crc32c(ByteView(file).first(kPurgeFileHeadBytes)));
  std::size_t at = kPurgeFileHeadBytes;
  while (at + kRecordHeadBytes <= file.size()) {
    const std::size_t left = file.size() - at - kRecordHeadBytes;
    const std::size_t length =
        std::min<std::size_t>(farm::load_le<std::uint32_t>(file, at + 16) % 64, left);
    const std::size_t whole = (kRecordHeadBytes + length + 7) / 8 * 8;
    if (at + whole > file.size()) return;
    farm::store_le(file, at, std::uint32_t{0x4752'5550});
    farm::store_le(file, at + 16, static_cast<std::uint32_t>(length));
    farm::store_le(file, at + 4, farm::crc32c(ByteView(file).subspan(at + 8, whole - 8)));
    at += whole;
  }
}

Bytes written_again(const PurgeFile& file) {
  Bytes bytes = encode_purge_file_head(file.head);
  for (const PurgeRecord& record : file.records) append_purge_record(record, bytes);
  return bytes;
}

void open_and_go_on(const Bytes& file) {
  farm::io::FakeFileSystem disk;
  must(disk.make_directories("/data").has_value());
  disk.set_contents(kPath, file);
  const farm::FakeClock clock(1000);
  auto log = PurgeLog::open(disk, kPath, clock, {.max_purges = 5});
  if (!log) {
    must(log.error().code == farm::ErrorCode::kUnsupported);
    return;
  }
  const std::uint64_t before = log.value()->last();
  if (before > UINT64_MAX - 10) return;
  const Purge purge{Purge::Kind::kTag, "p1"};
  must(log.value()->append({&purge, 1}).durable.has_value());
  must(log.value()->judge("/", "p1", before) == PurgeVerdict::kGone);
  auto again = PurgeLog::open(disk, kPath, clock, {.max_purges = 5});
  must(again.has_value() && again.value()->judge("/", "p1", before) == PurgeVerdict::kGone);
  must(again.value()->stats().purges == log.value()->stats().purges);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto* begin = reinterpret_cast<const std::byte*>(data);
  Bytes bytes(begin + 1, begin + size);
  if ((data[0] & 1) != 0) put_right(bytes);
  if (const auto file = parse_purge_file(bytes)) {
    must(file.value().whole_bytes <= bytes.size());
    const Bytes again = written_again(file.value());
    const auto parsed = parse_purge_file(again);
    must(parsed.has_value() && parsed.value().head == file.value().head);
    must(parsed.value().records == file.value().records && parsed.value().lost_up_to == 0);
  }
  open_and_go_on(bytes);
  return 0;
}
