// A folder with a catalog in it, for the tests of the SQLite backend.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <string>

#include "catalog/sqlite_catalog.h"

namespace farm::catalog {

// Removed with all that is in it.
class TestFolder {
 public:
  TestFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "farm_catalog_XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~TestFolder() { std::filesystem::remove_all(path_); }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;

  std::filesystem::path file() const { return path_ / "catalog.sqlite"; }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline std::unique_ptr<Catalog> open_or_fail(const std::filesystem::path& file,
                                             const Config& config, const Clock& clock) {
  auto opened = open_sqlite_catalog(file, config, clock);
  EXPECT_TRUE(opened) << opened.error().message();
  return opened ? std::move(opened).value() : nullptr;
}

}  // namespace farm::catalog
