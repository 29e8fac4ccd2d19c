/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kqueue_common.h: a queue, and short ways to ask it.
 *
 * These tests are about kqueue(2) itself, as the stand-in has it, and see
 * nothing of the library.  Their claims are FreeBSD's; what other systems do
 * differently the backend's own tests play to it.
 */
#ifndef PLX_KQUEUE_COMMON_H
#define PLX_KQUEUE_COMMON_H

#include <errno.h>
#include <sys/event.h>
#include <sys/socket.h>
#include <unistd.h>
#include "support.h"

struct fixture {
	struct support_mark mark;
	int kq;
};

static inline struct fixture
begin(void)
{
	struct fixture f;

	f.mark = support_begin(NULL);
	f.kq = kqueue();
	cr_assert(f.kq >= 0, "kqueue: errno %d", errno);
	return f;
}

static inline void
end(struct fixture *f)
{
	close(f->kq);
	support_end(f->mark, NULL);
}

/* One change with user data: 0 or an errno. */
static inline int
change_with(int kq, int fd, int filter, unsigned flags, void *udata)
{
	struct kevent k;

	EV_SET(&k, fd, filter, flags, 0, 0, udata);
	return kevent(kq, &k, 1, NULL, 0, NULL) < 0 ? errno : 0;
}

static inline int
change(int kq, int fd, int filter, unsigned flags)
{
	return change_with(kq, fd, filter, flags, NULL);
}

/* Rings or changes the user event IDENT: 0 or an errno. */
static inline int
user(int kq, unsigned ident, unsigned flags, unsigned fflags)
{
	struct kevent k;

	EV_SET(&k, ident, EVFILT_USER, flags, fflags, 0, NULL);
	return kevent(kq, &k, 1, NULL, 0, NULL) < 0 ? errno : 0;
}

/* What is there now: the number of events. */
static inline int
look(int kq, struct kevent *out, int cap)
{
	struct timespec zero = {0};
	int n = kevent(kq, NULL, 0, out, cap, &zero);

	cr_assert(n >= 0, "kevent: errno %d", errno);
	return n;
}

#define QUIET(kq)                                                           \
	do {                                                                \
		struct kevent quiet_[4];                                    \
		cr_assert_eq(look(kq, quiet_, 4), 0, "line %d: not silent", \
			     __LINE__);                                     \
	} while (0)

/* Exactly one event, for FD and FILTER; it is left in EVENT. */
#define ONE(kq, fd, filt, event)                                           \
	do {                                                               \
		struct kevent one_[4];                                     \
		int n_ = look(kq, one_, 4);                                \
		cr_assert_eq(n_, 1, "line %d: %d events, not 1", __LINE__, \
			     n_);                                          \
		cr_assert_eq(one_[0].ident, (uintptr_t)(fd));              \
		cr_assert_eq(one_[0].filter, filt);                        \
		*(event) = one_[0];                                        \
	} while (0)

static inline void
put_bytes(int fd, size_t n)
{
	static const char bytes[64] = "bytes";

	cr_assert_eq(write(fd, bytes, n), (ssize_t)n, "errno %d", errno);
}

static inline ssize_t
take_bytes(int fd, size_t n)
{
	char bytes[64];

	return read(fd, bytes, n);
}

static inline void
close_both(int fd[2])
{
	close(fd[0]);
	close(fd[1]);
}

#endif
