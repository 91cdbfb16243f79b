// The top of the configuration and its [upload] table: what this process is and where.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/document.h"
#include "photo/size_code.h"

namespace farm::roles {

// The [on_demand] table: sizes and formats that are made when somebody asks for them.
struct OnDemandConfig {
  std::uint64_t cache_bytes = 64 << 20;  // of those made, kept in memory; 0: none
  std::uint32_t threads = 0;             // 0: half as many as there are cores, at least one
  std::uint32_t queue = 64;              // sizes that may wait for a thread; more get 503
  // What a URL that ends in .auto may give besides JPEG, the first that the client names in Accept.
  std::vector<photo::Format> negotiated = {photo::Format::kAvif, photo::Format::kWebp};
};

struct Config {
  std::string listen = "127.0.0.1:8080";
  // Put before every URL that is given out, without a trailing slash. Empty: http:// and the
  // request's Host, which is right where clients reach the program directly.
  std::string public_url;
  std::vector<std::string> roles = {"edge", "origin", "upload"};
  std::uint16_t server_id = 1;  // 0 to 1023; the first segment of its photos' URLs
  std::uint16_t farm_id = 1;

  // [upload]
  std::uint64_t upload_memory_bytes = 1ULL << 30;  // all bodies under way; more get 503
  std::uint32_t disk_threads = 16;                 // for what waits for a disk
  std::uint32_t disk_queue = 1024;                 // jobs that may wait for one; more get 503

  OnDemandConfig on_demand;

  bool has_role(std::string_view role) const;
};

void read_config(config::Table root, Config& out);

}  // namespace farm::roles
