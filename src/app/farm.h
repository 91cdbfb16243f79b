// The running farm: store, catalog, worker pools, roles and server, put together and taken apart in
// the right order.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "app/config.h"
#include "base/result.h"
#include "roles/reindex.h"

namespace farm::app {

class Farm {
 public:
  // Takes what is under config.data and serves; finds out what the volumes hold and finishes what a
  // crash left while it does. Until that is done the API answers 503, and so do photos that are not
  // known yet.
  static Result<std::unique_ptr<Farm>> start(const Config& config);
  // Waits up to `patience` for that to end, well or badly; nothing if it has not. Not again after
  // it told.
  std::optional<Result<void>> await_opening(std::chrono::milliseconds patience);
  struct OpeningState {
    std::uint64_t bytes_done = 0;  // of volumes gone through
    std::uint64_t bytes_total = 0;
  };
  OpeningState opening_state() const;
  // Makes the catalog anew from the store, without serving anything; `progress` may be empty.
  // kNotFound if there is no store under config.data, kBusy if a server has it open.
  static Result<roles::Reindexed> reindex(const Config& config,
                                          const roles::ReindexProgress& progress);
  ~Farm();  // as stop()
  Farm(const Farm&) = delete;
  Farm& operator=(const Farm&) = delete;

  std::string address() const;

  // Takes no more requests, finishes what runs (bounded by net's stop_grace), closes everything.
  void stop();

 private:
  struct Parts;
  explicit Farm(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace farm::app
