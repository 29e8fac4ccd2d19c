/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pool.h: the threads of a run, as run.c and blocking.c see them.
 *
 * The loop's thread only, all of it.
 */
#ifndef PLX_POOL_H
#define PLX_POOL_H

#include <pollux/blocking.h>
#include "task_int.h"

/* More threads than this are a mistake. */
#define PLX_THREADS_MAX 1024

/* Takes J, whose FN is set, in; a thread is made if that helps.  0, -ENOMEM,
   -EAGAIN, -ECHILD. */
int plx__pool_add(struct plx_rt *rt, struct plx_job_awaitable *j);

/* Takes J back: 0, or -EINPROGRESS: it has begun and will be told to be ready,
   or has just been; *RUNS is 1 when it was not done yet. */
int plx__pool_take_back(struct plx_rt *rt, struct plx_job_awaitable *j,
			int *runs);

/* Hands what has been taken in to the threads. */
void plx__pool_submit(struct plx_rt *rt);

/* For want of a loop, waits until a job is done: 1, or 0 when there is none. */
int plx__pool_wait(struct plx_rt *rt);

/* Ends the threads and frees the pool, in which no job is left. */
void plx__pool_close(struct plx_rt *rt);

#endif
