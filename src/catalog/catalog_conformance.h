// What every backend of Catalog must do. A backend's test says how to make one:
//
//   INSTANTIATE_TEST_SUITE_P(Sqlite, CatalogConformance, testing::Values(make_sqlite_backend));
//
// and the tests of catalog_conformance_test.cpp run on it.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>

#include "base/clock.h"
#include "catalog/catalog.h"

namespace farm::catalog {

inline constexpr std::chrono::hours kConformanceKeep{24};  // of idempotency rows

// An empty catalog of its own, made by the factory, gone with the backend.
class CatalogBackend {
 public:
  virtual ~CatalogBackend() = default;
  virtual Catalog& catalog() = 0;
  // Closes it and opens it again, as a restart of the program would.
  virtual void reopen() = 0;

  FakeClock clock{kPhotoEpochMs + 1'000'000'000};  // the catalog's clock
};

using CatalogBackendFactory = std::unique_ptr<CatalogBackend> (*)();

class CatalogConformance : public ::testing::TestWithParam<CatalogBackendFactory> {
 protected:
  CatalogConformance() : backend_(GetParam()()) {}

  Catalog& catalog() { return backend_->catalog(); }

  std::unique_ptr<CatalogBackend> backend_;
};

// The code of an error; a code that is none for a success.
template <class T>
ErrorCode code_of(const Result<T>& result) {
  return result ? ErrorCode{-1} : result.error().code;
}

// A photo with something in every field that depends on `id`.
PhotoRow sample_photo(std::uint64_t id, std::string owner = "ann");

// Fails the test where any field differs.
void expect_equal(const PhotoRow& a, const PhotoRow& b);

}  // namespace farm::catalog
