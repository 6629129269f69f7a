#include "descriptor/arrivals.h"

#ifndef _WIN32

#include <fcntl.h>
#include <sys/socket.h>
#ifdef __linux__
#include <sys/epoll.h>
#else
#include <sys/event.h>
#endif

#include <cerrno>

namespace uvnet {

int OpenWatcher() {
#ifdef __linux__
  const int watcher = epoll_create1(EPOLL_CLOEXEC);
  return watcher < 0 ? -errno : watcher;
#else
  const int watcher = kqueue();
  if (watcher < 0) return -errno;
  (void)fcntl(watcher, F_SETFD, FD_CLOEXEC);
  return watcher;
#endif
}

int WatchArrivals(int watcher, int fd, void* data) {
#ifdef __linux__
  epoll_event event{};
  event.events = EPOLLIN | EPOLLRDHUP | EPOLLET;
  event.data.ptr = data;
  const int result = epoll_ctl(watcher, EPOLL_CTL_ADD, fd, &event);
#else
  struct kevent event;
  EV_SET(&event, fd, EVFILT_READ, EV_ADD | EV_CLEAR, 0, 0, data);
  const int result = kevent(watcher, &event, 1, nullptr, 0, nullptr);
#endif
  return result == 0 ? 0 : -errno;
}

void UnwatchArrivals(int watcher, int fd) {
#ifdef __linux__
  epoll_event event{};
  (void)epoll_ctl(watcher, EPOLL_CTL_DEL, fd, &event);
#else
  struct kevent event;
  EV_SET(&event, fd, EVFILT_READ, EV_DELETE, 0, 0, nullptr);
  (void)kevent(watcher, &event, 1, nullptr, 0, nullptr);
#endif
}

int TakeArrivals(int watcher, Arrival* arrivals) {
#ifdef __linux__
  epoll_event events[kMaxArrivals];
  const int count = epoll_wait(watcher, events, kMaxArrivals, 0);
  for (int i = 0; i < count; ++i) {
    const bool is_last = (events[i].events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
    arrivals[i] = {events[i].data.ptr, is_last};
  }
#else
  struct kevent events[kMaxArrivals];
  const timespec now{};
  const int count = kevent(watcher, nullptr, 0, events, kMaxArrivals, &now);
  for (int i = 0; i < count; ++i) {
    arrivals[i] = {events[i].udata, (events[i].flags & (EV_EOF | EV_ERROR)) != 0};
  }
#endif
  return count;
}

int CopyWaiting(int fd, void* to, size_t size) {
  ssize_t copied;
  do {
    copied = recv(fd, to, size, MSG_PEEK | MSG_DONTWAIT);
  } while (copied < 0 && errno == EINTR);
  return copied < 0 ? -errno : static_cast<int>(copied);
}

}  // namespace uvnet

#endif  // _WIN32
