#include "net/exchange.h"

#include "net/connection.h"

namespace farm::net {

const RequestHead& Exchange::request() const { return connection_.parser_.head(); }
std::size_t Exchange::thread_index() const { return connection_.thread_.index(); }

std::string Exchange::peer() const { return connection_.socket_.peer(); }

io::Task<Result<std::size_t>> Exchange::read_body(MutableByteView into) {
  return connection_.read_body(into);
}

ResponseHead& Exchange::head() { return connection_.head_; }

io::Task<Result<void>> Exchange::send(std::span<const ByteView> parts) {
  return connection_.send(parts);
}
io::Task<Result<void>> Exchange::send(ByteView body) { return connection_.send_one(body); }
io::Task<Result<void>> Exchange::send(std::string_view body) {
  return connection_.send_one(as_bytes(body));
}
void Exchange::send_now(ByteView body) { connection_.send_now(body); }

void Exchange::send_ready(const ReadyResponse& response, Keep keep) {
  connection_.send_ready(response, std::move(keep));
}

io::Task<Result<void>> Exchange::begin(std::uint64_t length) { return connection_.begin(length); }
io::Task<Result<void>> Exchange::begin_ready(const ReadyResponse& response,
                                             std::optional<std::uint64_t> length) {
  return connection_.begin_ready(response, length);
}
io::Task<Result<void>> Exchange::write(ByteView piece) { return connection_.write(piece); }
io::Task<Result<void>> Exchange::end() { return connection_.end(); }
io::Task<Result<void>> Exchange::send_interim(int status, std::string_view lines) {
  return connection_.send_interim(status, lines);
}

io::Task<Result<void>> Exchange::send_problem(int status, std::string detail,
                                              std::string_view extra) {
  return connection_.send_problem(status, std::move(detail), extra);
}

void Exchange::annotate(std::string lines) { connection_.annotation_ = std::move(lines); }

void Exchange::close_after() { connection_.close_ = true; }

}  // namespace farm::net
