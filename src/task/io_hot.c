/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * io_hot.c: plx_recv and plx_send, as a conversation has them.
 *
 * Most calls are the next of a conversation: the request has been answered,
 * the port is the one of before, so there is nothing to do but wait and
 * receive, or to send what the socket takes at once.  That is done here
 * without a call in between; anything else is the table's (io_ready.c), which
 * asks the same questions again and all the others.
 */
#include <config.h>
#include <pollux/io.h>
#include "io_int.h"
#include "park.h"
#include "sys_hot.h"

/* What is received.  It lies in memory while the task waits: registers would
   be saved and loaded once more around every switch. */
struct input {
	struct plx_fd_wait wait;
	struct plx_task *task;
	void *buf;
	size_t n;
	int fd;
};

/* Is T a task that is not cancelled, need not give way, and is N a length? */
static inline int
begins(struct plx_task *t, size_t n)
{
	return t && !t->cancels && --t->budget >= 0 && (ssize_t)n > 0;
}

static inline ssize_t
receive(const struct input *in)
{
	const struct plx_sys *sys = in->task->rt->sys;

	if (plx__sys_is_hot(sys))
		return plx__hot_recv(in->fd, in->buf, in->n, MSG_DONTWAIT);
	return sys->recv(sys, in->fd, in->buf, in->n, MSG_DONTWAIT);
}

/* Waits first.  S is free, its watch is on, and T's alarm goes off by
   DEADLINE. */
static __attribute__((noinline)) ssize_t
recv_parked(int fd, void *buf, size_t n, int64_t deadline, struct plx_task *t,
	    struct plx_side *s)
{
	struct input in;
	ssize_t got;
	int r;

	in.fd = fd;
	in.buf = buf;
	in.n = n;
	in.task = t;
	plx__fd_wait_begin(&in.wait, t, s, deadline);
	plx__park_now(t, &in.wait.wait);
	r = plx__fd_wait_end(&in.wait, in.task, in.task->wake);
	if (r < 0)
		return r;
	got = receive(&in);
	PLX_OF(in.wait.side, struct plx_port, in)->blocks[PLX_IN] =
		got < (ssize_t)in.n;
	if (got > 0)
		return got;
	return plx__ready_recv_rest(in.fd, in.buf, in.n, in.wait.wait.deadline,
				    in.task, got);
}

ssize_t
plx_recv(int fd, void *buf, size_t n, int64_t deadline)
{
	struct plx_task *t = plx__current;
	struct plx_side *s;

	if (!begins(t, n))
		return plx__recv_slowly(fd, buf, n, deadline, t);
	s = &t->port->in;
	if (t->port->fd == fd && t->port->blocks[PLX_IN] && !s->task &&
	    s->watch.direction &&
	    plx__alarm_covers(t, plx__earlier(deadline, t->limit)))
		return recv_parked(fd, buf, n, deadline, t, s);
	return t->rt->io->recv(fd, buf, n, deadline, t);
}

ssize_t
plx_send(int fd, const void *buf, size_t n, int64_t deadline)
{
	struct plx_task *t = plx__current;
	ssize_t put;

	if (!begins(t, n))
		return plx__send_slowly(fd, buf, n, deadline, t);
	if (t->port->fd != fd || t->port->blocks[PLX_OUT] ||
	    !plx__sys_is_hot(t->rt->sys))
		return t->rt->io->send(fd, buf, n, deadline, t);
	put = plx__hot_send(fd, buf, n, MSG_DONTWAIT);
	if (put == (ssize_t)n)
		return put;
	return plx__ready_send_rest(fd, buf, n, deadline, plx__current, put);
}
