// The tests' own main(): this program is its own worker, one that does whatever harm it is told.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstring>
#include <functional>
#include <map>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "sandbox/hostile_worker.h"
#include "sandbox/wire.h"
#include "sandbox/worker.h"

namespace farm::sandbox::hostile {
namespace {

using Deed = std::function<std::string()>;

volatile unsigned sink = 0;

std::string spin() {
  for (;;) sink = sink + 1;
}

std::string wait_for_ever() {
  for (;;) std::this_thread::sleep_for(std::chrono::hours(1));  // killed meanwhile
}

// As C libraries do: no look at what malloc() gave.
std::string eat_all_memory() {
  constexpr std::size_t kStep = 16 << 20;
  for (;;) {
    auto* step = static_cast<volatile char*>(std::malloc(kStep));
    for (std::size_t i = 0; i < kStep; i += 4096) step[i] = 1;
  }
}

std::string allocate_all_memory() {
  std::vector<std::vector<char>> eaten;
  for (;;) eaten.emplace_back(16 << 20, 'x');
}

std::string nap() {
  std::this_thread::sleep_for(std::chrono::milliseconds(300));  // long enough to be killed in
  return "slept";
}

std::string answer_with(Answer answer) {
  (void)!::write(kSocketFd, &answer, sizeof answer);
  return wait_for_ever();
}

std::string error_name(long result) {
  return result >= 0 ? "done" : std::string(::strerrorname_np(errno));
}

std::string try_to_run_code() {
  void* page =
      ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return page == MAP_FAILED ? error_name(-1) : "done";
}

std::string fork_for_ever() {
  for (;;) {
    if (::fork() < 0) return error_name(-1);
  }
}

std::string use_threads() {
  std::string text;
  for (int i = 0; i < 8; ++i) {
    std::thread([&] { text += "t"; }).join();
  }
  return text;
}

const std::map<std::string, Deed, std::less<>> kDeeds = {
    {"segv", [] { return std::to_string(::raise(SIGSEGV)); }},
    {"abort", []() -> std::string { std::abort(); }},
    {"exit", []() -> std::string { ::_exit(3); }},
    {"spin", spin},
    {"wait", wait_for_ever},
    {"nap", nap},
    {"eat", eat_all_memory},
    {"allocate", allocate_all_memory},
    {"throw", []() -> std::string { throw std::runtime_error("no"); }},
    {"close the socket", [] { return ::close(kSocketFd) == 0 ? wait_for_ever() : ""; }},
    {"answer too long",
     [] {
       Answer answer;
       answer.number = 1;
       answer.answer_bytes = std::uint64_t{1} << 62;
       return answer_with(answer);
     }},
    {"answer nonsense",
     [] {
       (void)!::write(kSocketFd, "what", 4);
       return wait_for_ever();
     }},
    {"answer too much", [] { return std::string(kAnswerMaxBytes + 8192, 'x'); }},
    {"answer twice",
     [] {
       Answer answer;
       answer.number = 1;
       answer.answer_bytes = 5;
       (void)!::write(kSocketFd, &answer, sizeof answer);
       return std::string("again");
     }},
    {"open", [] { return error_name(::open("/etc/passwd", O_RDONLY)); }},
    {"create", [] { return error_name(::open("/tmp/x", O_WRONLY | O_CREAT, 0600)); }},
    {"socket", [] { return error_name(::socket(AF_INET, SOCK_STREAM, 0)); }},
    {"exec", [] { return error_name(::execl("/bin/true", "true", nullptr)); }},
    {"fork", fork_for_ever},
    {"ptrace", [] { return error_name(::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr)); }},
    {"kill the parent", [] { return error_name(::kill(::getppid(), SIGTERM)); }},
    {"unshare", [] { return error_name(::unshare(CLONE_NEWUSER)); }},
    {"code", try_to_run_code},
    {"threads", use_threads},
    {"environment", [] { return std::string(*environ == nullptr ? "empty" : *environ); }},
    {"descriptors",
     [] {
       std::string open;
       for (int fd = 0; fd < 64; ++fd) {
         if (::lseek(fd, 0, SEEK_CUR) >= 0 || errno == ESPIPE) open += std::to_string(fd);
       }
       return open;
     }},
    {"pid", [] { return std::to_string(::getpid()); }},
};

Bytes handle(ByteView request) {
  const std::string asked(as_text(request));
  if (const auto deed = kDeeds.find(asked); deed != kDeeds.end()) return to_bytes(deed->second());
  return to_bytes("echo " + asked);
}

Result<void> warm_up() {
  std::thread([] {}).join();
  return ok();
}

Result<void> fail_to_warm_up() { return fail(ErrorCode::kInternal, "test", "as was asked"); }

}  // namespace
}  // namespace farm::sandbox::hostile

int main(int argc, char** argv) {
  using namespace farm::sandbox;
  const std::string first = argc > 1 ? argv[1] : "";
  if (first == hostile::kWorker) {
    return worker_main(argc - 2, argv + 2, {hostile::warm_up, hostile::handle});
  }
  if (first == hostile::kBadWorker) {
    return worker_main(argc - 2, argv + 2, {hostile::fail_to_warm_up, hostile::handle});
  }
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
