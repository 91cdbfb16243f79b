// Sizes that no record holds: other dimensions, or other formats of the stored ones. Made from the
// original when somebody asks, once however many ask at the same time, by threads of their own so
// that uploads never wait for them; and kept in memory for a while. Thread-safe.
#pragma once

#include <optional>
#include <string>

#include "cache/memory_tier.h"
#include "io/single_flight.h"
#include "roles/services.h"

namespace farm::roles {

// What was made: its bytes are the object's body.
struct Rendition {
  cache::ObjectRef object;
  photo::Format format = photo::Format::kJpeg;
  std::uint64_t fingerprint = 0;  // of the bytes: makes the ETag

  ByteView bytes() const { return object->body(); }
};

class OnDemand {
 public:
  struct Wanted {
    PhotoId id;
    std::uint32_t version;
    photo::SizeCode code;
    photo::Format format;
    std::uint64_t original_bytes;  // what is read for it
  };

  explicit OnDemand(Services& services);

  // kNotFound if the photo is not there in that version (any more); kBusy if too much is asked for.
  io::Task<Result<Rendition>> get(Wanted wanted);

  std::uint64_t cached_bytes() const { return cache_.stats().bytes; }

 private:
  std::optional<Rendition> find(const std::string& key);
  Result<Rendition> make(Wanted wanted, const std::string& key);

  Services& services_;
  cache::MemoryTier cache_;
  io::SingleFlight<Rendition> flights_;
  obs::Counter renders_;
  obs::Counter hits_;
};

}  // namespace farm::roles
