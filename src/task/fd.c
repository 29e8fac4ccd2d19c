/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fd.c: waiting for a descriptor.
 *
 * A descriptor that tasks have met has a port, and in it a side for each
 * direction: a watch, which stays on from one wait to the next so that a
 * conversation costs no calls of the loop, and the task that waits now.  An
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

/* Makes the table reach FD. */
static int
ports_grow(const struct plx_sys *sys, struct plx_ports *ports, unsigned fd)
{
	unsigned n = ports->n ? ports->n : PLX_PORTS_PAGE;
	unsigned had = ports->n / PLX_PORTS_PAGE;
	struct plx_port **pages;

	while (n <= fd)
		n *= 2;
	pages = sys->resize(sys, ports->pages,
			    n / PLX_PORTS_PAGE * sizeof(*pages));
	if (!pages)
		return -ENOMEM;
	memset(pages + had, 0, (n / PLX_PORTS_PAGE - had) * sizeof(*pages));
	ports->pages = pages;
	ports->n = n;
	return 0;
}

/* The ports of PLX_PORTS_PAGE descriptors from FIRST on, or NULL. */
static struct plx_port *
page_make(const struct plx_sys *sys, unsigned first)
{
	const size_t size = PLX_PORTS_PAGE * sizeof(struct plx_port);
	struct plx_port *page = sys->resize(sys, NULL, size);
	unsigned i;

	if (!page)
		return NULL;
	memset(page, 0, size);
	for (i = 0; i < PLX_PORTS_PAGE; i++)
		page[i].fd = (int)(first + i);
	return page;
}

/* FD is looked at first: the table grows for numbers that exist only. */
int
plx__port_make(struct plx_rt *rt, int fd, struct plx_port **out)
{
	struct plx_ports *ports = &rt->ports;
	unsigned i = (unsigned)fd;
	struct plx_port **page;
	struct stat st;
	int r;

	r = fd < 0 ? -EBADF : rt->sys->fstat(rt->sys, fd, &st);
	if (r >= 0 && i >= ports->n)
		r = ports_grow(rt->sys, ports, i);
	if (r < 0)
		return r;
	page = &ports->pages[i / PLX_PORTS_PAGE];
	if (!*page)
		*page = page_make(rt->sys, i - i % PLX_PORTS_PAGE);
	if (!*page)
		return -ENOMEM;
	*out = &(*page)[i % PLX_PORTS_PAGE];
	return 0;
}

struct plx_port *
plx__port_find(const struct plx_rt *rt, int fd)
{
	const struct plx_ports *ports = &rt->ports;
	unsigned i = (unsigned)fd;

	if (i >= ports->n || !ports->pages[i / PLX_PORTS_PAGE])
		return NULL;
	return &ports->pages[i / PLX_PORTS_PAGE][i % PLX_PORTS_PAGE];
}

struct plx_port *
plx__port_visit(struct plx_task *t, int fd)
{
	struct plx_port *p = plx__port_find(t->rt, fd);

	if (p)
		t->port = p;
	return p;
}

int
plx__port_reset(struct plx_rt *rt, int fd)
{
	struct plx_port *p = plx__port_find(rt, fd);

	if (!p)
		return 0;
	p->side[0].blocks = p->side[1].blocks = 0;
	return p->side[0].watch.direction || p->side[1].watch.direction;
}

void
plx__ports_free(struct plx_rt *rt)
{
	struct plx_ports *ports = &rt->ports;
	unsigned page;

	for (page = 0; page < ports->n / PLX_PORTS_PAGE; page++)
		rt->sys->resize(rt->sys, ports->pages[page], 0);
	rt->sys->resize(rt->sys, ports->pages, 0);
}

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
	if (t->wait)
		plx__task_ready(t);
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
	struct plx_side *s = &p->side[direction >> 1];
	struct plx_fd_wait f;
	int r;

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
		s->blocks = 0;
	return r;
}

int
plx__wait_fd(struct plx_task *t, int fd, unsigned direction, int64_t deadline)
{
	struct plx_port *p = plx__port(t, fd);
	int r;

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
