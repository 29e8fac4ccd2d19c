/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * timers_libuv.c: uv_timer_t, which knows milliseconds only.  Starting one
 * that is armed moves it.
 */
#include <config.h>
#include <errno.h>
#include <stdlib.h>
#include <uv.h>
#include "timers.h"

static void
count(uv_timer_t *timer)
{
	struct timers *t = timer->data;

	t->fired++;
}

static int
open_loop(struct timers *t)
{
	uv_timer_t *timer = t->timer;
	int r;

	t->loop = malloc(sizeof(uv_loop_t));
	if (!t->loop)
		return -ENOMEM;
	r = uv_loop_init(t->loop);
	if (r < 0) {
		free(t->loop);
		return r;
	}
	for (long i = 0; i < t->n; i++) {
		uv_timer_init(t->loop, &timer[i]);
		timer[i].data = t;
	}
	return 0;
}

static void
set(struct timers *t, long i, int64_t ns)
{
	uint64_t *when = t->when;

	when[i] = (uint64_t)ns / 1000000;
}

static void
insert(struct timers *t)
{
	const uint64_t *when = t->when;
	uv_timer_t *timer = t->timer;

	for (long i = 0; i < t->n; i++)
		uv_timer_start(&timer[i], count, when[i], 0);
}

static void
cancel(struct timers *t)
{
	uv_timer_t *timer = t->timer;

	for (long i = 0; i < t->n; i++)
		uv_timer_stop(&timer[t->order[i]]);
}

static void
rearm(struct timers *t)
{
	const uint64_t *later = (uint64_t *)t->when + t->n;
	uv_timer_t *timer = t->timer;

	for (long i = 0; i < t->n; i++)
		uv_timer_start(&timer[t->order[i]], count, later[i], 0);
}

static void
expire(struct timers *t)
{
	uv_run(t->loop, UV_RUN_NOWAIT);
}

static void
close_loop(struct timers *t)
{
	uv_timer_t *timer = t->timer;

	for (long i = 0; i < t->n; i++)
		uv_close((uv_handle_t *)&timer[i], NULL);
	uv_run(t->loop, UV_RUN_DEFAULT);
	uv_loop_close(t->loop);
	free(t->loop);
}

const struct timers_library timers_libuv = {
	.name = "libuv",
	.timer = sizeof(uv_timer_t),
	.when = sizeof(uint64_t),
	.open = open_loop,
	.set = set,
	.insert = insert,
	.cancel = cancel,
	.rearm = rearm,
	.expire = expire,
	.close = close_loop,
};
