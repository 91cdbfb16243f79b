#include "net/chunked_body.h"

#include <algorithm>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>

namespace farm::net {

namespace http = boost::beast::http;

class ChunkedBody::Parser final : public http::basic_parser<true> {
 public:
  MutableByteView out;  // of the current step
  std::size_t produced = 0;

 private:
  using error_code = boost::beast::error_code;
  using Text = boost::beast::string_view;

  std::size_t on_chunk_body_impl(std::uint64_t, Text body, error_code&) override {
    const std::size_t count = std::min(body.size(), out.size() - produced);
    std::copy_n(reinterpret_cast<const std::byte*>(body.data()), count, out.begin() + produced);
    produced += count;
    return count;
  }

  void on_request_impl(http::verb, Text, Text, int, error_code&) override {}
  void on_response_impl(int, Text, int, error_code&) override {}
  void on_field_impl(http::field, Text, Text, error_code&) override {}
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(Text, error_code&) override { return 0; }
  void on_chunk_header_impl(std::uint64_t, Text, error_code&) override {}
  void on_finish_impl(error_code&) override {}
};

ChunkedBody::ChunkedBody() : parser_(std::make_unique<Parser>()) {
  // It begins with a head; that of the request was read by RequestParser.
  static constexpr std::string_view kHead =
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  parser_->body_limit(boost::none);
  boost::beast::error_code never;
  parser_->put(boost::asio::buffer(kHead), never);
}

ChunkedBody::~ChunkedBody() = default;

ChunkedBody::Step ChunkedBody::decode(ByteView input, MutableByteView out) {
  parser_->out = out;
  parser_->produced = 0;
  Step step;
  boost::beast::error_code error;
  while (!parser_->is_done() && step.consumed < input.size() && parser_->produced < out.size()) {
    const ByteView rest = input.subspan(step.consumed);
    const std::size_t before = parser_->produced;
    const std::size_t used = parser_->put(boost::asio::buffer(rest.data(), rest.size()), error);
    step.consumed += used;
    if (error == http::error::need_more) break;
    if (error) {
      step.rejected = true;
      break;
    }
    if (used == 0 && parser_->produced == before) break;
  }
  step.produced = parser_->produced;
  step.done = parser_->is_done();
  return step;
}

}  // namespace farm::net
