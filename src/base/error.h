// What went wrong, as a value. An Error knows what kind it is (so that a caller can decide), which
// part of the system it came from, whether trying again may help, and a sentence for a person.
// Values only: copyable, thread-safe as any string is.
#pragma once

#include <string>
#include <string_view>

namespace farm {

enum class ErrorCode {
  kInvalidArgument,  // the caller's input is wrong: say what to do about it
  kNotFound,
  kConflict,       // it is there already, or has changed in between
  kUnauthorized,   // no key, or not a good one
  kForbidden,      // a good key without the scope
  kTooLarge,       // over a bound on bytes or pixels
  kUnsupported,    // a format or feature we do not handle
  kUnprocessable,  // right format, but damaged or refused
  kBusy,           // a bounded queue is full: retry later
  kNoSpace,        // the disk is full
  kIo,             // the disk or the socket failed
  kCorrupt,        // a checksum or a structure does not hold
  kTimeout,
  kClosed,  // the peer or the object has gone
  kUnavailable,
  kInternal,
};

std::string_view to_string(ErrorCode code);

struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string_view source;  // the room, a literal: "volume", "net", …
  bool retryable = false;
  std::string context;  // for a person; no secrets in it

  std::string message() const;  // "volume: no space: cannot append to …"
};

// `source` must be a literal (it is kept by reference). Retryable follows from the code.
Error make_error(ErrorCode code, std::string_view source, std::string context);

// The same for a failed system call: maps errno to a code and adds its text.
Error errno_error(int error_number, std::string_view source, std::string context);

}  // namespace farm
