/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signals.h: signals of the process, run as callbacks of a loop.
 */
#ifndef PLX_SIGNALS_H
#define PLX_SIGNALS_H

#include <pollux/loop.h>

/* Runs the callbacks of LOOP's signals that were caught. */
void plx__signals_run(struct plx_loop *loop);

/* Stops catching for LOOP. */
void plx__signals_fini(struct plx_loop *loop);

/* In a forked child, whose selector works again: what was caught before the
   fork stays the parent's, what was caught since is the child's. */
void plx__signals_on_fork(struct plx_loop *loop);

#endif
