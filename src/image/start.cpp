// vector.h leans on what vips.h has included before it.
// clang-format off
#include <vips/vips.h>
#include <vips/vector.h>
// clang-format on

#include <array>

#include "image/image.h"
#include "image/vips_handle.h"

#ifdef __SANITIZE_THREAD__
// ThreadSanitizer can't see the locks inside GLib, which is not built with it, and takes every
// hand-over between libvips's own threads for a race. So what libraries do to memory is not
// watched in a program that has this room in it; the program's own code is.
extern "C" const char* __tsan_default_options();
extern "C" const char* __tsan_default_options() { return "ignore_noninstrumented_modules=1"; }
#endif

namespace farm::image {
namespace {

// The only readers and writers of files that libvips may use here. All others stay blocked, so that
// no picture inside a picture and no slip in this room can reach one.
constexpr std::array kAllowed = {
    "VipsForeignLoadJpegBuffer", "VipsForeignLoadPngBuffer",  "VipsForeignLoadNsgifBuffer",
    "VipsForeignLoadWebpBuffer", "VipsForeignLoadTiffBuffer", "VipsForeignLoadHeifBuffer",
    "VipsForeignSaveJpegBuffer", "VipsForeignSavePngBuffer",  "VipsForeignSaveCgifBuffer",
    "VipsForeignSaveWebpBuffer",
};

// What libvips would print about a picture (a profile it ignores, a tag it can't read) is nothing
// an operator could act on.
void discard_log(const gchar*, GLogLevelFlags, const gchar*, gpointer) {}

}  // namespace

Result<void> start(const char* program) {
  if (vips_init(program) != 0) {
    return fail(ErrorCode::kInternal, "image", "libvips does not start");
  }
  vips_block_untrusted_set(TRUE);
  vips_operation_block_set("VipsForeign", TRUE);
  for (const char* name : kAllowed) vips_operation_block_set(name, FALSE);

  // Every picture is new, so remembering operations would only hold on to memory. Several pictures
  // at once keep the cores busy: more threads for one picture would only add their hand-overs.
  vips_cache_set_max(0);
  // liborc 0.4.33 compiles its vector code into memory that it does not guard: two pictures at once
  // have made it write to a wild address. libvips' own loops are used instead.
  vips_vector_set_enabled(FALSE);
  vips_concurrency_set(1);
  g_log_set_handler("VIPS",
                    static_cast<GLogLevelFlags>(G_LOG_LEVEL_WARNING | G_LOG_LEVEL_MESSAGE |
                                                G_LOG_LEVEL_INFO | G_LOG_LEVEL_DEBUG),
                    discard_log, nullptr);
  return ok();
}

}  // namespace farm::image
