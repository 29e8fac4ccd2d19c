/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * churn_libuv.c: libuv's handles that poll.
 */
#include <config.h>
#include <errno.h>
#include <stdlib.h>
#include <uv.h>
#include "churn.h"

struct set {
	struct churn churn;
	const struct pool *pool;
	uv_loop_t loop;
	long opened;
	uv_poll_t watches[];
};

static void
on_poll(uv_poll_t *w, int status, int events)
{
	(void)w;
	(void)status;
	(void)events;
}

static struct churn *
open_set(const struct churn_means *m, const struct pool *p)
{
	struct set *s =
		calloc(1, sizeof(*s) + (size_t)p->n * sizeof(*s->watches));
	int err;

	if (!s)
		return NULL;
	s->churn.means = m;
	s->pool = p;
	err = uv_loop_init(&s->loop);
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
	uv_poll_t *w = &s->watches[place];
	int err = uv_poll_init(&s->loop, w, s->pool->fds[place]);

	if (err < 0)
		return err;
	s->opened++;
	return uv_poll_start(w, UV_READABLE, on_poll);
}

static int
change(struct churn *c, long place, int both)
{
	struct set *s = (void *)c;

	return uv_poll_start(&s->watches[place],
			     both ? UV_READABLE | UV_WRITABLE : UV_READABLE,
			     on_poll);
}

static int
drop(struct churn *c, long place)
{
	struct set *s = (void *)c;

	return uv_poll_stop(&s->watches[place]);
}

static void
flush(struct churn *c)
{
	struct set *s = (void *)c;

	uv_run(&s->loop, UV_RUN_NOWAIT);
}

static void
close_set(struct churn *c)
{
	struct set *s = (void *)c;

	for (long i = 0; i < s->opened; i++)
		uv_close((uv_handle_t *)&s->watches[i], NULL);
	uv_run(&s->loop, UV_RUN_DEFAULT);
	uv_loop_close(&s->loop);
	free(s);
}

const struct churn_means churn_libuv = {
	.open = open_set,
	.add = add,
	.change = change,
	.drop = drop,
	.flush = flush,
	.close = close_set,
};
