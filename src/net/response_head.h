// Writes the head of one response into a fixed buffer: no allocation. Not thread-safe.
#pragma once

#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace farm::net {

std::string_view reason_phrase(int status);

class ResponseHead {
 public:
  static constexpr std::size_t kCapacity = 3 << 10;

  // Begins anew with "HTTP/1.1 status reason".
  void start(int status) {
    size_ = 0;
    overflow_ = false;
    status_ = status;
    put("HTTP/1.1 ");
    put_number(static_cast<std::uint64_t>(status));
    put(" ");
    put(reason_phrase(status));
    put("\r\n");
  }

  // Begins anew with no status line: for what is added to a head that lies ready.
  void start_lines(int status) {
    size_ = 0;
    overflow_ = false;
    status_ = status;
  }

  // `name` and `value` must hold no CR, LF or NUL: they come from our own code, never from a
  // client.
  void add(std::string_view name, std::string_view value) {
    put(name);
    put(": ");
    put(value);
    put("\r\n");
  }
  void add(std::string_view name, std::uint64_t value) {
    put(name);
    put(": ");
    put_number(value);
    put("\r\n");
  }
  // Lines that are complete already, each with its CRLF.
  void add_lines(std::string_view lines) { put(lines); }

  void finish() { put("\r\n"); }

  int status() const { return status_; }
  bool started() const { return status_ != 0; }
  // What was added did not fit: the response can't be sent.
  bool overflow() const { return overflow_; }
  std::string_view text() const { return {buffer_.data(), size_}; }
  void clear() { size_ = 0, status_ = 0, overflow_ = false; }

 private:
  void put(std::string_view text) {
    if (text.size() > kCapacity - size_) {
      overflow_ = true;
      return;
    }
    if (text.empty()) return;  // it may be null, which memcpy must not see
    std::memcpy(buffer_.data() + size_, text.data(), text.size());
    size_ += text.size();
  }
  void put_number(std::uint64_t value) {
    std::array<char, 20> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    put({digits.data(), static_cast<std::size_t>(end - digits.data())});
  }

  std::size_t size_ = 0;
  int status_ = 0;
  bool overflow_ = false;
  std::array<char, kCapacity> buffer_;
};

}  // namespace farm::net
