/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kqueue.c: kqueue(2) and kevent(2) for the tests, on Linux.
 *
 * The library's kqueue backend cannot be run on Linux for want of a kqueue;
 * this one is honest enough to find its faults.  It behaves as FreeBSD 13
 * does, where the BSDs differ:
 * - an error, or a receipt, is one entry of the event list, with EV_ERROR for
 *   its only flag; with any such entry the call returns at once.  Without
 *   room for it the call ends with that error, and a receipt without room
 *   ends it silently with 0; later changes are not made in either case;
 * - nevents 0 returns at once, whatever the timeout, which is not looked at;
 *   otherwise a negative or overlong one is EINVAL, after the changes;
 * - EV_ONESHOT is delivered though the condition may have passed by now;
 * - EV_ADD, EV_ENABLE and their like do not come back in an event.
 * filter.c and knote.c name their own.  Filters other than EVFILT_READ,
 * EVFILT_WRITE and EVFILT_USER are refused with EINVAL.
 */
#include <config.h>
#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <time.h>
#include "knote.h"

int kqueue_careless;

int
kqueue(void)
{
	struct kqueue *q;
	int kept = errno, error, fd;

	standin_begin();
	standin_lock();
	error = standin_queue_make(&q);
	fd = error ? -1 : q->fd;
	standin_unlock();
	errno = error ? error : kept;
	return fd;
}

/*
 * Applies the changes: the number of entries written, or -1 and ERROR, which
 * is 0 for a receipt that found no room.
 */
static int
change_all(struct kqueue *q, const struct kevent *in, int nin,
	   struct kevent *out, int nout, int *error)
{
	struct kevent change;
	int i, n = 0, stale = kqueue_careless ? errno : 0;

	*error = 0;
	for (i = 0; i < nin; i++) {
		change = in[i];
		if (change.filter == 0)
			continue;
		change.flags &= (unsigned short)~EV_SYSFLAGS;
		*error = standin_change(q, &change);
		if (!*error && !(change.flags & EV_RECEIPT))
			continue;
		if (n == nout)
			return -1;
		change.flags = EV_ERROR;
		change.data = *error;
		if (!*error && !(in[i].flags & EV_DELETE))
			change.data = stale;
		out[n++] = change;
	}
	*error = 0;
	return n;
}

/* One active knote, the first of the list: whether OUT was filled. */
static bool
deliver(struct kqueue *q, struct knote *kn, struct kevent *out)
{
	bool holds = standin_evaluate(kn, out);

	TAILQ_REMOVE(&q->active, kn, place);
	kn->active = false;
	if (!holds && !(kn->event.flags & EV_ONESHOT))
		return false;
	if (out->flags & EV_ONESHOT) {
		standin_drop(q, kn);
		return true;
	}
	if (kn->event.flags & EV_DISPATCH)
		standin_disable(q, kn);
	if (kn->event.flags & (EV_DISPATCH | EV_CLEAR))
		return true;
	TAILQ_INSERT_TAIL(&q->active, kn, place);
	kn->active = true;
	return true;
}

/* Each knote that is active now gets one turn. */
static int
scan(struct kqueue *q, struct kevent *out, int nout)
{
	struct knote *kn;
	int turns = 0, n = 0;

	standin_listen(q);
	TAILQ_FOREACH(kn, &q->active, place)
	{
		turns++;
	}
	while (turns-- > 0 && n < nout)
		n += deliver(q, TAILQ_FIRST(&q->active), &out[n]);
	standin_ring(q);
	return n;
}

static int64_t
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

/* When TIMEOUT ends; -1 never, -2 it is not a time. */
static int64_t
deadline_of(const struct timespec *timeout)
{
	if (!timeout)
		return -1;
	if (timeout->tv_sec < 0 || timeout->tv_nsec < 0 ||
	    timeout->tv_nsec >= 1000000000)
		return -2;
	if (timeout->tv_sec > 1000000000)
		return -1;
	return now() + timeout->tv_sec * INT64_C(1000000000) + timeout->tv_nsec;
}

/* Sleeps, without the lock, until something may have happened. */
static int
sleep_on(int fd, int64_t deadline)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	int64_t left = deadline < 0 ? 0 : deadline - now();
	struct timespec ts = {0};
	int ret;

	if (left > 0) {
		ts.tv_sec = (time_t)(left / 1000000000);
		ts.tv_nsec = (long)(left % 1000000000);
	}
	standin_unlock();
	ret = ppoll(&p, 1, deadline < 0 ? NULL : &ts, NULL);
	standin_lock();
	return ret < 0 ? errno : 0;
}

static int
wait_for(struct kqueue *q, struct kevent *out, int nout,
	 const struct timespec *timeout, int *error)
{
	int64_t deadline = deadline_of(timeout);
	unsigned long serial = q->serial;
	int fd = q->fd, n;

	*error = deadline == -2 ? EINVAL : 0;
	while (!*error) {
		n = scan(q, out, nout);
		if (n > 0 || (deadline >= 0 && now() >= deadline))
			return n;
		*error = sleep_on(fd, deadline);
		q = standin_queue(fd);
		if (!q || q->serial != serial)
			*error = EBADF;
	}
	return -1;
}

int
kevent(int kq, const struct kevent *changelist, int nchanges,
       struct kevent *eventlist, int nevents, const struct timespec *timeout)
{
	struct kqueue *q;
	int kept = errno, error = EBADF, n = -1;

	standin_lock();
	q = standin_queue(kq);
	if (q) {
		n = change_all(q, changelist, nchanges, eventlist, nevents,
			       &error);
		standin_listen(q);
		standin_ring(q);
	}
	if (n == 0 && nevents > 0 && !error)
		n = wait_for(q, eventlist, nevents, timeout, &error);
	standin_unlock();
	if (n >= 0 && kqueue_careless)
		kept = ENOTTY;
	errno = n < 0 && error ? error : kept;
	return n < 0 && !error ? 0 : n;
}
