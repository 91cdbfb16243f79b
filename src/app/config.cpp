#include "app/config.h"

namespace farm::app {
namespace {

// obs lies below config and cannot read its own table.
void read_log_config(config::Table table, obs::LogConfig& out) {
  std::string level = "info";
  table.read("level", level);
  if (const auto parsed = obs::parse_log_level(level)) {
    out.level = *parsed;
  } else {
    table.reject("level",
                 "\"" + level + "\" is no level; there are debug, info, warn, error and off");
  }
  std::string format = "auto";
  table.read("format", format);
  if (const auto parsed = obs::parse_log_format(format)) {
    out.format = *parsed;
  } else {
    table.reject("format",
                 "\"" + format + "\" is no format; there are auto, text, logfmt and json");
  }
}

Result<Config> read_config(config::Document& document) {
  Config out;
  config::Table root = document.root();
  std::string data = out.data.string();
  root.read("data", data);
  out.data = data;
  roles::read_config(root, out.roles);
  roles::read_config(root.table("purge"), out.purge);
  net::read_config(root.table("net"), out.net);
  image::read_config(root.table("image"), out.image);
  render::read_config(root.table("image"), out.render);
  store::read_config(root.table("store"), out.store);
  catalog::read_config(root.table("catalog"), out.catalog);
  cache::read_config(root.table("cache"), out.cache);
  route::read_config(root, out.route);
  net::read_config(root.table("upstream"), out.upstream);
  roles::read_config(root.table("edge"), out.edge);
  read_log_config(root.table("log"), out.log);
  FARM_TRY(document.finish());
  return out;
}

}  // namespace

Result<Config> load_config(const std::optional<std::filesystem::path>& file) {
  if (!file) {
    config::Document document = config::Document::empty();
    return read_config(document);
  }
  FARM_TRY(config::Document document, config::Document::load(*file));
  return read_config(document);
}

}  // namespace farm::app
