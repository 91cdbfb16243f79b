// The whole configuration: each room's own struct, read from one file.
#pragma once

#include <filesystem>
#include <optional>

#include "cache/config.h"
#include "catalog/config.h"
#include "image/config.h"
#include "net/config.h"
#include "net/upstream.h"
#include "obs/log.h"
#include "render/config.h"
#include "roles/config.h"
#include "roles/edge/config.h"
#include "roles/purge/purge_config.h"
#include "route/config.h"
#include "store/config.h"

namespace farm::app {

struct Config {
  std::filesystem::path data = "photofarm-data";  // where everything is kept
  roles::Config roles;
  roles::PurgeConfig purge;
  net::Config net;
  image::Config image;
  render::Config render;
  store::Config store;
  catalog::Config catalog;
  cache::Config cache;
  route::Config route;
  net::UpstreamConfig upstream;
  roles::EdgeConfig edge;
  obs::LogConfig log;
};

// All defaults without a file. Errors name file, line and key, one problem a line.
Result<Config> load_config(const std::optional<std::filesystem::path>& file);

}  // namespace farm::app
