/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * churn_pollux.c: the selector's register, modify and unregister.
 */
#include <config.h>
#include <errno.h>
#include <stdlib.h>
#include <pollux.h>
#include "churn.h"

struct set {
	struct churn churn;
	const struct pool *pool;
	plx_selector *selector;
};

static struct churn *
open_set(const struct churn_means *m, const struct pool *p)
{
	struct set *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return NULL;
	s->churn.means = m;
	s->pool = p;
	err = plx_selector_open(m->backend, &s->selector);
	if (err == 0)
		return &s->churn;
	free(s);
	errno = -err;
	return NULL;
}

static int
add(struct churn *c, long place)
{
	struct set *s = (void *)c;

	return plx_selector_register(s->selector, s->pool->fds[place], PLX_READ,
				     NULL);
}

static int
change(struct churn *c, long place, int both)
{
	struct set *s = (void *)c;

	return plx_selector_modify(s->selector, s->pool->fds[place],
				   both ? PLX_READ | PLX_WRITE : PLX_READ,
				   NULL);
}

static int
drop(struct churn *c, long place)
{
	struct set *s = (void *)c;

	return plx_selector_unregister(s->selector, s->pool->fds[place]);
}

static void
close_set(struct churn *c)
{
	struct set *s = (void *)c;

	plx_selector_close(&s->selector);
	free(s);
}

#define MEANS(name, mechanism)            \
	const struct churn_means name = { \
		.backend = mechanism,     \
		.open = open_set,         \
		.add = add,               \
		.change = change,         \
		.drop = drop,             \
		.close = close_set,       \
	}

MEANS(churn_pollux_select, "select");
MEANS(churn_pollux_poll, "poll");
MEANS(churn_pollux_epoll, "epoll");
