/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fd.c: waiting for a descriptor.
 *
 * Each direction of a descriptor that a task has ever waited for has a side:
 * a watch, which stays on from one wait to the next so that a conversation
 * costs no calls of the loop, and the task that waits now.  An
 * event that nobody waits for takes the watch off: data that a busy task
 * leaves lying must not keep the loop awake.
 *
 * A side points at the task until that really goes on, not only until it
 * was woken: if the descriptor is closed in between, the task gets -ESHUTDOWN
 * instead of a stranger's descriptor that has the same number.
 */
#include <config.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include "park.h"

/* Makes SIDES reach FD. */
static int
sides_grow(const struct plx_sys *sys, struct plx_sides *sides, unsigned fd)
{
	unsigned n = sides->n ? sides->n : PLX_SIDES_PAGE;
	unsigned had = sides->n / PLX_SIDES_PAGE;
	struct plx_side **pages;

	while (n <= fd)
		n *= 2;
	pages = sys->resize(sys, sides->pages,
			    n / PLX_SIDES_PAGE * sizeof(*pages));
	if (!pages)
		return -ENOMEM;
	memset(pages + had, 0, (n / PLX_SIDES_PAGE - had) * sizeof(*pages));
	sides->pages = pages;
	sides->n = n;
	return 0;
}

/* FD is looked at first: the table grows for numbers that exist only. */
int
plx__side_make(struct plx_rt *rt, int fd, unsigned direction,
	       struct plx_side **out)
{
	struct plx_sides *sides = &rt->sides[direction >> 1];
	unsigned page = (unsigned)fd / PLX_SIDES_PAGE;
	const size_t size = PLX_SIDES_PAGE * sizeof(struct plx_side);
	struct stat st;
	int r;

	r = fd < 0 ? -EBADF : rt->sys->fstat(rt->sys, fd, &st);
	if (r >= 0 && (unsigned)fd >= sides->n)
		r = sides_grow(rt->sys, sides, (unsigned)fd);
	if (r < 0)
		return r;
	if (!sides->pages[page]) {
		sides->pages[page] = rt->sys->resize(rt->sys, NULL, size);
		if (!sides->pages[page])
			return -ENOMEM;
		memset(sides->pages[page], 0, size);
	}
	*out = plx__side(rt, fd, direction);
	return 0;
}

int
plx__sides_reset(struct plx_rt *rt, int fd)
{
	unsigned watched = 0;
	struct plx_side *s;

	s = plx__side(rt, fd, PLX_READ);
	if (s) {
		s->blocks = 0;
		watched = s->watch.direction;
	}
	s = plx__side(rt, fd, PLX_WRITE);
	if (s) {
		s->blocks = 0;
		watched |= s->watch.direction;
	}
	return watched != 0;
}

void
plx__sides_free(struct plx_rt *rt)
{
	struct plx_sides *sides;
	unsigned page;

	for (sides = rt->sides; sides < rt->sides + 2; sides++) {
		for (page = 0; page < sides->n / PLX_SIDES_PAGE; page++)
			rt->sys->resize(rt->sys, sides->pages[page], 0);
		rt->sys->resize(rt->sys, sides->pages, 0);
	}
}

static void
on_fd(struct plx_watch *watch, unsigned events)
{
	struct plx_side *s = PLX_OF(watch, struct plx_side, watch);
	struct plx_task *t = s->task;
	struct plx_fd_wait *f;

	if (!t) {
		if (events)
			plx_loop_unwatch(watch->arg, watch);
		return;
	}
	f = PLX_OF(t->wait, struct plx_fd_wait, wait);
	f->result = (int)events;
	if (!events) {
		f->result = watch->error;
		s->task = NULL;
	}
	if (t->state == PLX_TASK_WAITING)
		plx__task_ready(t);
}

/* Out of line, to keep the registers of plx__wait_side few. */
static __attribute__((noinline)) int
watch_side(struct plx_rt *rt, struct plx_side *s, int fd, unsigned direction)
{
	s->watch.fn = on_fd;
	s->watch.arg = rt->loop;
	return plx_loop_watch(rt->loop, &s->watch, fd, direction);
}

int
plx__wait_side(struct plx_task *t, struct plx_side *s, int fd,
	       unsigned direction, int64_t deadline)
{
	struct plx_fd_wait f;
	int r;

	if (s->task)
		return -EBUSY;
	if (!s->watch.direction) {
		r = watch_side(t->rt, s, fd, direction);
		if (r < 0)
			return r;
	}
	f.wait.kind = PLX_WAIT_FD;
	f.wait.fixed = 0;
	f.wait.deadline = deadline;
	f.side = s;
	f.result = 0;
	s->task = t;
	if (deadline < 0)
		r = plx__park_now(t, &f.wait);
	else
		r = plx__park(t, &f.wait);
	/* After an error S may be another task's already. */
	if (f.result < 0)
		return f.result;
	s->task = NULL;
	if (f.result == 0)
		return r;
	s->blocks = 0;
	return f.result;
}

int
plx__wait_fd(struct plx_task *t, int fd, unsigned direction, int64_t deadline)
{
	struct plx_side *s = plx__side(t->rt, fd, direction);
	int r;

	if (!s) {
		r = plx__side_make(t->rt, fd, direction, &s);
		if (r < 0)
			return r;
	}
	return plx__wait_side(t, s, fd, direction, deadline);
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
