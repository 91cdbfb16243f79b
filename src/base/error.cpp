#include "base/error.h"

#include <cerrno>
#include <system_error>

namespace farm {

std::string_view to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return "invalid argument";
    case ErrorCode::kNotFound:
      return "not found";
    case ErrorCode::kConflict:
      return "conflict";
    case ErrorCode::kUnauthorized:
      return "unauthorized";
    case ErrorCode::kForbidden:
      return "forbidden";
    case ErrorCode::kTooLarge:
      return "too large";
    case ErrorCode::kUnsupported:
      return "unsupported";
    case ErrorCode::kUnprocessable:
      return "unprocessable";
    case ErrorCode::kBusy:
      return "busy";
    case ErrorCode::kNoSpace:
      return "no space";
    case ErrorCode::kIo:
      return "I/O error";
    case ErrorCode::kCorrupt:
      return "corrupt";
    case ErrorCode::kTimeout:
      return "timed out";
    case ErrorCode::kClosed:
      return "closed";
    case ErrorCode::kUnavailable:
      return "unavailable";
    case ErrorCode::kInternal:
      return "internal error";
  }
  return "unknown error";
}

std::string Error::message() const {
  std::string text;
  text.append(source).append(": ").append(to_string(code));
  if (!context.empty()) text.append(": ").append(context);
  return text;
}

Error make_error(ErrorCode code, std::string_view source, std::string context) {
  const bool retryable = code == ErrorCode::kBusy || code == ErrorCode::kTimeout ||
                         code == ErrorCode::kUnavailable || code == ErrorCode::kNoSpace;
  return Error{code, source, retryable, std::move(context)};
}

Error errno_error(int error_number, std::string_view source, std::string context) {
  ErrorCode code = ErrorCode::kIo;
  switch (error_number) {
    case ENOENT:
      code = ErrorCode::kNotFound;
      break;
    case EEXIST:
      code = ErrorCode::kConflict;
      break;
    case ENOSPC:
    case EDQUOT:
      code = ErrorCode::kNoSpace;
      break;
    case EACCES:
    case EPERM:
      code = ErrorCode::kForbidden;
      break;
    case EINVAL:
      code = ErrorCode::kInvalidArgument;
      break;
    case ETIMEDOUT:
      code = ErrorCode::kTimeout;
      break;
    case EPIPE:
    case ECONNRESET:
      code = ErrorCode::kClosed;
      break;
    case ECONNREFUSED:
      code = ErrorCode::kUnavailable;
      break;
    default:
      break;
  }
  context.append(": ").append(std::generic_category().message(error_number));
  return make_error(code, source, std::move(context));
}

}  // namespace farm
