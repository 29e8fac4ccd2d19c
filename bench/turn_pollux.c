/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * turn_pollux.c: pollux, by its selector and by its loop.
 */
#include <config.h>
#include <errno.h>
#include <stdlib.h>
#include <pollux.h>
#include "turn.h"

static int
open_selector(struct turn *t)
{
	plx_selector *s;
	int err = plx_selector_open(t->means->backend, &s);

	if (err < 0)
		return err;
	for (long i = 0; i < t->pool->n && err == 0; i++)
		err = plx_selector_register(s, t->pool->fds[i], PLX_READ, NULL);
	if (err < 0)
		plx_selector_close(&s);
	else
		t->set = s;
	return err;
}

static void
run_selector(struct turn *t)
{
	static struct plx_ready ready[TURN_READY];
	plx_selector *s = t->set;

	while (t->left > 0) {
		int n = plx_selector_select(s, ready, TURN_READY, PLX_NEVER);

		if (n < 0)
			turn_fail("plx_selector_select");
		for (int i = 0; i < n; i++)
			turn_event(t, ready[i].fd);
	}
}

static void
close_selector(struct turn *t)
{
	plx_selector *s = t->set;

	plx_selector_close(&s);
}

struct watching {
	plx_loop *loop;
	struct turn *turn;
	struct plx_watch watches[];
};

static void
on_watch(struct plx_watch *w, unsigned events)
{
	struct watching *s = w->arg;

	(void)events;
	turn_event(s->turn, w->fd);
	if (s->turn->left <= 0)
		plx_loop_stop(s->loop);
}

static void
close_loop(struct turn *t)
{
	struct watching *s = t->set;

	plx_loop_close(&s->loop);
	free(s);
}

static int
open_loop(struct turn *t)
{
	struct plx_loop_options o = {.backend = t->means->backend};
	size_t n = (size_t)t->pool->n;
	struct watching *s = calloc(1, sizeof(*s) + n * sizeof(*s->watches));
	int err;

	if (!s)
		return -ENOMEM;
	t->set = s;
	s->turn = t;
	err = plx_loop_open(&o, &s->loop);
	if (err < 0) {
		free(s);
		return err;
	}
	for (size_t i = 0; i < n && err == 0; i++) {
		s->watches[i].fn = on_watch;
		s->watches[i].arg = s;
		err = plx_loop_watch(s->loop, &s->watches[i], t->pool->fds[i],
				     PLX_READ);
	}
	if (err < 0)
		close_loop(t);
	return err;
}

static void
run_loop(struct turn *t)
{
	struct watching *s = t->set;

	if (t->left > 0 && plx_loop_run(s->loop, PLX_NEVER) < 0)
		turn_fail("plx_loop_run");
}

#define MEANS(name, mechanism, by)       \
	const struct turn_means name = { \
		.backend = #mechanism,   \
		.open = open_##by,       \
		.run = run_##by,         \
		.close = close_##by,     \
	}

MEANS(turn_selector_select, select, selector);
MEANS(turn_selector_poll, poll, selector);
MEANS(turn_selector_epoll, epoll, selector);
MEANS(turn_loop_select, select, loop);
MEANS(turn_loop_poll, poll, loop);
MEANS(turn_loop_epoll, epoll, loop);
