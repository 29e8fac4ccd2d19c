/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * knotes.c: change lists for kevent(2) that every system understands.
 *
 * Traps.
 * - Adding a knote again changes neither its mode nor that it is disabled: a
 *   mode changes by EV_DELETE and EV_ADD.  EV_ENABLE alone does not look at
 *   what is pending everywhere: EV_ADD with EV_ENABLE does.
 * - On a number that was closed and reused EV_ADD makes a knote for the wrong
 *   file, so each change of what is there begins with one that fails when it
 *   is gone.
 * - EV_RECEIPT without room for every receipt stops half-way on one system,
 *   without a timeout it waits on another.
 * - A pipe whose reader has left refuses EVFILT_WRITE with EPIPE, EBADF or
 *   EPERM, or not: that direction is "lost", hung up without a knote.
 * - udata is never used, which is narrow here, an integer there, and
 *   overwritten by different changes on each; it is the same everywhere.
 */
#include <config.h>
#ifdef HAVE_KQUEUE
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include "backend.h"
#include "knotes.h"
#include "sys.h"

#define READ PLX_BACKEND_READ
#define WRITE PLX_BACKEND_WRITE
#define BOTH PLX_BACKEND_DIRECTIONS
#define ONCE PLX_BACKEND_ONESHOT

/* Two knotes, each deleted and added or looked for and armed. */
enum {
	CHANGES = 4
};

static const struct timespec at_once;

unsigned
plx__knotes_direction(const struct kevent *k)
{
	return k->filter == EVFILT_READ ? READ : WRITE;
}

/* Edge and dispatch do not go together: NetBSD forgets the dispatch. */
static unsigned
mode_of(unsigned mask)
{
	if (mask & ONCE)
		return EV_DISPATCH;
	return mask & PLX_BACKEND_EDGE ? EV_CLEAR : 0;
}

static void
put(struct kevent *k, int fd, unsigned d, unsigned flags)
{
	EV_SET(k, fd, d == READ ? EVFILT_READ : EVFILT_WRITE,
	       flags | EV_RECEIPT, 0, 0, 0);
}

/*
 * Fills K with the changes that lead from KN to MASK; how many.  First those
 * that touch what is there, and tell when it is gone, then additions.
 */
static int
plan(const struct plx_knotes *kn, int fd, unsigned mask, struct kevent *k)
{
	unsigned mode = mode_of(mask), want = mask & BOTH, kept, add, d;
	unsigned set = want ? EV_ENABLE : EV_DISABLE;
	int n = 0;

	if (mask && !want)
		want = kn->live ? kn->live : READ;
	kept = mode == kn->mode ? kn->live & want : 0;
	add = mask & ONCE && mask & BOTH ? want : want & ~kept;
	for (d = READ; d <= WRITE; d <<= 1) {
		if (kn->live & d)
			put(&k[n++], fd, d, kept & d ? set : EV_DELETE);
	}
	for (d = READ; d <= WRITE; d <<= 1) {
		if (add & d)
			put(&k[n++], fd, d, EV_ADD | set | mode);
	}
	return n;
}

/* Makes N changes: 0 and in RESULT 0 or -errno for each, or -errno and none. */
static int
submit(const struct plx_sys *sys, int kq, const struct kevent *k, int n,
       int *result)
{
	struct kevent receipt[CHANGES];
	int i, ret;

	for (i = 0; !EV_RECEIPT && i < n; i++)
		result[i] = sys->kevent(sys, kq, k + i, 1, NULL, 0, NULL);
	if (!EV_RECEIPT || n == 0)
		return 0;
	memset(receipt, 0, sizeof(receipt));
	ret = sys->kevent(sys, kq, k, n, receipt, n, &at_once);
	if (ret < 0)
		return ret;
	/* Not the first RET: libkqueue writes receipts that it does not count.
	 */
	for (i = 0; i < n; i++) {
		result[i] = 0;
		if (receipt[i].flags & EV_ERROR)
			result[i] = -(int)receipt[i].data;
	}
	return 0;
}

int
plx__knotes_is_ready(const struct plx_sys *sys, int fd, unsigned direction)
{
	struct pollfd p = {
		.fd = fd,
		.events = direction == READ ? POLLIN : POLLOUT,
	};

	return sys->poll(sys, &p, 1, &at_once) == 1 && !(p.revents & POLLNVAL);
}

/*
 * What the refusal of a knote means: 0, it has hung up; -EPERM, a device that
 * never blocks, such as /dev/null, from which a terminal is told by not being
 * ready; or the error.
 */
static int
refused(const struct plx_sys *sys, int fd, unsigned d, int error)
{
	struct stat st;
	int ret = sys->fstat(sys, fd, &st);

	if (ret < 0)
		return ret;
	if (S_ISCHR(st.st_mode))
		return plx__knotes_is_ready(sys, fd, d) ? -EPERM : error;
	if (error == -EPIPE || error == -EBADF || error == -EPERM)
		return 0;
	return error;
}

static int
note_addition(const struct plx_sys *sys, int fd, struct plx_knotes *kn,
	      unsigned d, int result)
{
	if (result == 0) {
		kn->live |= d;
		kn->lost &= ~d;
		return 0;
	}
	result = refused(sys, fd, d, result);
	kn->live &= ~d;
	if (result == 0)
		kn->lost |= d;
	return result;
}

/* Notes in KN what became of K, an action on a knote that was there. */
static int
note_action(struct plx_knotes *kn, const struct kevent *k, int result)
{
	if (result == -EBADF)
		result = -ENOENT;
	if (k->flags & EV_DELETE || result == -ENOENT)
		kn->live &= ~plx__knotes_direction(k);
	return result;
}

int
plx__knotes_fit(const struct plx_sys *sys, int kq, int fd,
		struct plx_knotes *kn, unsigned mask)
{
	struct kevent k[CHANGES];
	int result[CHANGES];
	int n = plan(kn, fd, mask, k), ret, i, r;

	ret = submit(sys, kq, k, n, result);
	if (ret < 0)
		return ret;
	for (i = 0; i < n; i++) {
		if (k[i].flags & EV_ADD)
			r = note_addition(sys, fd, kn,
					  plx__knotes_direction(&k[i]),
					  result[i]);
		else
			r = note_action(kn, &k[i], result[i]);
		if (ret == 0)
			ret = r;
	}
	kn->mode = mode_of(mask);
	return ret;
}

void
plx__knotes_end(const struct plx_sys *sys, int kq, int fd, unsigned direction)
{
	int result[CHANGES];
	struct kevent k;

	put(&k, fd, direction, EV_DELETE);
	submit(sys, kq, &k, 1, result);
}

#else

/* ISO C wants something in every file. */
typedef int plx__knotes_absent;

#endif
