#include "app/api_client.h"

#include <chrono>

#include <nlohmann/json.hpp>

#include "app/data_dir.h"

namespace farm::app {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::chrono::minutes kRequestTimeout{10};
// No record is larger.
constexpr std::uint64_t kMaxResponseBytes = std::uint64_t{4} << 30;

std::string header_of(const net::ClientResponse& response, std::string_view name) {
  return std::string(response.find(name).value_or(""));
}

ErrorCode code_of(int status) {
  switch (status) {
    case 400:
      return ErrorCode::kInvalidArgument;
    case 401:
      return ErrorCode::kUnauthorized;
    case 403:
      return ErrorCode::kForbidden;
    case 404:
      return ErrorCode::kNotFound;
    case 409:
      return ErrorCode::kConflict;
    case 413:
      return ErrorCode::kTooLarge;
    case 415:
      return ErrorCode::kUnsupported;
    case 422:
      return ErrorCode::kUnprocessable;
    case 429:
    case 503:
      return ErrorCode::kBusy;
    case 507:
      return ErrorCode::kNoSpace;
    default:
      return ErrorCode::kInternal;
  }
}

}  // namespace

ApiClient::ApiClient(net::ServerUrl url, std::string key)
    : url_(std::move(url)),
      key_(std::move(key)),
      client_(net::ClientConfig{.request_timeout = kRequestTimeout,
                                .max_response_bytes = kMaxResponseBytes}) {}

Result<ApiClient> ApiClient::make(const ServerOptions& options) {
  std::string server = options.server;
  if (server.empty()) server = find_server_url(options.data).value_or("http://127.0.0.1:8080");
  FARM_TRY(net::ServerUrl url, net::parse_server_url(server));
  std::string key = options.key;
  if (key.empty()) key = find_admin_key(options.data).value_or("");
  if (key.empty()) {
    return fail(ErrorCode::kUnauthorized, "app",
                "there is no API key: give one with --key or PHOTOFARM_KEY, or name the server's "
                "data directory with --data (its admin.key is looked for in " +
                    options.data.string() + ")");
  }
  return ApiClient(std::move(url), std::move(key));
}

Result<net::ClientResponse> ApiClient::exchange(
    net::Method method, const std::string& target, ByteView body,
    std::vector<std::pair<std::string, std::string>> headers) {
  headers.emplace_back("Authorization", "Bearer " + key_);
  return client_.send({.method = method,
                       .host = url_.host,
                       .port = url_.port,
                       .target = target,
                       .headers = std::move(headers),
                       .body = body});
}

Result<ApiClient::Answer> ApiClient::send(
    net::Method method, const std::string& target, ByteView body,
    std::vector<std::pair<std::string, std::string>> headers) {
  FARM_TRY(const net::ClientResponse response, exchange(method, target, body, std::move(headers)));
  return Answer{response.status, std::string(response.text()), header_of(response, "Retry-After"),
                header_of(response, "ETag")};
}

Result<Bytes> ApiClient::download(const std::string& target) {
  FARM_TRY(net::ClientResponse response, exchange(net::Method::kGet, target, {}, {}));
  if (response.status == 200) return std::move(response.body);
  return fail(to_error({response.status, std::string(response.text()), {}, {}}));
}

Error ApiClient::to_error(const Answer& answer) {
  std::string detail = "the server answered " + std::to_string(answer.status);
  const Json json = Json::parse(answer.body, nullptr, /*allow_exceptions=*/false);
  if (json.is_object() && json.contains("detail") && json["detail"].is_string()) {
    detail += ": " + json["detail"].get<std::string>();
  }
  return make_error(code_of(answer.status), "app", std::move(detail));
}

Result<Json> ApiClient::call(net::Method method, const std::string& target, ByteView body,
                             std::vector<std::pair<std::string, std::string>> headers) {
  FARM_TRY(const Answer answer, send(method, target, body, std::move(headers)));
  if (answer.status / 100 != 2) return fail(to_error(answer));
  if (answer.body.empty()) return Json(nullptr);
  Json json = Json::parse(answer.body, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) {
    return fail(ErrorCode::kCorrupt, "app", "the server's answer is no JSON; is it a photofarm?");
  }
  return json;
}

}  // namespace farm::app
