/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * park.h: how a task gives way and goes on.  Inline, because every message
 * passes here and each layer of calls would save and load six registers.
 */
#ifndef PLX_PARK_H
#define PLX_PARK_H

#include "wait_int.h"

/* Lets the next task or the loop run until somebody makes T ready. */
static inline void
plx__give_way(struct plx_task *t)
{
	struct plx_rt *rt = t->rt;
	struct plx_task *next = rt->batch;
	struct plx_coro *to = &rt->thread;

	if (next) {
		rt->batch = next->next;
		to = next->at;
	}
	plx__current = next;
	t->budget = PLX_TASK_BUDGET;
	plx__coro_switch(t->at, to);
}

/* Parks T in W, which has no deadline or has its timer set; T->wake tells why
   it goes on. */
static inline void
plx__park_now(struct plx_task *t, struct plx_wait *w)
{
	t->wait = w;
	t->wake = 0;
	t->since = t->rt->now;
	plx__give_way(t);
}

#endif
