/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_gen_left.c: generators whose task ends while another one runs them:
 * they stay until the run ends, and then nothing of them is left.
 */
#include <config.h>
#include "gen_common.h"

struct shared {
	struct script script;
	plx_gen *outer, *inner;
	plx_task *owner;
	int go_on; /* another step of the generator, after its owner's end */
	int outer_first; /* is made before what it delegates to */
};

/* Sleeps, then yields what its script says. */
static int
sleep_and_follow(void *arg)
{
	struct shared *s = arg;
	int r = plx_sleep(2 * PLX_SECOND);

	return r < 0 ? r : follow(&s->script);
}

static int
delegate(void *arg)
{
	struct shared *s = arg;

	return plx_yield_from(s->inner, NULL);
}

static int
make_and_leave(void *arg)
{
	struct shared *s = arg;

	if (s->outer_first)
		s->outer = gen_of(delegate, s);
	s->inner = gen_of(sleep_and_follow, s);
	if (!s->outer_first)
		s->outer = gen_of(delegate, s);
	return plx_sleep(PLX_SECOND);
}

/* Is in the generator when its owner ends. */
static int
resume(void *arg)
{
	struct shared *s = arg;

	plx_checkpoint();
	cr_expect_eq(next_of(s->outer), 1);
	cr_expect_eq(plx_join(s->owner, NULL, 0), 0, "it has ended");
	if (s->go_on)
		cr_expect_eq(next_of(s->outer), 0);
	return 0;
}

static int
share(void *arg)
{
	struct shared *s = arg;
	plx_task *t = NULL;

	cr_expect_eq(plx_spawn(NULL, make_and_leave, s, &s->owner), 0);
	cr_expect_eq(plx_spawn(NULL, resume, s, &t), 0);
	return plx_join(t, NULL, PLX_NEVER);
}

Test(gen_left, what_another_task_ran_is_closed_when_the_run_ends)
{
	struct shared s = {.script.yields = 3};

	cr_assert_eq(run_timed(share, &s), 0);
	cr_assert_eq(s.script.errors, 1);
	cr_assert_eq(s.script.caught, -ECANCELED);
	cr_assert_eq(s.script.cleaned, 1);
}

Test(gen_left, the_order_of_their_making_does_not_matter)
{
	struct shared s = {.script.yields = 3, .outer_first = 1};

	cr_assert_eq(run_timed(share, &s), 0);
	cr_assert_eq(s.script.errors, 1);
	cr_assert_eq(s.script.cleaned, 1);
}

/* Its scope ends while another task is in it, its task when nobody is. */
static int
make_and_linger(void *arg)
{
	struct shared *s = arg;
	struct plx_scope scope;

	plx_scope_enter(&scope, PLX_NEVER);
	s->inner = gen_of(sleep_and_follow, s);
	cr_expect_eq(plx_sleep(PLX_SECOND), 0);
	cr_expect_eq(plx_scope_leave(&scope, 0), 0);
	cr_expect_eq(s->script.begun, 0, "it sleeps");
	cr_expect_eq(plx_sleep(2 * PLX_SECOND), 0);
	cr_expect_eq(s->script.begun, 1);
	cr_expect_eq(s->script.errors, 0, "it has yielded since");
	return 0;
}

static int
resume_once(void *arg)
{
	struct shared *s = arg;

	plx_checkpoint();
	cr_expect_eq(next_of(s->inner), 1);
	return 0;
}

static int
share_for_a_while(void *arg)
{
	struct shared *s = arg;
	plx_task *t = NULL;

	cr_expect_eq(plx_spawn(NULL, make_and_linger, s, &s->owner), 0);
	cr_expect_eq(plx_spawn(NULL, resume_once, s, &t), 0);
	cr_expect_eq(plx_join(t, NULL, PLX_NEVER), 0);
	cr_expect_eq(plx_join(s->owner, NULL, PLX_NEVER), 0);
	cr_expect_eq(s->script.errors, 1, "%d: it was closed",
		     s->script.errors);
	return 0;
}

Test(gen_left, what_another_task_ran_is_closed_when_it_came_back)
{
	struct shared s = {.script.yields = 3};

	cr_assert_eq(run_timed(share_for_a_while, &s), 0);
	cr_assert_eq(s.script.caught, -ECANCELED);
	cr_assert_eq(s.script.cleaned, 1);
}

Test(gen_left, what_another_task_ran_to_its_end_is_freed)
{
	struct shared s = {.script.yields = 1, .go_on = 1};

	cr_assert_eq(run_timed(share, &s), 0);
	cr_assert_eq(s.script.errors, 0);
	cr_assert_eq(s.script.cleaned, 1);
}

/* The body of one that is closed when its task ends, and waits then. */
static int
clean_up_slowly(void *arg)
{
	struct plx_scope shield;
	int *cleaned = arg;
	int r = plx_yield(number(1), NULL);

	plx_scope_shield(&shield, PLX_NEVER, PLX_NEVER);
	cr_expect_eq(plx_sleep(PLX_SECOND), 0);
	cr_expect_eq(plx_scope_leave(&shield, r), r);
	++*cleaned;
	return r;
}

static plx_gen *contended;

static int
close_in_vain(void *arg)
{
	(void)arg;
	cr_expect_eq(plx_sleep(PLX_SECOND / 2), 0);
	cr_expect_eq(plx_gen_close(contended), -EBUSY, "it cleans up");
	return 0;
}

static int
leave_slow_one(void *arg)
{
	contended = gen_of(clean_up_slowly, arg);
	cr_expect_eq(next_of(contended), 1);
	return plx_spawn(NULL, close_in_vain, NULL, NULL);
}

Test(gen_left, one_that_cleans_up_is_waited_for)
{
	int cleaned = 0;

	cr_assert_eq(run_timed(leave_slow_one, &cleaned), 0);
	cr_assert_eq(cleaned, 1);
}

static int
leave_scope_open(void *arg)
{
	struct plx_scope *s = arg;

	plx_scope_enter(s, PLX_NEVER);
	return -EIO;
}

static int
end_with_open_scope(void *arg)
{
	struct plx_scope s;
	plx_gen *g = gen_of(leave_scope_open, &s);

	(void)arg;
	cr_expect_eq(next_of(g), -EIO, "its own error is what counts");
	cr_expect_eq(plx_checkpoint(), 0);
	plx_gen_free(&g);
	return 0;
}
IN_A_TASK(gen_left, a_scope_left_open_in_no_scope_and_with_an_error,
	  end_with_open_scope)

static void
refuse_memory(long at)
{
	support_sys.fails = SUPPORT_RESIZE | SUPPORT_MAP;
	support_sys.fail_with = ENOMEM;
	support_sys.fail_at = at;
}

Test(gen_left, without_memory_there_is_none)
{
	struct support_mark mark = support_begin(NULL);
	struct script s = {.yields = 1};
	plx_gen *g = NULL;
	int r = -1, failed = 0;

	for (long at = 1; r < 0 && at < 20; at++) {
		refuse_memory(at);
		r = plx__gen_make(&support_sys.sys, follow, &s, &g);
		failed += r == -ENOMEM && !g;
	}
	refuse_memory(0);
	cr_assert_eq(r, 0);
	cr_assert_geq(failed, 1);
	cr_assert_eq(next_of(g), 1);
	plx_gen_free(&g);
	support_end(mark, NULL);
}

#define MANY 4096

static int
make_too_many(void *arg)
{
	static plx_gen *made[MANY];
	struct script s = {.yields = 1};
	int r = 0, n = 0;

	(void)arg;
	while (r == 0 && n < MANY) {
		refuse_memory(n == 0 ? 0 : 1);
		r = plx_gen_new(follow, &s, &made[n]);
		n += r == 0;
	}
	refuse_memory(0);
	cr_expect_eq(r, -ENOMEM, "%d were made", n);
	cr_expect_null(made[n]);
	while (n > 0)
		plx_gen_free(&made[--n]);
	return 0;
}
IN_A_TASK(gen_left, without_memory_a_task_has_no_more, make_too_many)

/* It has written below its stack, where nothing but a canary is. */
static int
tread_on_a_canary(void *arg)
{
	struct plx_stack_pool *pool = &plx_self()->rt->stacks;
	struct script s = {.yields = 1};
	volatile char *below;
	plx_gen *g;

	(void)arg;
	pool->guard = PLX_GUARD_PROTECT;
	support_sys.fails = SUPPORT_PROTECT;
	support_sys.fail_with = ENOMEM;
	support_sys.fail_at = 1;
	g = gen_of(follow, &s);
	cr_expect_eq(pool->guard, PLX_GUARD_CANARY);
	cr_expect_eq(next_of(g), 1);
	below = (char *)g->coro.stack - 1;
	*below = (char)~*below;
	plx_gen_free(&g);
	return 0;
}

Test(gen_left, one_that_overran_its_stack_fails_the_run)
{
	cr_assert_eq(run_on(NULL, tread_on_a_canary, NULL), -EFAULT);
}
