// farm_store_bench: the parts of ./run bench store that are measured in the store's own language.
#include <CLI/CLI.hpp>

#include "commands.h"

namespace {

void add_work(CLI::App& command, std::filesystem::path& work) {
  command.add_option("--work", work, "Folder for the data")->required();
}

void add_sizes(CLI::App& command, std::string& sizes) {
  command.add_option("--sizes", sizes, "Trace of sizes, lines of a class and bytes");
}

}  // namespace

int main(int argc, char** argv) {
  using namespace farm::bench;
  CLI::App app{"Measures the embedded store; prints JSON, an object a line", "farm_store_bench"};
  app.require_subcommand(1);

  PutsOptions puts;
  CLI::App& puts_command = *app.add_subcommand("puts", "Durable puts, three ways");
  add_work(puts_command, puts.work);
  add_sizes(puts_command, puts.sizes);
  puts_command.add_option("--writers", puts.writers);
  puts_command.add_option("--rounds", puts.rounds);
  puts_command.add_option("--seconds", puts.seconds, "Of each way in each round");
  puts_command.callback([&] { measure_puts(puts); });

  SyscallOptions reads;
  const auto add_reads = [&](const char* name, const char* what) -> CLI::App& {
    CLI::App& command = *app.add_subcommand(name, what);
    add_work(command, reads.reads.work);
    add_sizes(command, reads.reads.sizes);
    command.add_option("--photos", reads.reads.photos);
    command.add_option("--requests", reads.reads.requests, "In one pass");
    return command;
  };
  CLI::App& reads_command = add_reads("reads", "Reads from the page cache, beside pread");
  reads_command.add_option("--rounds", reads.reads.rounds);
  reads_command.callback([&] { measure_reads(reads.reads); });
  CLI::App& passes_command = add_reads("read-passes", "The same reads, to be watched from outside");
  passes_command.add_option("--passes", reads.passes);
  passes_command.callback([&] { read_for_counting(reads); });

  FillOptions many;
  CLI::App& fill_command = *app.add_subcommand("fill", "Many small records, not synced");
  add_work(fill_command, many.work);
  fill_command.add_option("--photos", many.photos);
  fill_command.add_option("--writers", many.writers);
  fill_command.callback([&] { fill(many); });

  OpenOptions open;
  CLI::App& open_command = *app.add_subcommand("open", "Opens what fill made");
  add_work(open_command, open.work);
  open_command.add_flag("--cold", open.cold, "With nothing in the page cache");
  open_command.callback([&] { measure_open(open); });

  CLI11_PARSE(app, argc, argv);
  return 0;
}
