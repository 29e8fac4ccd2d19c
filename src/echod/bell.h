/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bell.h: tasks that wait to be told that something has changed.
 *
 * A bell keeps no state: who waits after the ring waits for the next one.  So
 * look at the condition, wait, and look again; within one thread nothing can
 * come between the look and the wait.
 */
#ifndef ECHOD_BELL_H
#define ECHOD_BELL_H

#include <pollux/task.h>

struct bell_waiter;

/* Starts out zeroed. */
struct bell {
	struct bell_waiter *first;
};

/* 0 after a ring, -ETIMEDOUT, -ECANCELED. */
int bell_wait(struct bell *bell, int64_t deadline);

/* Lets everybody go on who waits now.  In the loop's thread. */
void bell_ring(struct bell *bell);

#endif
