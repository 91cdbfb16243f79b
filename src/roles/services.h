// What the handlers work with: owned by app, alive until the server has stopped. Everything in it
// is thread-safe.
#pragma once

#include "base/clock.h"
#include "base/photo_id.h"
#include "catalog/catalog.h"
#include "image/config.h"
#include "io/worker_pool.h"
#include "obs/metrics.h"
#include "render/renderer.h"
#include "roles/config.h"
#include "roles/health.h"
#include "roles/memory_budget.h"
#include "roles/picture_budget.h"
#include "store/photo_store.h"

namespace farm::roles {

class Purger;

struct Services {
  const Config& config;
  const image::Config& image_config;
  const Clock& clock;
  PhotoIdMaker& ids;
  store::PhotoStore& store;
  catalog::Catalog& catalog;
  render::Renderer& renderer;      // all that is done with pictures
  io::WorkerPool& disk_pool;       // what waits for a disk
  io::WorkerPool& image_pool;      // what waits for the renderer, for uploads and changes
  io::WorkerPool& on_demand_pool;  // and for those who look at pictures
  MemoryBudget& memory;            // bodies under way
  PictureBudget& pictures;         // what decoding takes
  obs::Metrics& metrics;
  Health& health;
  std::size_t net_threads;
  Purger* purger = nullptr;  // null: nobody has anything cached, as in reindex
};

}  // namespace farm::roles
