/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * turn_libuv.c: libuv, by its handles that poll.
 */
#include <config.h>
#include <errno.h>
#include <stdlib.h>
#include <uv.h>
#include "turn.h"

struct set {
	uv_loop_t loop;
	struct turn *turn;
	long opened;
	uv_poll_t watches[];
};

static void
on_poll(uv_poll_t *w, int status, int events)
{
	struct set *s = w->data;
	int fd = s->turn->pool->fds[w - s->watches];

	(void)status;
	(void)events;
	turn_event(s->turn, fd);
	if (s->turn->left <= 0)
		uv_stop(&s->loop);
}

static void
close_set(struct turn *t)
{
	struct set *s = t->set;

	for (long i = 0; i < s->opened; i++)
		uv_close((uv_handle_t *)&s->watches[i], NULL);
	uv_run(&s->loop, UV_RUN_DEFAULT);
	uv_loop_close(&s->loop);
	free(s);
}

static int
open_set(struct turn *t)
{
	size_t n = (size_t)t->pool->n;
	struct set *s = calloc(1, sizeof(*s) + n * sizeof(*s->watches));
	int err;

	if (!s)
		return -ENOMEM;
	t->set = s;
	s->turn = t;
	err = uv_loop_init(&s->loop);
	if (err < 0) {
		free(s);
		return err;
	}
	for (size_t i = 0; i < n && err == 0; i++) {
		uv_poll_t *w = &s->watches[i];

		w->data = s;
		err = uv_poll_init(&s->loop, w, t->pool->fds[i]);
		if (err == 0)
			s->opened++;
		if (err == 0)
			err = uv_poll_start(w, UV_READABLE, on_poll);
	}
	if (err < 0)
		close_set(t);
	return err;
}

static void
run(struct turn *t)
{
	struct set *s = t->set;

	if (t->left > 0)
		uv_run(&s->loop, UV_RUN_DEFAULT);
}

const struct turn_means turn_libuv = {
	.open = open_set,
	.run = run,
	.close = close_set,
};
