// Fields into bytes and back: numbers little-endian at their width, texts and lists behind their
// length. For what each_field() (fields.h) lists, and what that is made of.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "base/bytes.h"
#include "render/fields.h"

namespace farm::render {

template <class T>
concept Number = std::integral<T> || std::floating_point<T> || std::is_enum_v<T>;

class FieldWriter {
 public:
  explicit FieldWriter(Bytes& out) : out_(out) {}

  void operator()(const auto&... values) { (put(values), ...); }

 private:
  template <Number T>
  void put(const T& value) {
    const std::size_t at = out_.size();
    out_.resize(at + sizeof value);
    std::memcpy(out_.data() + at, &value, sizeof value);
  }
  void put(const std::string& text) { put_run(as_bytes(text)); }
  void put(const Bytes& bytes) { put_run(bytes); }
  template <class Rep, class Period>
  void put(const std::chrono::duration<Rep, Period>& time) {
    put(time.count());
  }
  template <class T>
  void put(const std::optional<T>& value) {
    put(value.has_value());
    if (value) put(*value);
  }
  template <class T>
  void put(const std::vector<T>& list) {
    put(static_cast<std::uint64_t>(list.size()));
    for (const T& one : list) put(one);
  }
  template <class T>
  requires(std::is_class_v<T>) void put(const T& value) { each_field(*this, value); }

  void put_run(ByteView bytes) {
    put(static_cast<std::uint64_t>(bytes.size()));
    out_.insert(out_.end(), bytes.begin(), bytes.end());
  }

  Bytes& out_;
};

// Once something does not fit, all that follows reads as nothing and good() is false.
class FieldReader {
 public:
  explicit FieldReader(ByteView in) : in_(in) {}

  void operator()(auto&... values) { (get(values), ...); }
  bool good() const { return good_; }
  ByteView rest() const { return in_; }

 private:
  // No list here has nearly as many.
  static constexpr std::uint64_t kMostInList = 256;

  ByteView take(std::uint64_t bytes) {
    if (!good_ || bytes > in_.size()) {
      good_ = false;
      return {};
    }
    const ByteView taken = in_.first(bytes);
    in_ = in_.subspan(bytes);
    return taken;
  }
  template <Number T>
  void get(T& value) {
    const ByteView bytes = take(sizeof value);
    if (!good_) return;
    if constexpr (std::same_as<T, bool>) {
      value = bytes.front() != std::byte{0};
    } else {
      std::memcpy(&value, bytes.data(), sizeof value);
    }
  }
  std::uint64_t length() {
    std::uint64_t value = 0;
    get(value);
    return value;
  }
  void get(std::string& text) { text = as_text(take(length())); }
  void get(Bytes& bytes) {
    const ByteView taken = take(length());
    bytes.assign(taken.begin(), taken.end());
  }
  template <class Rep, class Period>
  void get(std::chrono::duration<Rep, Period>& time) {
    Rep count{};
    get(count);
    time = std::chrono::duration<Rep, Period>(count);
  }
  template <class T>
  void get(std::optional<T>& value) {
    bool there = false;
    get(there);
    value.reset();
    if (there && good_) get(value.emplace());
  }
  template <class T>
  void get(std::vector<T>& list) {
    const std::uint64_t count = length();
    list.clear();
    if (count > kMostInList) good_ = false;
    for (std::uint64_t i = 0; i < count && good_; ++i) get(list.emplace_back());
  }
  template <class T>
  requires(std::is_class_v<T>) void get(T& value) { each_field(*this, value); }

  ByteView in_;
  bool good_ = true;
};

}  // namespace farm::render
