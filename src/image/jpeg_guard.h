// libjpeg ends a failed call by a jump. Here it ends inside of guarded(), which says so. Internal
// to the room.
#pragma once

#include <cstddef>
#include <cstdio>
// jpeglib.h leans on what stands above it.
#include <jpeglib.h>

#include <csetjmp>

namespace farm::image {

// Goes into the `err` of a libjpeg object, which it must outlive. Nothing is printed.
class JpegErrors {
 public:
  JpegErrors() {
    jpeg_std_error(&manager);
    manager.error_exit = [](j_common_ptr object) {
      std::longjmp(reinterpret_cast<JpegErrors*>(object->err)->back, 1);
    };
    manager.emit_message = [](j_common_ptr object, int level) {
      auto* errors = reinterpret_cast<JpegErrors*>(object->err);
      if (level < 0) ++errors->manager.num_warnings;
      if (level < 0 && errors->manager.msg_code == errors->early_end_code)
        errors->ended_early = true;
    };
    manager.output_message = [](j_common_ptr) {};
  }
  JpegErrors(const JpegErrors&) = delete;
  JpegErrors& operator=(const JpegErrors&) = delete;

  jpeg_error_mgr manager{};  // first: libjpeg's pointer to it is one to this object
  std::jmp_buf back{};
  int early_end_code = -1;  // the warning that sets ended_early
  bool ended_early = false;
};

// False if libjpeg has failed in `step`, which calls it and has nothing to destroy: the jump leaves
// it where it stands.
template <class Step>
bool guarded(JpegErrors& errors, const Step& step) {
  if (setjmp(errors.back) != 0) return false;  // NOLINT(cert-err52-cpp)
  step();
  return true;
}

}  // namespace farm::image
