/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * io_ready.c: operations by readiness: try the call, and wait if it blocks.
 *
 * A try that fails costs a system call, so each descriptor has a hint per
 * direction: "the next call would block".  EAGAIN sets it; so does a call
 * that moved less than was asked for, since the kernel had no more; reported
 * readiness clears it.  A request and its answer thus cost one receive, one
 * send and a shared wait.
 *
 * Hints only choose what to do first.  Waits are level-triggered, so one that
 * is wrong (data has come since; the socket is of datagrams, where a short
 * read says nothing) costs a wait that ends in the coming turn.  A call that
 * may not wait tries, whatever the hint.
 *
 * That holds while the number belongs to the file that is watched.  plx_close
 * sees to it; when somebody closes it in another way, plx_accept, on being
 * given the number, has it forgotten; how else it came back nobody can tell,
 * and a wait for it may never end.
 */
#include <config.h>
#include "task_int.h"

/* Without memory there is no hint. */
static __attribute__((noinline)) void
hint_first(struct plx_rt *rt, int fd, unsigned direction)
{
	struct plx_side *s;

	if (plx__side_make(rt, fd, direction, &s) == 0)
		s->blocks = 1;
}

static inline void
hint(struct plx_rt *rt, struct plx_side *s, int fd, unsigned direction)
{
	if (s)
		s->blocks = 1;
	else
		hint_first(rt, fd, direction);
}

/* Waits before the next try: 0 or more, or the error to return. */
static inline int
await_next_try(struct plx_task *t, struct plx_side *s, int fd,
	       unsigned direction, int64_t deadline)
{
	if (t->cancels)
		return -ECANCELED;
	if (plx__passed(t->rt, deadline))
		return -ETIMEDOUT;
	if (s)
		return plx__wait_side(t, s, fd, direction, deadline);
	return plx__wait_fd(t, fd, direction, deadline);
}

/* The rest of an input that did not go at once; GOT is what the try said.
   SOCKET is a constant in every caller. */
static inline ssize_t
input_rest(int fd, void *buf, size_t n, int64_t deadline, struct plx_task *t,
	   ssize_t got, int socket)
{
	const struct plx_sys *sys = t->rt->sys;
	struct plx_side *s = plx__side(t->rt, fd, PLX_READ);
	int r;

	for (;;) {
		if (got == -EAGAIN || (got > 0 && got < (ssize_t)n))
			hint(t->rt, s, fd, PLX_READ);
		if (got != -EAGAIN && got != -EINTR)
			return got;
		if (got == -EAGAIN) {
			r = await_next_try(t, s, fd, PLX_READ, deadline);
			if (r < 0)
				return r;
		}
		got = socket ? sys->recv(sys, fd, buf, n, MSG_DONTWAIT)
			     : sys->read(sys, fd, buf, n);
	}
}

static __attribute__((noinline)) ssize_t
recv_rest(int fd, void *buf, size_t n, int64_t deadline, struct plx_task *t,
	  ssize_t got)
{
	return input_rest(fd, buf, n, deadline, t, got, 1);
}

static __attribute__((noinline)) ssize_t
read_rest(int fd, void *buf, size_t n, int64_t deadline, struct plx_task *t,
	  ssize_t got)
{
	return input_rest(fd, buf, n, deadline, t, got, 0);
}

/* The rest of an output that did not go at once; PUT is what the try said.
   What went before a close is not told: the next call, which would tell the
   rest, might write to a stranger with the same number. */
static inline ssize_t
output_rest(int fd, const char *buf, size_t n, int64_t deadline,
	    struct plx_task *t, ssize_t put, int socket)
{
	const struct plx_sys *sys = t->rt->sys;
	struct plx_side *s = plx__side(t->rt, fd, PLX_WRITE);
	size_t done = 0;
	int r = 0;

	for (;;) {
		if (put > 0)
			done += (size_t)put;
		if (done == n)
			return (ssize_t)n;
		if (put < 0 && put != -EAGAIN && put != -EINTR)
			return done ? (ssize_t)done : put;
		if (put != -EINTR) {
			hint(t->rt, s, fd, PLX_WRITE);
			r = await_next_try(t, s, fd, PLX_WRITE, deadline);
		}
		if (r < 0)
			return done && r != -ESHUTDOWN ? (ssize_t)done : r;
		put = socket ? sys->send(sys, fd, buf + done, n - done,
					 MSG_DONTWAIT)
			     : sys->write(sys, fd, buf + done, n - done);
	}
}

static __attribute__((noinline)) ssize_t
send_rest(int fd, const void *buf, size_t n, int64_t deadline,
	  struct plx_task *t, ssize_t put)
{
	return output_rest(fd, buf, n, deadline, t, put, 1);
}

static __attribute__((noinline)) ssize_t
write_rest(int fd, const void *buf, size_t n, int64_t deadline,
	   struct plx_task *t, ssize_t put)
{
	return output_rest(fd, buf, n, deadline, t, put, 0);
}

/* It would block, and the call may wait. */
static inline int
must_wait(const struct plx_rt *rt, const struct plx_side *s, int64_t deadline)
{
	return s && s->blocks && !plx__passed(rt, deadline);
}

static ssize_t
ready_recv(int fd, void *buf, size_t n, int64_t deadline, struct plx_task *t)
{
	struct plx_side *s = plx__side(t->rt, fd, PLX_READ);
	const struct plx_sys *sys;
	ssize_t got;
	int r;

	if (must_wait(t->rt, s, deadline)) {
		r = plx__wait_side(t, s, fd, PLX_READ, deadline);
		if (r < 0)
			return r;
	}
	sys = t->rt->sys;
	got = sys->recv(sys, fd, buf, n, MSG_DONTWAIT);
	if (got <= 0 || !s)
		return recv_rest(fd, buf, n, deadline, t, got);
	s->blocks = got < (ssize_t)n;
	return got;
}

static ssize_t
ready_read(int fd, void *buf, size_t n, int64_t deadline, struct plx_task *t)
{
	const struct plx_sys *sys = t->rt->sys;
	ssize_t got = -EAGAIN;

	if (!must_wait(t->rt, plx__side(t->rt, fd, PLX_READ), deadline))
		got = sys->read(sys, fd, buf, n);
	return read_rest(fd, buf, n, deadline, t, got);
}

static ssize_t
ready_send(int fd, const void *buf, size_t n, int64_t deadline,
	   struct plx_task *t)
{
	const struct plx_sys *sys = t->rt->sys;
	ssize_t put = -EAGAIN;

	if (!must_wait(t->rt, plx__side(t->rt, fd, PLX_WRITE), deadline))
		put = sys->send(sys, fd, buf, n, MSG_DONTWAIT);
	if (put == (ssize_t)n)
		return put;
	return send_rest(fd, buf, n, deadline, t, put);
}

static ssize_t
ready_write(int fd, const void *buf, size_t n, int64_t deadline,
	    struct plx_task *t)
{
	const struct plx_sys *sys = t->rt->sys;
	ssize_t put = -EAGAIN;

	if (!must_wait(t->rt, plx__side(t->rt, fd, PLX_WRITE), deadline))
		put = sys->write(sys, fd, buf, n);
	if (put == (ssize_t)n)
		return put;
	return write_rest(fd, buf, n, deadline, t, put);
}

const struct plx_io_ops plx__io_ready = {
	.accept = plx__ready_accept,
	.connect = plx__ready_connect,
	.recv = ready_recv,
	.send = ready_send,
	.read = ready_read,
	.write = ready_write,
	.forget = plx__ready_forget,
};
