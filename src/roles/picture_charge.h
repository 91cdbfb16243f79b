// What work on a picture is charged, before a thread or a worker begins it: measured by its header
// (image/measure.h), taken from Services::pictures. The share is held while the work runs.
#pragma once

#include "base/bytes.h"
#include "io/task.h"
#include "roles/picture_budget.h"
#include "roles/services.h"

namespace farm::roles {

// For making sizes with sides of up to `largest_side_px`. Errors as of image::measure and
// image::check_dimensions, and of PictureBudget::take. `original` must outlive the call.
io::Task<Result<PictureBudget::Share>> charge_sizes(Services& services, ByteView original,
                                                    std::uint32_t largest_side_px);

// The same for a size that is made on demand, on a thread that may block, behind all uploads.
Result<PictureBudget::Share> charge_on_demand(Services& services, ByteView original,
                                              std::uint32_t largest_side_px);

// For an edit, of all frames.
io::Task<Result<PictureBudget::Share>> charge_edit(Services& services, ByteView original);

}  // namespace farm::roles
