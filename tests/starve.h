/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * starve.h: a run that has no memory, for a while.
 *
 * Not one block or page is to be had any more, and the stacks that were free
 * are taken by tasks that sleep: what needs one has to wait.  What is given
 * back is taken as ever.
 */
#ifndef PLX_STARVE_H
#define PLX_STARVE_H

#include "task_common.h"

static struct plx_sys fed; /* the table as it was */

static void *
give_back_only(const struct plx_sys *sys, void *block, size_t size)
{
	return size ? NULL : fed.resize(sys, block, size);
}

static int
map_nothing(const struct plx_sys *sys, size_t size, void **out)
{
	(void)sys;
	(void)size;
	(void)out;
	return -ENOMEM;
}

/* From now on there is no memory, and no stack that is free. */
static inline void
starve(plx_nursery *n)
{
	fed = support_sys.sys;
	support_sys.sys.resize = give_back_only;
	support_sys.sys.map = map_nothing;
	while (plx_spawn(n, sleep_for_ever, NULL, NULL) == 0)
		;
}

static inline void
feed(void)
{
	support_sys.sys = fed;
}

#endif
