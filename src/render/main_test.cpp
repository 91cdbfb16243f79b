// The tests' own main(): this program is its own worker.
#include <gtest/gtest.h>

#include <string_view>

#include "image/image.h"
#include "render/worker_main.h"

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == farm::render::kWorkerArgument) {
    return farm::render::worker_main(argc - 2, argv + 2);
  }
  if (!farm::image::start("farm_render_test")) return 1;
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
