/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys_mux.c: the calls that wait on many descriptors.
 *
 * Where the system lacks a call its name stands for plx__sys_absent, so every
 * entry reads the same everywhere and answers -ENOSYS.
 *
 * Traps.  select: an fd_set ends at FD_SETSIZE but most kernels take longer
 * arrays (macOS when asked by a macro), and FD_SET of a fortified libc aborts
 * beyond it: the sets travel as bare words, which must have the layout of an
 * fd_set.  kevent: libkqueue puts into a receipt what is in errno, its own or
 * not, and changes errno when nothing is wrong.  epoll_pwait2: newer than many
 * a libc, and its timespec is 64-bit on every machine when called by number.
 */
#define _DARWIN_UNLIMITED_SELECT 1
#include <config.h>
#include <poll.h>
#include <sys/select.h>
#include <time.h>
#include <unistd.h>
#include "sys_int.h"
#include "timeout.h"

#ifdef HAVE_EPOLL
#include <sys/epoll.h>
#include <sys/syscall.h>
#else
#define EPOLL_CLOEXEC 0
#define epoll_create1(...) plx__sys_absent(__VA_ARGS__)
#define epoll_ctl(...) plx__sys_absent(__VA_ARGS__)
#endif

#ifdef HAVE_KQUEUE
#include <sys/types.h>
#include <sys/event.h>
#else
#define kqueue() plx__sys_absent(0)
#define kevent(kq, ...) plx__sys_absent(kq, __VA_ARGS__)
#endif
#ifdef __NetBSD__
#define EVENTS(n) ((size_t)(n))
#else
#define EVENTS(n) (n)
#endif

/* An fd_set of shorter words has the same layout on little-endian only. */
_Static_assert(NFDBITS == 8 * sizeof(long) ||
		       __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
	       "the words of an fd_set are not unsigned long");

int
plx__sys_select(SELF, int nfds, unsigned long *r, unsigned long *w,
		const struct timespec *timeout)
{
	int kept = errno;
	int n = pselect(nfds, (fd_set *)(void *)r, (fd_set *)(void *)w, NULL,
			timeout, NULL);

	return n < 0 ? plx__sys_failure(kept) : n;
}

#ifndef HAVE_PPOLL
static int
ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout,
      const void *mask)
{
	int64_t ns = -1;

	(void)mask;
	if (timeout)
		ns = timeout->tv_sec * INT64_C(1000000000) + timeout->tv_nsec;
	return poll(fds, n, plx__timeout_ms(ns));
}
#endif

int
plx__sys_poll(SELF, struct pollfd *fds, size_t n,
	      const struct timespec *timeout)
{
	int kept = errno;
	int ready = ppoll(fds, (nfds_t)n, timeout, NULL);

	return ready < 0 ? plx__sys_failure(kept) : ready;
}

int
plx__sys_epoll_create(SELF)
{
	int kept = errno;
	int ep = epoll_create1(EPOLL_CLOEXEC);

	return ep < 0 ? plx__sys_failure(kept) : ep;
}

int
plx__sys_epoll_ctl(SELF, int ep, int op, int fd, struct epoll_event *ev)
{
	int kept = errno;

	return epoll_ctl(ep, op, fd, ev) < 0 ? plx__sys_failure(kept) : 0;
}

#ifndef HAVE_EPOLL_PWAIT2
static int
epoll_pwait2(int ep, struct epoll_event *out, int cap,
	     const struct timespec *timeout, const void *mask)
{
#ifdef SYS_epoll_pwait2
	struct {
		int64_t seconds, nanoseconds;
	} spec;

	if (timeout) {
		spec.seconds = timeout->tv_sec;
		spec.nanoseconds = timeout->tv_nsec;
	}
	return (int)syscall(SYS_epoll_pwait2, ep, out, cap,
			    timeout ? &spec : NULL, mask, 0);
#else
	return plx__sys_absent(ep, out, cap, timeout, mask);
#endif
}
#endif

int
plx__sys_epoll_pwait2(SELF, int ep, struct epoll_event *out, int cap,
		      const struct timespec *timeout)
{
	int kept = errno;
	int n = epoll_pwait2(ep, out, cap, timeout, NULL);

	return n < 0 ? plx__sys_failure(kept) : n;
}

int
plx__sys_kqueue(SELF)
{
	int kept = errno;
	int kq = kqueue();
	int ret;

	if (kq >= 0 && plx__sys_cloexec(kq) == 0) {
		errno = kept;
		return kq;
	}
	ret = plx__sys_failure(kept);
	if (kq >= 0)
		close(kq);
	errno = kept;
	return ret;
}

int
plx__sys_kevent(SELF, int kq, const struct kevent *in, int nin,
		struct kevent *out, int nout, const struct timespec *timeout)
{
	int kept = errno;
	int n;

	errno = 0;
	n = kevent(kq, in, EVENTS(nin), out, EVENTS(nout), timeout);
	if (n < 0)
		return errno ? plx__sys_failure(kept) : -EIO;
	errno = kept;
	return n;
}
