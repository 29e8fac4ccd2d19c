/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cancel_everywhere.h: cancels a program at every place where one can.
 *
 * A scenario is run undisturbed first, and the times counted at which a task
 * gives way.  Then it is run again for each of them, and at that moment
 * something is done to it (enum in the .c file).  Every time it has to end, and
 * leave no descriptor, no allocation and no clean-up behind, nor clean up
 * twice.  Of many places a sample is taken, unless PLX_CANCEL is "all".
 */
#ifndef PLX_CANCEL_EVERYWHERE_H
#define PLX_CANCEL_EVERYWHERE_H

#include "task_common.h"

struct scenario {
	const char *name;
	/* The first task; or a program that calls cancel_run once. */
	plx_task_fn *fn;
	int (*program)(void);
	/* Goes on for ever, or may have to: when nothing moves any more the
	   run is cancelled as a whole, which then has to end it. */
	int serves;
	/* Undisturbed it fails. */
	int fails;
	/* Called each time before the loop looks: what peers do.  Returns
	   whether they have done anything. */
	int (*peer)(void);
	/* Called after each run, to put away what the peers have. */
	void (*stop)(void);
	/* Milliseconds to wait for other threads, or the kernel. */
	int patience;
	/* Called after each run, to look at what became of it. */
	void (*check)(const char *where);
};

void cancel_everywhere(const struct scenario *s);

/* Defers in the place that runs something which has to happen once. */
void cleans_up(void);

/* Closes FD, which is >= 0, when the task ends. */
void closes(int fd);

/* The driver's: nothing was deferred yet; has all of it run just once? */
void cancel_once_begin(void);
int cancel_once_good(void);

/* plx_run, plx_now and plx_after for programs, with the driver's clock. */
int cancel_run(const struct plx_run_options *options, plx_task_fn *fn,
	       void *arg);
int64_t cancel_now(void);
int64_t cancel_after(int64_t duration);

#define CANCEL_EVERYWHERE(NAME, ...)                                    \
	Test(cancel, NAME, .timeout = 120)                              \
	{                                                               \
		const struct scenario s = {.name = #NAME, __VA_ARGS__}; \
                                                                        \
		cancel_everywhere(&s);                                  \
	}

#endif
