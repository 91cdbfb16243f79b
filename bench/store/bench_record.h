// Records to put: real headers over pictures of random bytes.
#pragma once

#include <span>
#include <vector>

#include "photo/record.h"
#include "sizes.h"

namespace farm::bench {

// Bytes that stand for pictures; made once, as making them costs more than storing them.
class Noise {
 public:
  explicit Noise(std::size_t bytes);
  // `bytes` of it, from somewhere.
  ByteView pick(std::uint64_t bytes, Random& random) const;

 private:
  Bytes noise_;
};

struct Picture {
  photo::SizeCode code;
  ByteView bytes;
};

// Its parts look into the pictures, which must outlive it.
class BenchRecord {
 public:
  BenchRecord(PhotoId id, std::span<const Picture> pictures);
  BenchRecord(const BenchRecord&) = delete;
  BenchRecord& operator=(const BenchRecord&) = delete;

  std::span<const ByteView> parts() const { return parts_; }
  std::uint64_t bytes() const;

 private:
  Bytes header_;
  std::vector<ByteView> parts_;
};

}  // namespace farm::bench
