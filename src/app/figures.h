// What /metrics tells of the store and of the memory for pictures, from their own counts.
#pragma once

#include "obs/metrics.h"
#include "roles/picture_budget.h"
#include "store/photo_store.h"

namespace farm::app {

void collect_store(const store::StoreStats& stats, obs::Samples& out);
void collect_pictures(const roles::PictureBudget::Stats& taken, obs::Samples& out);

}  // namespace farm::app
