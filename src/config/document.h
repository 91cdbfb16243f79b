// One TOML file, seen through tables that remember what was asked for. Each room reads its own
// table into its own struct, whose defaults stand where the file is silent:
//
//   void read_config(config::Table table, Config& out) {
//     table.read("jpeg_quality", out.jpeg_quality, {1, 100});
//     table.read_size("max_file", out.limits.max_file_bytes);
//   }
//
// Reading never fails on the spot: wrong types, units and ranges are collected, and finish() tells
// all of them and every key nobody asked for, each with file, line and key. Not thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace farm::config {

struct Range {
  std::int64_t min = std::numeric_limits<std::int64_t>::min();
  std::int64_t max = std::numeric_limits<std::int64_t>::max();
};

struct DurationRange {
  std::chrono::milliseconds min{0};
  std::chrono::milliseconds max = std::chrono::milliseconds::max();
};

class Table {
 public:
  struct Node;  // document.cpp

  // Each leaves `out` as it is where the key is missing or wrong.
  void read(std::string_view key, std::string& out);
  void read(std::string_view key, bool& out);
  void read(std::string_view key, std::int64_t& out, Range range = {});
  void read(std::string_view key, int& out, Range range = {});
  void read(std::string_view key, std::uint16_t& out, Range range = {});
  void read(std::string_view key, std::uint32_t& out, Range range = {});
  void read(std::string_view key, std::vector<std::string>& out);
  // "64KiB", "2GiB", "100 MiB", "512B"; powers of 1024 and of 1000 ("kB", "MB", "GB", "TB"); "0".
  void read_size(std::string_view key, std::uint64_t& out, Range range = {});
  // "250ms", "30s", "5m", "24h", "30d"; "0".
  void read_duration(std::string_view key, std::chrono::milliseconds& out,
                     DurationRange range = {});

  // An empty table where it is missing.
  Table table(std::string_view key);
  // The tables of an array ([[pool]]); none where it is missing.
  std::vector<Table> tables(std::string_view key);
  // Whether the key is there; it counts as asked for.
  bool has(std::string_view key) const;

  // An error at `key` (or at the table, where there is no such key) that finish() will tell.
  void reject(std::string_view key, std::string why);

 private:
  friend class Document;
  explicit Table(std::shared_ptr<Node> node) : node_(std::move(node)) {}
  std::shared_ptr<Node> node_;
};

class Document {
 public:
  // kInvalidArgument with file, line and column if it is no TOML; kNotFound or kIo from load().
  static Result<Document> parse(std::string_view text, std::string file_name);
  static Result<Document> load(const std::filesystem::path& file);
  static Document empty();  // all defaults

  Table root();
  // Ok, or kInvalidArgument with a line "FILE:LINE: KEY: what is wrong" for each problem, in the
  // order of the file. An unknown key is named with the nearest known one. Call it once every room
  // has read its table.
  Result<void> finish() const;

 private:
  explicit Document(std::shared_ptr<Table::Node> root) : root_(std::move(root)) {}
  std::shared_ptr<Table::Node> root_;
};

// The units above, for command-line options too. Nothing where `text` does not fit.
std::optional<std::uint64_t> parse_size(std::string_view text);
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

}  // namespace farm::config
