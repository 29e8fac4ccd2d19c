/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_loop.c: turns, their order, stopping, and calls soon.
 *
 * Watches, timers, posts and signals have files of their own; here they only
 * show in which order a turn runs them, and that none keeps another waiting.
 */
#include <config.h>

#include <sys/wait.h>
#include "loop_fixture.h"

static void
again_soon(struct note *n)
{
	call_soon(n);
}

static void
other_soon(struct note *n)
{
	call_soon(n->other);
}

static void
run_inside(struct note *n)
{
	IS(n->f, plx_loop_run_once(n->f->loop, 0), -EBUSY);
	IS(n->f, plx_loop_run(n->f->loop, 0), -EBUSY);
}

LOOPS(loop, a_fresh_loop_has_nothing_to_do)
{
	struct fixture f;

	begin(&f, p);
	turn(&f);
	CHECK(&f, stats_of(&f).turns == 1);
	CHECK(&f, stats_of(&f).calls == 0);
	CHECK(&f, stats_of(&f).events == 0);
	CHECK(&f, plx_loop_now(f.loop) == support_sys.now);
	end(&f);
}

LOOPS(loop, calls_run_once_and_in_order)
{
	struct fixture f;
	struct note a = {.f = &f, .letter = 'a'};
	struct note b = {.f = &f, .letter = 'b'};
	struct note c = {.f = &f, .letter = 'c'};

	begin(&f, p);
	IS(&f, call_soon(&b), 0);
	IS(&f, call_soon(&a), 0);
	IS(&f, call_soon(&c), 0);
	IS(&f, call_soon(&a), -EBUSY);
	IS(&f, call_after(&a, 0), -EBUSY);
	LOGGED(&f, "");
	turn(&f);
	LOGGED(&f, "bac");
	turn(&f);
	LOGGED(&f, "");
	CHECK(&f, stats_of(&f).calls == 3);
	end(&f);
}

LOOPS(loop, a_call_made_by_a_call_waits_for_the_next_turn)
{
	struct fixture f;
	struct note a = {.f = &f, .letter = 'a', .then = again_soon};

	begin(&f, p);
	call_soon(&a);
	turn(&f);
	LOGGED(&f, "a");
	turn(&f);
	LOGGED(&f, "a");
	end(&f);
	CHECK(&f, a.call.place == 0);
}

LOOPS(loop, a_call_can_cancel_the_next_of_its_batch)
{
	struct fixture f;
	struct note b = {.f = &f, .letter = 'b'};
	struct note a = {
		.f = &f, .letter = 'a', .then = cancel_other, .other = &b};
	struct note c = {.f = &f, .letter = 'c'};

	begin(&f, p);
	call_soon(&a);
	call_soon(&b);
	call_soon(&c);
	turn(&f);
	LOGGED(&f, "ac");
	plx_loop_cancel(f.loop, &a.call);
	IS(&f, call_soon(&b), 0);
	turn(&f);
	LOGGED(&f, "b");
	end(&f);
}

LOOPS(loop, a_call_that_repeats_itself_starves_neither_watches_nor_timers)
{
	struct fixture f;
	struct note a = {.f = &f, .letter = 'a', .then = again_soon};
	struct note t = {.f = &f, .letter = 't'};
	struct note w = {.f = &f, .letter = 'w', .then = unwatch_own};

	begin(&f, p);
	support_pipe(f.fd);
	IS(&f, watch(&w, f.fd[0], PLX_READ), 0);
	call_soon(&a);
	turn(&f);
	LOGGED(&f, "a");
	call_after(&t, 0);
	CHECK(&f, write(f.fd[1], "x", 1) == 1);
	turn(&f);
	LOGGED(&f, "twa");
	end(&f);
}

LOOPS(loop, what_timers_and_watches_call_soon_runs_in_the_same_turn)
{
	struct fixture f;
	struct note x = {.f = &f, .letter = 'x'};
	struct note y = {.f = &f, .letter = 'y'};
	struct note t = {
		.f = &f, .letter = 't', .then = other_soon, .other = &x};
	struct note w = {
		.f = &f, .letter = 'w', .then = other_soon, .other = &y};

	begin(&f, p);
	support_pipe(f.fd);
	CHECK(&f, write(f.fd[1], "x", 1) == 1);
	IS(&f, watch(&w, f.fd[0], PLX_READ), 0);
	call_after(&t, 0);
	turn(&f);
	LOGGED(&f, "twxy");
	end(&f);
}

LOOPS(loop, run_returns_0_after_a_stop_and_can_go_on)
{
	struct fixture f;
	struct note a = {.f = &f, .letter = 'a', .then = stop_loop};
	struct note b = {.f = &f, .letter = 'b'};

	begin(&f, p);
	call_soon(&a);
	call_soon(&b);
	IS(&f, plx_loop_run(f.loop, PLX_NEVER), 0);
	LOGGED(&f, "ab");
	call_soon(&b);
	IS(&f, plx_loop_run(f.loop, 0), -ETIMEDOUT);
	LOGGED(&f, "b");
	end(&f);
}

LOOPS(loop, a_stop_before_run_makes_one_turn_that_does_not_block)
{
	struct fixture f;
	int64_t before;

	begin(&f, p);
	before = support_sys.now;
	plx_loop_stop(f.loop);
	IS(&f, plx_loop_run(f.loop, before + PLX_SECOND), 0);
	CHECK(&f, support_sys.now == before);
	CHECK(&f, stats_of(&f).turns == 1);
	IS(&f, plx_loop_run(f.loop, before + PLX_SECOND), -ETIMEDOUT);
	CHECK(&f, support_sys.now == before + PLX_SECOND);
	end(&f);
}

LOOPS(loop, run_ends_at_its_deadline)
{
	struct fixture f;
	int64_t before;

	begin(&f, p);
	before = support_sys.now;
	IS(&f, plx_loop_run(f.loop, before + 3 * PLX_MILLISECOND), -ETIMEDOUT);
	CHECK(&f, support_sys.now == before + 3 * PLX_MILLISECOND);
	CHECK(&f, plx_loop_now(f.loop) == support_sys.now);
	IS(&f, plx_loop_run(f.loop, 0), -ETIMEDOUT);
	IS(&f, plx_loop_run_once(f.loop, before + 5 * PLX_MILLISECOND), 0);
	CHECK(&f, support_sys.now == before + 5 * PLX_MILLISECOND);
	end(&f);
}

LOOPS(loop, an_idle_loop_makes_no_wake_ups)
{
	struct fixture f;
	struct note w = {.f = &f, .letter = 'w'};
	unsigned long waits;

	begin(&f, p);
	support_unix_pair(f.fd);
	IS(&f, watch(&w, f.fd[0], PLX_READ), 0);
	waits = support_calls(&support_sys, SUPPORT_WAIT);
	IS(&f, plx_loop_run(f.loop, support_sys.now + 86400 * PLX_SECOND),
	   -ETIMEDOUT);
	CHECK(&f, support_calls(&support_sys, SUPPORT_WAIT) - waits <= 2);
	CHECK(&f, stats_of(&f).turns == 1);
	LOGGED(&f, "");
	end(&f);
}

LOOPS(loop, run_inside_run_is_refused)
{
	struct fixture f;
	struct note a = {.f = &f, .letter = 'a', .then = run_inside};

	begin(&f, p);
	call_soon(&a);
	turn(&f);
	LOGGED(&f, "a");
	end(&f);
}

LOOPS(loop, a_wait_cut_short_by_a_signal_goes_on_until_its_deadline)
{
	struct fixture f;
	int64_t until;

	begin(&f, p);
	until = support_sys.now + PLX_SECOND;
	support_sys.fails = SUPPORT_WAIT;
	support_sys.fail_with = EINTR;
	support_sys.fail_at = 1;
	IS(&f, plx_loop_run(f.loop, until), -ETIMEDOUT);
	CHECK(&f, support_sys.fail_at == 0);
	CHECK(&f, support_sys.now == until);
	CHECK(&f, stats_of(&f).turns == 1);
	end(&f);
}

LOOPS(loop, an_error_of_the_selector_ends_the_run)
{
	struct fixture f;
	struct note a = {.f = &f, .letter = 'a'};

	begin(&f, p);
	call_soon(&a);
	support_sys.fails = SUPPORT_WAIT;
	support_sys.fail_with = ENOMEM;
	support_sys.fail_at = 1;
	IS(&f, plx_loop_run(f.loop, PLX_NEVER), -ENOMEM);
	LOGGED(&f, "");
	IS(&f, plx_loop_run(f.loop, 0), -ETIMEDOUT);
	LOGGED(&f, "a");
	end(&f);
}

LOOPS(loop, a_wake_ends_the_next_wait)
{
	struct fixture f;
	int64_t before;

	begin(&f, p);
	before = support_sys.now;
	IS(&f, plx_loop_wake(f.loop), 0);
	IS(&f, plx_loop_wake(f.loop), 0);
	IS(&f, plx_loop_run_once(f.loop, before + PLX_SECOND), 0);
	CHECK(&f, support_sys.now == before);
	IS(&f, plx_loop_run_once(f.loop, before + PLX_SECOND), 0);
	CHECK(&f, support_sys.now == before + PLX_SECOND);
	end(&f);
}

LOOPS(loop, close_makes_what_waits_idle)
{
	struct fixture f;
	struct note a = {.f = &f, .letter = 'a'};
	struct note t = {.f = &f, .letter = 't'};
	struct note w = {.f = &f, .letter = 'w'};

	begin(&f, p);
	support_pipe(f.fd);
	call_soon(&a);
	call_after(&t, PLX_SECOND);
	IS(&f, watch(&w, f.fd[0], PLX_READ), 0);
	end(&f);
	CHECK(&f, !a.call.place && !t.call.place && !w.watch.direction);
}

LOOPS(loop, open_fails_cleanly_whatever_is_refused)
{
	struct plx_loop_options options = {
		.backend = p->name,
		.sys = &support_sys.sys,
	};
	struct support_mark mark = support_begin(p->name);
	plx_loop *loop = NULL;
	int err = -ENOMEM;
	int k;

	for (k = 1; err; k++) {
		support_sys.fails = SUPPORT_RESIZE | SUPPORT_OPEN;
		support_sys.fail_with = ENOMEM;
		support_sys.fail_at = k;
		err = plx_loop_open(&options, &loop);
		support_sys.fail_at = 0;
		cr_assert(err == 0 || (err == -ENOMEM && !loop),
			  "%s: refusal %d gives %d", p->name, k, err);
		if (err)
			support_end(mark, p->name);
	}
	cr_assert(k > 2, "%s: nothing was refused", p->name);
	plx_loop_close(&loop);
	support_end(mark, p->name);
}

/* In the child of a fork: what must hold there, as an exit status. */
static int
child_of(struct fixture *f, struct note *a, struct note *w)
{
	if (plx_loop_run_once(f->loop, 0) != -ECHILD)
		return 1;
	if (plx_loop_on_fork(f->loop) != 0)
		return 2;
	if (plx_loop_run_once(f->loop, 0) != 0)
		return 3;
	if (strcmp(f->log, "wa") != 0 || a->call.place)
		return 4;
	plx_loop_unwatch(f->loop, &w->watch);
	plx_loop_close(&f->loop);
	return 0;
}

LOOPS(loop, a_forked_child_goes_on_after_on_fork)
{
	struct fixture f;
	struct note a = {.f = &f, .letter = 'a'};
	struct note w = {.f = &f, .letter = 'w'};
	int status = -1;
	pid_t pid;

	begin(&f, p);
	support_unix_pair(f.fd);
	IS(&f, watch(&w, f.fd[0], PLX_READ), 0);
	CHECK(&f, write(f.fd[1], "x", 1) == 1);
	call_soon(&a);
	pid = fork();
	if (pid == 0)
		_exit(child_of(&f, &a, &w));
	CHECK(&f, waitpid(pid, &status, 0) == pid);
	cr_assert_eq(status, 0, "%s: status %#x", f.name, status);
	turn(&f);
	LOGGED(&f, "wa");
	end(&f);
}

Test(loop, open_without_options_finds_a_backend)
{
	struct support_mark mark = support_begin(NULL);
	int64_t before = plx_now();
	plx_loop *loop;

	cr_assert_eq(plx_loop_open(NULL, &loop), 0);
	cr_assert_not_null(plx_loop_backend(loop));
	cr_assert_geq(plx_loop_now(loop), before);
	cr_assert_eq(plx_loop_run_once(loop, 0), 0);
	plx_loop_close(&loop);
	plx_loop_close(&loop);
	support_end(mark, NULL);
}

Test(loop, an_unknown_backend_is_an_error)
{
	const struct plx_loop_options options = {.backend = "nonsense"};
	plx_loop *loop = NULL;

	cr_assert_eq(plx_loop_open(&options, &loop), -EINVAL);
	cr_assert_null(loop);
}
