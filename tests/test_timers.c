/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_timers.c: calls at a time through the loop, on a clock that moves with
 * its waits.
 */
#include <config.h>
#include <stdlib.h>
#include "loop_fixture.h"

LOOPS(timers, they_run_in_the_order_of_their_times)
{
	struct fixture f;
	struct note a = {.f = &f, .letter = 'a'};
	struct note b = {.f = &f, .letter = 'b'};
	struct note c = {.f = &f, .letter = 'c'};
	struct note d = {.f = &f, .letter = 'd'};

	begin(&f, p);
	IS(&f, call_after(&c, 3000), 0);
	IS(&f, call_after(&a, 1000), 0);
	IS(&f, call_after(&b, 2000), 0);
	IS(&f, call_after(&d, 3000), 0);
	IS(&f, call_after(&d, 1), -EBUSY);
	IS(&f, call_soon(&d), -EBUSY);
	turn(&f);
	LOGGED(&f, "");
	IS(&f, plx_loop_run(f.loop, plx_loop_now(f.loop) + PLX_SECOND),
	   -ETIMEDOUT);
	LOGGED(&f, "abcd");
	CHECK(&f, stats_of(&f).calls == 4);
	end(&f);
}

LOOPS(timers, none_runs_before_its_time_and_each_costs_one_wake_up)
{
	struct fixture f;
	struct note a = {.f = &f, .letter = 'a'};
	int64_t when;

	begin(&f, p);
	when = plx_loop_now(f.loop) + 5 * PLX_SECOND + 1;
	call_after(&a, 5 * PLX_SECOND + 1);
	IS(&f, plx_loop_run_once(f.loop, PLX_NEVER), 0);
	LOGGED(&f, "a");
	CHECK(&f, plx_loop_now(f.loop) >= when);
	CHECK(&f, plx_loop_now(f.loop) < when + 2 * PLX_MILLISECOND);
	CHECK(&f, stats_of(&f).turns == 1);
	end(&f);
}

Test(timers, real_time_is_kept_and_never_early)
{
	struct fixture f = {.name = "default"};
	struct note a = {.f = &f, .letter = 'a'};
	int64_t when;

	cr_assert_eq(plx_loop_open(NULL, &f.loop), 0);
	for (int64_t us = 1; us < 5000; us = 3 * us + 1) {
		when = plx_loop_now(f.loop) + us * PLX_MICROSECOND;
		call_after(&a, us * PLX_MICROSECOND);
		while (a.call.place) {
			cr_assert_eq(plx_loop_run_once(f.loop, PLX_NEVER), 0);
			cr_assert(a.call.place || plx_now() >= when);
		}
	}
	plx_loop_close(&f.loop);
}

LOOPS(timers, never_means_never_and_can_be_cancelled)
{
	struct fixture f;
	struct note a = {.f = &f, .letter = 'a'};
	struct note b = {.f = &f, .letter = 'b'};

	begin(&f, p);
	IS(&f, plx_loop_call_at(f.loop, &a.call, PLX_NEVER, run_note, &a), 0);
	IS(&f, plx_loop_call_at(f.loop, &b.call, INT64_MAX, run_note, &b), 0);
	plx_loop_cancel(f.loop, &b.call);
	IS(&f, plx_loop_run(f.loop, support_sys.now + 86400 * PLX_SECOND),
	   -ETIMEDOUT);
	LOGGED(&f, "");
	CHECK(&f, stats_of(&f).turns == 1);
	CHECK(&f, a.call.place != 0);
	plx_loop_cancel(f.loop, &a.call);
	CHECK(&f, a.call.place == 0);
	end(&f);
}

LOOPS(timers, a_cancelled_timer_does_not_wake_the_loop)
{
	struct fixture f;
	struct note a = {.f = &f, .letter = 'a'};
	struct note b = {.f = &f, .letter = 'b'};

	begin(&f, p);
	call_after(&a, PLX_MILLISECOND);
	call_after(&b, 2 * PLX_MILLISECOND);
	plx_loop_cancel(f.loop, &a.call);
	plx_loop_cancel(f.loop, &a.call);
	IS(&f, plx_loop_run(f.loop, support_sys.now + 3 * PLX_MILLISECOND),
	   -ETIMEDOUT);
	LOGGED(&f, "b");
	CHECK(&f, stats_of(&f).turns == 2);
	end(&f);
}

LOOPS(timers, one_that_waits_can_be_moved)
{
	struct fixture f;
	struct note a = {.f = &f, .letter = 'a'};
	struct note b = {.f = &f, .letter = 'b'};
	struct note c = {.f = &f, .letter = 'c'};

	begin(&f, p);
	IS(&f, plx_loop_move(f.loop, &a.call, 0), -EINVAL);
	CHECK(&f, a.call.place == 0);
	call_after(&a, 1000);
	call_after(&b, 2000);
	call_soon(&c);
	IS(&f, plx_loop_move(f.loop, &a.call, plx_loop_now(f.loop) + 2000), 0);
	IS(&f, plx_loop_move(f.loop, &c.call, plx_loop_now(f.loop) + 1500), 0);
	turn(&f);
	LOGGED(&f, "");
	IS(&f, plx_loop_run(f.loop, plx_loop_now(f.loop) + PLX_SECOND),
	   -ETIMEDOUT);
	LOGGED(&f, "cba");
	end(&f);
}

static void
put_off_other(struct note *n)
{
	struct plx_call *other = &n->other->call;

	IS(n->f, plx_loop_move(n->f->loop, other, support_sys.now + 1000), 0);
}

LOOPS(timers, one_that_is_due_can_be_put_off_by_another)
{
	struct fixture f;
	struct note b = {.f = &f, .letter = 'b'};
	struct note a = {
		.f = &f, .letter = 'a', .then = put_off_other, .other = &b};

	begin(&f, p);
	call_after(&a, 0);
	call_after(&b, 0);
	turn(&f);
	LOGGED(&f, "a");
	IS(&f, plx_loop_run(f.loop, support_sys.now + PLX_SECOND), -ETIMEDOUT);
	LOGGED(&f, "b");
	end(&f);
}

LOOPS(timers, a_time_in_the_past_means_the_next_turn)
{
	struct fixture f;
	struct note a = {.f = &f, .letter = 'a'};
	struct note b = {.f = &f, .letter = 'b'};
	struct note c = {.f = &f, .letter = 'c'};

	begin(&f, p);
	call_after(&a, -PLX_SECOND);
	call_after(&b, -2 * PLX_SECOND);
	IS(&f, plx_loop_call_at(f.loop, &c.call, 0, run_note, &c), 0);
	turn(&f);
	LOGGED(&f, "cba");
	end(&f);
}

static void
again_in_the_past(struct note *n)
{
	plx_loop_call_at(n->f->loop, &n->call, 0, run_note, n);
}

LOOPS(timers, one_that_repeats_itself_in_the_past_starves_nobody)
{
	struct fixture f;
	struct note a = {.f = &f, .letter = 'a', .then = again_in_the_past};
	struct note t = {.f = &f, .letter = 't'};
	struct note w = {.f = &f, .letter = 'w'};

	begin(&f, p);
	support_pipe(f.fd);
	CHECK(&f, write(f.fd[1], "x", 1) == 1);
	IS(&f, watch(&w, f.fd[0], PLX_READ), 0);
	again_in_the_past(&a);
	call_after(&t, 0);
	turn(&f);
	LOGGED(&f, "atw");
	turn(&f);
	LOGGED(&f, "aw");
	end(&f);
}

static void
other_soon(struct note *n)
{
	plx_loop_cancel(n->f->loop, &n->other->call);
	call_soon(n->other);
}

LOOPS(timers, one_can_cancel_another_that_is_due_in_the_same_turn)
{
	struct fixture f;
	struct note b = {.f = &f, .letter = 'b'};
	struct note d = {.f = &f, .letter = 'd'};
	struct note a = {
		.f = &f, .letter = 'a', .then = cancel_other, .other = &b};
	struct note c = {
		.f = &f, .letter = 'c', .then = other_soon, .other = &d};
	struct note e = {.f = &f, .letter = 'e'};

	begin(&f, p);
	call_after(&a, 1);
	call_after(&b, 1);
	call_after(&c, 1);
	call_after(&d, 1);
	call_after(&e, 1);
	IS(&f, plx_loop_run_once(f.loop, PLX_NEVER), 0);
	LOGGED(&f, "aced");
	CHECK(&f, !b.call.place);
	end(&f);
}

static void
free_itself(struct note *n)
{
	free(n);
}

LOOPS(timers, one_may_free_itself)
{
	struct fixture f;
	struct note *n;

	begin(&f, p);
	for (int i = 0; i < 3; i++) {
		n = calloc(1, sizeof(*n));
		*n = (struct note){&f, 'x', .then = free_itself};
		call_after(n, i);
	}
	IS(&f, plx_loop_run(f.loop, support_sys.now + PLX_SECOND), -ETIMEDOUT);
	LOGGED(&f, "xxx");
	end(&f);
}

enum {
	MANY = 500
};

/* One of many that are due at once; every fifth takes away the fourth after
   it, as far as it is there. */
struct one {
	struct plx_call call;
	plx_loop *loop;
	struct one **all;
	int index;
	int *ran; /* indices, in the order of running, and how many */
};

static void
run_one(void *arg)
{
	struct one *one = arg, **other = one->all + one->index + 4;

	one->ran[++one->ran[0]] = one->index;
	if (one->index % 5 == 0 && one->index + 4 < MANY) {
		plx_loop_cancel(one->loop, &(*other)->call);
		free(*other);
		*other = NULL;
	}
	one->all[one->index] = NULL;
	free(one);
}

LOOPS(timers, of_many_that_are_due_each_may_free_itself_and_others)
{
	struct fixture f;
	struct one *all[MANY];
	int ran[MANY + 1] = {0};
	int wanted = 0;

	begin(&f, p);
	for (int i = MANY - 1; i >= 0; i--) {
		all[i] = calloc(1, sizeof(*all[i]));
		*all[i] = (struct one){{0}, f.loop, all, i, ran};
		IS(&f,
		   plx_loop_call_at(f.loop, &all[i]->call, i, run_one, all[i]),
		   0);
	}
	turn(&f);
	CHECK(&f, ran[0] == MANY - MANY / 5);
	for (int i = 1; i <= ran[0]; i++, wanted++) {
		if (wanted % 5 == 4)
			wanted++;
		CHECK(&f, ran[i] == wanted);
	}
	end(&f);
}

LOOPS(timers, without_memory_a_call_is_refused_and_idle)
{
	struct fixture f;
	struct note n[65];
	int err = 0;

	begin(&f, p);
	for (int i = 0; i < 64; i++) {
		n[i] = (struct note){.f = &f, .letter = 'n'};
		IS(&f, call_after(&n[i], i), 0);
	}
	support_sys.fails = SUPPORT_RESIZE;
	support_sys.fail_with = ENOMEM;
	support_sys.fail_at = 1;
	n[64] = (struct note){.f = &f, .letter = 'n'};
	err = call_after(&n[64], 0);
	CHECK(&f, err == -ENOMEM);
	CHECK(&f, n[64].call.place == 0);
	IS(&f, call_after(&n[64], 0), 0);
	IS(&f, plx_loop_run(f.loop, support_sys.now + PLX_SECOND), -ETIMEDOUT);
	CHECK(&f, stats_of(&f).calls == 65);
	end(&f);
}

static void
again_later(struct note *n)
{
	call_after(n, PLX_MILLISECOND);
}

LOOPS(timers, a_periodic_timer_allocates_nothing)
{
	struct fixture f;
	struct note a = {.f = &f, .letter = 'a', .then = again_later};
	unsigned long allocations;

	begin(&f, p);
	call_after(&a, 0);
	turn(&f);
	allocations = support_calls(&support_sys, SUPPORT_RESIZE);
	IS(&f, plx_loop_run(f.loop, support_sys.now + 100 * PLX_MILLISECOND),
	   -ETIMEDOUT);
	CHECK(&f, strlen(f.log) == 101);
	CHECK(&f, support_calls(&support_sys, SUPPORT_RESIZE) == allocations);
	end(&f);
}
