#include "catalog/config.h"

#include <string>

namespace farm::catalog {

void read_config(config::Table table, Config& out) {
  using std::chrono::hours;
  using std::chrono::seconds;
  std::string path = out.path.string();
  table.read("path", path);
  out.path = path;
  table.read_duration("idempotency_keep", out.idempotency_keep, {seconds(1), hours(24 * 366)});
  table.read_size("cache", out.cache_bytes, {1 << 20, 1LL << 40});
  table.read_size("max_size", out.max_bytes);
  table.read("readers", out.readers, {1, 64});
  table.read("write_queue", out.write_queue, {1, 1 << 20});
  table.read("write_batch", out.write_batch, {1, 1 << 16});
  table.read_duration("busy_timeout", out.busy_timeout, {seconds(0), hours(1)});
}

}  // namespace farm::catalog
