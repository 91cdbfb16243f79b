// What every backend does with rows that do not come from uploads: many at once, and imports.
#include <gmock/gmock.h>

#include "catalog/catalog_conformance.h"

namespace farm::catalog {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST_P(CatalogConformance, AddsManyAtOnce) {
  const std::vector<PhotoRow> rows = {sample_photo(3), sample_photo(1), sample_photo(2)};
  ASSERT_TRUE(catalog().add_all(rows));
  backend_->reopen();
  for (const PhotoRow& row : rows) {
    const auto got = catalog().get(row.id);
    ASSERT_TRUE(got);
    expect_equal(got.value(), row);
  }
  ASSERT_TRUE(catalog().add_all({}));
  EXPECT_EQ(catalog().stats().value().photos, 3U);
}

TEST_P(CatalogConformance, AddsAllOrNone) {
  ASSERT_TRUE(catalog().add(sample_photo(2), {}));
  const std::vector<PhotoRow> rows = {sample_photo(1), sample_photo(2), sample_photo(3)};
  EXPECT_EQ(code_of(catalog().add_all(rows)), ErrorCode::kConflict);
  EXPECT_EQ(catalog().stats().value().photos, 1U);
  EXPECT_EQ(code_of(catalog().get({1})), ErrorCode::kNotFound);
}

TEST_P(CatalogConformance, AnImportIsNotedUntilItsRowIsThere) {
  const PhotoRow row = sample_photo(7);
  ASSERT_TRUE(catalog().begin_import(row.id));
  ASSERT_TRUE(catalog().begin_import(row.id));
  ASSERT_TRUE(catalog().begin_import({5}));
  EXPECT_EQ(code_of(catalog().get(row.id)), ErrorCode::kNotFound);
  backend_->reopen();
  EXPECT_THAT(catalog().importing().value(), ElementsAre(PhotoId{5}, PhotoId{7}));
  ASSERT_TRUE(catalog().end_import(row));
  EXPECT_THAT(catalog().importing().value(), ElementsAre(PhotoId{5}));
  expect_equal(catalog().get(row.id).value(), row);
  ASSERT_TRUE(catalog().drop_import({5}));
  ASSERT_TRUE(catalog().drop_import({5}));
  EXPECT_THAT(catalog().importing().value(), IsEmpty());
}

TEST_P(CatalogConformance, AnImportOverARowIsAConflict) {
  ASSERT_TRUE(catalog().add(sample_photo(7), {}));
  ASSERT_TRUE(catalog().begin_import({7}));
  EXPECT_EQ(code_of(catalog().end_import(sample_photo(7))), ErrorCode::kConflict);
  EXPECT_THAT(catalog().importing().value(), ElementsAre(PhotoId{7}));
}

TEST_P(CatalogConformance, CountsWhatWasEverAdded) {
  ASSERT_TRUE(catalog().add(sample_photo(1), {}));
  ASSERT_TRUE(catalog().add_all(std::vector{sample_photo(2), sample_photo(3)}));
  ASSERT_TRUE(catalog().end_import(sample_photo(4)));
  EXPECT_FALSE(catalog().add(sample_photo(4), {}));
  ASSERT_TRUE(catalog().begin_delete({2}));
  ASSERT_TRUE(catalog().end_delete({2}));
  for (int life = 0; life < 2; ++life) {
    EXPECT_EQ(catalog().stats().value().photos, 3U);
    EXPECT_EQ(catalog().stats().value().added, 4U);
    backend_->reopen();
  }
}

}  // namespace
}  // namespace farm::catalog
