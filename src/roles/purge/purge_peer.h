// Another process's API, called from a thread that may block; and how long to wait after it failed.
// Not thread-safe: one for each thread.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "net/client.h"
#include "roles/purge/purge_config.h"

namespace farm::roles {

class PurgePeer {
 public:
  // `config` was checked by read_config().
  PurgePeer(PurgePeerConfig config, std::chrono::milliseconds timeout);

  const std::string& url() const { return config_.url; }
  // The body of a 200 answer. kForbidden or kInvalidArgument if the peer refuses, which trying
  // again does not mend; else whatever else went wrong, with a sentence.
  Result<std::string> call(net::Method method, const std::string& target,
                           std::string_view json = {});

 private:
  Result<std::string> key() const;

  const PurgePeerConfig config_;
  const net::ServerUrl url_;
  net::BlockingClient client_;
};

// Waits that double from a quarter of a second up to a bound, each cut by chance to between a half
// and all of it, so that many who failed together do not come back together.
class Backoff {
 public:
  explicit Backoff(std::chrono::milliseconds longest) : longest_(longest) {}
  std::chrono::milliseconds next();
  void reset() { failures_ = 0; }

 private:
  const std::chrono::milliseconds longest_;
  unsigned failures_ = 0;
};

}  // namespace farm::roles
