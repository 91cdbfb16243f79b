// Many requests at once, for commands that move many records.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "app/api_client.h"
#include "app/progress.h"

namespace farm::app {

// Moves many things one by one, from `jobs` threads with a client each; prints what fails and goes
// on with the others, but where no other would fare better. Call run() from one thread.
class Transfer {
 public:
  // Of one thing; called from several threads at once.
  using Move = std::function<Result<void>(ApiClient& client, std::size_t index)>;
  using NameOf = std::function<std::string(std::size_t index)>;

  // `verb` as in "exporting"; `server` must outlive this.
  Transfer(const ServerOptions& server, std::size_t jobs, std::string verb, std::uint64_t total);

  // Calls `move` for 0 to count-1; `name_of` says which one failed. The error that ended it early.
  Result<void> run(std::size_t count, const Move& move, const NameOf& name_of);

  // Ends the progress bar. How many failed.
  std::uint64_t finish();

 private:
  // False if it is of no use to go on.
  bool move_one(ApiClient& client, std::size_t index, const Move& move, const NameOf& name_of);

  const ServerOptions& server_;
  const std::size_t jobs_;
  Progress progress_;
  std::atomic<std::uint64_t> failed_{0};
  std::mutex mutex_;  // guards what follows
  std::optional<Error> stopped_by_;
};

// Whether the same request may work in a moment: the server is busy, or the connection broke.
bool worth_another_try(const Error& error);
// Waits before attempt number `attempt` + 1; false if that were too many.
bool wait_to_try_again(int attempt);

}  // namespace farm::app
