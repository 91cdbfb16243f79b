// A farm without a server, for tests: a store on a disk in memory, a catalog in a temporary folder,
// and all that the roles work with. It can be taken down and brought up again, with another
// catalog's file if a test says so.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>

#include "base/test_folder.h"
#include "catalog/sqlite_catalog.h"
#include "io/fake_file.h"
#include "roles/catalog_session.h"
#include "roles/photo_writer.h"
#include "roles/reconcile.h"
#include "roles/record_row.h"
#include "store/sample_record.h"
#include "store/volume_store.h"

namespace farm::roles {

class TestFarm {
 public:
  TestFarm() { open(); }
  ~TestFarm() { close(); }
  TestFarm(const TestFarm&) = delete;
  TestFarm& operator=(const TestFarm&) = delete;

  // Opens everything; start() is what a server does then.
  void open() {
    store::Config store_config;
    store_config.volume.preallocate_bytes = 64 << 10;
    store_config.upkeep = false;
    store_ = store::open_volume_store(disk_, clock_, "/data", store_config).value();
    catalog_ = catalog::open_sqlite_catalog(catalog_file(), {}, clock_).value();
    session_ = std::make_unique<CatalogSession>(disk_, std::vector<std::filesystem::path>{"/data"},
                                                *catalog_);
    services_ = std::make_unique<Services>(Services{.config = config_,
                                                    .image_config = image_config_,
                                                    .clock = clock_,
                                                    .ids = ids_,
                                                    .store = *store_,
                                                    .catalog = *catalog_,
                                                    .renderer = *renderer_,
                                                    .disk_pool = pool_,
                                                    .image_pool = pool_,
                                                    .on_demand_pool = pool_,
                                                    .memory = memory_,
                                                    .pictures = pictures_,
                                                    .metrics = *metrics_,
                                                    .health = health_,
                                                    .net_threads = 1});
    writer_ = std::make_unique<PhotoWriter>(*services_);
  }
  // As after a crash: the session's files learn nothing more.
  void close() {
    writer_.reset();
    services_.reset();
    session_.reset();
    catalog_.reset();
    store_.reset();
    metrics_ = std::make_unique<obs::Metrics>();
  }
  void reopen() {
    close();
    open();
  }
  Result<Reconciled> start() {
    FARM_TRY(const Tie tie, session_->check());
    FARM_TRY(const Reconciled done, reconcile(*services_, *writer_, tie));
    FARM_TRY(session_->renew());
    return done;
  }

  // As an upload does: the record, then its row.
  void add(std::uint64_t id, std::uint32_t version = 1) {
    add_record(id, version);
    ASSERT_TRUE(catalog_->add(row(id, version), {}));
  }
  void add_record(std::uint64_t id, std::uint32_t version = 1) {
    const store::SampleRecord record({id}, version, kOriginalBytes);
    ASSERT_TRUE(store_->put({id}, version, record.parts()));
  }
  static Bytes record(std::uint64_t id, std::uint32_t version = 1) {
    return store::SampleRecord({id}, version, kOriginalBytes).whole();
  }
  static catalog::PhotoRow row(std::uint64_t id, std::uint32_t version = 1) {
    return row_of(photo::RecordView::parse(record(id, version)).value());
  }

  std::filesystem::path catalog_file() const { return folder() / "catalog.sqlite"; }
  const std::filesystem::path& folder() const { return folder_.path(); }

  catalog::Catalog& catalog() { return *catalog_; }
  store::PhotoStore& store() { return *store_; }
  CatalogSession& session() { return *session_; }
  Services& services() { return *services_; }
  PhotoWriter& writer() { return *writer_; }
  io::FakeFileSystem& disk() { return disk_; }
  FakeClock& clock() { return clock_; }

 private:
  static constexpr std::size_t kOriginalBytes = 3000;

  TestFolder folder_;
  FakeClock clock_{kPhotoEpochMs + 1'000'000'000};
  io::FakeFileSystem disk_;
  Config config_;
  image::Config image_config_;
  std::unique_ptr<render::Renderer> renderer_ = render::make_in_process_renderer(image_config_);
  PhotoIdMaker ids_{1, clock_};
  io::WorkerPool pool_{"test", 1, 16};
  MemoryBudget memory_{1 << 20};
  PictureBudget pictures_{PictureBudget::Limits{}};
  Health health_;
  std::unique_ptr<obs::Metrics> metrics_ = std::make_unique<obs::Metrics>();
  std::unique_ptr<store::VolumeStore> store_;
  std::unique_ptr<catalog::Catalog> catalog_;
  std::unique_ptr<CatalogSession> session_;
  std::unique_ptr<Services> services_;
  std::unique_ptr<PhotoWriter> writer_;
};

}  // namespace farm::roles
