// Many requests at once, for commands that move many records.
#pragma once

#include <functional>
#include <string>

#include "app/api_client.h"
#include "app/progress.h"

namespace farm::app {

// Calls `work` for 0 to count-1, from `jobs` threads with a client each, until all are done or one
// returns false. False if one did.
bool run_jobs(const ServerOptions& server, std::size_t count, std::size_t jobs,
              const std::function<bool(ApiClient& client, std::size_t index)>& work);

// Whether the same request may work in a moment: the server is busy, or the connection broke.
bool worth_another_try(const Error& error);
// Whether the next request would fare no better: no server, a key that is no good, a full disk.
bool meets_every_other(const Error& error);
// Waits before attempt number `attempt` + 1; false if that were too many.
bool wait_to_try_again(int attempt);

}  // namespace farm::app
