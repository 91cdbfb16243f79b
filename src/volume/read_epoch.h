// Lets readers go on without a lock while the thing they read from is taken out of use: who takes
// it away first makes it unfindable, then waits for those who may have found it before.
//
//   reader:  const auto hold = epoch.enter();  find it; read it;
//   remover: unlink it;  epoch.synchronize();  destroy it;
//
// Sleepable read-copy-update with two counters in turn (McKenney, "Sleepable RCU", LWN 2006): a
// reader adds to one of some counters and takes it back, nothing else. Thread-safe.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>

namespace farm::volume {

class ReadEpoch {
 public:
  // Held while reading. Not for another thread than the one that entered; may be nested.
  class [[nodiscard]] Hold {
   public:
    explicit Hold(std::atomic<std::uint64_t>& readers) : readers_(&readers) {}
    Hold(Hold&& other) noexcept : readers_(other.readers_) { other.readers_ = nullptr; }
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;
    Hold& operator=(Hold&&) = delete;
    ~Hold() {
      if (readers_ != nullptr) readers_->fetch_sub(1);
    }

   private:
    std::atomic<std::uint64_t>* readers_;
  };

  Hold enter() {
    std::atomic<std::uint64_t>& readers = lane().readers[turn_.load() & 1U];
    readers.fetch_add(1);
    return Hold(readers);
  }

  // Waits until all who entered before the call have left. Not while holding.
  void synchronize();

 private:
  // Each thread adds in a lane of its own as far as they go, so that readers share no cache line.
  static constexpr std::size_t kLanes = 16;
  struct alignas(64) Lane {
    std::array<std::atomic<std::uint64_t>, 2> readers{};
  };

  Lane& lane() {
    thread_local std::size_t mine = kLanes;  // none yet
    if (mine == kLanes) mine = next_lane();
    return lanes_[mine];
  }
  static std::size_t next_lane();
  void wait_for(std::uint64_t turn) const;

  std::array<Lane, kLanes> lanes_;
  std::atomic<std::uint64_t> turn_{0};
  std::mutex mutex_;  // one synchronize() at a time
};

}  // namespace farm::volume
