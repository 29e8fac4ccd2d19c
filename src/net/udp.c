/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * udp.c: sockets of datagrams, and datagrams by the batch.
 *
 * One system call moves up to BATCH datagrams.  The headers that it wants lie
 * in the frame of the function that makes it, which does not wait: a task that
 * is parked here keeps none of them.  What the kernel has written is copied
 * out for the datagrams that moved.
 *
 * A batch that was not filled says that the socket is empty, so the next call
 * waits first; so a round of answers costs one call to receive, one to send
 * and a share of a wait.  A single datagram says nothing about the next.
 *
 * Traps.  Without recvmmsg(2) an error that follows some datagrams would have
 * to be kept somewhere; it is one that the socket has heard of an earlier
 * datagram and is not told.  A Unix socket that is not connected says EAGAIN
 * when its peer's queue is full, but that it is writable all the same: after
 * a wait that has not helped the sender sleeps, for longer and longer.
 */
#include <config.h>
#include <errno.h>
#include <sys/uio.h>
#include <pollux/await.h>
#include <pollux/task.h>
#include <pollux/udp.h>
#include "io_seam.h"
#include "loop_seam.h"
#include "socket_int.h"

enum {
	BATCH = 64
};

#define NAP_FIRST PLX_MILLISECOND
#define NAP_LAST (64 * PLX_MILLISECOND)

/* What is asked for, as the system wants it. */
struct batch {
	struct plx_mmsg m[BATCH];
	struct iovec iov[BATCH];
};

static void
prepare(struct batch *b, struct plx_datagram *list, int n, int receive)
{
	struct plx_datagram *d;
	struct msghdr *h;
	int i;

	for (i = 0; i < n; i++) {
		d = &list[i];
		h = &b->m[i].header;
		b->iov[i].iov_base = d->data;
		b->iov[i].iov_len = receive ? d->room : d->length;
		*h = (struct msghdr){.msg_iov = &b->iov[i], .msg_iovlen = 1};
		if (receive || d->peer.length > 0)
			h->msg_name = &d->peer.storage;
		h->msg_namelen =
			receive ? sizeof(d->peer.storage) : d->peer.length;
		b->m[i].length = 0;
	}
}

static void
take_over(const struct batch *b, struct plx_datagram *list, int n)
{
	const struct msghdr *h;
	int i;

	for (i = 0; i < n; i++) {
		h = &b->m[i].header;
		list[i].length = b->m[i].length;
		list[i].peer.length = h->msg_namelen;
		/* Nothing was written there then. */
		if (h->msg_namelen == 0)
			list[i].peer.storage.ss_family = AF_UNIX;
		list[i].flags = h->msg_flags & MSG_TRUNC ? PLX_DATAGRAM_CUT : 0;
	}
}

/* One datagram after the other: how many, or why none. */
static int
receive_singly(const struct plx_sys *sys, int fd, struct batch *b, int n)
{
	ssize_t got;
	int i;

	for (i = 0; i < n; i++) {
		got = sys->recvmsg(sys, fd, &b->m[i].header, MSG_DONTWAIT);
		if (got < 0)
			return i ? i : (int)got;
		b->m[i].length = (unsigned)got;
	}
	return n;
}

static __attribute__((noinline)) int
receive_batch(const struct plx_sys *sys, int fd, struct plx_datagram *list,
	      int n)
{
	struct batch b;
	int r = -ENOSYS;

	prepare(&b, list, n, 1);
	if (n > 1)
		r = sys->recvmmsg(sys, fd, b.m, (unsigned)n, MSG_DONTWAIT);
	if (r == -ENOSYS)
		r = receive_singly(sys, fd, &b, n);
	take_over(&b, list, r);
	return r;
}

static int
send_singly(const struct plx_sys *sys, int fd, const struct batch *b, int n)
{
	ssize_t put;
	int i;

	for (i = 0; i < n; i++) {
		put = sys->sendmsg(sys, fd, &b->m[i].header, MSG_DONTWAIT);
		if (put < 0)
			return i ? i : (int)put;
	}
	return n;
}

static __attribute__((noinline)) int
send_batch(const struct plx_sys *sys, int fd, struct plx_datagram *list, int n)
{
	struct batch b;
	int r = -ENOSYS;

	prepare(&b, list, n, 0);
	if (n > 1)
		r = sys->sendmmsg(sys, fd, b.m, (unsigned)n, MSG_DONTWAIT);
	return r == -ENOSYS ? send_singly(sys, fd, &b, n) : r;
}

static int
has_passed(const struct plx_sys *sys, int64_t deadline)
{
	if (deadline <= 0)
		return deadline == 0;
	return sys->now(sys) >= deadline;
}

/* What sending a list has to remember. */
struct outgoing {
	const struct plx_sys *sys;
	int64_t deadline;
	int64_t nap; /* for the next EAGAIN; 0: something went since */
	int fd;
};

/* As the operations of pollux/io.h begin: N; or 0 or less, to be returned. */
static int
begin(int fd, int n, int64_t deadline)
{
	int r = plx__io_begin(fd, deadline);

	if (r < 0)
		return r;
	return n < 0 ? -EINVAL : n;
}

/* What an operation takes for the answer to a try before its first: -EAGAIN,
   it waits; -EINTR, it tries. */
static int
first_step(const struct plx_sys *sys, int fd, unsigned direction,
	   int64_t deadline)
{
	int blocks = plx__io_blocks(fd, direction);

	return blocks && !has_passed(sys, deadline) ? -EAGAIN : -EINTR;
}

static int
await_datagram(const struct plx_sys *sys, int fd, int64_t deadline)
{
	if (has_passed(sys, deadline))
		return -ETIMEDOUT;
	plx__io_set_blocks(fd, PLX_READ);
	return plx_await_fd(fd, PLX_READ, deadline);
}

int
plx_recv_datagrams(int fd, struct plx_datagram *list, int n, int64_t deadline)
{
	const struct plx_sys *sys;
	int most = n < BATCH ? n : BATCH;
	int r = begin(fd, n, deadline);

	if (r <= 0)
		return r;
	sys = plx__loop_sys(plx_self_loop());
	r = first_step(sys, fd, PLX_READ, deadline);
	while (r == -EAGAIN || r == -EINTR) {
		if (r == -EAGAIN)
			r = await_datagram(sys, fd, deadline);
		if (r >= 0 || r == -EINTR)
			r = receive_batch(sys, fd, list, most);
	}
	if (r > 0 && r < most)
		plx__io_set_blocks(fd, PLX_READ);
	return r;
}

/* Sleeps where waiting has not helped; FD may be another file then. */
static int
nap(struct outgoing *o)
{
	unsigned closes = plx__io_closes(o->fd);
	int64_t when = o->sys->now(o->sys) + o->nap;
	int r;

	if (o->deadline > 0 && o->deadline < when)
		when = o->deadline;
	if (o->nap < NAP_LAST)
		o->nap *= 2;
	r = plx_sleep_until(when);
	return closes == plx__io_closes(o->fd) ? r : -ESHUTDOWN;
}

static int
await_room(struct outgoing *o)
{
	int r = 0;

	if (has_passed(o->sys, o->deadline))
		return -ETIMEDOUT;
	plx__io_set_blocks(o->fd, PLX_WRITE);
	if (o->nap > 0)
		r = nap(o);
	else
		o->nap = NAP_FIRST;
	return r < 0 ? r : plx_await_fd(o->fd, PLX_WRITE, o->deadline);
}

/* Sends what it can of LIST in one go. */
static int
send_some(struct outgoing *o, struct plx_datagram *list, int n)
{
	int r = send_batch(o->sys, o->fd, list, n < BATCH ? n : BATCH);

	if (r > 0)
		o->nap = 0;
	return r;
}

/* A long list gives way between its batches, as between calls. */
int
plx_send_datagrams(int fd, struct plx_datagram *list, int n, int64_t deadline)
{
	struct outgoing o = {.fd = fd, .deadline = deadline};
	int done = 0, r = begin(fd, n, deadline);

	if (r <= 0)
		return r;
	o.sys = plx__loop_sys(plx_self_loop());
	r = first_step(o.sys, fd, PLX_WRITE, deadline);
	while (done < n) {
		if (r == -EAGAIN)
			r = await_room(&o);
		else if (r > 0)
			r = plx__io_begin(fd, deadline);
		if (r < 0 && r != -EINTR)
			return done && r != -ESHUTDOWN ? done : r;
		r = send_some(&o, list + done, n - done);
		if (r > 0)
			done += r;
	}
	return done;
}

ssize_t
plx_recvfrom(int fd, void *buf, size_t n, struct plx_address *peer,
	     int64_t deadline)
{
	struct plx_datagram d = {.data = buf, .room = n};
	int r = plx_recv_datagrams(fd, &d, 1, deadline);

	if (r < 0)
		return r;
	if (peer)
		*peer = d.peer;
	return (ssize_t)d.length;
}

ssize_t
plx_sendto(int fd, const void *buf, size_t n, const struct plx_address *peer,
	   int64_t deadline)
{
	struct plx_datagram d = {.data = (void *)buf, .length = n};
	int r;

	if (peer)
		d.peer = *peer;
	r = plx_send_datagrams(fd, &d, 1, deadline);
	return r < 0 ? r : (ssize_t)n;
}
