/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_gen_scope.c: generators that are resumed in one scope after another, by
 * tasks that have each their own, with delegates below them.
 */
#include <config.h>
#include "gen_common.h"

static int
yield_once(void *arg)
{
	(void)arg;
	return plx_yield(number(1), NULL);
}

/* Delegates to a generator that yields once. */
static int
delegate(void *arg)
{
	plx_gen *inner = gen_of(yield_once, NULL);
	int r = plx_yield_from(inner, NULL);

	(void)arg;
	plx_gen_free(&inner);
	return r;
}

static int
end_in_a_scope(void *arg)
{
	plx_gen *g = gen_of(delegate, NULL);
	struct plx_scope s;
	int r;

	(void)arg;
	cr_expect_eq(next_of(g), 1);
	plx_scope_enter(&s, in(PLX_SECOND));
	cr_expect_eq(next_of(g), 0);
	r = plx_sleep(9 * PLX_SECOND);
	cr_expect_eq(r, -ECANCELED, "the scope is still there");
	cr_expect_eq(plx_scope_leave(&s, r), -ETIMEDOUT);
	plx_gen_free(&g);
	return 0;
}
WITH_CLOCK(gen_scope, a_delegate_that_ends_in_another_scope_leaves_it_alone,
	   end_in_a_scope)

static int
end_outside_of_the_scope(void *arg)
{
	plx_gen *g = gen_of(delegate, NULL);
	struct plx_scope s;

	(void)arg;
	plx_scope_enter(&s, PLX_NEVER);
	cr_expect_eq(next_of(g), 1);
	plx_scope_leave(&s, 0);
	cr_expect_eq(next_of(g), 0, "not an error");
	cr_expect_eq(result_of(g), 0);
	cr_expect_eq(plx_checkpoint(), 0);
	plx_gen_free(&g);
	return 0;
}
IN_A_TASK(gen_scope, one_resumed_in_a_scope_may_end_outside_of_it,
	  end_outside_of_the_scope)

static int
resume_in_a_nursery(void *arg)
{
	plx_gen *g = gen_of(delegate, NULL);
	plx_nursery *n = NULL;
	int seven = 7;
	plx_task *t;

	(void)arg;
	cr_expect_eq(next_of(g), 1);
	plx_nursery_open(NULL, &n);
	plx_spawn(n, return_arg, &seven, &t);
	cr_expect_eq(next_of(g), 0);
	cr_expect_eq(plx_nursery_live(n), 1, "it is not abandoned");
	cr_expect_eq(plx_join(t, &seven, PLX_NEVER), 0);
	cr_expect_eq(plx_nursery_close(&n, 0), 0);
	plx_gen_free(&g);
	return 0;
}
IN_A_TASK(gen_scope, a_nursery_around_the_resume_stays_open,
	  resume_in_a_nursery)

static void
sleep_in_clean_up(void *arg)
{
	struct plx_scope shield;

	plx_scope_shield(&shield, PLX_NEVER, PLX_NEVER);
	plx_sleep(PLX_SECOND);
	plx_scope_leave(&shield, 0);
	++*(int *)arg;
}

static int
ignore_closes(void *cleaned)
{
	plx_defer(sleep_in_clean_up, cleaned);
	while (plx_yield(number(1), NULL) < 0 || cleaned)
		;
	return 0;
}

static int
free_too(void *arg)
{
	plx_gen *g = arg;

	plx_gen_free(&g);
	cr_expect_not_null(g, "it is being freed");
	return 0;
}

static int
free_twice(void *arg)
{
	struct plx_stats stats;
	int cleaned = 0;
	plx_gen *g = gen_of(ignore_closes, &cleaned);

	(void)arg;
	cr_expect_eq(next_of(g), 1);
	plx_spawn(NULL, free_too, g, NULL);
	plx_gen_free(&g);
	cr_expect_null(g);
	cr_expect_eq(cleaned, 1);
	plx_stats(plx_self_loop(), &stats);
	cr_expect_eq(stats.generators, 0);
	return 0;
}
WITH_CLOCK(gen_scope, one_that_is_being_freed_is_busy, free_twice)

static int worked;

static int
work_until_cancelled(void *arg)
{
	(void)arg;
	cr_expect_eq(plx_sleep(PLX_SECOND), -ECANCELED);
	worked = 1;
	return 0;
}

static void
note_whether_worked(void *arg)
{
	*(int *)arg = worked;
}

static int
leave_a_nursery_open(void *arg)
{
	plx_nursery *n;

	plx_nursery_open(NULL, &n);
	plx_defer(note_whether_worked, arg);
	plx_spawn(n, work_until_cancelled, NULL, NULL);
	plx_checkpoint();
	return 0;
}

/* As when the nursery is closed, and as at a task's end: what is deferred may
   be about what the tasks use. */
static int
end_with_a_nursery(void *arg)
{
	int by_then = -1;
	plx_gen *g = gen_of(leave_a_nursery_open, &by_then);

	(void)arg;
	worked = 0;
	cr_expect_eq(next_of(g), -EPROTO);
	cr_expect_eq(by_then, 1, "its tasks end first");
	plx_gen_free(&g);
	return 0;
}
WITH_CLOCK(gen_scope, what_is_deferred_comes_after_the_tasks_left_behind,
	   end_with_a_nursery)
