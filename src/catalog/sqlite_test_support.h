// A folder with a catalog in it, for the tests of the SQLite backend.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>

#include "base/test_folder.h"
#include "catalog/sqlite_catalog.h"

namespace farm::catalog {

class CatalogFolder : public TestFolder {
 public:
  std::filesystem::path file() const { return path() / "catalog.sqlite"; }
};

inline std::unique_ptr<Catalog> open_or_fail(const std::filesystem::path& file,
                                             const Config& config, const Clock& clock) {
  auto opened = open_sqlite_catalog(file, config, clock);
  EXPECT_TRUE(opened) << opened.error().message();
  return opened ? std::move(opened).value() : nullptr;
}

}  // namespace farm::catalog
