/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fd.c: waiting for a descriptor.
 *
 * Each side of a port (ports.c) has a watch, which stays on from one wait to
 * the next so that a conversation costs no calls of the loop, and the task that
 * waits now.  An event that nobody waits for takes the watch off: data that a
 * busy task leaves lying must not keep the loop awake.
 *
 * A side points at the task until that really goes on, not only until it
 * was woken: if the descriptor is closed in between, the task gets -ESHUTDOWN
 * instead of a stranger's descriptor that has the same number.
 *
 * An awaitable takes the task's place there, and a function of its own that of
 * the watch, so that a plain wait need not ask.  Of a winner nobody knows when
 * its task goes on: it lets go of the side at once, and tells by the port's
 * count of closes whether the number still means what it did.
 */
#include <config.h>
#include <poll.h>
#include <time.h>
#include "io_int.h"
#include "park.h"

/* An event for a task that has been woken for another reason, but has not
   gone on yet, counts more than that reason. */
static void
on_fd(struct plx_watch *watch, unsigned events)
{
	struct plx_side *s = PLX_OF(watch, struct plx_side, watch);
	struct plx_task *t = s->task;

	if (!t) {
		if (events)
			plx_loop_unwatch(watch->arg, watch);
		return;
	}
	t->wake = (int)events;
	if (!events) {
		t->wake = watch->error;
		s->task = NULL;
	}
	if (t->wait) {
		t->rt->events++;
		plx__task_ready(t);
	}
}

static int
watch_side(struct plx_rt *rt, struct plx_side *s, int fd, unsigned direction)
{
	s->watch.fn = on_fd;
	s->watch.arg = rt->loop;
	return plx_loop_watch(rt->loop, &s->watch, fd, direction);
}

int
plx__wait_port(struct plx_task *t, struct plx_port *p, unsigned direction,
	       int64_t deadline)
{
	struct plx_fd_wait f;
	struct plx_side *s;
	int r;

	r = plx__port_side(t->rt, p, direction, &s);
	if (r < 0)
		return r;
	if (s->task)
		return -EBUSY;
	if (!s->watch.direction) {
		r = watch_side(t->rt, s, p->fd, direction);
		if (r < 0)
			return r;
	}
	plx__fd_wait_begin(&f, t, s, deadline);
	r = plx__fd_wait_end(&f, t, plx__park(t, &f.wait));
	if (r > 0)
		p->blocks[direction >> 1] = 0;
	return r;
}

int
plx__wait_fd(struct plx_task *t, int fd, unsigned direction, int64_t deadline)
{
	struct plx_port *p;
	int r;

	if (fd < 0)
		return -EBADF;
	p = plx__port(t, fd);
	if (!p) {
		r = plx__port_make(t->rt, fd, &p);
		if (r < 0)
			return r;
	}
	return plx__wait_port(t, p, direction, deadline);
}

/* Asks the system now: what the loop knows is as old as its turn. */
static int
poll_fd(const struct plx_sys *sys, int fd, unsigned direction)
{
	static const struct timespec at_once;
	struct pollfd p = {
		.fd = fd,
		.events = direction == PLX_READ ? POLLIN : POLLOUT,
	};
	int r;

	if (fd < 0)
		return -EBADF;
	do
		r = sys->poll(sys, &p, 1, &at_once);
	while (r == -EINTR);
	if (r < 0)
		return r;
	if (r == 0)
		return -ETIMEDOUT;
	if (p.revents & POLLNVAL)
		return -EBADF;
	if (p.revents & POLLHUP)
		direction |= PLX_EOF;
	if (p.revents & POLLERR)
		direction |= PLX_ERROR;
	return (int)direction;
}

int
plx_await_fd(int fd, unsigned direction, int64_t deadline)
{
	struct plx_task *t = plx__current;
	int r;

	r = plx__begin_fd(t, fd, deadline);
	if (r < 0)
		return r;
	if (direction != PLX_READ && direction != PLX_WRITE)
		return -EINVAL;
	if (plx__passed(t->rt, deadline))
		return poll_fd(t->rt->sys, fd, direction);
	return plx__wait_fd(t, fd, direction, deadline);
}

static void
release(struct plx_side *s)
{
	s->awaitable = NULL;
	s->watch.fn = on_fd;
}

/* The same as on_fd where an awaitable waits. */
static void
on_awaited(struct plx_watch *watch, unsigned events)
{
	struct plx_side *s = PLX_OF(watch, struct plx_side, watch);
	struct plx_fd_awaitable *f = s->awaitable;
	struct plx_port *p = f->port;

	f->events = events ? (int)events : watch->error;
	if (events)
		p->blocks[f->direction >> 1] = 0;
	release(s);
	plx_awaitable_ready(&f->base);
}

/* Begins at S, which is free, a wait that does not park. */
static int
ask(struct plx_fd_awaitable *f, struct plx_side *s)
{
	int r = poll_fd(f->base.task->rt->sys, f->fd, f->direction);

	if (r == -ETIMEDOUT)
		return 0;
	release(s);
	f->events = r;
	return r < 0 ? r : 1;
}

static int
fd_begin(struct plx_fd_awaitable *f, struct plx_port *p)
{
	struct plx_task *t = f->base.task;
	struct plx_side *s;
	int r;

	r = plx__port_side(t->rt, p, f->direction, &s);
	if (r < 0)
		return r;
	if (s->task)
		return -EBUSY;
	if (!t->at_once && !s->watch.direction) {
		r = watch_side(t->rt, s, f->fd, f->direction);
		if (r < 0)
			return r;
	}
	f->port = p;
	f->closes = p->closes;
	s->awaitable = f;
	s->watch.fn = on_awaited;
	return t->at_once ? ask(f, s) : 0;
}

static int
fd_arm(struct plx_awaitable *a)
{
	struct plx_fd_awaitable *f = PLX_OF(a, struct plx_fd_awaitable, base);
	struct plx_port *p;
	int r;

	if (f->direction != PLX_READ && f->direction != PLX_WRITE)
		return -EINVAL;
	if (f->fd < 0)
		return -EBADF;
	p = plx__port(a->task, f->fd);
	if (!p) {
		r = plx__port_make(a->task->rt, f->fd, &p);
		if (r < 0)
			return r;
	}
	return fd_begin(f, p);
}

static int
fd_disarm(struct plx_awaitable *a)
{
	struct plx_fd_awaitable *f = PLX_OF(a, struct plx_fd_awaitable, base);
	struct plx_port *p = f->port;
	struct plx_side *s = f->direction == PLX_READ ? &p->in : p->out;

	if (s->awaitable == f)
		release(s);
	return 0;
}

static int
fd_result(struct plx_awaitable *a)
{
	struct plx_fd_awaitable *f = PLX_OF(a, struct plx_fd_awaitable, base);
	const struct plx_port *p = f->port;

	return p && p->closes != f->closes ? -ESHUTDOWN : f->events;
}

const struct plx_awaitable_ops plx__fd_ops = {
	.kind = "descriptor",
	.arm = fd_arm,
	.disarm = fd_disarm,
	.result = fd_result,
};

struct plx_awaitable *
plx_fd_awaitable(struct plx_fd_awaitable *f, int fd, unsigned direction)
{
	*f = (struct plx_fd_awaitable){
		.base.ops = &plx__fd_ops,
		.fd = fd,
		.direction = direction,
	};
	return &f->base;
}
