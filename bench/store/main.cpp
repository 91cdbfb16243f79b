// farm_store_bench: the parts of ./run bench store that are measured in the store's own language.
#include <CLI/CLI.hpp>

#include "commands.h"

namespace {

void add_sizes(CLI::App& command, std::string& sizes) {
  command.add_option("--sizes", sizes, "Trace of sizes, lines of a class and bytes");
}

}  // namespace

int main(int argc, char** argv) {
  using namespace farm::bench;
  CLI::App app{"Measures the embedded store; prints JSON, an object a line", "farm_store_bench"};
  app.require_subcommand(1);
  std::filesystem::path work;
  app.add_option("--work", work, "Folder for the data")->required();

  PutsOptions puts;
  CLI::App& puts_command = *app.add_subcommand("puts", "Durable puts, three ways");
  add_sizes(puts_command, puts.sizes);
  puts_command.add_option("--writers", puts.writers);
  puts_command.add_option("--rounds", puts.rounds);
  puts_command.add_option("--seconds", puts.seconds, "Of each way in each round");
  puts_command.callback([&] { measure_puts(work, puts); });

  SyscallOptions reads;
  const auto add_reads = [&](const char* name, const char* what) -> CLI::App& {
    CLI::App& command = *app.add_subcommand(name, what);
    add_sizes(command, reads.reads.sizes);
    command.add_option("--photos", reads.reads.photos);
    command.add_option("--requests", reads.reads.requests, "In one pass");
    return command;
  };
  CLI::App& reads_command = add_reads("reads", "Reads from the page cache, beside pread");
  reads_command.add_option("--rounds", reads.reads.rounds);
  reads_command.callback([&] { measure_reads(work, reads.reads); });
  CLI::App& passes_command = add_reads("read-passes", "The same reads, to be watched from outside");
  passes_command.add_option("--passes", reads.passes);
  passes_command.callback([&] { read_for_counting(work, reads); });

  FillOptions many;
  CLI::App& fill_command = *app.add_subcommand("fill", "Many small records, not synced");
  fill_command.add_option("--photos", many.photos);
  fill_command.add_option("--writers", many.writers);
  fill_command.callback([&] { fill(work, many); });

  IndexOptions index;
  CLI::App& index_command = *app.add_subcommand("index", "The memory that the index takes");
  index_command.add_option("--photos", index.photos);
  index_command.callback([&] { measure_index(index); });

  OpenOptions open;
  CLI::App& open_command = *app.add_subcommand("open", "Opens what fill made");
  open_command.add_flag("--cold", open.cold, "With nothing in the page cache");
  open_command.add_flag("--checkpoint,!--no-checkpoint", open.checkpoint);
  open_command.callback([&] { measure_open(work, open); });

  CompactOptions compact;
  CLI::App& compact_command = *app.add_subcommand("compact", "Takes back what deleted photos took");
  add_sizes(compact_command, compact.sizes);
  compact_command.add_option("--photos", compact.photos);
  compact_command.add_option("--rate", compact.rate, "Reads a second meanwhile");
  compact_command.add_option("--seconds", compact.seconds, "Of reads before it");
  compact_command.callback([&] { measure_compact(work, compact); });

  CLI11_PARSE(app, argc, argv);
  return 0;
}
