/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * timers_pollux.c: struct plx_call, at a time.
 */
#include <config.h>
#include <stdio.h>
#include <stdlib.h>
#include <pollux/loop.h>
#include "timers.h"

static void
count(void *arg)
{
	struct timers *t = arg;

	t->fired++;
}

static int
open_loop(struct timers *t)
{
	static const struct plx_call idle;
	struct plx_call *call = t->timer;
	plx_loop *loop;
	int r = plx_loop_open(NULL, &loop);

	if (r < 0)
		return r;
	t->loop = loop;
	for (long i = 0; i < t->n; i++)
		call[i] = idle;
	return 0;
}

static void
set(struct timers *t, long i, int64_t ns)
{
	int64_t *when = t->when;

	when[i] = ns;
}

static void
arm(struct timers *t, struct plx_call *call, int64_t when)
{
	if (plx_loop_call_at(t->loop, call, when, count, t) == 0)
		return;
	fputs("bench_timers: plx_loop_call_at refused\n", stderr);
	exit(1);
}

static void
insert(struct timers *t)
{
	int64_t now = plx_loop_now(t->loop);
	const int64_t *when = t->when;
	struct plx_call *call = t->timer;

	for (long i = 0; i < t->n; i++)
		arm(t, &call[i], now + when[i]);
}

static void
cancel(struct timers *t)
{
	struct plx_call *call = t->timer;

	for (long i = 0; i < t->n; i++)
		plx_loop_cancel(t->loop, &call[t->order[i]]);
}

static void
rearm(struct timers *t)
{
	int64_t now = plx_loop_now(t->loop);
	const int64_t *later = (int64_t *)t->when + t->n;
	struct plx_call *call = t->timer;

	for (long i = 0; i < t->n; i++)
		plx_loop_move(t->loop, &call[t->order[i]], now + later[i]);
}

static void
expire(struct timers *t)
{
	(void)plx_loop_run_once(t->loop, 0);
}

static void
close_loop(struct timers *t)
{
	plx_loop *loop = t->loop;

	plx_loop_close(&loop);
}

const struct timers_library timers_pollux = {
	.name = "pollux",
	.timer = sizeof(struct plx_call),
	.when = sizeof(int64_t),
	.open = open_loop,
	.set = set,
	.insert = insert,
	.cancel = cancel,
	.rearm = rearm,
	.expire = expire,
	.close = close_loop,
};
