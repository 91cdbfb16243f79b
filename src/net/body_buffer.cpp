#include "net/body_buffer.h"

#include <algorithm>

namespace farm::net {
namespace {

constexpr std::size_t kFirstBytes = 64 << 10;

}  // namespace

bool BodyBuffer::reserve(std::size_t count) {
  if (capacity_ - size_ >= count) return true;
  const std::size_t wanted = std::max(size_ + count, 2 * capacity_);
  // realloc moves pages rather than bytes when the buffer is large, and pages nobody has written to
  // take no memory.
  void* moved = std::realloc(data_.get(), wanted);
  if (moved == nullptr) return false;
  (void)data_.release();
  data_.reset(static_cast<std::byte*>(moved));
  capacity_ = wanted;
  return true;
}

io::Task<Result<BodyBuffer>> read_whole_body(Exchange& exchange) {
  BodyBuffer body;
  const std::uint64_t announced = exchange.request().content_length.value_or(0);
  for (;;) {
    if (announced > 0 && body.size() == announced) break;
    const std::size_t room =
        announced > 0 ? static_cast<std::size_t>(announced) - body.size() : kFirstBytes;
    if (!body.reserve(room)) {
      co_return fail(ErrorCode::kBusy, "net", "there is no memory for this body");
    }
    FARM_CO_TRY(const std::size_t count, co_await exchange.read_body(body.space()));
    if (count == 0) break;
    body.grown(count);
  }
  co_return body;
}

}  // namespace farm::net
