/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stats.c: the counters of a run.
 *
 * Counted is what happens per task, per batch or less often; what happens per
 * message is not, so that asking costs nothing before it is asked.  The rest
 * follows from what there is: of the tasks alive those that are neither in the
 * ready queue nor running wait, and the slots in use that are no task's are
 * generators'.
 */
#include <config.h>
#include "task_int.h"

static uint64_t
count(const struct plx_task *t)
{
	uint64_t n = 0;

	for (; t; t = t->next)
		n++;
	return n;
}

/* The queue ends where the next will be put. */
static uint64_t
count_ready(const struct plx_rt *rt)
{
	struct plx_task *const *at = &rt->ready;
	uint64_t n = count(rt->batch) + count(rt->others) + count(rt->rest);

	for (; at != rt->ready_end; at = &(*at)->next)
		n++;
	return n;
}

int
plx_stats(plx_loop *loop, struct plx_stats *out)
{
	const struct plx_task *self = plx__current;
	const struct plx_rt *rt;
	uint64_t alive, dead;

	rt = loop && out ? *plx__loop_task_slot(loop) : NULL;
	if (!rt)
		return -EINVAL;
	if (self && self->rt != rt)
		self = NULL;
	*out = rt->stats;
	alive = out->spawned - out->ended;
	out->ready = count_ready(rt);
	out->waiting = alive - out->ready - (self && !self->ended);
	/* It has ended, and its stack is given back when the next one ends. */
	dead = rt->dead != NULL;
	out->unjoined = out->ended - rt->freed - dead - (self && self->ended);
	out->generators = rt->stacks.in_use - (out->spawned - rt->freed);
	out->hibernating = rt->hibernating;
	out->stacks = rt->stacks.in_use - dead;
	out->stacks_kept = rt->stacks.kept + dead;
	return 0;
}
