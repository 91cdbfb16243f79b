// A coroutine that waits: its completion handler, kept in place, so that to wait allocates nothing.
// Movable; not thread-safe. With one that is destroyed goes its coroutine, by a post to its
// executor.
#pragma once

#include <array>
#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>

namespace farm::net {

class Waiter {
 public:
  Waiter() = default;
  // `handler(bool)` is called at most once.
  template <class Handler>
  requires(!std::is_same_v<Handler, Waiter>) explicit Waiter(Handler handler)
      : kind_(&kKindOf<Handler>) {
    static_assert(sizeof(Handler) <= kRoom && alignof(Handler) <= alignof(std::max_align_t));
    static_assert(std::is_nothrow_move_constructible_v<Handler>);
    new (room_.data()) Handler(std::move(handler));
  }
  Waiter(Waiter&& other) noexcept { take(other); }
  Waiter& operator=(Waiter&& other) noexcept {
    Waiter old(std::move(*this));
    take(other);
    return *this;
  }
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;
  ~Waiter() {
    if (kind_ != nullptr) kind_->destroy(room_.data());
  }

  explicit operator bool() const { return kind_ != nullptr; }
  // Lets the coroutine go on, within this call. It may destroy where this Waiter lay.
  void operator()(bool result) && { std::exchange(kind_, nullptr)->call(room_.data(), result); }

 private:
  static constexpr std::size_t kRoom = 4 * sizeof(void*);

  struct Kind {
    void (*call)(std::byte* room, bool result);
    void (*move)(std::byte* from, std::byte* to) noexcept;
    void (*destroy)(std::byte* room) noexcept;
  };
  template <class Handler>
  static Handler& in(std::byte* room) {
    return *std::launder(reinterpret_cast<Handler*>(room));
  }
  template <class Handler>
  static constexpr Kind kKindOf = {
      .call =
          [](std::byte* room, bool result) {
            Handler handler = std::move(in<Handler>(room));
            in<Handler>(room).~Handler();
            std::move(handler)(result);
          },
      .move =
          [](std::byte* from, std::byte* to) noexcept {
            new (to) Handler(std::move(in<Handler>(from)));
            in<Handler>(from).~Handler();
          },
      .destroy = [](std::byte* room) noexcept { in<Handler>(room).~Handler(); },
  };

  void take(Waiter& other) {
    kind_ = std::exchange(other.kind_, nullptr);
    if (kind_ != nullptr) kind_->move(other.room_.data(), room_.data());
  }

  const Kind* kind_ = nullptr;
  alignas(std::max_align_t) std::array<std::byte, kRoom> room_;
};

}  // namespace farm::net
