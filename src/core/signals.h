/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signals.h: signals of the process, run as callbacks of a loop.
 */
#ifndef PLX_SIGNALS_H
#define PLX_SIGNALS_H

#include <pollux/loop.h>

/* Runs the callbacks of LOOP's signals that were caught. */
void plx__signals_run(struct plx_loop *loop);

/* Stops catching for LOOP.  FORKED: in a child that may have been made while
   another thread was inside the handler. */
void plx__signals_fini(struct plx_loop *loop, int forked);

/* In a forked child: what was caught before stays the parent's. */
void plx__signals_on_fork(struct plx_loop *loop);

#endif
