// The command line: reads options and calls the command (commands.h).
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <iostream>
#include <string_view>

#include <CLI/CLI.hpp>

#include "app/commands.h"
#include "render/worker_main.h"

// jemalloc's own variable (https://jemalloc.net/jemalloc.3.html, "tuning"); MALLOC_CONF comes after
// it. What was freed goes back to the system after a second instead of ten: a cache that changes
// much otherwise holds a tenth more than it was given.
extern "C" const char* malloc_conf;
const char* malloc_conf = "dirty_decay_ms:1000,muzzy_decay_ms:0";

namespace farm::app {
namespace {

constexpr const char* kVersion = "0.1.0";

constexpr const char* kFooter = R"(Examples:
  photofarm serve                                  start, with data in ./photofarm-data
  photofarm serve -c /etc/photofarm.toml           start with a configuration
  photofarm put holiday/*.jpg --owner anna         upload, print the URLs
  photofarm put a.jpg --json | jq -r .sizes.m.url  one URL, for a program
  photofarm keys add website --scope upload,read   a key for a program
  photofarm export /backup/records                 every photo, to keep or to import elsewhere
  photofarm simulate --trace access.log.gz         how large a cache should be
  photofarm purge --tag p123 /uploads/a.jpg        out of the caches, here and on all edges
  photofarm inspect volume DATA/volumes/000001.vol what a volume holds

Exit codes: 0 done, 1 something failed, 2 wrong options or configuration, 3 no server answered.)";

// An option that was not given comes from the environment. (CLI11's own envname() also fills the
// options of commands that were not called, and those share these variables.)
void fill_from_environment(std::string& value, const char* name, const char* otherwise) {
  if (!value.empty()) return;
  const char* set = std::getenv(name);
  value = set != nullptr && *set != '\0' ? set : otherwise;
}

// What the commands that talk to a server have in common.
void add_server_options(CLI::App& command, ServerOptions& options, std::string& data) {
  command.add_option("--server", options.server,
                     "The server, as http://HOST:PORT (PHOTOFARM_SERVER)");
  command.add_option("--key", options.key, "The API key (PHOTOFARM_KEY)");
  command.add_option("--data", data,
                     "The data directory of a server on this machine, which tells both "
                     "(PHOTOFARM_DATA, ./photofarm-data)");
}

struct CommandLine {
  CLI::App app{"photofarm: a photo farm that sites with user pictures run themselves", "photofarm"};
  std::function<int()> run;
  ServerOptions server;
  std::string data;
  ServeOptions serve_options;
  PutOptions put_options;
  ListOptions list_options;
  ExportOptions export_options;
  ImportOptions import_options;
  InspectVolumeOptions inspect_options;
  SimulateOptions simulate_options;
  PurgeOptions purge_options;
  std::string owner;
  std::string id;
  std::vector<std::string> ids;
  std::string key_name;
  std::string key_scopes = "upload,read";
  std::string file;
  bool json = false;

  CommandLine();
  int execute();  // the command that was parsed

 private:
  CLI::App& command(CLI::App& parent, const char* name, const char* what,
                    std::function<int()> does);
  void add_server_commands();
  void add_photo_commands();
  void add_record_commands();
  void add_inspect_commands();
  void add_simulate_command();
  void add_purge_command();
  void add_key_commands();
};

CLI::App& CommandLine::command(CLI::App& parent, const char* name, const char* what,
                               std::function<int()> does) {
  CLI::App* made = parent.add_subcommand(name, what);
  made->callback([this, does = std::move(does)] { run = does; });
  return *made;
}

CommandLine::CommandLine() {
  app.require_subcommand(1);
  app.footer(kFooter);
  app.set_version_flag("--version", "photofarm " + std::string(kVersion));
  add_server_commands();
  add_photo_commands();
  add_record_commands();
  add_inspect_commands();
  add_simulate_command();
  add_purge_command();
  add_key_commands();
}

void CommandLine::add_server_commands() {
  CLI::App& serving = command(app, "serve", "Run the server until SIGTERM or SIGINT",
                              [this] { return serve(serve_options); });
  serving.add_option("-c,--config", serve_options.config, "The configuration, a TOML file");
  serving.add_option("--data", serve_options.data,
                     "The data directory (PHOTOFARM_DATA, ./photofarm-data)");
  serving.add_option("--listen", serve_options.listen,
                     "ADDR:PORT to listen on (127.0.0.1:8080); port 0 takes any free one");

  CLI::App& reindexing = command(
      app, "reindex", "Make a lost catalog anew from the photos; the server must be stopped",
      [this] { return reindex(serve_options, json); });
  reindexing.add_option("-c,--config", serve_options.config, "The configuration, a TOML file");
  reindexing.add_option("--data", serve_options.data,
                        "The data directory (PHOTOFARM_DATA, ./photofarm-data)");
  reindexing.add_flag("--json", json, "Print one JSON object");

  CLI::App& checking = command(app, "check-config", "Check a configuration without using it",
                               [this] { return check_config(file); });
  checking.add_option("-c,--config,file", file, "The configuration")->required();

  command(app, "version", "Print the version", [] {
    std::printf("photofarm %s\n", kVersion);
    return kExitOk;
  });

  CLI::App& verifying = command(app, "verify", "Read every photo back and check it",
                                [this] { return verify(server, json); });
  verifying.add_flag("--json", json, "Print one JSON object");
  add_server_options(verifying, server, data);

  CLI::App& compacting =
      command(app, "compact", "Give back the space of deleted and replaced photos now",
              [this] { return compact(server, json); });
  compacting.add_flag("--json", json, "Print one JSON object");
  add_server_options(compacting, server, data);
}

void CommandLine::add_photo_commands() {
  CLI::App& putting = command(app, "put", "Upload pictures and print their URLs",
                              [this] { return put(server, put_options); });
  putting.add_option("FILE", put_options.files, "Pictures")->required();
  putting.add_option("--owner", put_options.owner, "Whose they are");
  putting.add_option("--title", put_options.title, "Their title");
  putting.add_option("--visibility", put_options.visibility, "public or private")
      ->check(CLI::IsMember({"public", "private"}));
  putting.add_option("--jobs", put_options.jobs, "Uploads at once (4)")->check(CLI::Range(1, 64));
  putting.add_flag("--json", put_options.json, "Print the photos, a JSON object a line");
  add_server_options(putting, server, data);

  CLI::App& showing =
      command(app, "info", "Show a photo", [this] { return info(server, id, json); });
  showing.add_option("ID", id, "The photo's id")->required();
  showing.add_flag("--json", json, "Print it as JSON");
  add_server_options(showing, server, data);

  CLI::App& removing =
      command(app, "rm", "Delete photos, for good", [this] { return remove(server, ids); });
  removing.add_option("ID", ids, "The photos' ids")->required();
  add_server_options(removing, server, data);

  CLI::App& listing = command(app, "list", "List photos, newest first", [this, &app = app] {
    if (app.get_subcommand("list")->count("--owner") > 0) list_options.owner = owner;
    return list(server, list_options);
  });
  listing.add_option("--owner", owner, "Only this owner's");
  listing.add_option("--limit", list_options.limit, "At most so many (all)");
  listing.add_flag("--json", list_options.json, "Print a JSON object a line");
  add_server_options(listing, server, data);
}

void CommandLine::add_record_commands() {
  CLI::App& exporting =
      command(app, "export", "Write every photo's record into a directory, to keep or to import",
              [this, &app = app] {
                if (app.get_subcommand("export")->count("--owner") > 0) {
                  export_options.owner = owner;
                }
                return export_records(server, export_options);
              });
  exporting
      .add_option("DIR", export_options.directory, "Where to; what is there is not sent again")
      ->required();
  exporting.add_option("--owner", owner, "Only this owner's");
  exporting.add_option("--since", export_options.since,
                       "Only photos added on this day or later, as in 2026-11-22 (UTC)");
  exporting.add_option("--jobs", export_options.jobs, "Records at once (4)")
      ->check(CLI::Range(1, 64));
  exporting.add_flag("--json", export_options.json, "Print the summary as one JSON object");
  add_server_options(exporting, server, data);

  CLI::App& importing =
      command(app, "import", "Take in records that export wrote: ids, URLs and times stay",
              [this] { return import_records(server, import_options); });
  importing.add_option("DIR", import_options.directory, "Where they are, in folders or not")
      ->required();
  importing.add_option("--jobs", import_options.jobs, "Records at once (4)")
      ->check(CLI::Range(1, 64));
  importing.add_flag("--json", import_options.json, "Print the summary as one JSON object");
  add_server_options(importing, server, data);
}

void CommandLine::add_inspect_commands() {
  CLI::App* inspecting =
      app.add_subcommand("inspect", "Look into a file; nothing is changed, no server is needed");
  inspecting->require_subcommand(1);
  CLI::App& volume = command(*inspecting, "volume", "A volume: what it holds, and what is damaged",
                             [this] { return inspect_volume(inspect_options); });
  volume.add_option("FILE", inspect_options.file, "DATA/volumes/NNNNNN.vol")->required();
  volume.add_flag("--frames", inspect_options.frames, "Print every frame, a line each");
  volume.add_flag("--check", inspect_options.check, "Read every payload and check it");
  volume.add_flag("--json", inspect_options.json,
                  "Print one JSON object; with --frames, before it, one a frame");
  CLI::App& record =
      command(*inspecting, "record", "An exported record: its header and every block",
              [this] { return inspect_record(file, json); });
  record.add_option("FILE", file, "A file that export wrote")->required();
  record.add_flag("--json", json, "Print one JSON object");
}

void CommandLine::add_simulate_command() {
  SimulateOptions& options = simulate_options;
  CLI::App& simulating = command(
      app, "simulate", "Tell how often caches of some sizes would have had what was asked for",
      [this] { return simulate(simulate_options); });
  simulating
      .add_option(
          "--trace", options.trace,
          "An access log (common log format), or lines of TIME ID BYTES; .gz, .xz, or - for "
          "stdin")
      ->required();
  simulating.add_option(
      "--memory", options.memory,
      "Sizes by commas: 64MiB, or 5% of what all objects take (" + options.memory + ")");
  simulating.add_option("--disk", options.disk,
                        "Sizes of a disk tier below the memory, each with each of --memory (none)");
  simulating.add_option("--disk-object-max", options.disk_object_max,
                        "Larger objects are not kept on disk (512KiB)");
  simulating.add_option("--policy", options.policies, "Of s3fifo and lru, by commas (both)");
  simulating.add_option("--object-max", options.object_max,
                        "Larger objects are not kept in memory (64KiB); 0: no bound");
  simulating.add_option("--shards", options.shards, "As [cache] shards (0: by size)")
      ->check(CLI::IsMember({0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024}));
  simulating.add_flag("--unit-cost", options.unit_cost,
                      "Every object costs the same, and sizes are numbers of objects");
  simulating.add_flag("--bytes,!--objects", options.by_bytes,
                      "What the plot shows: the share of bytes, or of requests (--objects)");
  simulating.add_option("--plot", options.plot, "Draw the hit ratios into this SVG file");
  simulating.add_flag("--json", options.json, "Print one JSON object");
}

void CommandLine::add_purge_command() {
  PurgeOptions& options = purge_options;
  CLI::App& purging =
      command(app, "purge", "Take out of the caches, here and on all edges, and tell who has heard",
              [this] { return purge(server, purge_options); });
  purging.add_option(
      "PATH", options.paths,
      "Paths as they are asked for, query included, on every host; or whole URLs, on "
      "theirs");
  purging.add_option("--prefix", options.prefixes, "All paths that begin like this");
  purging.add_option("--tag", options.tags, "All that carries this Cache-Tag: p123 is photo 123");
  purging.add_flag("--soft", options.soft,
                   "Make stale instead: asked about before it is used again");
  purging.add_flag("--json", options.json, "Print the receipt as JSON");
  add_server_options(purging, server, data);
}

void CommandLine::add_key_commands() {
  CLI::App* keys = app.add_subcommand("keys", "Make, list and revoke API keys");
  keys->require_subcommand(1);
  CLI::App& adding = command(*keys, "add", "Make a key and print it, this once",
                             [this] { return add_key(server, key_name, key_scopes, json); });
  adding.add_option("NAME", key_name, "What to call it")->required();
  adding.add_option("--scope", key_scopes, "Of upload, read and admin, by commas (upload,read)");
  adding.add_flag("--json", json, "Print it as JSON");
  add_server_options(adding, server, data);

  CLI::App& listing =
      command(*keys, "list", "List the keys", [this] { return list_keys(server, json); });
  listing.add_flag("--json", json, "Print a JSON object a line");
  add_server_options(listing, server, data);

  CLI::App& revoking = command(*keys, "revoke", "Make a key useless",
                               [this] { return revoke_key(server, key_name); });
  revoking.add_option("NAME", key_name, "The key's name")->required();
  add_server_options(revoking, server, data);
}

int CommandLine::execute() {
  fill_from_environment(server.server, "PHOTOFARM_SERVER", "");
  fill_from_environment(server.key, "PHOTOFARM_KEY", "");
  fill_from_environment(serve_options.data, "PHOTOFARM_DATA", "");
  fill_from_environment(data, "PHOTOFARM_DATA", "photofarm-data");
  server.data = data;
  return run();
}

int run(int argc, char** argv) {
  CommandLine line;
  try {
    line.app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = line.app.exit(error);
    return code == 0 ? kExitOk : kExitUsage;
  }
  return line.execute();
}

}  // namespace
}  // namespace farm::app

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == farm::render::kWorkerArgument) {
    return farm::render::worker_main(argc - 2, argv + 2);
  }
  try {
    return farm::app::run(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "photofarm: " << error.what() << "\n";
    return farm::app::kExitFailed;
  }
}
