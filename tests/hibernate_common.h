/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hibernate_common.h: connections that hibernate.
 *
 * Each has a Unix pair: [0] hibernates, [1] is its peer.  All of this is for
 * the inside of a task.
 */
#ifndef PLX_HIBERNATE_COMMON_H
#define PLX_HIBERNATE_COMMON_H

#include <pollux/hibernate.h>
#include "task_common.h"

struct sleeper {
	struct plx_hibernation h;
	plx_nursery *nursery;
	int fd[2];
	int runs;      /* how often its task has begun */
	int status;    /* of the last time */
	int cancelled; /* was that task? */
};

static inline int
be_woken(void *arg)
{
	struct sleeper *s = arg;

	s->runs++;
	s->status = plx_hibernation_status(&s->h);
	s->cancelled = plx_checkpoint() == -ECANCELED;
	return 0;
}

static inline int
lay_down(struct sleeper *s)
{
	return plx_hibernate(&s->h, s->nursery, s->fd[0], be_woken, s);
}

static inline void
open_sleeper(struct sleeper *s, plx_nursery *nursery)
{
	memset(s, 0, sizeof(*s));
	s->nursery = nursery;
	support_unix_pair(s->fd);
}

/* One that hibernates, and has not heard a thing in some turns. */
static inline void
begin_sleeper(struct sleeper *s, plx_nursery *nursery, const char *name)
{
	open_sleeper(s, nursery);
	cr_expect_eq(lay_down(s), 0, "%s", name);
	let_run(3);
	cr_expect_eq(s->runs, 0, "%s: silence first", name);
}

static inline void
end_sleeper(struct sleeper *s)
{
	if (s->fd[0] >= 0)
		plx_close(s->fd[0]);
	if (s->fd[1] >= 0)
		close(s->fd[1]);
}

/* Something for S to read. */
static inline void
call_out(const struct sleeper *s, const char *name)
{
	cr_expect_eq(write(s->fd[1], "x", 1), 1, "%s", name);
}

/* S has been started RUNS times by now, the last time on account of STATUS. */
static inline void
expect_runs(const struct sleeper *s, int runs, int status, const char *name)
{
	let_run(4);
	cr_expect_eq(s->runs, runs, "%s: %d runs, not %d", name, s->runs, runs);
	cr_expect_eq(s->status & ~(int)(PLX_EOF | PLX_ERROR),
		     status & ~(int)(PLX_EOF | PLX_ERROR),
		     "%s: status %d, not %d", name, s->status, status);
}

static inline struct plx_stats
run_stats(void)
{
	struct plx_stats s = {.spawned = 0};

	plx_stats(plx_self_loop(), &s);
	return s;
}

#endif
