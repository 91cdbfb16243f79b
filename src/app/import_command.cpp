#include <atomic>
#include <cstdio>

#include <nlohmann/json.hpp>

#include "app/commands.h"
#include "app/record_files.h"
#include "app/transfer.h"
#include "roles/records_api.h"

namespace farm::app {
namespace {

using Json = nlohmann::ordered_json;
using Path = std::filesystem::path;

constexpr std::size_t kBatch = 1000;  // files whose names are in memory

Result<std::uint64_t> count_records(const Path& directory) {
  std::uint64_t count = 0;
  FARM_TRY(walk_records(directory, [&](const Path&) -> Result<void> {
    ++count;
    return ok();
  }));
  return count;
}

class Import {
 public:
  Import(const ServerOptions& server, const ImportOptions& options, std::uint64_t total)
      : options_(options), transfer_(server, options.jobs, "importing", total) {}

  Result<void> run() {
    std::vector<Path> batch;
    FARM_TRY(walk_records(options_.directory, [&](const Path& file) -> Result<void> {
      batch.push_back(file);
      if (batch.size() < kBatch) return ok();
      FARM_TRY(import_batch(batch));
      batch.clear();
      return ok();
    }));
    return import_batch(batch);
  }

  int report() {
    const auto number = [](const std::atomic<std::uint64_t>& n) {
      return static_cast<unsigned long long>(n.load());
    };
    const std::uint64_t failed = transfer_.finish();
    if (options_.json) {
      std::printf("%s\n", Json{{"imported", imported_.load()},
                               {"bytes", bytes_.load()},
                               {"there_already", present_.load()},
                               {"failed", failed}}
                              .dump()
                              .c_str());
    } else {
      std::printf("%llu photos imported (%s), %llu there already", number(imported_),
                  human_bytes(bytes_).c_str(), number(present_));
      if (failed > 0) std::printf(", %llu failed", static_cast<unsigned long long>(failed));
      std::printf("\n");
    }
    return failed == 0 ? kExitOk : kExitFailed;
  }

 private:
  Result<void> import_batch(const std::vector<Path>& files) {
    return transfer_.run(
        files.size(),
        [&](ApiClient& client, std::size_t index) { return import_file(client, files[index]); },
        [&](std::size_t index) { return files[index].string(); });
  }

  Result<void> import_file(ApiClient& client, const Path& file) {
    FARM_TRY(const auto found, read_record_header(file));
    if (!found) return fail(ErrorCode::kNotFound, "app", "the file has gone");
    if (!found->whole) return fail(ErrorCode::kCorrupt, "app", "the file's length is wrong");
    FARM_TRY(const bool present, is_present(client, found->header.view()));
    if (present) {
      ++present_;
      return ok();
    }
    FARM_TRY(const Bytes bytes, read_record_file(file));
    FARM_TRY(const int status, send(client, bytes));
    if (status == 200) {
      ++present_;
    } else {
      ++imported_;
      bytes_ += bytes.size();
    }
    return ok();
  }

  // The same record: then its bytes need not be sent.
  static Result<bool> is_present(ApiClient& client, const photo::RecordView& record) {
    for (int attempt = 1;; ++attempt) {
      const auto answer = client.send(net::Method::kHead, "/v1/records/" + record.id().str());
      if (answer) {
        return answer.value().status == 200 && answer.value().etag == roles::record_tag(record);
      }
      if (!worth_another_try(answer.error()) || !wait_to_try_again(attempt)) {
        return fail(answer.error());
      }
    }
  }

  static Result<int> send(ApiClient& client, ByteView bytes) {
    for (int attempt = 1;; ++attempt) {
      const auto answer = client.send(net::Method::kPost, "/v1/records", bytes,
                                      {{"Content-Type", "application/octet-stream"}});
      if (answer && answer.value().status / 100 == 2) return answer.value().status;
      Error error = answer ? ApiClient::to_error(answer.value()) : answer.error();
      if (!worth_another_try(error) || !wait_to_try_again(attempt)) return fail(std::move(error));
    }
  }

  const ImportOptions& options_;
  Transfer transfer_;
  std::atomic<std::uint64_t> imported_{0}, bytes_{0}, present_{0};
};

}  // namespace

int import_records(const ServerOptions& server, const ImportOptions& options) {
  if (const auto client = ApiClient::make(server); !client) return report_error(client.error());
  const auto total = count_records(options.directory);
  if (!total) return report_error(total.error());
  Import work(server, options, total.value());
  const Result<void> done = work.run();
  const int exit_code = work.report();
  return done ? exit_code : report_error(done.error());
}

}  // namespace farm::app
