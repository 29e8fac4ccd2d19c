/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * loop_int.h: what the files of the loop share.
 */
#ifndef PLX_LOOP_INT_H
#define PLX_LOOP_INT_H

#include <errno.h>
#include <stdatomic.h>
#include <pollux/loop.h>
#include <pollux/selector.h>
#include "calls.h"
#include "loop_seam.h"
#include "posts.h"
#include "selector_int.h"
#include "watches.h"

struct plx_sys;

/* Entries asked of the selector at a time, at most. */
#define PLX_LOOP_READY PLX_SELECTOR_BATCH_MOST

struct plx_loop {
	const struct plx_sys *sys;
	plx_selector *selector;
	int64_t now;
	struct plx_calls calls;
	struct plx_watches watches;
	struct plx_loop_stats stats;
	void *task_slot;
	struct plx_loop_guest *guest;
	struct plx_loop_notice *notices;
	struct plx_loop_tail *tail;
	struct plx_loop_tail no_tail; /* TAIL when nobody has set one */
	int running;
	int stopping;
	int signals; /* how many are caught for this loop */

	/* Other threads and signal handlers. */
	atomic_int notified;
	atomic_int signalled; /* a signal of this loop is pending */
	struct plx_posts posts;

	int cap; /* of READY, as much as is asked for */
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
	int err;

	if (atomic_exchange(&loop->notified, 1))
		return 0;
	err = plx_selector_wake(loop->selector);
	if (err)
		atomic_store(&loop->notified, 0);
	return err;
}

/* Are we in a forked child that has not called plx_loop_on_fork? */
static inline int
plx__loop_forked(const struct plx_loop *loop)
{
	struct plx_selector_stats stats;

	return plx_selector_stats(loop->selector, &stats) == -ECHILD;
}

#endif
