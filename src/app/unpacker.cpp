#include "app/unpacker.h"

#include <lzma.h>
#include <zlib.h>

#include <array>

namespace farm::app {
namespace {

constexpr std::size_t kPiece = 256 << 10;
constexpr std::uint64_t kMaxXzMemory = std::uint64_t{1} << 30;

auto damaged(const char* what) {
  return fail(ErrorCode::kCorrupt, "app", std::string("the ") + what + " data is damaged");
}
auto cut_short(const char* what) {
  return fail(ErrorCode::kCorrupt, "app", std::string("the ") + what + " data is cut short");
}

class Plain final : public Unpacker {
 public:
  Result<void> add(ByteView packed, const Sink& sink) override { return sink(packed); }
  Result<void> finish(const Sink& /*sink*/) override { return ok(); }
};

class Gzip final : public Unpacker {
 public:
  ~Gzip() override { inflateEnd(&stream_); }

  bool start() {
    constexpr int kGzipOnly = 16 + MAX_WBITS;
    return inflateInit2(&stream_, kGzipOnly) == Z_OK;
  }

  Result<void> add(ByteView packed, const Sink& sink) override {
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(packed.data()));
    stream_.avail_in = static_cast<uInt>(packed.size());
    while (stream_.avail_in > 0) {
      if (ended_) {  // members may follow each other
        if (inflateReset(&stream_) != Z_OK) return damaged("gzip");
        ended_ = false;
      }
      stream_.next_out = reinterpret_cast<Bytef*>(out_.data());
      stream_.avail_out = kPiece;
      const int state = inflate(&stream_, Z_NO_FLUSH);
      if (state != Z_OK && state != Z_STREAM_END && state != Z_BUF_ERROR) return damaged("gzip");
      ended_ = state == Z_STREAM_END;
      FARM_TRY(sink(ByteView(out_).first(kPiece - stream_.avail_out)));
    }
    return ok();
  }

  Result<void> finish(const Sink& /*sink*/) override {
    if (!ended_) return cut_short("gzip");
    return ok();
  }

 private:
  z_stream stream_{};
  Bytes out_{kPiece};
  bool ended_ = false;
};

class Xz final : public Unpacker {
 public:
  ~Xz() override { lzma_end(&stream_); }

  bool start() { return lzma_stream_decoder(&stream_, kMaxXzMemory, LZMA_CONCATENATED) == LZMA_OK; }

  Result<void> add(ByteView packed, const Sink& sink) override {
    stream_.next_in = reinterpret_cast<const std::uint8_t*>(packed.data());
    stream_.avail_in = packed.size();
    return run(LZMA_RUN, sink);
  }

  Result<void> finish(const Sink& sink) override {
    stream_.avail_in = 0;
    FARM_TRY(run(LZMA_FINISH, sink));
    if (!ended_) return cut_short("xz");
    return ok();
  }

 private:
  Result<void> run(lzma_action action, const Sink& sink) {
    do {
      stream_.next_out = reinterpret_cast<std::uint8_t*>(out_.data());
      stream_.avail_out = kPiece;
      const lzma_ret state = lzma_code(&stream_, action);
      if (state == LZMA_BUF_ERROR && action == LZMA_FINISH) return cut_short("xz");
      if (state != LZMA_OK && state != LZMA_STREAM_END && state != LZMA_BUF_ERROR) {
        return damaged("xz");
      }
      ended_ = state == LZMA_STREAM_END;
      FARM_TRY(sink(ByteView(out_).first(kPiece - stream_.avail_out)));
    } while (!ended_ && (stream_.avail_in > 0 || stream_.avail_out == 0 || action == LZMA_FINISH));
    return ok();
  }

  lzma_stream stream_ = LZMA_STREAM_INIT;
  Bytes out_{kPiece};
  bool ended_ = false;
};

template <class T>
Result<std::unique_ptr<Unpacker>> started() {
  auto unpacker = std::make_unique<T>();
  if (!unpacker->start()) return fail(ErrorCode::kInternal, "app", "the unpacker does not start");
  return std::unique_ptr<Unpacker>(std::move(unpacker));
}

}  // namespace

Result<std::unique_ptr<Unpacker>> Unpacker::for_file_that_begins(ByteView bytes) {
  const std::string_view begin = as_text(bytes);
  if (begin.starts_with("\x1f\x8b")) return started<Gzip>();
  if (begin.starts_with(std::string_view("\xfd"
                                         "7zXZ\0",
                                         6)))
    return started<Xz>();
  return std::unique_ptr<Unpacker>(std::make_unique<Plain>());
}

}  // namespace farm::app
