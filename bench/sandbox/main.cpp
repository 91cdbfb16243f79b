// farm_sandbox_bench: the stored sizes of pictures, made in this process and in a sandboxed worker
// in turn. Prints JSON, an object a picture; bench/sandbox.py makes the table.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <nlohmann/json.hpp>

#include "image/image.h"
#include "render/renderer.h"
#include "render/worker_main.h"

namespace {

using farm::Bytes;
using farm::render::Renderer;

[[noreturn]] void give_up(const std::string& what) {
  std::fprintf(stderr, "farm_sandbox_bench: %s\n", what.c_str());
  std::exit(1);
}

Bytes read_file(const char* path) {
  std::ifstream in(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  if (!in) give_up(std::string("cannot read ") + path);
  return farm::to_bytes(text);
}

double render_ms(Renderer& renderer, const Bytes& picture) {
  const auto begun = std::chrono::steady_clock::now();
  const auto rendered = renderer.render_stored(picture);
  const auto took = std::chrono::steady_clock::now() - begun;
  if (!rendered) give_up(rendered.error().message());
  return std::chrono::duration<double, std::milli>(took).count();
}

nlohmann::json measure(Renderer& here, Renderer& apart, const char* path, int rounds) {
  const Bytes picture = read_file(path);
  std::vector<double> here_ms;
  std::vector<double> apart_ms;
  for (int round = -2; round < rounds; ++round) {  // two to warm up
    const bool here_first = round % 2 == 0;
    const double first = render_ms(here_first ? here : apart, picture);
    const double second = render_ms(here_first ? apart : here, picture);
    if (round < 0) continue;
    here_ms.push_back(here_first ? first : second);
    apart_ms.push_back(here_first ? second : first);
  }
  return {{"file", path}, {"bytes", picture.size()}, {"here_ms", here_ms}, {"worker_ms", apart_ms}};
}

int run(int argc, char** argv) {
  if (argc < 3) give_up("usage: farm_sandbox_bench ROUNDS PICTURE...");
  const int rounds = static_cast<int>(std::strtol(argv[1], nullptr, 10));
  if (!farm::image::start("farm_sandbox_bench")) give_up("libvips does not start");
  farm::obs::Metrics metrics;
  farm::image::Config config;
  config.encode_threads = std::max(1U, std::thread::hardware_concurrency());  // as a worker alone
  const auto here = farm::render::make_in_process_renderer(config);
  const auto begun = std::chrono::steady_clock::now();
  const auto apart = farm::render::make_renderer(config, {}, 1, metrics);
  if (!apart) give_up(apart.error().message());
  const auto start = std::chrono::steady_clock::now() - begun;
  std::printf("%s\n",
              nlohmann::json{{"start_ms", std::chrono::duration<double, std::milli>(start).count()},
                             {"weaknesses", apart.value()->weaknesses()}}
                  .dump()
                  .c_str());
  for (int i = 2; i < argc; ++i) {
    std::printf("%s\n", measure(*here, *apart.value(), argv[i], rounds).dump().c_str());
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == farm::render::kWorkerArgument) {
    return farm::render::worker_main(argc - 2, argv + 2);
  }
  return run(argc, argv);
}
