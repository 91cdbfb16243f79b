// Ties the catalog to the store it runs with, so that a lost catalog or an old copy of it is told
// from one that merely saw a crash. Only where the tie holds may a record without a row be taken
// for an upload that was never acknowledged.
//
// At each start a new random token goes first into the catalog, beside the token that the files
// had, and then into catalog.session of every data directory: whatever a crash in between leaves
// agrees. While the server runs, the files also learn every few seconds how many photos the catalog
// has ever added, so that a copy made in the same session is found out too.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "catalog/catalog.h"
#include "catalog/session_file.h"
#include "io/file.h"

namespace farm::roles {

enum class Tie {
  kHolds,        // this catalog ran with this store last
  kFileMissing,  // the catalog had a store, but this one has no file that says so
  kNeverMade,    // neither knows of the other: a new farm, or one from before there were ties
};

class CatalogSession {
 public:
  using Path = std::filesystem::path;

  // `directories` are the store's, and exist. `files` and `catalog` outlive this.
  CatalogSession(io::FileSystem& files, std::vector<Path> directories, catalog::Catalog& catalog);
  ~CatalogSession() { stop(); }

  // kConflict, with what to do, if a store in these directories has run with a catalog: for one
  // whose catalog's file is missing.
  static Result<void> check_first_run(io::FileSystem& files, const std::vector<Path>& directories);

  // kConflict, with what to do, if the catalog is not the one that ran last. Changes nothing. A
  // file that cannot be read counts as missing.
  Result<Tie> check();

  // Makes the tie anew. Call it after check(), when catalog and store agree, before anything is
  // served. A directory that takes no file is logged, and keeps the token it has.
  Result<void> renew();

  // From now on a thread notes the catalog's progress in the files, until stop(), which notes it a
  // last time.
  void start();
  void stop();

 private:
  Result<void> read_files();
  Result<void> note_progress();
  void write_files(const catalog::SessionMark& mark);
  void run();

  io::FileSystem& files_;
  const std::vector<Path> directories_;
  catalog::Catalog& catalog_;
  std::vector<catalog::SessionMark> seen_;  // in the files, by check()
  catalog::SessionMark mark_;               // in the files, by us

  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace farm::roles
