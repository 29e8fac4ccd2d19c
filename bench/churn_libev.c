/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * churn_libev.c: libev's watchers, by epoll; it tells the kernel in its turn,
 * except that a watcher is stopped, which it lets the kernel find out.
 */
#include <config.h>
#include <stdlib.h>
#include <ev.h>
#include "churn.h"

struct set {
	struct churn churn;
	const struct pool *pool;
	struct ev_loop *loop;
	ev_io watches[];
};

static void
on_io(struct ev_loop *loop, ev_io *w, int events)
{
	(void)loop;
	(void)w;
	(void)events;
}

static struct churn *
open_set(const struct churn_means *m, const struct pool *p)
{
	struct set *s =
		calloc(1, sizeof(*s) + (size_t)p->n * sizeof(*s->watches));

	if (!s)
		return NULL;
	s->churn.means = m;
	s->pool = p;
	s->loop = ev_loop_new(EVBACKEND_EPOLL | EVFLAG_NOENV);
	if (s->loop)
		return &s->churn;
	free(s);
	return NULL;
}

/* What EV_IO_INIT does, without the warnings that its casts give. */
static int
start(struct set *s, long place, int events)
{
	ev_io *w = &s->watches[place];

	w->cb = on_io;
	w->fd = s->pool->fds[place];
	w->events = events | EV__IOFDSET;
	ev_io_start(s->loop, w);
	return 0;
}

static int
add(struct churn *c, long place)
{
	return start((void *)c, place, EV_READ);
}

static int
drop(struct churn *c, long place)
{
	struct set *s = (void *)c;

	ev_io_stop(s->loop, &s->watches[place]);
	return 0;
}

static int
change(struct churn *c, long place, int both)
{
	drop(c, place);
	return start((void *)c, place, both ? EV_READ | EV_WRITE : EV_READ);
}

static void
flush(struct churn *c)
{
	struct set *s = (void *)c;

	ev_run(s->loop, EVRUN_NOWAIT);
}

static void
close_set(struct churn *c)
{
	struct set *s = (void *)c;

	ev_loop_destroy(s->loop);
	free(s);
}

const struct churn_means churn_libev = {
	.open = open_set,
	.add = add,
	.change = change,
	.drop = drop,
	.flush = flush,
	.close = close_set,
};
