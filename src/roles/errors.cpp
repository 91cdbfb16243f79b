#include "roles/errors.h"

#include "obs/log.h"

namespace farm::roles {

int http_status(const Error& error) {
  switch (error.code) {
    case ErrorCode::kInvalidArgument:
      return 400;
    case ErrorCode::kUnauthorized:
      return 401;
    case ErrorCode::kForbidden:
      return 403;
    case ErrorCode::kNotFound:
      return 404;
    case ErrorCode::kTimeout:
      return 504;
    case ErrorCode::kConflict:
      return 409;
    case ErrorCode::kTooLarge:
      return 413;
    case ErrorCode::kUnsupported:
      return 415;
    case ErrorCode::kUnprocessable:
      return 422;
    case ErrorCode::kBusy:
    case ErrorCode::kUnavailable:
      return 503;
    case ErrorCode::kNoSpace:
      return 507;
    case ErrorCode::kIo:
    case ErrorCode::kCorrupt:
    case ErrorCode::kClosed:
    case ErrorCode::kInternal:
      break;
  }
  return 500;
}

io::Task<Result<void>> send_error(net::Exchange& exchange, Error error) {
  // The connection failed and has answered what could be answered.
  if (error.source == "net" && error.code == ErrorCode::kClosed) co_return fail(std::move(error));
  const int status = http_status(error);
  std::string extra;
  if (status == 503) extra = "Retry-After: 1\r\n";
  if (status == 507) extra = "Retry-After: 60\r\n";
  if (status == 401) extra = "WWW-Authenticate: Bearer realm=\"photofarm\"\r\n";
  std::string detail = std::move(error.context);
  // The store does not spell it out: strangers may ask at any rate.
  if (status == 503 && detail.empty()) detail = "the store is being opened; try again soon";
  if (status == 500) {
    obs::log_error("a request failed", {{"path", exchange.request().path},
                                        {"source", error.source},
                                        {"code", to_string(error.code)},
                                        {"detail", detail}});
    detail = "this is a fault of the server; its log says more";
  } else if (status == 507) {
    obs::log_error("out of disk space", {{"source", error.source}, {"detail", detail}});
  }
  co_return co_await exchange.send_problem(status, std::move(detail), extra);
}

}  // namespace farm::roles
