/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * timers_libevent.c: evtimer.  The work is done in a callback, as a program
 * does it: outside of one event_add asks the clock each time.  Without
 * EVLOOP_ONCE the loop would turn until nothing is due.
 */
#include <config.h>
#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include "timers.h"

static void
count(evutil_socket_t fd, short what, void *arg)
{
	struct timers *t = arg;

	(void)fd;
	(void)what;
	t->fired++;
}

static int
open_loop(struct timers *t)
{
	struct event *e = t->timer;

	t->loop = event_base_new();
	if (!t->loop)
		return -ENOSYS;
	for (long i = 0; i < t->n; i++)
		evtimer_assign(&e[i], t->loop, count, t);
	return 0;
}

static void
set(struct timers *t, long i, int64_t ns)
{
	struct timeval *when = t->when;

	when[i].tv_sec = (time_t)(ns / 1000000000);
	when[i].tv_usec = (suseconds_t)(ns % 1000000000 / 1000);
}

static void
in_callback(struct timers *t, event_callback_fn work)
{
	static const struct timeval at_once;

	event_base_once(t->loop, -1, EV_TIMEOUT, work, t, &at_once);
	event_base_loop(t->loop, EVLOOP_ONCE | EVLOOP_NONBLOCK);
}

static void
insert_all(evutil_socket_t fd, short what, void *arg)
{
	struct timers *t = arg;
	const struct timeval *when = t->when;
	struct event *e = t->timer;

	(void)fd;
	(void)what;
	for (long i = 0; i < t->n; i++)
		event_add(&e[i], &when[i]);
}

static void
cancel_all(evutil_socket_t fd, short what, void *arg)
{
	struct timers *t = arg;
	struct event *e = t->timer;

	(void)fd;
	(void)what;
	for (long i = 0; i < t->n; i++)
		event_del(&e[t->order[i]]);
}

static void
rearm_all(evutil_socket_t fd, short what, void *arg)
{
	struct timers *t = arg;
	const struct timeval *later = (struct timeval *)t->when + t->n;
	struct event *e = t->timer;

	(void)fd;
	(void)what;
	for (long i = 0; i < t->n; i++)
		event_add(&e[t->order[i]], &later[i]);
}

static void
insert(struct timers *t)
{
	in_callback(t, insert_all);
}

static void
cancel(struct timers *t)
{
	in_callback(t, cancel_all);
}

static void
rearm(struct timers *t)
{
	in_callback(t, rearm_all);
}

static void
expire(struct timers *t)
{
	event_base_loop(t->loop, EVLOOP_ONCE | EVLOOP_NONBLOCK);
}

static void
close_loop(struct timers *t)
{
	event_base_free(t->loop);
}

const struct timers_library timers_libevent = {
	.name = "libevent",
	.timer = sizeof(struct event),
	.when = sizeof(struct timeval),
	.open = open_loop,
	.set = set,
	.insert = insert,
	.cancel = cancel,
	.rearm = rearm,
	.expire = expire,
	.close = close_loop,
};
