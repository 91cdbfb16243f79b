#include "sandbox/lockdown.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <future>
#include <string>
#include <string_view>
#include <thread>

#include "base/fd.h"

namespace farm::sandbox {
namespace {

#ifdef FARM_SANITIZED
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

constexpr uid_t kNobody = 65534;
constexpr int kOwn = CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS;

bool write_file(const char* path, std::string_view text) {
  const Fd fd(::open(path, O_WRONLY | O_CLOEXEC));
  return fd && ::write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

bool has_capability(unsigned capability) {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  std::array<__user_cap_data_struct, 2> sets{};
  if (::syscall(SYS_capget, &header, sets.data()) != 0) return false;
  return (sets[CAP_TO_INDEX(capability)].effective & CAP_TO_MASK(capability)) != 0;
}

// Of this thread, and of those it makes.
bool drop_capabilities() {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  const std::array<__user_cap_data_struct, 2> none{};
  return ::syscall(SYS_capset, &header, none.data()) == 0;
}

// The raw calls change this thread alone, which is what is wanted: the helper stays what it is.
void become_nobody() {
  (void)::syscall(SYS_setgroups, 0, nullptr);
  (void)::syscall(SYS_setresgid, kNobody, kNobody, kNobody);
  (void)::syscall(SYS_setresuid, kNobody, kNobody, kNobody);
}

// Root takes namespaces at once; anybody else gets them inside a user namespace.
bool take_namespaces() {
  if (::unshare(kOwn) == 0) return true;
  const std::string user = std::to_string(::geteuid());
  const std::string group = std::to_string(::getegid());
  if (::unshare(CLONE_NEWUSER | kOwn) != 0) return false;
  // Where these are not let through it is nobody inside, which will do.
  (void)(write_file("/proc/self/setgroups", "deny") &&
         write_file("/proc/self/uid_map", user + " " + user + " 1") &&
         write_file("/proc/self/gid_map", group + " " + group + " 1"));
  return true;
}

// An empty file system, mounted where nothing is missed meanwhile. Its root, or none.
Fd mount_empty() {
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return {};
  for (const char* place : {"/tmp", "/var/tmp", "/mnt", "/run"}) {
    const unsigned long flags = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC;
    if (::mount("none", place, "tmpfs", flags, "size=4k,nr_inodes=2,mode=555") == 0) {
      return Fd(::open(place, O_PATH | O_DIRECTORY | O_CLOEXEC));
    }
  }
  return {};
}

// pivot_root(2), "pivot_root(".", ".")": the new root on top of the old one, which is then let go.
bool pivot_to(const Fd& root) {
  return ::fchdir(root.get()) == 0 && ::syscall(SYS_pivot_root, ".", ".") == 0 &&
         ::umount2(".", MNT_DETACH) == 0 && ::chdir("/") == 0;
}

// Without mounts of its own, root can still go into a folder that is empty. The helper's own
// /proc entry is: it has none once the helper has ended.
bool chroot_to_nothing() {
  const std::string path = "/proc/self/task/" + std::to_string(::gettid()) + "/fdinfo";
  return ::chroot(path.c_str()) == 0 && ::chdir("/") == 0;
}

bool limit(int resource, rlim_t value) {
  const rlimit both{value, value};
  return ::setrlimit(static_cast<__rlimit_resource>(resource), &both) == 0;
}

// Memory and CPU time are set by the parent, job by job.
bool set_limits() {
  constexpr rlim_t kDescriptors = 8;
  return limit(RLIMIT_CORE, 0) && limit(RLIMIT_NOFILE, kDescriptors) && limit(RLIMIT_FSIZE, 0) &&
         limit(RLIMIT_MEMLOCK, 0) && limit(RLIMIT_MSGQUEUE, 0);
}

}  // namespace

// A thread that still has the privilege to take the file system away when the others have lost
// theirs. It shares root and working directory with them.
struct Lockdown::Helper {
  explicit Helper(Fd empty_root) : root(std::move(empty_root)) {
    thread = std::thread([this] {
      go.get_future().wait();
      done = root ? pivot_to(root) : chroot_to_nothing();
    });
  }
  bool finish() {
    go.set_value();
    thread.join();
    root.reset();
    return done;
  }

  Fd root;
  std::promise<void> go;
  std::atomic<bool> done{false};
  std::thread thread;
};

Lockdown::Lockdown() = default;
Lockdown::Lockdown(Lockdown&&) noexcept = default;
Lockdown::~Lockdown() {
  if (helper_ && helper_->thread.joinable()) (void)helper_->finish();
}

Lockdown Lockdown::begin() {
  Lockdown lockdown;
  // The kernel's first choice when memory runs out, before the server that holds everything.
  (void)write_file("/proc/self/oom_score_adj", "1000");
  if (kSanitized) return lockdown;
  const bool can_be_limited_as_nobody = has_capability(CAP_SYS_RESOURCE);
  const bool root = ::geteuid() == 0;
  lockdown.level_.namespaces = take_namespaces();
  lockdown.helper_ = std::make_unique<Helper>(lockdown.level_.namespaces ? mount_empty() : Fd());
  // Only a parent that may set anybody's limits can set nobody's.
  if (root && can_be_limited_as_nobody && has_capability(CAP_SETUID)) become_nobody();
  (void)drop_capabilities();
  return lockdown;
}

Level Lockdown::finish() {
  // A change of user or of capabilities clears this, so it comes after them.
  (void)::prctl(PR_SET_PDEATHSIG, SIGKILL);
  (void)::prctl(PR_SET_DUMPABLE, kSanitized ? 1 : 0);
  if (kSanitized) {
    level_.limits = limit(RLIMIT_CORE, 0);
    return level_;
  }
  if (helper_) level_.no_files = helper_->finish();
  level_.limits = set_limits();
  const bool no_new_privileges = ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
  level_.filter = no_new_privileges && install_filter();
  return level_;
}

}  // namespace farm::sandbox
