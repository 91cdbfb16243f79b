// farm_cache_bench: the parts of ./run bench cache.
#include <CLI/CLI.hpp>

#include "commands.h"

// As in src/app/main.cpp.
extern "C" const char* malloc_conf;
const char* malloc_conf = "dirty_decay_ms:1000,muzzy_decay_ms:0";

namespace {

void add_workload(CLI::App& command, farm::bench::WorkloadOptions& workload) {
  command.add_option("--sizes", workload.sizes, "Trace of sizes, lines of a class and bytes");
  command.add_option("--objects", workload.objects);
  command.add_option("--alpha", workload.alpha);
  command.add_option("--requests", workload.requests);
}

}  // namespace

int main(int argc, char** argv) {
  using namespace farm::bench;
  CLI::App app{"Measures the memory cache; prints JSON, an object a line", "farm_cache_bench"};
  app.require_subcommand(1);

  HitsOptions hits;
  CLI::App& hits_command = *app.add_subcommand("hits", "Time a hit, beside a map behind a mutex");
  hits_command.add_option("--rounds", hits.rounds);
  hits_command.add_option("--objects", hits.objects);
  hits_command.add_option("--finds", hits.finds, "By each thread in each round");
  hits_command.callback([&] { measure_hits(hits); });

  RatioOptions ratios;
  CLI::App& ratios_command = *app.add_subcommand("ratios", "Hit ratios under Zipf's law");
  add_workload(ratios_command, ratios.workload);
  ratios_command.add_option("--shares", ratios.shares, "Percent of the footprint, by commas");
  ratios_command.callback([&] { measure_ratios(ratios); });

  TiersOptions tiers;
  CLI::App& tiers_command = *app.add_subcommand("tiers", "Hit ratios of memory and disk together");
  add_workload(tiers_command, tiers.workload);
  tiers_command.add_option("--shares", tiers.shares, "As 1+9: percent in memory, on disk; commas");
  tiers_command.callback([&] { measure_tiers(tiers); });

  DiskOptions disk;
  const auto add_disk = [&](const char* name, const char* what) {
    CLI::App& command = *app.add_subcommand(name, what);
    command.add_option("--sizes", disk.sizes, "Trace of sizes, lines of a class and bytes");
    command.add_option("--directory", disk.directory, "Of the disk tier")->required();
    command.add_option("--disk-bytes", disk.bytes);
    return &command;
  };
  bool killed = false;
  CLI::App& fill_command = *add_disk("fill", "Fill a disk tier");
  fill_command.add_flag("--kill", killed, "End without stopping it");
  fill_command.callback([&] { fill_disk(disk, killed); });
  add_disk("restart", "Open it again")->callback([&] { restart_disk(disk); });

  BothOptions both;
  CLI::App& both_command = *app.add_subcommand("both", "Memory and disk, with bodies and files");
  add_workload(both_command, both.workload);
  both_command.add_option("--directory", both.disk.directory, "Of the disk tier")->required();
  both_command.add_option("--disk-bytes", both.disk.bytes);
  both_command.add_option("--memory", both.memory, "Bytes");
  both_command.callback([&] { measure_both(both); });

  MemoryOptions memory;
  CLI::App& memory_command = *app.add_subcommand("memory", "Resident memory of a full cache");
  add_workload(memory_command, memory.workload);
  memory_command.add_option("--memory", memory.memory, "Bytes");
  memory_command.add_option("--policy", memory.policy)->check(CLI::IsMember({"s3fifo", "lru"}));
  memory_command.callback([&] { measure_memory(memory); });

  CLI11_PARSE(app, argc, argv);
  return 0;
}
