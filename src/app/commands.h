// The commands behind `photofarm NAME`; main.cpp reads their options. Each returns the process's
// exit code.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/api_client.h"
#include "app/config.h"

namespace farm::app {

enum ExitCode {
  kExitOk = 0,
  kExitFailed = 1,       // some of what was asked failed; stderr says what
  kExitUsage = 2,        // wrong options or configuration
  kExitUnreachable = 3,  // no server answered
};

// Prints the error to stderr and gives the exit code that fits it.
int report_error(const Error& error);

struct ServeOptions {
  std::string config;  // a file, or empty
  std::string data;    // over the configuration's, where not empty
  std::string listen;  // the same
};
// The configuration file with the options over it.
Result<Config> effective_config(const ServeOptions& options);
int serve(const ServeOptions& options);
int check_config(const std::string& file);

struct PutOptions {
  std::vector<std::string> files;
  std::string owner;
  std::string title;
  std::string visibility = "public";
  std::uint32_t jobs = 4;  // uploads at once
  bool json = false;
};
int put(const ServerOptions& server, const PutOptions& options);

int info(const ServerOptions& server, const std::string& id, bool json);
int remove(const ServerOptions& server, const std::vector<std::string>& ids);

struct ListOptions {
  std::optional<std::string> owner;
  std::uint64_t limit = 0;  // 0: all
  bool json = false;
};
int list(const ServerOptions& server, const ListOptions& options);

struct PurgeOptions {
  std::vector<std::string> paths;
  std::vector<std::string> prefixes;
  std::vector<std::string> tags;
  bool soft = false;
  bool json = false;
};
int purge(const ServerOptions& server, const PurgeOptions& options);

int verify(const ServerOptions& server, bool json);
int compact(const ServerOptions& server, bool json);

struct ExportOptions {
  std::string directory;
  std::optional<std::string> owner;
  std::string since;       // a day, "2026-11-22" (UTC): only photos added from then on
  std::uint32_t jobs = 4;  // records at once, each whole in memory
  bool json = false;
};
int export_records(const ServerOptions& server, const ExportOptions& options);

struct ImportOptions {
  std::string directory;
  std::uint32_t jobs = 4;  // records at once, each whole in memory
  bool json = false;
};
int import_records(const ServerOptions& server, const ImportOptions& options);

// Without a server.
int reindex(const ServeOptions& options, bool json);

struct InspectVolumeOptions {
  std::string file;
  bool frames = false;
  bool check = false;
  bool json = false;
};
int inspect_volume(const InspectVolumeOptions& options);
int inspect_record(const std::string& file, bool json);

struct SimulateOptions {
  std::string trace;  // a file, or "-"
  std::string memory = "0.1%,0.2%,0.5%,1%,2%,5%,10%,20%";
  std::string disk;  // as memory; empty: without a disk tier
  std::string policies = "s3fifo,lru";
  std::string object_max = "64KiB";
  std::string disk_object_max = "512KiB";
  std::uint32_t shards = 0;  // 0: as the server would choose
  bool unit_cost = false;
  bool by_bytes = false;  // what the plot shows
  bool json = false;
  std::string plot;  // an SVG file to write, or empty
};
int simulate(const SimulateOptions& options);

int add_key(const ServerOptions& server, const std::string& name, const std::string& scopes,
            bool json);
int list_keys(const ServerOptions& server, bool json);
int revoke_key(const ServerOptions& server, const std::string& name);

}  // namespace farm::app
