#include "catalog/catalog_conformance.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <thread>

namespace farm::catalog {

using photo::Format;
using photo::SizeCode;
using photo::Visibility;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

PhotoRow sample_photo(std::uint64_t id, std::string owner) {
  PhotoRow row;
  row.id = PhotoId{id};
  row.server = static_cast<std::uint16_t>(id % 1024);
  row.visibility = id % 2 == 0 ? Visibility::kPublic : Visibility::kPrivate;
  row.format = Format::kPng;
  row.secret.bytes.fill(static_cast<std::byte>(id));
  row.original_secret.bytes.fill(static_cast<std::byte>(~id));
  row.dimensions = {2725, 2225};
  row.created_ms = kPhotoEpochMs + static_cast<Millis>(id % 1'000'000'000);
  row.changed_ms = row.created_ms + 1;
  row.owner = std::move(owner);
  row.title = "photo " + std::to_string(id);
  row.sizes = {{SizeCode::kSquare, Format::kJpeg, {75, 75}, 2391},
               {SizeCode::kMedium, Format::kJpeg, {500, 408}, 48000},
               {SizeCode::kOriginal, Format::kPng, {2725, 2225}, 829183 + id}};
  row.facts = {.taken_at = "2024-05-01T12:30:00+02:00",
               .camera = "NIKON COOLPIX P6000",
               .dominant_color = "#0a1b2c",
               .thumb_hash = "1QcSHQRnh493V4dIh4eXh1h4kJUI"};
  return row;
}

void expect_equal(const PhotoRow& a, const PhotoRow& b) {
  EXPECT_EQ(a.id, b.id);
  EXPECT_EQ(a.version, b.version);
  EXPECT_EQ(a.server, b.server);
  EXPECT_EQ(a.visibility, b.visibility);
  EXPECT_EQ(a.format, b.format);
  EXPECT_EQ(a.secret.bytes, b.secret.bytes);
  EXPECT_EQ(a.original_secret.bytes, b.original_secret.bytes);
  EXPECT_EQ(a.dimensions, b.dimensions);
  EXPECT_EQ(a.created_ms, b.created_ms);
  EXPECT_EQ(a.changed_ms, b.changed_ms);
  EXPECT_EQ(a.owner, b.owner);
  EXPECT_EQ(a.title, b.title);
  EXPECT_EQ(a.facts, b.facts);
  ASSERT_EQ(a.sizes.size(), b.sizes.size());
  for (std::size_t i = 0; i < a.sizes.size(); ++i) {
    EXPECT_EQ(a.sizes[i].code, b.sizes[i].code);
    EXPECT_EQ(a.sizes[i].format, b.sizes[i].format);
    EXPECT_EQ(a.sizes[i].dimensions, b.sizes[i].dimensions);
    EXPECT_EQ(a.sizes[i].bytes, b.sizes[i].bytes);
  }
}

namespace {

std::vector<std::uint64_t> ids(const Result<std::vector<PhotoRow>>& rows) {
  std::vector<std::uint64_t> all;
  for (const PhotoRow& row : rows.value()) all.push_back(row.id.value);
  return all;
}

IdempotencyRow once(std::string key, std::uint64_t photo, std::string api_key = "app") {
  return {std::move(api_key), std::move(key), sha256(as_bytes("request")), PhotoId{photo}};
}

KeyRow key_row(std::string name, std::uint8_t scopes = 1) { return {std::move(name), {scopes}, 7}; }

TEST_P(CatalogConformance, APhotoComesBackAsItWasAdded) {
  const PhotoRow row = sample_photo(714859384938496);
  ASSERT_TRUE(catalog().add(row, {}));
  expect_equal(catalog().get(row.id).value(), row);
}

TEST_P(CatalogConformance, ExtremeValuesComeBackToo) {
  PhotoRow row =
      sample_photo((std::uint64_t{1} << 63) - 1, std::string(photo::kMaxOwnerBytes, 'o'));
  row.version = std::numeric_limits<std::uint32_t>::max();
  row.server = std::numeric_limits<std::uint16_t>::max();
  row.format = Format::kAvif;
  row.dimensions = {std::numeric_limits<std::uint32_t>::max(), 1};
  row.created_ms = std::numeric_limits<Millis>::max();
  row.changed_ms = std::numeric_limits<Millis>::min();
  row.title = std::string(photo::kMaxTitleBytes, 't');
  row.sizes.assign(16, {SizeCode::kOriginal, Format::kAvif, row.dimensions,
                        std::numeric_limits<std::uint64_t>::max()});
  ASSERT_TRUE(catalog().add(row, {}));
  expect_equal(catalog().get(row.id).value(), row);

  PhotoRow small;
  small.id = PhotoId{1};
  ASSERT_TRUE(catalog().add(small, {}));
  expect_equal(catalog().get(small.id).value(), small);
}

TEST_P(CatalogConformance, TextIsJustText) {
  PhotoRow row = sample_photo(5, "o'Neill \"; DROP TABLE photo; --");
  row.title = "päckchen €𝄞 %s \\ \n";
  ASSERT_TRUE(catalog().add(row, {}));
  expect_equal(catalog().get(row.id).value(), row);
  EXPECT_THAT(ids(catalog().list({.owner = row.owner})), ElementsAre(5));
}

TEST_P(CatalogConformance, AnIdIsTakenOnce) {
  ASSERT_TRUE(catalog().add(sample_photo(5, "ann"), {}));
  EXPECT_EQ(code_of(catalog().add(sample_photo(5, "bob"), {})), ErrorCode::kConflict);
  EXPECT_EQ(catalog().get(PhotoId{5}).value().owner, "ann");
}

TEST_P(CatalogConformance, RowsThatCannotBeAreRefused) {
  const auto refuses = [&](auto&& change) {
    PhotoRow row = sample_photo(5);
    change(row);
    EXPECT_EQ(code_of(catalog().add(row, {})), ErrorCode::kInvalidArgument);
  };
  refuses([](PhotoRow& row) { row.id = {}; });
  refuses([](PhotoRow& row) { row.id.value = std::uint64_t{1} << 63; });
  refuses([](PhotoRow& row) { row.version = 0; });
  refuses([](PhotoRow& row) { row.owner.assign(photo::kMaxOwnerBytes + 1, 'x'); });
  refuses([](PhotoRow& row) { row.title.assign(photo::kMaxTitleBytes + 1, 'x'); });
  refuses([](PhotoRow& row) { row.sizes.resize(17, row.sizes[0]); });
  EXPECT_EQ(code_of(catalog().get(PhotoId{5})), ErrorCode::kNotFound);
}

TEST_P(CatalogConformance, AdvanceReplacesTheVersionAndKeepsTheLabels) {
  const PhotoRow first = sample_photo(5);
  ASSERT_TRUE(catalog().add(first, {}));
  PhotoRow next = sample_photo(6, "mallory");
  next.id = first.id;
  next.version = 2;
  next.sizes.pop_back();
  ASSERT_TRUE(catalog().advance(next));
  next.owner = first.owner;
  next.title = first.title;
  next.visibility = first.visibility;
  expect_equal(catalog().get(first.id).value(), next);
}

TEST_P(CatalogConformance, AdvanceNeverGoesBack) {
  PhotoRow row = sample_photo(5);
  row.version = 7;
  ASSERT_TRUE(catalog().add(row, {}));
  for (const std::uint32_t version : {1U, 6U, 7U}) {
    row.version = version;
    EXPECT_EQ(code_of(catalog().advance(row)), ErrorCode::kConflict) << version;
  }
  for (const std::uint32_t version : {8U, 12U}) {
    row.version = version;
    EXPECT_TRUE(catalog().advance(row)) << version;
  }
  EXPECT_EQ(code_of(catalog().advance(sample_photo(6))), ErrorCode::kNotFound);
}

TEST_P(CatalogConformance, PatchChangesOnlyWhatIsSet) {
  PhotoRow row = sample_photo(6);
  ASSERT_TRUE(catalog().add(row, {}));
  expect_equal(catalog().patch(row.id, {}).value(), row);
  row.title = "";
  expect_equal(catalog().patch(row.id, {.title = ""}).value(), row);
  row.owner = "bob";
  expect_equal(catalog().patch(row.id, {.owner = "bob"}).value(), row);
  row.visibility = Visibility::kPrivate;
  expect_equal(catalog().patch(row.id, {.visibility = Visibility::kPrivate}).value(), row);
  expect_equal(catalog().get(row.id).value(), row);
  EXPECT_THAT(ids(catalog().list({.owner = "bob"})), ElementsAre(6));
  EXPECT_THAT(ids(catalog().list({.owner = "ann"})), IsEmpty());
}

TEST_P(CatalogConformance, PatchRefusesWhatDoesNotFit) {
  ASSERT_TRUE(catalog().add(sample_photo(5), {}));
  EXPECT_EQ(code_of(catalog().patch(PhotoId{6}, {.title = "x"})), ErrorCode::kNotFound);
  EXPECT_EQ(code_of(catalog().patch(PhotoId{5}, {.owner = std::string(256, 'x')})),
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(code_of(catalog().patch(PhotoId{5}, {.title = std::string(1001, 'x')})),
            ErrorCode::kInvalidArgument);
}

TEST_P(CatalogConformance, ListsNewestFirst) {
  for (const std::uint64_t id : {30, 10, 50, 20, 40}) {
    ASSERT_TRUE(catalog().add(sample_photo(id, id == 20 ? "" : "ann"), {}));
  }
  EXPECT_THAT(ids(catalog().list({})), ElementsAre(50, 40, 30, 20, 10));
  EXPECT_THAT(ids(catalog().list({.owner = "ann"})), ElementsAre(50, 40, 30, 10));
  EXPECT_THAT(ids(catalog().list({.owner = ""})), ElementsAre(20));
  EXPECT_THAT(ids(catalog().list({.owner = "nobody"})), IsEmpty());
  EXPECT_THAT(ids(catalog().list({.limit = 2})), ElementsAre(50, 40));
  EXPECT_THAT(ids(catalog().list({.limit = 2, .before = PhotoId{40}})), ElementsAre(30, 20));
  EXPECT_THAT(ids(catalog().list({.owner = "ann", .limit = 2, .before = PhotoId{31}})),
              ElementsAre(30, 10));
  EXPECT_THAT(ids(catalog().list({.before = PhotoId{10}})), IsEmpty());
  expect_equal(catalog().list({.limit = 1}).value().front(), sample_photo(50));
}

TEST_P(CatalogConformance, ListingTakesBoundedPages) {
  EXPECT_EQ(code_of(catalog().list({.limit = 0})), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code_of(catalog().list({.limit = 1002})), ErrorCode::kInvalidArgument);
  EXPECT_TRUE(catalog().list({.limit = 1001}));
}

TEST_P(CatalogConformance, APhotoBeingDeletedIsHidden) {
  const PhotoId id{5};
  ASSERT_TRUE(catalog().add(sample_photo(5), {}));
  ASSERT_TRUE(catalog().begin_delete(id));
  EXPECT_EQ(code_of(catalog().get(id)), ErrorCode::kNotFound);
  EXPECT_EQ(code_of(catalog().patch(id, {.title = "x"})), ErrorCode::kNotFound);
  PhotoRow next = sample_photo(5);
  next.version = 2;
  EXPECT_EQ(code_of(catalog().advance(next)), ErrorCode::kNotFound);
  EXPECT_THAT(ids(catalog().list({})), IsEmpty());
  EXPECT_THAT(ids(catalog().list({.owner = "ann"})), IsEmpty());
  EXPECT_THAT(catalog().deleting().value(), ElementsAre(id));
  EXPECT_EQ(code_of(catalog().add(sample_photo(5), {})), ErrorCode::kConflict);
  EXPECT_TRUE(catalog().begin_delete(id));
  ASSERT_TRUE(catalog().end_delete(id));
  EXPECT_THAT(catalog().deleting().value(), IsEmpty());
}

TEST_P(CatalogConformance, DeletingTakesTwoSteps) {
  EXPECT_EQ(code_of(catalog().begin_delete(PhotoId{5})), ErrorCode::kNotFound);
  EXPECT_EQ(code_of(catalog().end_delete(PhotoId{5})), ErrorCode::kNotFound);
  ASSERT_TRUE(catalog().add(sample_photo(5), {}));
  EXPECT_EQ(code_of(catalog().end_delete(PhotoId{5})), ErrorCode::kConflict);
  EXPECT_TRUE(catalog().get(PhotoId{5}));
  ASSERT_TRUE(catalog().begin_delete(PhotoId{5}));
  ASSERT_TRUE(catalog().end_delete(PhotoId{5}));
  EXPECT_EQ(code_of(catalog().begin_delete(PhotoId{5})), ErrorCode::kNotFound);
  EXPECT_EQ(code_of(catalog().end_delete(PhotoId{5})), ErrorCode::kNotFound);
}

TEST_P(CatalogConformance, ADeletionCutShortIsRemembered) {
  for (const std::uint64_t id : {5, 6, 7}) ASSERT_TRUE(catalog().add(sample_photo(id), {}));
  ASSERT_TRUE(catalog().begin_delete(PhotoId{7}));
  ASSERT_TRUE(catalog().begin_delete(PhotoId{5}));
  backend_->reopen();
  std::vector<PhotoId> deleting = catalog().deleting().value();
  std::ranges::sort(deleting);
  EXPECT_THAT(deleting, ElementsAre(PhotoId{5}, PhotoId{7}));
  EXPECT_TRUE(catalog().end_delete(PhotoId{5}));
}

TEST_P(CatalogConformance, VersionsAreToldInTheOrderAsked) {
  PhotoRow row = sample_photo(5);
  ASSERT_TRUE(catalog().add(row, {}));
  row.version = 2;
  ASSERT_TRUE(catalog().advance(row));
  ASSERT_TRUE(catalog().add(sample_photo(6), {}));
  ASSERT_TRUE(catalog().begin_delete(PhotoId{6}));
  const std::vector<PhotoId> asked{{9}, {6}, {5}, {9}, {5}};
  EXPECT_THAT(catalog().versions(asked).value(), ElementsAre(0, 1, 2, 0, 2));
  EXPECT_THAT(catalog().versions({}).value(), IsEmpty());
  EXPECT_EQ(catalog().versions(std::vector<PhotoId>(10'000)).value().size(), 10'000U);
  EXPECT_EQ(code_of(catalog().versions(std::vector<PhotoId>(10'001))), ErrorCode::kInvalidArgument);
}

TEST_P(CatalogConformance, AnIdempotencyKeyIsTakenWithItsPhoto) {
  ASSERT_TRUE(catalog().add(sample_photo(5), once("k", 5)));
  const auto found = catalog().find_idempotent("app", "k").value();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->api_key_name, "app");
  EXPECT_EQ(found->key, "k");
  EXPECT_EQ(found->request, sha256(as_bytes("request")));
  EXPECT_EQ(found->photo, PhotoId{5});
  EXPECT_FALSE(catalog().find_idempotent("app", "K").value());
  EXPECT_FALSE(catalog().find_idempotent("other", "k").value());
}

TEST_P(CatalogConformance, ATakenIdempotencyKeyAddsNoPhoto) {
  ASSERT_TRUE(catalog().add(sample_photo(5), once("k", 5)));
  EXPECT_EQ(code_of(catalog().add(sample_photo(6), once("k", 6))), ErrorCode::kConflict);
  EXPECT_EQ(code_of(catalog().get(PhotoId{6})), ErrorCode::kNotFound);
  EXPECT_EQ(catalog().find_idempotent("app", "k").value()->photo, PhotoId{5});
  EXPECT_EQ(catalog().stats().value().photos, 1U);
  EXPECT_TRUE(catalog().add(sample_photo(6), once("k", 6, "another")));
}

TEST_P(CatalogConformance, ATakenPhotoIdTakesNoIdempotencyKey) {
  ASSERT_TRUE(catalog().add(sample_photo(5), {}));
  EXPECT_EQ(code_of(catalog().add(sample_photo(5), once("k", 5))), ErrorCode::kConflict);
  EXPECT_FALSE(catalog().find_idempotent("app", "k").value());
}

TEST_P(CatalogConformance, IdempotencyKeysAreForgottenAfterTheirTime) {
  const Millis keep = std::chrono::milliseconds(kConformanceKeep).count();
  ASSERT_TRUE(catalog().add(sample_photo(5), once("k", 5)));
  backend_->clock.advance(keep - 1);
  EXPECT_TRUE(catalog().find_idempotent("app", "k").value());
  EXPECT_EQ(code_of(catalog().add(sample_photo(6), once("k", 6))), ErrorCode::kConflict);
  backend_->clock.advance(1);
  EXPECT_FALSE(catalog().find_idempotent("app", "k").value());
  ASSERT_TRUE(catalog().add(sample_photo(6), once("k", 6)));
  EXPECT_EQ(catalog().find_idempotent("app", "k").value()->photo, PhotoId{6});
}

TEST_P(CatalogConformance, ApiKeysAreFoundByTheirHash) {
  const Sha256 hash = sha256(as_bytes("pf_1"));
  ASSERT_TRUE(catalog().add_key(key_row("app", 3), hash));
  const auto found = catalog().find_key(hash).value();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->name, "app");
  EXPECT_EQ(found->scopes.bits, 3);
  EXPECT_EQ(found->created_ms, 7);
  EXPECT_FALSE(catalog().find_key(sha256(as_bytes("pf_2"))).value());
}

TEST_P(CatalogConformance, ApiKeyNamesAndValuesAreTakenOnce) {
  const Sha256 one = sha256(as_bytes("pf_1"));
  const Sha256 two = sha256(as_bytes("pf_2"));
  ASSERT_TRUE(catalog().add_key(key_row("app"), one));
  EXPECT_EQ(code_of(catalog().add_key(key_row("app"), two)), ErrorCode::kConflict);
  EXPECT_EQ(code_of(catalog().add_key(key_row("other"), one)), ErrorCode::kConflict);
  EXPECT_EQ(code_of(catalog().set_key(key_row("other"), one)), ErrorCode::kConflict);
  EXPECT_FALSE(catalog().find_key(two).value());
  EXPECT_EQ(catalog().list_keys().value().size(), 1U);
}

TEST_P(CatalogConformance, SetKeyReplacesOrAdds) {
  const Sha256 one = sha256(as_bytes("pf_1"));
  const Sha256 two = sha256(as_bytes("pf_2"));
  ASSERT_TRUE(catalog().set_key(key_row("admin", 4), one));
  ASSERT_TRUE(catalog().set_key(key_row("admin", 2), two));
  EXPECT_FALSE(catalog().find_key(one).value());
  EXPECT_EQ(catalog().find_key(two).value()->scopes.bits, 2);
  EXPECT_TRUE(catalog().set_key(key_row("admin", 2), two));
}

TEST_P(CatalogConformance, ApiKeysAreListedByNameAndRevoked) {
  for (const char* name : {"b", "c", "a"}) {
    ASSERT_TRUE(catalog().add_key(key_row(name), sha256(as_bytes(name))));
  }
  ASSERT_TRUE(catalog().add(sample_photo(5), once("k", 5, "b")));
  ASSERT_TRUE(catalog().revoke_key("b"));
  EXPECT_EQ(code_of(catalog().revoke_key("b")), ErrorCode::kNotFound);
  const std::vector<KeyRow> keys = catalog().list_keys().value();
  ASSERT_EQ(keys.size(), 2U);
  EXPECT_EQ(keys[0].name, "a");
  EXPECT_EQ(keys[1].name, "c");
  EXPECT_FALSE(catalog().find_key(sha256(as_bytes("b"))).value());
  EXPECT_FALSE(catalog().find_idempotent("b", "k").value());
}

TEST_P(CatalogConformance, FactsAreRemembered) {
  EXPECT_FALSE(catalog().fact("store").value());
  ASSERT_TRUE(catalog().set_fact("store", "one"));
  ASSERT_TRUE(catalog().set_fact("store", "two"));
  ASSERT_TRUE(catalog().set_fact("empty", ""));
  EXPECT_EQ(catalog().fact("store").value(), "two");
  EXPECT_EQ(catalog().fact("empty").value(), "");
}

TEST_P(CatalogConformance, PhotosAreCounted) {
  for (const std::uint64_t id : {1, 2, 3}) ASSERT_TRUE(catalog().add(sample_photo(id), {}));
  EXPECT_FALSE(catalog().add(sample_photo(3), {}));
  ASSERT_TRUE(catalog().begin_delete(PhotoId{1}));
  ASSERT_TRUE(catalog().begin_delete(PhotoId{1}));
  ASSERT_TRUE(catalog().patch(PhotoId{2}, {.title = "x"}));
  EXPECT_EQ(catalog().stats().value().photos, 2U);
  ASSERT_TRUE(catalog().end_delete(PhotoId{1}));
  EXPECT_EQ(catalog().stats().value().photos, 2U);
  EXPECT_GT(catalog().stats().value().commits, 0U);
  backend_->reopen();
  EXPECT_EQ(catalog().stats().value().photos, 2U);
}

TEST_P(CatalogConformance, EverythingSurvivesARestart) {
  const PhotoRow row = sample_photo(5);
  ASSERT_TRUE(catalog().add(row, once("k", 5)));
  ASSERT_TRUE(catalog().add_key(key_row("app"), sha256(as_bytes("pf_1"))));
  ASSERT_TRUE(catalog().set_fact("store", "one"));
  backend_->reopen();
  expect_equal(catalog().get(row.id).value(), row);
  EXPECT_TRUE(catalog().find_idempotent("app", "k").value());
  EXPECT_TRUE(catalog().find_key(sha256(as_bytes("pf_1"))).value());
  EXPECT_EQ(catalog().fact("store").value(), "one");
}

// Writers add, patch, replace and delete photos of their own while readers page through all of
// them: no call fails, no page is out of order, and what was acknowledged can be read at once.
TEST_P(CatalogConformance, ManyThreadsAtOnce) {
  constexpr std::uint64_t kWriters = 6;
  constexpr std::uint64_t kPhotos = 40;
  std::atomic<bool> done{false};
  std::atomic<int> failures{0};
  const auto check = [&](bool good) { failures += good ? 0 : 1; };
  const auto write = [&](std::uint64_t writer) {
    for (std::uint64_t i = 1; i <= kPhotos; ++i) {
      PhotoRow row = sample_photo(i * kWriters + writer, "owner" + std::to_string(writer));
      check(catalog().add(row, once(row.id.str(), row.id.value)).has_value());
      const auto patched = catalog().patch(row.id, {.title = "patched"});
      check(patched && patched.value().title == "patched");
      row.version = 2;
      check(catalog().advance(row).has_value());
      const auto got = catalog().get(row.id);
      check(got && got.value().version == 2 && got.value().title == "patched");
      if (i % 4 != 0) continue;
      check(catalog().begin_delete(row.id).has_value());
      check(catalog().end_delete(row.id).has_value());
      check(code_of(catalog().get(row.id)) == ErrorCode::kNotFound);
    }
  };
  const auto read = [&] {
    while (!done) {
      const auto page = catalog().list({.owner = "owner1", .limit = 10});
      check(page.has_value());
      if (page) {
        check(std::ranges::is_sorted(page.value(), std::ranges::greater{}, &PhotoRow::id));
      }
      check(catalog().stats().has_value());
    }
  };
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) readers.emplace_back(read);
  std::vector<std::thread> writers;
  for (std::uint64_t i = 0; i < kWriters; ++i) writers.emplace_back(write, i);
  for (auto& thread : writers) thread.join();
  done = true;
  for (auto& thread : readers) thread.join();
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(catalog().stats().value().photos, kWriters * kPhotos * 3 / 4);
  EXPECT_EQ(catalog().list({.limit = 1000}).value().size(), kWriters * kPhotos * 3 / 4);
}

// Two uploads with the same Idempotency-Key race: one photo, one loser.
TEST_P(CatalogConformance, OneOfManyGetsAnIdempotencyKey) {
  std::atomic<int> winners{0};
  std::atomic<int> conflicts{0};
  std::vector<std::thread> threads;
  for (std::uint64_t i = 1; i <= 8; ++i) {
    threads.emplace_back([&, i] {
      const auto added = catalog().add(sample_photo(i), once("k", i));
      if (added) ++winners;
      if (code_of(added) == ErrorCode::kConflict) ++conflicts;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(winners, 1);
  EXPECT_EQ(conflicts, 7);
  EXPECT_EQ(catalog().list({}).value().size(), 1U);
}

}  // namespace
}  // namespace farm::catalog
