#include "app/trace_file.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "app/unpacker.h"

namespace farm::app {
namespace {

constexpr std::size_t kReadBytes = 256 << 10;
constexpr std::size_t kMaxLine = 1 << 20;

using LineSink = std::function<Result<void>(std::string_view)>;

// Cuts what comes in pieces into lines.
class LineCutter {
 public:
  explicit LineCutter(const LineSink& sink) : sink_(sink) {}

  Result<void> add(ByteView bytes) {
    std::string_view text = as_text(bytes);
    for (std::size_t end; (end = text.find('\n')) != std::string_view::npos;) {
      if (begun_.empty()) {
        FARM_TRY(sink_(text.substr(0, end)));
      } else {
        begun_ += text.substr(0, end);
        FARM_TRY(sink_(begun_));
        begun_.clear();
      }
      text.remove_prefix(end + 1);
    }
    begun_ += text;
    if (begun_.size() > kMaxLine) {
      return fail(ErrorCode::kTooLarge, "app", "a line is longer than 1 MiB");
    }
    return ok();
  }

  Result<void> finish() {
    if (begun_.empty()) return ok();
    return sink_(begun_);
  }

 private:
  const LineSink& sink_;
  std::string begun_;
};

struct FileCloser {
  void operator()(std::FILE* file) const {
    if (file != stdin) std::fclose(file);
  }
};

}  // namespace

Result<void> for_each_line(const std::string& file, const LineSink& line,
                           const std::function<void(std::uint64_t)>& progress) {
  const std::unique_ptr<std::FILE, FileCloser> in(file == "-" ? stdin
                                                              : std::fopen(file.c_str(), "rb"));
  if (!in) {
    return fail(errno == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo, "app",
                file + ": " + std::strerror(errno));
  }
  LineCutter lines(line);
  const Unpacker::Sink sink = [&](ByteView bytes) { return lines.add(bytes); };
  Bytes buffer(kReadBytes);
  std::unique_ptr<Unpacker> unpacker;
  std::uint64_t done = 0;
  while (const std::size_t got = std::fread(buffer.data(), 1, buffer.size(), in.get())) {
    const ByteView bytes = ByteView(buffer).first(got);
    if (!unpacker) {
      FARM_TRY(unpacker, Unpacker::for_file_that_begins(bytes));
    }
    FARM_TRY(unpacker->add(bytes, sink));
    done += got;
    if (progress) progress(done);
  }
  if (std::ferror(in.get()) != 0) {
    return fail(ErrorCode::kIo, "app", file + ": " + std::strerror(errno));
  }
  if (unpacker) {
    FARM_TRY(unpacker->finish(sink));
  }
  return lines.finish();
}

}  // namespace farm::app
