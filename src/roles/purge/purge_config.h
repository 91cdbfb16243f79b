// The [purge] table: which other processes learn of the purges that begin here, and whose purges
// are learned here. A purge goes one step: name every edge at every process where purges begin.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "cache/purge_log.h"
#include "config/document.h"

namespace farm::roles {

// { url = "http://edge1:8080", key_file = "/etc/photofarm/edge1.key" }, or key = "…": an API key of
// that process with the scope admin. The file is read anew for every attempt.
struct PurgePeerConfig {
  std::string url;
  std::string key;
  std::string key_file;
};

struct PurgeConfig {
  static constexpr std::size_t kMaxPeers = 256;  // of each kind

  std::vector<PurgePeerConfig> edges;  // told at once of what is purged here
  std::vector<PurgePeerConfig> from;   // asked for what was purged there
  // How often those are asked; the first time before anything cached counts as good.
  std::chrono::milliseconds poll{5'000};
  // How long a purge, a delete or a change waits for the edges before it is answered.
  std::chrono::milliseconds wait{1'000};
  std::chrono::milliseconds timeout{5'000};     // of one request to a peer
  std::chrono::milliseconds retry_max{30'000};  // longest wait between two attempts
  std::uint32_t log_entries = 262'144;          // purges kept; older ones make a floor
  std::uint64_t log_bytes = 64 << 20;           // of their paths and tags
  std::uint32_t receipts = 1'000;               // kept to be looked at

  cache::PurgeLogOptions log_options() const;
};

// Keys: edges, from, poll, wait, timeout, retry_max, log_entries, log_size, receipts.
void read_config(config::Table table, PurgeConfig& out);

}  // namespace farm::roles
