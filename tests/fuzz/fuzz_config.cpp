// Arbitrary text as a configuration file: parsed, read by every kind of reader under the keys that
// the corpus uses, and finished. Every problem told must be one printable line that names the file.
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "config/document.h"

namespace {

using farm::config::Document;
using farm::config::Table;

void require(bool condition) {
  if (!condition) std::abort();
}

void read_all(Table table) {
  std::string text;
  bool truth = false;
  std::int64_t big = 0;
  std::uint16_t port = 0;
  std::uint32_t count = 5;
  std::uint64_t size = 7;
  std::chrono::milliseconds wait{9};
  std::vector<std::string> list;
  table.read("text", text);
  table.read("truth", truth);
  table.read("big", big, {-100, 100});
  table.read("port", port);
  table.read("count", count, {5, 50});
  table.read("list", list);
  table.read_size("size", size, {7, 1 << 30});
  table.read_duration("wait", wait, {std::chrono::milliseconds(9), std::chrono::hours(1)});
  require(big >= -100 && big <= 100);
  require(count >= 5 && count <= 50);
  require(size >= 7 && size <= 1 << 30);
  require(wait.count() >= 9 && wait <= std::chrono::hours(1));
}

void check_message(std::string_view message) {
  require(message.starts_with("f:"));
  for (const char c : message) require(c == '\n' || static_cast<unsigned char>(c) >= 0x20);
}

void check_amounts(std::string_view text) {
  if (const auto size = farm::config::parse_size(text)) require(*size >> 63 == 0);
  if (const auto wait = farm::config::parse_duration(text)) require(wait->count() >= 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_amounts(text);
  auto document = Document::parse(text, "f");
  if (!document) {
    check_message(document.error().context);
    return 0;
  }
  Table root = document.value().root();
  read_all(root);
  read_all(root.table("table"));
  read_all(root.table("table").table("table"));
  for (Table item : root.tables("tables")) {
    read_all(item);
    for (Table inner : item.tables("tables")) read_all(inner);
  }
  const auto finished = document.value().finish();
  if (!finished) check_message(finished.error().context);
  return 0;
}
