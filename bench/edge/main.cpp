// farm_edge_bench: the practical limit of serving from memory, and the load that ./run bench edge
// puts on servers.
#include <CLI/CLI.hpp>

#include "commands.h"
#include "epoll_loop.h"

namespace {

using namespace farm::bench;

CLI::App& add_load(CLI::App& app, const char* name, const char* what, LoadOptions& load) {
  CLI::App& command = *app.add_subcommand(name, what);
  command.add_option("--port", load.port, "Of the server, on 127.0.0.1")->required();
  command.add_option("--paths", load.paths, "File with a path each line")->required();
  command.add_option("--connections", load.connections)->check(CLI::Range(1, 1'000'000));
  command.add_option("--sources", load.sources, "Addresses to connect from, 127.0.0.1 and up")
      ->check(CLI::Range(1, 250));
  command.add_option("--segment", load.segment_bytes, "Of TCP, in bytes; 0: loopback's")
      ->check(CLI::Range(0, 65'000));
  return command;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Puts load on an HTTP server; prints JSON, an object a line", "farm_edge_bench"};
  app.require_subcommand(1);

  std::string root;
  CLI::App& serve = *app.add_subcommand("serve", "An epoll loop that answers from memory");
  serve.add_option("--root", root, "Folder whose files it serves")->required();
  serve.callback([&] { serve_from_memory(root); });

  ConnectionsOptions many;
  CLI::App& many_command =
      add_load(app, "connections", "Keep-alive connections at a fixed rate", many.load);
  many_command.add_option("--rate", many.rate, "Requests a second")->check(CLI::Range(1.0, 1e7));
  many_command.add_option("--seconds", many.seconds);
  many_command.callback([&] { measure_connections(many); });

  TurnsOptions turns;
  CLI::App& turns_command =
      add_load(app, "turns", "Keep-alive connections that ask again when they have their answer",
               turns.load);
  turns_command.add_option("--seconds", turns.seconds);
  turns_command.callback([&] { measure_turns(turns); });

  SlowOptions slow;
  CLI::App& slow_command = add_load(app, "slow", "Readers that hardly read", slow.load);
  slow_command.add_option("--bytes-a-second", slow.bytes_a_second, "That each reads");
  slow_command.add_option("--over", slow.over_s, "Seconds in which they begin, in turn")
      ->check(CLI::Range(0.1, 60.0));
  slow_command.callback([&] { read_slowly(slow); });

  StampedeOptions herd;
  CLI::App& herd_command = add_load(app, "stampede", "All ask for one object at once", herd.load);
  herd_command.add_option("--expected", herd.expected, "File with its bytes")->required();
  herd_command.add_option("--patience", herd.patience_s, "Seconds to wait for all");
  herd_command.callback([&] { stampede(herd); });

  CLI11_PARSE(app, argc, argv);
  return 0;
}
