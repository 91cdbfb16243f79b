#include "render/config.h"

#include <string>

namespace farm::render {
namespace {

void read_sandbox(config::Table& table, Sandbox& out) {
  std::string text = "preferred";
  if (!table.has("sandbox")) return;
  table.read("sandbox", text);
  if (text == "required") {
    out = Sandbox::kRequired;
  } else if (text == "preferred") {
    out = Sandbox::kPreferred;
  } else if (text == "off") {
    out = Sandbox::kOff;
  } else {
    table.reject("sandbox", "\"" + text + "\" is none of required, preferred and off");
  }
}

}  // namespace

void read_config(config::Table table, Config& out) {
  using namespace std::chrono_literals;
  constexpr std::int64_t kLeastMemory = 64 << 20;
  constexpr std::int64_t kMostMemory = std::int64_t{1} << 40;
  read_sandbox(table, out.sandbox);
  table.read_size("worker_memory", out.limits.memory_bytes, {kLeastMemory, kMostMemory});
  table.read_duration("worker_cpu", out.limits.cpu, {1s, 1h});
  table.read_duration("worker_wall", out.limits.wall, {1s, 1h});
  table.read("worker_jobs", out.jobs_per_worker, {1, 1'000'000});
}

}  // namespace farm::render
