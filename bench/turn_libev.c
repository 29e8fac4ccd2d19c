/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * turn_libev.c: libev, by each of its backends.
 */
#include <config.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <ev.h>
#include "turn.h"

struct set {
	struct ev_loop *loop;
	struct turn *turn;
	ev_io watches[];
};

static unsigned
flag(const char *backend)
{
	if (strcmp(backend, "select") == 0)
		return EVBACKEND_SELECT;
	return strcmp(backend, "poll") == 0 ? EVBACKEND_POLL : EVBACKEND_EPOLL;
}

static void
on_io(struct ev_loop *loop, ev_io *w, int events)
{
	struct set *s = w->data;

	(void)events;
	turn_event(s->turn, w->fd);
	if (s->turn->left <= 0)
		ev_break(loop, EVBREAK_ONE);
}

/* What EV_IO_INIT does, without the warnings that its casts give. */
static void
start(struct set *s, ev_io *w, int fd)
{
	w->cb = on_io;
	w->fd = fd;
	w->events = EV_READ | EV__IOFDSET;
	w->data = s;
	ev_io_start(s->loop, w);
}

static int
open_set(struct turn *t)
{
	size_t n = (size_t)t->pool->n;
	struct set *s = calloc(1, sizeof(*s) + n * sizeof(*s->watches));

	if (!s)
		return -ENOMEM;
	s->turn = t;
	s->loop = ev_loop_new(flag(t->means->backend) | EVFLAG_NOENV);
	if (!s->loop) {
		free(s);
		return -ENOSYS;
	}
	for (size_t i = 0; i < n; i++)
		start(s, &s->watches[i], t->pool->fds[i]);
	t->set = s;
	return 0;
}

static void
run(struct turn *t)
{
	struct set *s = t->set;

	if (t->left > 0)
		ev_run(s->loop, 0);
}

static void
close_set(struct turn *t)
{
	struct set *s = t->set;

	ev_loop_destroy(s->loop);
	free(s);
}

#define MEANS(name, mechanism)           \
	const struct turn_means name = { \
		.backend = mechanism,    \
		.open = open_set,        \
		.run = run,              \
		.close = close_set,      \
	}

MEANS(turn_libev_select, "select");
MEANS(turn_libev_poll, "poll");
MEANS(turn_libev_epoll, "epoll");
