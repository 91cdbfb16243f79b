#include "roles/stage_timer.h"

namespace farm::roles {

obs::Histogram upload_stage(obs::Metrics& metrics, std::string_view stage) {
  return metrics.histogram("photofarm_upload_stage_seconds",
                           "Time that uploads spend in each stage.", obs::time_bounds(),
                           {{"stage", stage}});
}

}  // namespace farm::roles
