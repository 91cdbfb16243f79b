// A fixed number of threads and a bounded queue in front of them: where blocking and CPU-heavy work
// runs, so that network threads never wait. Thread-safe.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace farm::io {

class WorkerPool {
 public:
  // One piece of work. Destroyed on the thread that ran it, or on the poster's if it was refused.
  class Job {
   public:
    virtual ~Job() = default;
    virtual void run() noexcept = 0;
  };

  // `name` (at most 12 characters) shows in top and gdb; `threads` >= 1; at most `queue_limit` jobs
  // wait besides those that run.
  WorkerPool(std::string name, std::size_t threads, std::size_t queue_limit);
  ~WorkerPool();  // as stop()
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // False, and `job` stays the caller's, if the queue is full or the pool has stopped.
  [[nodiscard]] bool try_post(std::unique_ptr<Job>& job);

  // Runs what is queued to its end and joins the threads; later posts are refused. Not from a job.
  void stop();

  std::size_t queued() const;
  std::size_t threads() const { return threads_.size(); }

 private:
  void work(const std::string& thread_name);

  const std::size_t queue_limit_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::unique_ptr<Job>> queue_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace farm::io
