// The system calls that are left to a worker, by libseccomp.
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <type_traits>

#include "sandbox/lockdown.h"

namespace farm::sandbox {
namespace {

// Computing, threads, and the socket to the parent. read and write reach nothing but the
// descriptors that are open, and none can be opened.
constexpr std::array kAllowed = {
    SCMP_SYS(read),
    SCMP_SYS(write),
    SCMP_SYS(close),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(futex),
    SCMP_SYS(brk),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(rseq),
    SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(getrandom),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(nanosleep),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(membarrier),
    SCMP_SYS(sysinfo),
    SCMP_SYS(getrusage),
    SCMP_SYS(getppid),
    SCMP_SYS(getuid),
    SCMP_SYS(geteuid),
    SCMP_SYS(getgid),
    SCMP_SYS(getegid),
    SCMP_SYS(uname),
    SCMP_SYS(getcpu),
    SCMP_SYS(fstat),
    SCMP_SYS(lseek),
};

struct Refused {
  int call;
  int error;
};
// What libraries try on their way and do without: looking for a file, asking what a descriptor
// is, a thread's priority. clone3 hides its flags behind a pointer, so the C library must take
// clone.
constexpr std::array kRefused = {
    Refused{SCMP_SYS(clone3), ENOSYS},
    Refused{SCMP_SYS(open), EACCES},
    Refused{SCMP_SYS(openat), EACCES},
    Refused{SCMP_SYS(stat), EACCES},
    Refused{SCMP_SYS(lstat), EACCES},
    Refused{SCMP_SYS(newfstatat), EACCES},
    Refused{SCMP_SYS(statx), ENOSYS},
    Refused{SCMP_SYS(access), EACCES},
    Refused{SCMP_SYS(faccessat), EACCES},
    Refused{SCMP_SYS(readlink), EACCES},
    Refused{SCMP_SYS(readlinkat), EACCES},
    Refused{SCMP_SYS(getcwd), EACCES},
    Refused{SCMP_SYS(ioctl), ENOTTY},
    Refused{SCMP_SYS(getpeername), ENOTSOCK},
    Refused{SCMP_SYS(prctl), EPERM},
    Refused{SCMP_SYS(sched_getattr), EPERM},
    Refused{SCMP_SYS(sched_setattr), EPERM},
    Refused{SCMP_SYS(sched_getparam), EPERM},
    Refused{SCMP_SYS(sched_getscheduler), EPERM},
    Refused{SCMP_SYS(sched_setscheduler), EPERM},
    Refused{SCMP_SYS(sched_setaffinity), EPERM},
    Refused{SCMP_SYS(setpriority), EPERM},
    Refused{SCMP_SYS(eventfd2), EPERM},
    Refused{SCMP_SYS(memfd_create), EPERM},
    Refused{SCMP_SYS(prlimit64), EPERM},
};

using Context = std::unique_ptr<std::remove_pointer_t<scmp_filter_ctx>, decltype(&seccomp_release)>;

// With conditions on arguments, which the macros of libseccomp make.
bool add_conditional(scmp_filter_ctx filter) {
  constexpr auto kThread = static_cast<scmp_datum_t>(CLONE_VM | CLONE_THREAD | CLONE_SIGHAND);
  constexpr auto kNewNamespaces = static_cast<scmp_datum_t>(
      CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET);
  const auto self = static_cast<scmp_datum_t>(::getpid());
  const auto executable = static_cast<scmp_datum_t>(PROT_EXEC);
  int failed = 0;
  // Another thread, never another process.
  failed |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
                             SCMP_A0(SCMP_CMP_MASKED_EQ, kThread | kNewNamespaces, kThread));
  // No memory becomes code.
  failed |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
                             SCMP_A2(SCMP_CMP_MASKED_EQ, executable, 0));
  failed |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
                             SCMP_A2(SCMP_CMP_MASKED_EQ, executable, 0));
  // abort() and pthread_kill().
  failed |=
      seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, SCMP_A0(SCMP_CMP_EQ, self));
  return failed == 0;
}

}  // namespace

bool install_filter() {
  const Context filter(seccomp_init(SCMP_ACT_KILL_PROCESS), seccomp_release);
  if (!filter) return false;
  scmp_filter_ctx context = filter.get();
  int failed = 0;
  failed |= seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
  failed |= seccomp_attr_set(context, SCMP_FLTATR_CTL_TSYNC, 1);
  // Old kernels would slow all computing down to hide memory from this process that it does not
  // have: it holds nothing but the picture it was given.
  failed |= seccomp_attr_set(context, SCMP_FLTATR_CTL_SSB, 1);
  for (const int call : kAllowed) {
    failed |= seccomp_rule_add(context, SCMP_ACT_ALLOW, call, 0);
  }
  for (const Refused& refused : kRefused) {
    const std::uint32_t action = SCMP_ACT_ERRNO(static_cast<std::uint32_t>(refused.error));
    // Not every call is there on every machine: open and stat are not on ARM.
    if (const int number = refused.call; number >= 0) {
      failed |= seccomp_rule_add(context, action, number, 0);
    }
  }
  if (failed != 0 || !add_conditional(context)) return false;
  return seccomp_load(context) == 0;
}

}  // namespace farm::sandbox
