/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pollux/signal.h: signals of the process, as something that tasks wait for.
 *
 * A struct plx_signals hears one signal from plx_signals_open to
 * plx_signals_close, also while nobody waits: nothing is lost between two
 * waits, and meanwhile the signal does nothing else to the program.
 *
 *	struct plx_signals hup;
 *	int r = plx_signals_open(&hup, SIGHUP);
 *
 *	while (r >= 0 && (r = plx_signals_wait(&hup, PLX_NEVER)) > 0)
 *		read_configuration();
 *	plx_signals_close(&hup);
 *
 * Any number of them may hear the same signal, and each hears all of it; one
 * task at a time waits for each.  But all of a program that hear a signal
 * belong to one plx_run, as plx_loop_signal has it.  A thread that blocks the
 * signal leaves it to the others.  The loop's thread only, as all of task.h.
 */
#ifndef PLX_SIGNAL_H
#define PLX_SIGNAL_H

#include <pollux/await.h>
#include <pollux/types.h>

PLX_BEGIN_DECLS

struct plx_caught;
struct plx_signals_awaitable;

/* The caller's, who closes it before its memory goes, and before plx_run
   returns.  The members are private. */
struct plx_signals {
	struct plx_caught *caught; /* NULL: not open */
	struct plx_signals *next;
	struct plx_signals_awaitable *waiter;
	void (*heard)(struct plx_signals *s);
	int count;
};

/*
 * From now on S, which is not open, hears SIGNO; it is written only on
 * success.  -EINVAL: S is NULL, or SIGNO cannot be caught; -EBUSY:
 * plx_loop_signal or another plx_run catches it; -ENOMEM; -EPERM outside a
 * task.
 */
PLX_API int plx_signals_open(struct plx_signals *s, int signo);

/*
 * Waits for a delivery and returns how many there were since the last wait
 * that told of any: 1 or more.  Those that come close together count as one,
 * as ever with signals.  What a wait that failed would have told is told by
 * the next.  With deadline 0 it tells what the loop has heard of by its last
 * turn.  -EBUSY: another task waits for S; -ESHUTDOWN: S was closed meanwhile;
 * -EINVAL: S is not open; -ETIMEDOUT, -ECANCELED, -EPERM as every wait.
 */
PLX_API int plx_signals_wait(struct plx_signals *s, int64_t deadline);

/*
 * S hears no more; a task that waits for it gets -ESHUTDOWN.  With the last
 * one of a signal, that has its former disposition back.  Never waits, works
 * in a cancelled task and in callbacks of the loop; does nothing when S is
 * zeroed or closed already.
 */
PLX_API void plx_signals_close(struct plx_signals *s);

/* For plx_await_any.  The members are private. */
struct plx_signals_awaitable {
	struct plx_awaitable base;
	struct plx_signals *signals;
	int count;
};

/*
 * Makes W a wait for S that has not begun, and returns what plx_await_any is
 * given.  W stays where it is while it waits.  Its result, and the error of a
 * wait that cannot begin, are those of plx_signals_wait; unless W is what the
 * wait returns nothing is counted as told.
 */
PLX_API struct plx_awaitable *
plx_signals_awaitable(struct plx_signals_awaitable *w, struct plx_signals *s);

PLX_END_DECLS

#endif
