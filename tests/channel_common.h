/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * channel_common.h: a task that does one thing to a channel, and tells what
 * came of it.
 *
 * Items are ints.  A receive begins with EMPTY in its place, so that one which
 * failed can be seen to have written nothing.
 */
#ifndef PLX_CHANNEL_COMMON_H
#define PLX_CHANNEL_COMMON_H

#include <pollux/channel.h>
#include "task_common.h"

enum {
	EMPTY = -777,
	PENDING = -999
};

struct act {
	plx_channel *c;
	int select; /* by plx_await_any, beside a channel that stays silent */
	int64_t deadline;
	int item;
	int result; /* PENDING until it has one */
	int *clock; /* counts who ended; may be NULL */
	int ended;  /* its place in that order */
	plx_task *task;
};

static inline plx_channel *
open_channel(size_t capacity)
{
	plx_channel *c = NULL;

	cr_expect_eq(plx_channel_open(sizeof(int), capacity, &c), 0);
	return c;
}

static inline int
select_one(struct plx_awaitable *a, int64_t deadline)
{
	struct plx_channel_awaitable w;
	plx_channel *silent = open_channel(0);
	int nothing;
	struct plx_awaitable *list[2] = {
		plx_channel_recv_awaitable(&w, silent, &nothing),
		a,
	};
	int r = plx_await_any(list, 2, deadline);

	plx_channel_free(&silent);
	return r < 0 ? r : plx_awaitable_result(list[r]);
}

static inline int
end_act(struct act *a, int r)
{
	a->result = r;
	if (a->clock)
		a->ended = ++*a->clock;
	return 0;
}

static inline int
do_send(void *arg)
{
	struct act *a = arg;
	struct plx_channel_awaitable w;

	if (!a->select)
		return end_act(a,
			       plx_channel_send(a->c, &a->item, a->deadline));
	return end_act(
		a, select_one(plx_channel_send_awaitable(&w, a->c, &a->item),
			      a->deadline));
}

static inline int
do_recv(void *arg)
{
	struct act *a = arg;
	struct plx_channel_awaitable w;

	if (!a->select)
		return end_act(a,
			       plx_channel_recv(a->c, &a->item, a->deadline));
	return end_act(
		a, select_one(plx_channel_recv_awaitable(&w, a->c, &a->item),
			      a->deadline));
}

/* Begins a send of ITEM, or a receive, in a task of its own, which stands in
   line when this returns, unless it has ended. */
static inline void
begin_send(struct act *a, plx_channel *c, int item)
{
	a->c = c;
	a->item = item;
	a->result = PENDING;
	cr_expect_eq(plx_spawn(NULL, do_send, a, &a->task), 0);
	plx_checkpoint();
}

static inline void
begin_recv(struct act *a, plx_channel *c)
{
	a->c = c;
	a->item = EMPTY;
	a->result = PENDING;
	cr_expect_eq(plx_spawn(NULL, do_recv, a, &a->task), 0);
	plx_checkpoint();
}

/* Joins, and returns what came of it. */
static inline int
end_of(struct act *a)
{
	cr_expect_eq(plx_join(a->task, NULL, PLX_NEVER), 0);
	return a->result;
}

/* What is received without waiting; or EMPTY. */
static inline int
take(plx_channel *c)
{
	int item = EMPTY;

	plx_channel_try_recv(c, &item);
	return item;
}

static inline int
put(plx_channel *c, int item)
{
	return plx_channel_try_send(c, &item);
}

#endif
