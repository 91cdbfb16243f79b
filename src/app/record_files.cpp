#include "app/record_files.h"

#include <cstdio>
#include <ctime>

#include "io/file.h"
#include "photo/record.h"

namespace farm::app {
namespace {

using Path = std::filesystem::path;

constexpr const char* kSuffix = ".record";

Result<Bytes> read_some(io::File& file, const Path& path, std::size_t bytes) {
  Bytes out(bytes);
  FARM_TRY(const std::size_t count, file.read_at(0, out));
  if (count < bytes) {
    return fail(ErrorCode::kCorrupt, "app", path.string() + " is cut short");
  }
  return out;
}

Error named(Error error, const Path& path) {
  error.context = path.string() + ": " + error.context;
  return error;
}

}  // namespace

Path record_path(const Path& directory, PhotoId id) {
  const std::time_t seconds = id.created_ms() / 1000;
  std::tm day{};
  gmtime_r(&seconds, &day);
  std::array<char, 48> folder{};
  std::snprintf(folder.data(), folder.size(), "%04d/%02d/%02d", day.tm_year + 1900, day.tm_mon + 1,
                day.tm_mday);
  return directory / folder.data() / (id.str() + kSuffix);
}

Result<std::optional<RecordFile>> read_record_header(const Path& path) {
  auto file = io::posix_file_system().open(path, io::OpenMode::kRead);
  if (!file && file.error().code == ErrorCode::kNotFound) return std::optional<RecordFile>{};
  if (!file) return fail(std::move(file).error());
  FARM_TRY(const std::uint64_t size, file.value()->size());
  FARM_TRY(const Bytes prelude, read_some(*file.value(), path, photo::kRecordPreludeBytes));
  const auto length = photo::record_header_length(prelude);
  if (!length) return fail(named(length.error(), path));
  FARM_TRY(Bytes bytes, read_some(*file.value(), path, length.value()));
  auto header = store::OwnedRecord::make(std::move(bytes));
  if (!header) return fail(named(header.error(), path));
  const bool whole = header.value().view().record_bytes() == size;
  return std::optional<RecordFile>({std::move(header).value(), whole});
}

Result<Bytes> read_record_file(const Path& path) {
  FARM_TRY(const auto file, io::posix_file_system().open(path, io::OpenMode::kRead));
  FARM_TRY(const std::uint64_t size, file->size());
  return read_some(*file, path, static_cast<std::size_t>(size));
}

Result<void> write_record_file(const Path& path, ByteView bytes) {
  io::FileSystem& files = io::posix_file_system();
  const Path draft = path.string() + ".new";
  FARM_TRY(files.make_directories(path.parent_path()));
  FARM_TRY(const bool left_over, files.exists(draft));
  if (left_over) {
    FARM_TRY(files.remove(draft));
  }
  FARM_TRY(const auto file, files.open(draft, io::OpenMode::kCreateNew));
  FARM_TRY(file->write_at(0, {&bytes, 1}));
  FARM_TRY(file->sync_data());
  return files.rename(draft, path);
}

Result<void> walk_records(const Path& directory,
                          const std::function<Result<void>(const Path&)>& visit) {
  namespace fs = std::filesystem;
  std::error_code error;
  fs::recursive_directory_iterator walk(directory, error);
  for (; !error && walk != fs::recursive_directory_iterator(); walk.increment(error)) {
    const fs::directory_entry& entry = *walk;
    if (entry.path().extension() != kSuffix || !entry.is_regular_file(error)) continue;
    if (entry.is_symlink(error)) continue;
    FARM_TRY(visit(entry.path()));
  }
  if (!error) return ok();
  return fail(errno_error(error.value(), "app", "cannot read " + directory.string()));
}

}  // namespace farm::app
