// One request over a pooled connection: see UpstreamExchange. Internal to net.
#pragma once

#include <string>

#include "net/response_parser.h"
#include "net/upstream.h"
#include "net/upstream_pool.h"

namespace farm::net {

class PooledExchange final : public UpstreamExchange {
 public:
  // `head_text`: the request's whole head. The views of `request` are not kept.
  PooledExchange(UpstreamPool::Lease lease, std::shared_ptr<UpstreamPool> pool,
                 const UpstreamRequest& request, std::string head_text);
  ~PooledExchange() override;

  io::Task<Result<void>> start();  // sends the head

  io::Task<Result<void>> write_body(ByteView piece) override;
  io::Task<Result<void>> end_body() override;
  bool takes_body() const override { return takes_body_; }
  io::Task<Result<UpstreamHead>> read_head() override;
  io::Task<Result<std::size_t>> read_body(MutableByteView into) override;

 private:
  enum class Phase { kHead, kBody, kDone, kFailed };
  enum class Framing { kSized, kChunked, kToTheEnd };

  // The request.
  io::Task<Result<void>> connect_and_send();
  io::Task<Result<void>> send_head();
  io::Task<Result<void>> flush(Pieces& pieces);
  Result<void> check_length(std::size_t piece_bytes) const;
  void take_early_answer();
  bool is_refused_early() const;
  void request_sent();

  // The answer.
  io::Task<Result<void>> receive_head();
  bool may_send_again(const Error& error) const;
  Result<UpstreamHead> head_read();
  Result<std::size_t> take(MutableByteView into, std::size_t count);
  std::size_t take_buffered(MutableByteView into);
  void answer_read();

  Error failed(Error error);
  void close();
  ByteView pending() const { return ByteView(buffer_).subspan(start_, end_ - start_); }

  std::shared_ptr<UpstreamPool> pool_;
  UpstreamPool::Lease lease_;
  const std::string head_text_;
  const bool to_head_;
  const bool repeatable_;
  const bool chunked_request_;
  const std::chrono::milliseconds connect_timeout_;
  const std::chrono::milliseconds head_timeout_;
  std::uint64_t request_left_ = 0;  // of a body with a length
  bool used_before_ = false;        // the connection
  bool request_whole_ = false;
  bool takes_body_ = false;
  std::optional<Error> write_error_;  // told if no answer comes

  Phase phase_ = Phase::kHead;
  std::optional<Error> error_;  // of the whole exchange
  std::int64_t head_deadline_ms_ = 0;
  ResponseParser parser_;
  int interim_ = 0;  // answers before the final one
  Bytes buffer_;     // heads, and what came with them: [start_, end_) is not used yet
  std::size_t start_ = 0;
  std::size_t end_ = 0;
  bool ended_ = false;  // the server has
  Framing framing_ = Framing::kSized;
  std::uint64_t body_left_ = 0;  // of kSized
  ChunkedDecoder chunks_;
};

}  // namespace farm::net
