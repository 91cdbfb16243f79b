// A bounded set of read connections with their statements, lent to one thread at a time. SQLite's
// write-ahead log lets them read while the writer writes. Thread-safe.
#pragma once

#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <vector>

#include "base/result.h"
#include "catalog/config.h"
#include "catalog/sqlite_db.h"

namespace farm::catalog {

struct Reader {
  static Result<std::unique_ptr<Reader>> open(const std::filesystem::path& file,
                                              const Config& config);

  explicit Reader(Database opened) : database(std::move(opened)) {}

  Database database;  // first: its statements go before it
  Statement get, list_all, list_owner, deleting, version, find_once;
  Statement importing, list_keys, find_key, fact, tally;
};

class ReaderPool {
 public:
  // Gives its reader back when it goes.
  class Lease {
   public:
    Lease(ReaderPool& pool, std::unique_ptr<Reader> reader)
        : pool_(&pool), reader_(std::move(reader)) {}
    Lease(Lease&&) = default;
    ~Lease() {
      if (reader_) pool_->give_back(std::move(reader_));
    }
    Reader* operator->() const { return reader_.get(); }

   private:
    ReaderPool* pool_;
    std::unique_ptr<Reader> reader_;
  };

  // Opens config.readers connections.
  static Result<std::unique_ptr<ReaderPool>> open(const std::filesystem::path& file,
                                                  const Config& config);

  // Waits for a reader to be free.
  Lease borrow();

 private:
  ReaderPool() = default;
  void give_back(std::unique_ptr<Reader> reader);

  std::mutex mutex_;
  std::condition_variable returned_;
  std::vector<std::unique_ptr<Reader>> free_;
};

}  // namespace farm::catalog
