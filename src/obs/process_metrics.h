// The process as the kernel sees it (/proc/self), under the names that Prometheus's own clients
// use. Thread-safe.
#pragma once

#include "obs/metrics.h"

namespace farm::obs {

// What cannot be read is left out.
void collect_process_metrics(Samples& out);

}  // namespace farm::obs
