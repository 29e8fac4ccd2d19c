/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * blocking_common.h: what the tests of jobs and of their threads share.
 *
 * A job is handed to a thread when the tasks that are ready have run; so a
 * test lets a task wait for a job, gives way twice (the second time begins a
 * new batch), and may then stop the whole loop until the job says that it has
 * begun (latch_await): the thread needs nothing of the loop for it.
 */
#ifndef PLX_BLOCKING_COMMON_H
#define PLX_BLOCKING_COMMON_H

#include <pthread.h>
#include <pollux/blocking.h>
#include "task_common.h"

/* A count that threads wait for. */
struct latch {
	pthread_mutex_t lock;
	pthread_cond_t moved;
	int count;
};

#define LATCH                                                        \
	{                                                            \
		PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, \
			.count = 0                                   \
	}

static inline int
latch_add(struct latch *l, int n)
{
	int count;

	pthread_mutex_lock(&l->lock);
	count = l->count += n;
	pthread_cond_broadcast(&l->moved);
	pthread_mutex_unlock(&l->lock);
	return count;
}

/* Waits, and the whole thread with it, until L has come to N. */
static inline void
latch_await(struct latch *l, int n)
{
	pthread_mutex_lock(&l->lock);
	while (l->count < n)
		pthread_cond_wait(&l->moved, &l->lock);
	pthread_mutex_unlock(&l->lock);
}

static inline int
latch_count(struct latch *l)
{
	return latch_add(l, 0);
}

/* A job that says that it has begun and ends when GO is opened. */
struct held {
	struct latch begun, go;
	int result;
};

#define HELD                              \
	{                                 \
		LATCH, LATCH, .result = 7 \
	}

static inline int
hold(void *arg)
{
	struct held *h = arg;

	latch_add(&h->begun, 1);
	latch_await(&h->go, 1);
	return h->result;
}

static inline void
open_held(void *arg)
{
	struct held *h = arg;

	latch_add(&h->go, 1);
}

/* What a task returns for an error that shall not end the run. */
#define FAILED(ERROR) (1000 + (ERROR))

static inline int
tell(int r)
{
	return r < 0 ? FAILED(-r) : r;
}

/* A task that waits for hold. */
static inline int
await_held(void *arg)
{
	return tell(plx_blocking(hold, arg, PLX_NEVER));
}

/* As run_on, with THREADS at most. */
static inline int
run_threads(int threads, plx_task_fn *fn, void *arg)
{
	struct support_mark mark = support_begin(NULL);
	const struct plx_run_options options = {
		.sys = &support_sys.sys,
		.max_threads = threads,
	};
	int r = plx_run(&options, fn, arg);

	support_end(mark, NULL);
	return r;
}

#define ON_THREADS(SUITE, NAME, THREADS, BODY)                  \
	Test(SUITE, NAME)                                       \
	{                                                       \
		int r = run_threads(THREADS, BODY, NULL);       \
		cr_expect_eq(r, 0, "the run ended with %d", r); \
	}

#endif
