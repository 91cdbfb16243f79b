// The system calls of every request. glibc's own recv, sendmsg and epoll_wait are points at which a
// thread may be cancelled (pthreads(7)), which costs two atomic operations a call where there are
// threads; none of ours is ever cancelled. Results and errno are those of recv(2), sendmsg(2) and
// epoll_wait(2). Sanitizers know glibc's, so they get these.
#pragma once

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <span>

#include "base/bytes.h"

namespace farm::net::system_calls {

#ifdef FARM_SANITIZED

inline ssize_t receive(int socket, MutableByteView into, int flags) {
  return ::recv(socket, into.data(), into.size(), flags);
}
inline ssize_t send_message(int socket, const msghdr& message, int flags) {
  return ::sendmsg(socket, &message, flags);
}
inline int take_events(int set, std::span<epoll_event> events) {
  return ::epoll_wait(set, events.data(), static_cast<int>(events.size()), 0);
}

#else

inline ssize_t receive(int socket, MutableByteView into, int flags) {
  return ::syscall(SYS_recvfrom, socket, into.data(), into.size(), flags, nullptr, nullptr);
}
inline ssize_t send_message(int socket, const msghdr& message, int flags) {
  return ::syscall(SYS_sendmsg, socket, &message, flags);
}
// Does not wait.
inline int take_events(int set, std::span<epoll_event> events) {
  return static_cast<int>(::syscall(SYS_epoll_pwait, set, events.data(),
                                    static_cast<int>(events.size()), 0, nullptr, std::size_t{0}));
}

#endif

}  // namespace farm::net::system_calls
