// A bound on the memory that requests under way may hold together. Thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <utility>

namespace farm::roles {

class MemoryBudget {
 public:
  explicit MemoryBudget(std::uint64_t total_bytes) : total_(total_bytes) {}

  // A share of the budget, given back when it is destroyed.
  class Share {
   public:
    Share(MemoryBudget& budget, std::uint64_t bytes) : budget_(&budget), bytes_(bytes) {}
    Share(Share&& other) noexcept
        : budget_(std::exchange(other.budget_, nullptr)), bytes_(other.bytes_) {}
    Share& operator=(Share&&) = delete;
    ~Share() {
      if (budget_ != nullptr) budget_->used_.fetch_sub(bytes_, std::memory_order_relaxed);
    }

   private:
    MemoryBudget* budget_;
    std::uint64_t bytes_;
  };

  // Nothing if the budget has no room for it now.
  std::optional<Share> take(std::uint64_t bytes) {
    std::uint64_t used = used_.load(std::memory_order_relaxed);
    do {
      if (bytes > total_ - used) return {};
    } while (!used_.compare_exchange_weak(used, used + bytes, std::memory_order_relaxed));
    return Share(*this, bytes);
  }

  std::uint64_t used() const { return used_.load(std::memory_order_relaxed); }
  std::uint64_t total() const { return total_; }

 private:
  const std::uint64_t total_;
  std::atomic<std::uint64_t> used_{0};
};

}  // namespace farm::roles
