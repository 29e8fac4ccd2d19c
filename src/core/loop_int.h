/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * loop_int.h: what the files of the loop share.
 */
#ifndef PLX_LOOP_INT_H
#define PLX_LOOP_INT_H

#include <stdatomic.h>
#include <pollux/loop.h>
#include <pollux/selector.h>
#include "calls.h"
#include "posts.h"
#include "watches.h"

struct plx_sys;

/* Entries asked of the selector at a time: 4 KiB of them. */
#define PLX_LOOP_READY 256

struct plx_loop {
	const struct plx_sys *sys;
	plx_selector *selector;
	int64_t now;
	struct plx_calls calls;
	struct plx_watches watches;
	struct plx_loop_stats stats;
	void *task_slot;
	int running;
	int stopping;
	int signals; /* how many are caught for this loop */

	/* Other threads and signal handlers. */
	atomic_int notified;
	struct plx_posts posts;

	struct plx_ready ready[PLX_LOOP_READY];
};

/*
 * Tells the loop that a post or a signal waits for it.  Whoever notifies has
 * stored first what is to be found; the loop takes the notice back first and
 * looks afterwards.  Any thread, async-signal-safe.  0 or -errno.
 */
static inline int
plx__loop_notify(struct plx_loop *loop)
{
	if (atomic_exchange(&loop->notified, 1))
		return 0;
	return plx_selector_wake(loop->selector);
}

#endif
