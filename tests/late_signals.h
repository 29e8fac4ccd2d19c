/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * late_signals.h: where a signal that comes at any moment may be lost to the
 * loop through no fault of ours, so that a test would hang or fail.
 *
 * ThreadSanitizer keeps a signal that interrupts a task for that task, until it
 * makes a call that is intercepted; the loop then sleeps without it.  valgrind
 * (3.19) restarts a pselect that a signal has cut short with a mask that it
 * has freed: EFAULT.
 */
#ifndef PLX_LATE_SIGNALS_H
#define PLX_LATE_SIGNALS_H

#include <string.h>
#include "support.h"

#ifdef HAVE_VALGRIND
#include <valgrind/valgrind.h>
#else
#define RUNNING_ON_VALGRIND 0
#endif

static inline int
signals_are_lost(const char *backend)
{
	if (RUNNING_ON_VALGRIND)
		return backend && strcmp(backend, "select") == 0;
	return SUPPORT_TSAN;
}

/* SIGCHLD as well, and with it the ends of all children, since valgrind knows
   no pidfds. */
static inline int
ends_are_lost(const char *backend)
{
	return RUNNING_ON_VALGRIND && signals_are_lost(backend);
}

#endif
