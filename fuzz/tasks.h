/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tasks.h: what the halves of the target tasks.c share.
 */
#ifndef PLX_FUZZ_TASKS_H
#define PLX_FUZZ_TASKS_H

#include <errno.h>
#include <string.h>
#include <pollux/channel.h>
#include <pollux/sync.h>
#include <pollux/task.h>
#include "fuzz.h"

enum {
	TASKS = 24, /* alive at a time, about */
	HANDLES = 8,
	CHANNELS = 3,
	DEFERS = 256,
	ITEMS = 1024,
	DEPTH = 4,
	STEPS = 400, /* of all together: an input is bounded, sleeps are not */
	STACK = 256 << 10
};

/* Lies in the frame that opened the nursery, which outlives its tasks. */
struct home {
	plx_nursery *nursery;
	int live; /* tasks that have not ended */
};

struct actor {
	struct home *home;
	const void *within; /* the innermost scope or nursery */
	int depth, shields, first;
};

/* What they share; the input among it. */
struct tasks_world {
	struct fuzz input;
	int steps;
	int spawned, ended;
	struct {
		plx_task *task;
		int joined; /* somebody waits for it */
	} handles[HANDLES];
	plx_channel *channels[CHANNELS];
	uint32_t items;
	unsigned char sent[ITEMS], received[ITEMS];
	struct plx_lock lock;
	struct plx_event event;
	struct plx_semaphore semaphore;
	struct plx_scope *scope; /* an open one, or NULL */
	int defers;
	signed char called[DEFERS]; /* -1: taken back */
	const void *deferred_in[DEFERS];
	struct plx_scope abandoned[DEFERS];
	int abandonments;
};

extern struct tasks_world w;

/* What any call may say, beside its own. */
static inline int
is_usual(ssize_t r)
{
	return r == -ETIMEDOUT || r == -ECANCELED || r == -ENOMEM;
}

static inline int64_t
some_deadline(const struct actor *a)
{
	uint32_t n = fuzz_below(&w.input, 8);

	if (n < 2 && !a->first && !a->shields)
		return PLX_NEVER;
	return n == 2 ? 0 : support_sys.now + n * PLX_MILLISECOND;
}

/* Goes on, one level deeper. */
void live_deeper(struct actor *a);

/* tasks_exchange.c: steps. */
void open_channel(int i);
void do_send(struct actor *a);
void do_recv(struct actor *a);
void do_channel_end(struct actor *a);
void do_lock(struct actor *a);
void do_semaphore(struct actor *a);
void do_event(struct actor *a);
void do_any(struct actor *a);

#endif
