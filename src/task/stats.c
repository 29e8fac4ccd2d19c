/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stats.c: the counters of a run.
 *
 * Counted is what happens per task, per batch or less often; what happens per
 * message is not, so that asking costs nothing before it is asked.
 */
#include <config.h>
#include "task_int.h"

int
plx_stats(plx_loop *loop, struct plx_stats *out)
{
	const struct plx_rt *rt;

	rt = loop && out ? *plx__loop_task_slot(loop) : NULL;
	if (!rt)
		return -EINVAL;
	*out = rt->stats;
	out->stacks = rt->stacks.in_use;
	out->stacks_kept = rt->stacks.kept;
	return 0;
}
