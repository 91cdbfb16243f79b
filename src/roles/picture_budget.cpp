#include "roles/picture_budget.h"

#include <algorithm>
#include <string>

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

namespace farm::roles {
namespace {

Error more_than_all(std::uint64_t bytes, const PictureBudget::Limits& limits) {
  return make_error(ErrorCode::kTooLarge, "roles",
                    "working on this picture would take " + std::to_string(bytes >> 20) +
                        " MiB of memory; there are " + std::to_string(limits.total_bytes >> 20) +
                        " MiB in all");
}

Error too_many() {
  return make_error(ErrorCode::kBusy, "roles",
                    "too many pictures are being worked on; try again soon");
}

}  // namespace

// Shared by the coroutine that waits and by who wakes it.
struct PictureBudget::Waiter {
  Waiter(const io::Executor& its_executor, std::uint64_t its_bytes)
      : executor(its_executor), timer(its_executor), bytes(its_bytes) {}

  io::Executor executor;
  boost::asio::steady_timer timer;  // touched on its executor only
  const std::uint64_t bytes;
  unsigned overtaken = 0;
  bool asleep = false;   // has been told to wait: who serves it must wake it
  bool granted = false;  // its bytes are counted as used
};

// Wherever its coroutine ends, by its own or with the server: out of the queue, and what it was
// given and did not take goes back.
class PictureBudget::Place {
 public:
  Place(PictureBudget& budget, std::shared_ptr<Waiter> waiter)
      : budget_(budget), waiter_(std::move(waiter)) {
    const std::lock_guard lock(budget_.mutex_);
    budget_.waiting_.push_back(waiter_);
    budget_.serve_waiting();
    if (waiter_->granted) return;
    if (budget_.waiting_.size() > budget_.limits_.max_waiting || budget_.closed_) {
      leave_queue();
      refused_ = true;
      return;
    }
    waiter_->asleep = true;
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() {
    const std::lock_guard lock(budget_.mutex_);
    if (waiter_->granted) {
      budget_.used_ -= waiter_->bytes;
    } else if (!refused_) {
      leave_queue();
    }
    budget_.serve_waiting();
  }

  bool must_wait() const {
    const std::lock_guard lock(budget_.mutex_);
    return waiter_->asleep && !waiter_->granted;
  }

  // Once; what was granted belongs to the caller from then on.
  Result<Share> result() {
    const std::lock_guard lock(budget_.mutex_);
    if (!waiter_->granted) {
      ++budget_.refused_;
      return fail(too_many());
    }
    waiter_->granted = false;
    refused_ = true;  // it has left the queue
    if (waiter_->asleep) ++budget_.waited_;
    return Share(budget_, waiter_->bytes);
  }

 private:
  void leave_queue() { budget_.waiting_.remove(waiter_); }

  PictureBudget& budget_;
  std::shared_ptr<Waiter> waiter_;
  bool refused_ = false;
};

void PictureBudget::serve_waiting() {
  freed_.notify_all();
  if (closed_) return;
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    Waiter& next = **it;
    if (!fits(next.bytes)) {
      if (next.overtaken >= limits_.max_overtaken) return;  // nobody passes it any more
      ++it;
      continue;
    }
    std::for_each(waiting_.begin(), it, [](const auto& passed) { ++passed->overtaken; });
    used_ += next.bytes;
    next.granted = true;
    if (next.asleep) {
      const auto wake = [waiter = *it] { waiter->timer.cancel(); };
      boost::asio::post(next.executor, wake);
    }
    it = waiting_.erase(it);
  }
}

void PictureBudget::give_back(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  used_ -= bytes;
  serve_waiting();
}

io::Task<Result<PictureBudget::Share>> PictureBudget::take(std::uint64_t bytes) {
  if (bytes > limits_.total_bytes) co_return fail(more_than_all(bytes, limits_));
  const io::Executor executor = co_await boost::asio::this_coro::executor;
  auto waiter = std::make_shared<Waiter>(executor, bytes);
  Place place(*this, waiter);
  if (place.must_wait()) {
    // Who serves it wakes it by a post to this very thread, so never before it waits.
    boost::system::error_code woken;
    waiter->timer.expires_after(limits_.max_wait);
    co_await waiter->timer.async_wait(boost::asio::redirect_error(io::use_task, woken));
  }
  co_return place.result();
}

Result<PictureBudget::Share> PictureBudget::take_behind_others(std::uint64_t bytes) {
  if (bytes > limits_.total_bytes) return fail(more_than_all(bytes, limits_));
  std::unique_lock lock(mutex_);
  const auto my_turn = [&] { return closed_ || (waiting_.empty() && fits(bytes)); };
  if (!freed_.wait_for(lock, limits_.max_wait, my_turn) || closed_) {
    ++refused_;
    return fail(too_many());
  }
  used_ += bytes;
  return Share(*this, bytes);
}

void PictureBudget::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  freed_.notify_all();
}

PictureBudget::Stats PictureBudget::stats() const {
  const std::lock_guard lock(mutex_);
  return {used_, waiting_.size(), waited_, refused_};
}

}  // namespace farm::roles
