#include "roles/purge/purge_peer.h"

#include <algorithm>
#include <array>
#include <fstream>

#include "base/digest.h"
#include "roles/purge/purge_json.h"

namespace farm::roles {
namespace {

constexpr std::chrono::milliseconds kFirstWait{250};
constexpr std::size_t kMaxDetailBytes = 300;

net::ClientConfig client_config(std::chrono::milliseconds timeout) {
  net::ClientConfig config;
  config.connect_timeout = timeout;
  config.request_timeout = timeout;
  config.max_response_bytes = 2 * kMaxPurgePageJson;
  config.max_idle_per_host = 1;
  return config;
}

Error refusal(const net::ClientResponse& response, const std::string& url) {
  const int status = response.status;
  const ErrorCode code = status == 401 || status == 403 ? ErrorCode::kForbidden
                         : status >= 400 && status < 500 && status != 408 && status != 429
                             ? ErrorCode::kInvalidArgument
                             : ErrorCode::kUnavailable;
  return make_error(code, "roles",
                    url + " answered " + std::to_string(status) + ": " +
                        problem_detail(response.text()).substr(0, kMaxDetailBytes));
}

}  // namespace

PurgePeer::PurgePeer(PurgePeerConfig config, std::chrono::milliseconds timeout)
    : config_(std::move(config)),
      url_(net::parse_server_url(config_.url).value()),
      client_(client_config(timeout)) {}

Result<std::string> PurgePeer::key() const {
  if (config_.key_file.empty()) return config_.key;
  std::ifstream in(config_.key_file);
  std::string key;
  if (!std::getline(in, key) || key.empty()) {
    return fail(ErrorCode::kForbidden, "roles", "there is no key in " + config_.key_file);
  }
  return key;
}

Result<std::string> PurgePeer::call(net::Method method, const std::string& target,
                                    std::string_view json) {
  net::ClientRequest request;
  request.method = method;
  request.host = url_.host;
  request.port = url_.port;
  request.target = target;
  FARM_TRY(const std::string key, this->key());
  request.headers.emplace_back("Authorization", "Bearer " + key);
  if (!json.empty()) request.headers.emplace_back("Content-Type", "application/json");
  request.body = as_bytes(json);
  FARM_TRY(const net::ClientResponse response, client_.send(std::move(request)));
  if (response.status != 200) return fail(refusal(response, config_.url));
  return std::string(response.text());
}

std::chrono::milliseconds Backoff::next() {
  const auto whole = std::min(longest_, kFirstWait * (1U << std::min(failures_, 12U)));
  ++failures_;
  std::array<std::byte, 4> chance{};
  random_bytes(chance);
  return whole / 2 + whole * (load_le<std::uint32_t>(chance, 0) >> 16) / (1 << 17);
}

}  // namespace farm::roles
