/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wake.h: how another thread, or a signal handler, ends a wait.
 *
 * A descriptor that becomes readable when rung; the selector watches it like
 * any other.  Rings that nobody has answered yet count as one and only the
 * first of them costs a system call.
 */
#ifndef PLX_WAKE_H
#define PLX_WAKE_H

#include <stdatomic.h>
#include "identity.h"

struct plx_wake {
	const struct plx_sys *sys;
	int reader, writer; /* the same number for an eventfd; -1: closed */
	atomic_int rung;
	struct plx_owned owned; /* both: the ends of a pipe are one file */
};

/* 0, or -EMFILE, -ENFILE, -ENOMEM. */
int plx__wake_open(struct plx_wake *w, const struct plx_sys *sys);
void plx__wake_close(struct plx_wake *w);

/* Any thread; async-signal-safe; errno is kept.  0 or -errno. */
int plx__wake_ring(struct plx_wake *w);

/* The waiting thread, once READER is readable: ready for the next ring. */
void plx__wake_answer(struct plx_wake *w);

#endif
