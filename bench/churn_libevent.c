/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * churn_libevent.c: libevent's events, by epoll, added and deleted at once.
 */
#include <config.h>
#include <errno.h>
#include <stdlib.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include "churn.h"

struct set {
	struct churn churn;
	const struct pool *pool;
	struct event_base *base;
	struct event watches[];
};

static void
on_event(evutil_socket_t fd, short events, void *arg)
{
	(void)fd;
	(void)events;
	(void)arg;
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
	s->base = event_base_new();
	if (s->base)
		return &s->churn;
	free(s);
	return NULL;
}

static int
start(struct set *s, long place, short events)
{
	struct event *ev = &s->watches[place];

	if (event_assign(ev, s->base, s->pool->fds[place],
			 (short)(events | EV_PERSIST), on_event, NULL) < 0 ||
	    event_add(ev, NULL) < 0)
		return -EINVAL;
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

	return event_del(&s->watches[place]) < 0 ? -EINVAL : 0;
}

/* There is no other way, as its manual says. */
static int
change(struct churn *c, long place, int both)
{
	int err = drop(c, place);

	return err < 0 ? err
		       : start((void *)c, place,
			       both ? EV_READ | EV_WRITE : EV_READ);
}

static void
close_set(struct churn *c)
{
	struct set *s = (void *)c;

	for (long i = 0; i < s->pool->n; i++) {
		if (event_initialized(&s->watches[i]))
			event_del(&s->watches[i]);
	}
	event_base_free(s->base);
	free(s);
}

const struct churn_means churn_libevent = {
	.open = open_set,
	.add = add,
	.change = change,
	.drop = drop,
	.close = close_set,
};
