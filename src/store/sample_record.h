// Records for tests, made from an id, a version and a number: the same three always give the same
// bytes, so that a test can tell what a store should hold without keeping it.
#pragma once

#include <random>
#include <vector>

#include "photo/record.h"

namespace farm::store {

class SampleRecord {
 public:
  // Three sizes: two small ones and an original of `original_bytes`.
  SampleRecord(PhotoId id, std::uint32_t version, std::size_t original_bytes)
      : id_(id), version_(version) {
    std::mt19937_64 random(id.value * 31 + version);
    using photo::SizeCode;
    add(SizeCode::kSquare, 1 + random() % 200, random);
    add(SizeCode::kMedium, 1 + random() % 3000, random);
    add(SizeCode::kOriginal, original_bytes, random);
    photo::RecordInfo info;
    info.id = id;
    info.version = version;
    for (std::byte& byte : info.secret.bytes) byte = static_cast<std::byte>(random());
    info.dimensions = {640, 480};
    info.owner = "somebody";
    info.facts = {.taken_at = "2024-05-01T12:30:00", .camera = "NIKON COOLPIX P6000"};
    header_ = photo::encode_header(info, sizes_).value();
    parts_.emplace_back(header_);
    for (const Bytes& bytes : bytes_) parts_.emplace_back(bytes);
  }
  SampleRecord(const SampleRecord&) = delete;
  SampleRecord& operator=(const SampleRecord&) = delete;

  PhotoId id() const { return id_; }
  std::uint32_t version() const { return version_; }
  std::span<const ByteView> parts() const { return parts_; }
  Bytes whole() const {
    Bytes all;
    for (const ByteView part : parts_) all.insert(all.end(), part.begin(), part.end());
    return all;
  }

 private:
  void add(photo::SizeCode code, std::size_t size, std::mt19937_64& random) {
    Bytes bytes(size);
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
    bytes_.push_back(std::move(bytes));
    sizes_.push_back({code, photo::Format::kJpeg, {64, 48}, bytes_.back()});
  }

  PhotoId id_;
  std::uint32_t version_;
  std::vector<Bytes> bytes_;  // their memory stays where it is when the vector grows
  std::vector<photo::SizeInput> sizes_;
  Bytes header_;
  std::vector<ByteView> parts_;
};

}  // namespace farm::store
