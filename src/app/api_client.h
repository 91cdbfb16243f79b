// The commands' way to a running server: finds it and its key, sends requests, reads answers.
// Not thread-safe: one for each thread.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/bytes.h"
#include "base/result.h"
#include "net/client.h"

namespace farm::app {

// Where commands look for the server: what was given, else the environment, else the files that a
// server on this machine leaves in its data directory.
struct ServerOptions {
  std::string server;  // --server, PHOTOFARM_SERVER
  std::string key;     // --key, PHOTOFARM_KEY
  std::filesystem::path data = "photofarm-data";
};

class ApiClient {
 public:
  // kInvalidArgument, with what to do, if there is no server or no key to be found.
  static Result<ApiClient> make(const ServerOptions& options);

  struct Answer {
    int status = 0;
    std::string body;
    std::string retry_after;
    std::string etag;
  };
  // Whatever the server answered; an Error only if it did not answer.
  Result<Answer> send(net::Method method, const std::string& target, ByteView body = {},
                      std::vector<std::pair<std::string, std::string>> headers = {});

  // The JSON of a 2xx answer (null if it has no body); an Error made of the problem's detail
  // otherwise.
  Result<nlohmann::ordered_json> call(
      net::Method method, const std::string& target, ByteView body = {},
      std::vector<std::pair<std::string, std::string>> headers = {});

  // The bytes of a 200 answer to a GET, whole in memory; an Error as of call() otherwise.
  Result<Bytes> download(const std::string& target);

  // What a failed answer means, for a person.
  static Error to_error(const Answer& answer);

 private:
  ApiClient(net::ServerUrl url, std::string key);
  Result<net::ClientResponse> exchange(net::Method method, const std::string& target, ByteView body,
                                       std::vector<std::pair<std::string, std::string>> headers);
  net::ServerUrl url_;
  std::string key_;
  net::BlockingClient client_;
};

}  // namespace farm::app
