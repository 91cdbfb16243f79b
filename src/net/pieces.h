// What is still to be sent of a response, as the kernel wants it: internal to net. It owns nothing.
#pragma once

#include <sys/uio.h>

#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "net/keep.h"
#include "net/system_calls.h"

namespace farm::net {

class Pieces {
 public:
  static constexpr std::size_t kMost = 16;

  void add(ByteView bytes) {
    if (bytes.empty()) return;
    pieces_[count_++] = {const_cast<std::byte*>(bytes.data()), bytes.size()};
  }
  void add(std::string_view text) { add(as_bytes(text)); }
  bool empty() const { return first_ == count_; }
  void clear() { first_ = count_ = 0; }

  Bytes copy() const {
    Bytes out;
    for (std::size_t i = first_; i < count_; ++i) {
      const auto* data = static_cast<const std::byte*>(pieces_[i].iov_base);
      out.insert(out.end(), data, data + pieces_[i].iov_len);
    }
    return out;
  }

  // One sendmsg; negative as the system call is.
  ssize_t send(int socket) {
    msghdr message{};
    message.msg_iov = pieces_.data() + first_;
    message.msg_iovlen = count_ - first_;
    const ssize_t sent = system_calls::send_message(socket, message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) advance(static_cast<std::size_t>(sent));
    return sent;
  }

 private:
  void advance(std::size_t sent) {
    while (sent > 0) {
      iovec& piece = pieces_[first_];
      const std::size_t part = std::min(sent, piece.iov_len);
      piece.iov_base = static_cast<char*>(piece.iov_base) + part;
      piece.iov_len -= part;
      sent -= part;
      if (piece.iov_len == 0) ++first_;
    }
  }

  std::array<iovec, kMost> pieces_;
  std::size_t first_ = 0;
  std::size_t count_ = 0;
};

// What is still to be sent, with what it refers to.
struct Unsent {
  Pieces pieces;
  Bytes copy;
  Keep keep;

  bool empty() const { return pieces.empty(); }
  void clear() {
    pieces.clear();
    copy = {};
    keep = {};
  }
};

}  // namespace farm::net
