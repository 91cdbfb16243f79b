// Keeps something alive that others count: what a response refers to until its last byte is sent.
// One pointer and a function; moves, never copies; allocates nothing.
#pragma once

#include <utility>

namespace farm::net {

class Keep {
 public:
  Keep() = default;
  // Takes over one reference to `held`, which `release` gives back.
  Keep(const void* held, void (*release)(const void*)) : held_(held), release_(release) {}
  Keep(Keep&& other) noexcept
      : held_(std::exchange(other.held_, nullptr)), release_(other.release_) {}
  Keep& operator=(Keep&& other) noexcept {
    std::swap(held_, other.held_);
    std::swap(release_, other.release_);
    return *this;
  }
  ~Keep() {
    if (held_ != nullptr) release_(held_);
  }

 private:
  const void* held_ = nullptr;
  void (*release_)(const void*) = nullptr;
};

}  // namespace farm::net
