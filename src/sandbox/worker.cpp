#include "sandbox/worker.h"

#include <malloc.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <exception>
#include <new>
#include <string_view>

#include "sandbox/area.h"
#include "sandbox/lockdown.h"
#include "sandbox/wire.h"

namespace farm::sandbox {
namespace {

enum ExitCode { kParentGone = 0, kNotAWorker = 64, kNoWarmUp = 65 };

template <class Message>
bool receive(Message& message) {
  for (;;) {
    const ssize_t got = ::read(kSocketFd, &message, sizeof message);
    if (got == static_cast<ssize_t>(sizeof message)) return true;
    if (got >= 0 || errno != EINTR) return false;
  }
}

template <class Message>
bool send(const Message& message) {
  return ::write(kSocketFd, &message, sizeof message) == static_cast<ssize_t>(sizeof message);
}

bool parse_bytes(std::string_view text, std::uint64_t& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size();
}

// The first number of /proc/self/statm, in pages.
std::uint64_t address_space_bytes() {
  unsigned long long pages = 0;
  std::FILE* file = std::fopen("/proc/self/statm", "re");
  if (file == nullptr) return 0;
  if (std::fscanf(file, "%llu", &pages) != 1) pages = 0;
  (void)std::fclose(file);
  return pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

Answer answer_to(const Job& job, const Area& area, const Work& work) {
  using Steady = std::chrono::steady_clock;
  const Steady::time_point begun = Steady::now();
  Answer answer;
  answer.number = job.number;
  try {
    const Bytes made = work.handle(area.request().first(job.request_bytes));
    if (made.size() > area.answer().size()) {
      answer.status = Status::kTooLarge;
    } else if (!made.empty()) {
      std::memcpy(area.answer().data(), made.data(), made.size());
      answer.answer_bytes = made.size();
    }
  } catch (const std::bad_alloc&) {
    answer.status = Status::kOutOfMemory;
  } catch (const std::exception&) {
    answer.status = Status::kFailed;
  }
  answer.worked_ns = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(Steady::now() - begun).count());
  return answer;
}

}  // namespace

int worker_main(int argument_count, char** arguments, const Work& work) {
  std::uint64_t request_max_bytes = 0;
  std::uint64_t answer_max_bytes = 0;
  if (argument_count != 2 || !parse_bytes(arguments[0], request_max_bytes) ||
      !parse_bytes(arguments[1], answer_max_bytes)) {
    return kNotAWorker;
  }
  const auto area = Area::attach(kAreaFd, request_max_bytes, answer_max_bytes);
  if (!area) return kNotAWorker;

  // Each of the C library's arenas would reserve its 64 MiB of the address space that is limited.
  (void)::mallopt(M_ARENA_MAX, 2);
  Lockdown lockdown = Lockdown::begin();
  if (!work.warm_up()) ::_exit(kNoWarmUp);
  Hello hello;
  hello.address_space_bytes = address_space_bytes();
  hello.level = lockdown.finish().bits();

  if (!send(hello)) ::_exit(kParentGone);
  Job job;
  while (receive(job) && job.request_bytes <= request_max_bytes) {
    if (!send(answer_to(job, area.value(), work))) break;
  }
  // Nothing is to be tidied up, and what would run at an exit may want what is forbidden.
  ::_exit(kParentGone);
}

}  // namespace farm::sandbox
