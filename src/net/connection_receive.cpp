// The receiving half of a connection: bodies.
#include <algorithm>
#include <cstring>

#include "net/connection.h"

namespace farm::net {

io::Task<std::size_t> Connection::receive(MutableByteView into) {
  std::optional<std::size_t> count = socket_.try_read(into);
  while (!count) {
    const bool ready = co_await socket_.readable();
    count = ready ? socket_.try_read(into) : 0;
  }
  co_return *count;
}

io::Task<std::size_t> Connection::receive_body(MutableByteView into) {
  begin_wait();
  const std::size_t count = co_await receive(into);
  end_wait();
  regain_patience(count);
  co_return count;
}

// Nothing more came of a body that has not ended.
io::Task<Result<std::size_t>> Connection::body_stopped() {
  if (expired_)
    co_return co_await body_failed({408, "the body came too slowly"}, ErrorCode::kTimeout);
  broken_ = true;
  co_return fail(ErrorCode::kClosed, "net", "the client left before its body ended");
}

// Answers while that is possible, and ends the connection.
io::Task<Result<std::size_t>> Connection::body_failed(Rejection why, ErrorCode code) {
  close_ = true;
  if (!responded_) (void)co_await send_problem(why.status, std::string(why.reason), {});
  co_return fail(code, "net", std::string(why.reason));
}

io::Task<Result<std::size_t>> Connection::read_body(MutableByteView into) {
  if (body_done_) co_return std::size_t{0};
  if (broken_) co_return fail(ErrorCode::kClosed, "net", "the client has left");
  if (!body_begun_) {
    body_begun_ = true;
    patience_ms_ = shared_.config.transfer_grace.count();
    if (parser_.head().expects_continue && pending().empty()) {
      FARM_CO_TRY(co_await send_continue());
    }
  }
  if (parser_.head().chunked) co_return co_await read_chunked(into);
  co_return co_await read_sized(into);
}

io::Task<Result<std::size_t>> Connection::read_sized(MutableByteView into) {
  const std::uint64_t rest = *parser_.head().content_length - body_read_;
  into = into.first(static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), rest)));
  std::size_t count = std::min(into.size(), pending().size());
  if (count > 0) {
    std::memcpy(into.data(), pending().data(), count);
    start_ += count;
  } else {
    count = co_await receive_body(into);
    if (count == 0) co_return co_await body_stopped();
  }
  body_read_ += count;
  body_done_ = body_read_ == *parser_.head().content_length;
  co_return count;
}

io::Task<Result<std::size_t>> Connection::read_chunked(MutableByteView into) {
  if (chunk_buffer_.empty()) {
    chunk_buffer_.resize(std::max<std::size_t>(shared_.config.max_head_bytes, buffer_.size()));
    std::memcpy(chunk_buffer_.data(), pending().data(), pending().size());
    chunk_end_ = pending().size();
    start_ = end_;
  }
  for (;;) {
    const ByteView raw = ByteView(chunk_buffer_).subspan(chunk_start_, chunk_end_ - chunk_start_);
    const RequestParser::BodyStep step = parser_.decode_chunked(raw, into);
    chunk_start_ += step.consumed;
    body_read_ += step.produced;
    body_done_ = step.done;
    if (step.rejected)
      co_return co_await body_failed(parser_.rejection(), ErrorCode::kUnprocessable);
    if (body_read_ > max_body_bytes_) {
      co_return co_await body_failed({413, "the body is larger than is taken here"},
                                     ErrorCode::kTooLarge);
    }
    if (step.produced > 0 || step.done) co_return step.produced;
    std::copy(chunk_buffer_.begin() + static_cast<std::ptrdiff_t>(chunk_start_),
              chunk_buffer_.begin() + static_cast<std::ptrdiff_t>(chunk_end_),
              chunk_buffer_.begin());
    chunk_end_ -= chunk_start_;
    chunk_start_ = 0;
    if (chunk_end_ == chunk_buffer_.size()) {
      co_return co_await body_failed({400, "a chunk's head is too long"},
                                     ErrorCode::kUnprocessable);
    }
    const std::size_t count =
        co_await receive_body(MutableByteView(chunk_buffer_).subspan(chunk_end_));
    if (count == 0) co_return co_await body_stopped();
    chunk_end_ += count;
  }
}

}  // namespace farm::net
