#include "store/volume_store.h"

#include <gtest/gtest.h>

#include "base/test_folder.h"
#include "io/fake_file.h"
#include "store/photo_store_conformance.h"

namespace farm::store {
namespace {

class OnDisk {
 public:
  OnDisk() { reopen(); }
  PhotoStore& store() { return *store_; }
  void reopen() {
    store_.reset();
    Config config;
    config.volume.preallocate_bytes = 256 << 10;
    store_ = open_volume_store(io::posix_file_system(), clock_, folder_.path(), config).value();
  }

 private:
  FakeClock clock_{kPhotoEpochMs};
  TestFolder folder_;
  std::unique_ptr<PhotoStore> store_;
};

// Small volumes, so that a test fills several, in two directories.
class InMemory {
 public:
  InMemory() { reopen(); }
  PhotoStore& store() { return *store_; }
  void reopen() {
    store_.reset();
    Config config;
    config.paths = {"/disk-a", "/disk-b"};
    config.volume.volume_bytes = 64 << 10;
    config.volume.preallocate_bytes = 16 << 10;
    store_ = open_volume_store(disk_, clock_, "/data", config).value();
  }

 private:
  FakeClock clock_{kPhotoEpochMs};
  io::FakeFileSystem disk_;
  std::unique_ptr<PhotoStore> store_;
};

INSTANTIATE_TYPED_TEST_SUITE_P(VolumesOnDisk, PhotoStoreConformance, OnDisk);
INSTANTIATE_TYPED_TEST_SUITE_P(VolumesInMemory, PhotoStoreConformance, InMemory);

}  // namespace
}  // namespace farm::store
