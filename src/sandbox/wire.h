// What parent and worker tell each other over their socket (SOCK_SEQPACKET: a message is there
// whole or not at all). Both are the same program, so structs go as they are. Lengths travel here
// and not in the shared memory, where they could change between a look and the next.
#pragma once

#include <cstdint>

namespace farm::sandbox {

// The descriptors a worker begins with, besides /dev/null at 0 to 2.
inline constexpr int kSocketFd = 3;
inline constexpr int kAreaFd = 4;

inline constexpr std::uint32_t kMagic = 0x42736677;

struct Hello {  // worker, once, when it is locked down
  std::uint32_t magic = kMagic;
  std::uint32_t level = 0;
  std::uint64_t address_space_bytes = 0;
};

struct Job {                 // parent; the request lies at the front of the shared memory
  std::uint64_t number = 0;  // the answer carries it back
  std::uint64_t request_bytes = 0;
};

enum class Status : std::uint32_t { kDone = 0, kOutOfMemory = 1, kFailed = 2, kTooLarge = 3 };

struct Answer {  // worker; the answer lies behind the room for requests
  std::uint64_t number = 0;
  std::uint64_t answer_bytes = 0;
  std::uint64_t worked_ns = 0;
  Status status = Status::kDone;
  std::uint32_t unused = 0;  // padding, spelled out
};

}  // namespace farm::sandbox
