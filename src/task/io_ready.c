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
#include "io_int.h"
#include "park.h"

/* What a call asks for. */
struct output {
	const char *buf;
	size_t n;
	int64_t deadline;
	int fd;
};

/* Before anybody has waited for FD there is no port, and no hint: one that is
   read once, and then hibernates, would have it for nothing. */
static void
hint(struct plx_task *t, int fd, int side)
{
	struct plx_port *p = plx__port(t, fd);

	if (p)
		p->blocks[side] = 1;
}

/* Waits before the next try: 0 or more, or the error to return. */
static int
await_next_try(struct plx_task *t, int fd, unsigned direction, int64_t deadline)
{
	if (t->cancels)
		return -ECANCELED;
	if (plx__passed(t->rt, deadline))
		return -ETIMEDOUT;
	return plx__wait_fd(t, fd, direction, deadline);
}

/* The rest of an input that did not go at once; GOT is what the try said.
   SOCKET is a constant in every caller. */
static inline ssize_t
input_rest(int fd, void *buf, size_t n, int64_t deadline, struct plx_task *t,
	   ssize_t got, int socket)
{
	const struct plx_sys *sys = t->rt->sys;
	int r;

	for (;;) {
		if (got == -EAGAIN || (got > 0 && got < (ssize_t)n))
			hint(t, fd, PLX_IN);
		if (got != -EAGAIN && got != -EINTR)
			return got;
		if (got == -EAGAIN) {
			r = await_next_try(t, fd, PLX_READ, deadline);
			if (r < 0)
				return r;
		}
		got = socket ? sys->recv(sys, fd, buf, n, MSG_DONTWAIT)
			     : sys->read(sys, fd, buf, n);
	}
}

ssize_t
plx__ready_recv_rest(int fd, void *buf, size_t n, int64_t deadline,
		     struct plx_task *t, ssize_t got)
{
	return input_rest(fd, buf, n, deadline, t, got, 1);
}

/* The rest of an output that did not go at once; PUT is what the try said.
   What went before a close is not told: the next call, which would tell the
   rest, might write to a stranger with the same number. */
static inline ssize_t
output_rest(const struct output *o, struct plx_task *t, ssize_t put, int socket)
{
	const struct plx_sys *sys = t->rt->sys;
	size_t done = 0;
	int r = 0;

	for (;;) {
		if (put > 0)
			done += (size_t)put;
		if (done == o->n)
			return (ssize_t)done;
		if (put < 0 && put != -EAGAIN && put != -EINTR)
			return done ? (ssize_t)done : put;
		if (put != -EINTR) {
			hint(t, o->fd, PLX_OUT);
			r = await_next_try(t, o->fd, PLX_WRITE, o->deadline);
		}
		if (r < 0)
			return done && r != -ESHUTDOWN ? (ssize_t)done : r;
		put = socket ? sys->send(sys, o->fd, o->buf + done, o->n - done,
					 MSG_DONTWAIT)
			     : sys->write(sys, o->fd, o->buf + done,
					  o->n - done);
	}
}

ssize_t
plx__ready_send_rest(int fd, const void *buf, size_t n, int64_t deadline,
		     struct plx_task *t, ssize_t put)
{
	const struct output o = {buf, n, deadline, fd};

	return output_rest(&o, t, put, 1);
}

/* It would block, and the call may wait. */
static inline int
must_wait(struct plx_task *t, int fd, int side, int64_t deadline)
{
	const struct plx_port *p = plx__port(t, fd);

	return p && p->blocks[side] && !plx__passed(t->rt, deadline);
}

static ssize_t
ready_recv(int fd, void *buf, size_t n, int64_t deadline, struct plx_task *t)
{
	const struct plx_sys *sys = t->rt->sys;
	ssize_t got = -EAGAIN;

	if (!must_wait(t, fd, PLX_IN, deadline))
		got = sys->recv(sys, fd, buf, n, MSG_DONTWAIT);
	return input_rest(fd, buf, n, deadline, t, got, 1);
}

static ssize_t
ready_read(int fd, void *buf, size_t n, int64_t deadline, struct plx_task *t)
{
	const struct plx_sys *sys = t->rt->sys;
	ssize_t got = -EAGAIN;

	if (!must_wait(t, fd, PLX_IN, deadline))
		got = sys->read(sys, fd, buf, n);
	return input_rest(fd, buf, n, deadline, t, got, 0);
}

static ssize_t
ready_send(int fd, const void *buf, size_t n, int64_t deadline,
	   struct plx_task *t)
{
	const struct output o = {buf, n, deadline, fd};
	const struct plx_sys *sys = t->rt->sys;
	ssize_t put = -EAGAIN;

	if (!must_wait(t, fd, PLX_OUT, deadline))
		put = sys->send(sys, fd, buf, n, MSG_DONTWAIT);
	return output_rest(&o, t, put, 1);
}

static ssize_t
ready_write(int fd, const void *buf, size_t n, int64_t deadline,
	    struct plx_task *t)
{
	const struct output o = {buf, n, deadline, fd};
	const struct plx_sys *sys = t->rt->sys;
	ssize_t put = -EAGAIN;

	if (!must_wait(t, fd, PLX_OUT, deadline))
		put = sys->write(sys, fd, buf, n);
	return output_rest(&o, t, put, 0);
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
