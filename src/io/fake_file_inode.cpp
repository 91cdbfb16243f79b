#include "io/fake_file_inode.h"

#include <algorithm>
#include <map>

namespace farm::io {
namespace {

void put(Bytes& file, std::uint64_t offset, ByteView bytes) {
  if (offset >= file.size()) return;
  const ByteView fits = bytes.first(std::min<std::uint64_t>(bytes.size(), file.size() - offset));
  std::ranges::copy(fits, file.begin() + static_cast<std::ptrdiff_t>(offset));
}

}  // namespace

std::size_t FakeInode::read(std::uint64_t offset, MutableByteView out) const {
  if (offset >= shown_.size()) return 0;
  const ByteView rest = ByteView(shown_).subspan(offset);
  const ByteView found = rest.first(std::min(rest.size(), out.size()));
  std::ranges::copy(found, out.begin());
  return found.size();
}

void FakeInode::write(std::uint64_t offset, ByteView bytes) {
  if (offset + bytes.size() > shown_.size()) shown_.resize(offset + bytes.size());
  put(shown_, offset, bytes);
  changes_.push_back({offset, Bytes(bytes.begin(), bytes.end()), shown_.size()});
}

void FakeInode::resize(std::uint64_t size) {
  // What is cut off reads as zeros if the file grows again, but may come back in a crash.
  const std::uint64_t cut = size < shown_.size() ? shown_.size() - size : 0;
  shown_.resize(size);
  changes_.push_back({size, Bytes(cut), size});
}

void FakeInode::sync() {
  for (const Change& change : changes_) {
    durable_.resize(std::max<std::uint64_t>(change.size, durable_.size()));
    put(durable_, change.offset, change.bytes);
    durable_.resize(change.size);
  }
  changes_.clear();
}

void FakeInode::fail_sync(std::mt19937_64& random) {
  apply_some(random);
  changes_.clear();
}

void FakeInode::drop_cache() {
  shown_ = durable_;
  for (const Change& change : changes_) {
    shown_.resize(std::max<std::uint64_t>(change.size, shown_.size()));
    put(shown_, change.offset, change.bytes);
    shown_.resize(change.size);
  }
}

void FakeInode::crash(std::mt19937_64& random) {
  apply_some(random);
  changes_.clear();
  shown_ = durable_;
}

void FakeInode::apply_some(std::mt19937_64& random) {
  if (changes_.empty()) return;
  const std::uint64_t sector = random() % 2 == 0 ? 512 : 4096;
  std::map<std::uint64_t, std::uint64_t> touches;  // sector -> how many changes touch it
  std::uint64_t greatest = durable_.size();
  for (const Change& change : changes_) {
    greatest = std::max({greatest, change.size, change.offset + change.bytes.size()});
    for (std::uint64_t at = change.offset / sector;
         at * sector < change.offset + change.bytes.size(); ++at) {
      ++touches[at];
    }
  }
  const std::uint64_t mood = random() % 4;  // all of it, nothing of it, or any part
  for (auto& [at, count] : touches) {
    if (mood == 1) count = 0;
    if (mood >= 2) count = random() % (count + 1);
  }
  const std::uint64_t pick = random() % (changes_.size() + 1);
  const std::uint64_t size = mood == 0   ? changes_.back().size
                             : pick == 0 ? durable_.size()
                                         : changes_[pick - 1].size;
  durable_.resize(greatest);
  for (const Change& change : changes_) {
    const ByteView bytes = change.bytes;
    for (std::uint64_t done = 0; done < bytes.size();) {
      const std::uint64_t offset = change.offset + done;
      const std::uint64_t length = std::min(sector - offset % sector, bytes.size() - done);
      std::uint64_t& left = touches[offset / sector];
      if (left > 0) {
        --left;
        put(durable_, offset, bytes.subspan(done, length));
      }
      done += length;
    }
  }
  durable_.resize(size);
}

void FakeInode::flip_bit(std::uint64_t offset, unsigned bit) {
  for (Bytes* bytes : {&durable_, &shown_}) {
    if (offset < bytes->size()) (*bytes)[offset] ^= std::byte{1} << (bit % 8);
  }
}

}  // namespace farm::io
