// Sizes that no record holds: other dimensions, or other formats of the stored ones. Made from the
// original when somebody asks, once however many ask at the same time, by threads of their own so
// that uploads never wait for them; and kept in memory for a while. Thread-safe.
#pragma once

#include "io/single_flight.h"
#include "roles/rendition_cache.h"
#include "roles/services.h"

namespace farm::roles {

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
  io::Task<Result<RenditionPtr>> get(Wanted wanted);

  std::uint64_t cached_bytes() const { return cache_.bytes(); }

 private:
  Result<RenditionPtr> make(Wanted wanted, const std::string& key);

  Services& services_;
  RenditionCache cache_;
  io::SingleFlight<RenditionPtr> flights_;
  obs::Counter renders_;
  obs::Counter hits_;
};

}  // namespace farm::roles
