/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * task_common.h: what the tests of the task room share.
 *
 * A body runs as the first task of a plx_run over support_sys.  Inside a task
 * cr_expect is used, not cr_assert: the latter would jump off its stack.
 */
#ifndef PLX_TASK_COMMON_H
#define PLX_TASK_COMMON_H

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <pollux/insight.h>
#include <pollux/io.h>
#include <pollux/loop.h>
#include <pollux/task.h>
#include "support.h"

/* Runs FN(ARG) on BACKEND (may be NULL) and checks what is left behind. */
static inline int
run_on(const char *backend, plx_task_fn *fn, void *arg)
{
	struct support_mark mark = support_begin(backend);
	const struct plx_run_options options = {
		.backend = backend,
		.sys = &support_sys.sys,
	};
	int r = plx_run(&options, fn, arg);

	cr_expect_null(plx_self());
	support_end(mark, backend);
	return r;
}

/* The same with a clock that stands still unless the loop waits. */
static inline int
run_timed(plx_task_fn *fn, void *arg)
{
	struct support_mark mark = support_begin(NULL);
	const struct plx_run_options options = {.sys = &support_sys.sys};
	int r;

	support_sys.fake_clock = 1;
	support_sys.now = 1000 * PLX_SECOND;
	r = plx_run(&options, fn, arg);
	support_end(mark, NULL);
	return r;
}

/* DURATION from now on, by the clock of the test. */
static inline int64_t
in(int64_t duration)
{
	return support_sys.sys.now(&support_sys.sys) + duration;
}

/* A test on every backend: BODY runs as a task and is given its name. */
#define ON_BACKENDS(SUITE, NAME, BODY)                                       \
	PLX_BACKENDS(SUITE, NAME)                                            \
	ParameterizedTest(struct backend_param *p, SUITE, NAME)              \
	{                                                                    \
		int r = run_on(p->name, BODY, p->name);                      \
		cr_expect_eq(r, 0, "%s: the run ended with %d", p->name, r); \
	}

#define IN_A_TASK(SUITE, NAME, BODY)                            \
	Test(SUITE, NAME)                                       \
	{                                                       \
		int r = run_on(NULL, BODY, NULL);               \
		cr_expect_eq(r, 0, "the run ended with %d", r); \
	}

#define WITH_CLOCK(SUITE, NAME, BODY)                           \
	Test(SUITE, NAME)                                       \
	{                                                       \
		int r = run_timed(BODY, NULL);                  \
		cr_expect_eq(r, 0, "the run ended with %d", r); \
	}

/* Cancels and joins. */
static inline int
stop_task(plx_task *t)
{
	int result = -1;
	int r;

	plx_cancel(t);
	r = plx_join(t, &result, PLX_NEVER);
	return r < 0 ? r : result;
}

/* Lets everybody else come to rest: what they do takes a few turns. */
static inline void
let_run(int turns)
{
	while (turns-- > 0)
		plx_checkpoint();
}

static inline int
sleep_for_ever(void *arg)
{
	(void)arg;
	return plx_sleep_until(PLX_NEVER);
}

static inline int
return_arg(void *arg)
{
	return *(const int *)arg;
}

#endif
