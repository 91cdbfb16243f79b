// The running farm: store, catalog, worker pools, roles and server, put together and taken apart in
// the right order.
#pragma once

#include <memory>
#include <string>

#include "app/config.h"
#include "base/result.h"
#include "roles/reindex.h"

namespace farm::app {

class Farm {
 public:
  // Opens everything under config.data, finishes what a crash left, and takes requests when it
  // returns.
  static Result<std::unique_ptr<Farm>> start(const Config& config);
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
