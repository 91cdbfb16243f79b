#include "app/data_dir.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>

#include "url/api_key.h"

namespace farm::app {
namespace {

constexpr const char* kKeyFile = "admin.key";
constexpr const char* kUrlFile = "server.url";

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

auto failed(const std::string& what) { return fail(errno_error(errno, "app", what)); }

std::optional<std::string> first_line(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::string line;
  if (!std::getline(in, line) || line.empty()) return {};
  return line;
}

// Whole or not at all, and on disk when it returns: a temporary file takes the name.
Result<void> write_private_file(const std::filesystem::path& file, const std::string& text) {
  const std::string temporary = file.string() + ".new";
  {
    const Descriptor out(open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (out.get() < 0) return failed("cannot write " + temporary);
    if (write(out.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
        fsync(out.get()) != 0) {
      return failed("cannot write " + temporary);
    }
  }
  if (rename(temporary.c_str(), file.c_str()) != 0) return failed("cannot write " + file.string());
  const Descriptor dir(open(file.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (dir.get() < 0 || fsync(dir.get()) != 0)
    return failed("cannot sync " + file.parent_path().string());
  return ok();
}

}  // namespace

Result<void> make_data_dir(const std::filesystem::path& data) {
  std::error_code error;
  if (std::filesystem::is_directory(data, error)) return ok();
  if (data.has_parent_path()) std::filesystem::create_directories(data.parent_path(), error);
  if (mkdir(data.c_str(), 0700) != 0 && errno != EEXIST) {
    return failed("cannot make the data directory " + data.string() + "; give another with --data");
  }
  return ok();
}

std::optional<std::string> find_admin_key(const std::filesystem::path& data) {
  return first_line(data / kKeyFile);
}

Result<std::string> read_or_make_admin_key(const std::filesystem::path& data) {
  const std::filesystem::path file = data / kKeyFile;
  if (access(file.c_str(), F_OK) == 0) {
    auto key = find_admin_key(data);
    if (key && url::hash_api_key(*key)) return *key;
    return fail(ErrorCode::kInvalidArgument, "app",
                file.string() + " holds no API key; remove it to have a new one made");
  }
  const std::string key = url::make_api_key();
  FARM_TRY(write_private_file(file, key + "\n"));
  return key;
}

Result<void> write_server_url(const std::filesystem::path& data, const std::string& url) {
  return write_private_file(data / kUrlFile, url + "\n");
}

void remove_server_url(const std::filesystem::path& data) {
  std::error_code ignored;
  std::filesystem::remove(data / kUrlFile, ignored);
}

std::optional<std::string> find_server_url(const std::filesystem::path& data) {
  return first_line(data / kUrlFile);
}

}  // namespace farm::app
