/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * timers_libev.c: ev_timer.  Re-arming is ev_timer_again, which moves a timer
 * that is armed; it goes by the timer's interval, and a timer that has one
 * would come again, so inserting takes it back.
 */
#include <config.h>
#include <errno.h>
#include <ev.h>
#include "timers.h"

static void
count(struct ev_loop *loop, ev_timer *w, int events)
{
	struct timers *t = w->data;

	(void)loop;
	(void)events;
	t->fired++;
}

static int
open_loop(struct timers *t)
{
	ev_timer *w = t->timer;

	t->loop = ev_loop_new(EVFLAG_AUTO);
	if (!t->loop)
		return -ENOSYS;
	for (long i = 0; i < t->n; i++) {
		ev_init(&w[i], count);
		w[i].data = t;
	}
	return 0;
}

static void
set(struct timers *t, long i, int64_t ns)
{
	ev_tstamp *when = t->when;

	when[i] = (double)ns / 1e9;
}

static void
insert(struct timers *t)
{
	const ev_tstamp *when = t->when;
	ev_timer *w = t->timer;

	for (long i = 0; i < t->n; i++) {
		ev_timer_set(&w[i], when[i], 0);
		ev_timer_start(t->loop, &w[i]);
	}
}

static void
cancel(struct timers *t)
{
	ev_timer *w = t->timer;

	for (long i = 0; i < t->n; i++)
		ev_timer_stop(t->loop, &w[t->order[i]]);
}

static void
rearm(struct timers *t)
{
	const ev_tstamp *later = (ev_tstamp *)t->when + t->n;
	ev_timer *w = t->timer;

	for (long i = 0; i < t->n; i++) {
		w[t->order[i]].repeat = later[i];
		ev_timer_again(t->loop, &w[t->order[i]]);
	}
}

static void
expire(struct timers *t)
{
	ev_run(t->loop, EVRUN_NOWAIT);
}

static void
close_loop(struct timers *t)
{
	ev_loop_destroy(t->loop);
}

const struct timers_library timers_libev = {
	.name = "libev",
	.timer = sizeof(ev_timer),
	.when = sizeof(ev_tstamp),
	.open = open_loop,
	.set = set,
	.insert = insert,
	.cancel = cancel,
	.rearm = rearm,
	.expire = expire,
	.close = close_loop,
};
