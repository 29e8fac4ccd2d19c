/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_interest.c: what the selector is told about watches, and when: the
 * changes are counted, both those of the loop and, where the kernel keeps a
 * set, its own.
 */
#include <config.h>

#include "loop_fixture.h"

static void
put(struct fixture *f, int fd)
{
	CHECK(f, write(fd, "x", 1) == 1);
}

static uint64_t
changes(struct fixture *f)
{
	return stats_of(f).interest_changes;
}

/* Times the kernel's set was changed; always 0 where there is none. */
static unsigned long
kernel_changes(void)
{
	return support_calls(&support_sys, SUPPORT_CHANGE);
}

/* Takes the message, and asks for the next one from a call. */
static void
watch_again(void *arg)
{
	struct note *n = arg;

	IS(n->f, watch(n, n->f->fd[0], PLX_READ), 0);
}

static void
take(struct note *n)
{
	struct fixture *f = n->f;
	char c;

	plx_loop_unwatch(f->loop, &n->watch);
	CHECK(f, read(f->fd[0], &c, 1) == 1);
	IS(f, plx_loop_call_soon(f->loop, &n->call, watch_again, n), 0);
}

LOOPS(interest, a_message_answered_costs_one_wait_and_no_change)
{
	struct fixture f;
	struct note r = {.f = &f, .letter = 'r', .then = take};
	unsigned long told, waits, memory;

	begin(&f, p);
	support_unix_pair(f.fd);
	IS(&f, watch(&r, f.fd[0], PLX_READ), 0);
	turn(&f);
	told = kernel_changes();
	waits = support_calls(&support_sys, SUPPORT_WAIT);
	memory = support_calls(&support_sys, SUPPORT_RESIZE);
	for (int i = 0; i < 1000; i++) {
		put(&f, f.fd[1]);
		turn(&f);
	}
	CHECK(&f, f.length == 1000);
	CHECK(&f, changes(&f) == 1);
	CHECK(&f, kernel_changes() - told <= 5);
	CHECK(&f, support_calls(&support_sys, SUPPORT_WAIT) == waits + 1000);
	CHECK(&f, support_calls(&support_sys, SUPPORT_RESIZE) == memory);
	end(&f);
}

LOOPS(interest, data_that_nobody_wants_costs_one_change_and_no_spin)
{
	struct fixture f;
	struct note r = {.f = &f, .letter = 'r'};
	uint64_t turns;

	begin(&f, p);
	support_unix_pair(f.fd);
	IS(&f, watch(&r, f.fd[0], PLX_READ), 0);
	plx_loop_unwatch(f.loop, &r.watch);
	turn(&f);
	CHECK(&f, changes(&f) == 1);
	put(&f, f.fd[1]);
	turns = stats_of(&f).turns;
	IS(&f, plx_loop_run(f.loop, support_sys.now + 3600 * PLX_SECOND),
	   -ETIMEDOUT);
	LOGGED(&f, "");
	CHECK(&f, changes(&f) == 2);
	CHECK(&f, stats_of(&f).turns == turns + 2);
	IS(&f, watch(&r, f.fd[0], PLX_READ), 0);
	turn(&f);
	LOGGED(&f, "r");
	CHECK(&f, changes(&f) == 3);
	end(&f);
}

LOOPS(interest, a_writer_that_has_finished_is_taken_out_once)
{
	struct fixture f;
	struct note r = {.f = &f, .letter = 'r'};
	struct note w = {.f = &f, .letter = 'w', .then = unwatch_own};

	begin(&f, p);
	support_unix_pair(f.fd);
	IS(&f, watch(&w, f.fd[0], PLX_WRITE), 0);
	IS(&f, watch(&r, f.fd[0], PLX_READ), 0);
	CHECK(&f, changes(&f) == 1);
	turn(&f);
	LOGGED(&f, "w");
	CHECK(&f, changes(&f) == 2);
	IS(&f, plx_loop_run(f.loop, support_sys.now + 3600 * PLX_SECOND),
	   -ETIMEDOUT);
	CHECK(&f, changes(&f) == 3);
	CHECK(&f, stats_of(&f).turns == 3);
	put(&f, f.fd[1]);
	turn(&f);
	LOGGED(&f, "r");
	CHECK(&f, changes(&f) == 3);
	end(&f);
}

LOOPS(interest, a_direction_that_takes_the_place_of_the_other_costs_one_change)
{
	struct fixture f;
	struct note r = {.f = &f, .letter = 'r'};
	struct note w = {.f = &f, .letter = 'w', .then = unwatch_own};

	begin(&f, p);
	support_unix_pair(f.fd);
	IS(&f, watch(&w, f.fd[0], PLX_WRITE), 0);
	turn(&f);
	IS(&f, watch(&r, f.fd[0], PLX_READ), 0);
	IS(&f, plx_loop_run(f.loop, support_sys.now + 3600 * PLX_SECOND),
	   -ETIMEDOUT);
	LOGGED(&f, "w");
	CHECK(&f, changes(&f) == 2);
	CHECK(&f, stats_of(&f).turns == 2);
	end(&f);
}

LOOPS(interest, a_wish_withdrawn_within_the_turn_costs_nothing)
{
	struct fixture f;
	struct note r = {.f = &f, .letter = 'r'};
	struct note w = {.f = &f, .letter = 'w'};

	begin(&f, p);
	support_unix_pair(f.fd);
	IS(&f, watch(&r, f.fd[0], PLX_READ), 0);
	for (int i = 0; i < 3; i++) {
		IS(&f, watch(&w, f.fd[0], PLX_WRITE), 0);
		plx_loop_unwatch(f.loop, &w.watch);
	}
	plx_loop_unwatch(f.loop, &r.watch);
	turn(&f);
	CHECK(&f, changes(&f) == 1);
	IS(&f, watch(&r, f.fd[0], PLX_READ), 0);
	put(&f, f.fd[1]);
	turn(&f);
	LOGGED(&f, "r");
	CHECK(&f, changes(&f) == 1);
	end(&f);
}

LOOPS(interest, a_change_that_the_kernel_refuses_ends_that_watch_only)
{
	struct fixture f;
	struct note r = {.f = &f, .letter = 'r'};
	struct note w = {.f = &f, .letter = 'w'};
	int64_t before;

	begin(&f, p);
	support_unix_pair(f.fd);
	IS(&f, watch(&r, f.fd[0], PLX_READ), 0);
	IS(&f, watch(&w, f.fd[0], PLX_WRITE), 0);
	support_sys.fails = SUPPORT_CHANGE;
	support_sys.fail_with = ENOSPC;
	support_sys.fail_at = 1;
	before = support_sys.now;
	IS(&f, plx_loop_run_once(f.loop, before + PLX_SECOND), 0);
	if (support_sys.fail_at == 1)
		cr_skip_test("%s: no kernel to refuse it", f.name);
	LOGGED(&f, "w");
	CHECK(&f, support_sys.now == before);
	CHECK(&f, w.events == 0 && w.watch.error == -ENOSPC);
	CHECK(&f, w.watch.direction == 0);
	put(&f, f.fd[1]);
	turn(&f);
	LOGGED(&f, "r");
	IS(&f, watch(&w, f.fd[0], PLX_WRITE), 0);
	turn(&f);
	LOGGED(&f, "rw");
	CHECK(&f, w.watch.error == 0);
	end(&f);
}

static void
replace_other(struct note *n)
{
	struct note *next = n->other->other;

	plx_loop_unwatch(n->f->loop, &n->other->watch);
	IS(n->f, watch(next, n->f->fd[0], PLX_WRITE), 0);
}

LOOPS(interest, a_watch_set_before_the_refusal_of_another_is_told_gets_its_turn)
{
	struct fixture f;
	struct note r = {.f = &f, .letter = 'r'};
	struct note v = {.f = &f, .letter = 'v'};
	struct note w = {.f = &f, .letter = 'w', .other = &v};
	struct note t = {
		.f = &f, .letter = 't', .then = replace_other, .other = &w};

	begin(&f, p);
	support_unix_pair(f.fd);
	IS(&f, watch(&r, f.fd[0], PLX_READ), 0);
	IS(&f, watch(&w, f.fd[0], PLX_WRITE), 0);
	IS(&f, call_after(&t, 0), 0);
	support_sys.fails = SUPPORT_CHANGE;
	support_sys.fail_with = ENOSPC;
	support_sys.fail_at = 1;
	turn(&f);
	turn(&f);
	LOGGED(&f, "tv");
	end(&f);
}

static void
writer_again(struct note *n)
{
	if (!n->events)
		IS(n->f, watch(n, n->f->fd[0], PLX_WRITE), 0);
}

LOOPS(interest, a_refused_watch_may_try_again_from_its_callback)
{
	struct fixture f;
	struct note r = {.f = &f, .letter = 'r'};
	struct note w = {.f = &f, .letter = 'w', .then = writer_again};

	begin(&f, p);
	support_unix_pair(f.fd);
	IS(&f, watch(&r, f.fd[0], PLX_READ), 0);
	IS(&f, watch(&w, f.fd[0], PLX_WRITE), 0);
	support_sys.fails = SUPPORT_CHANGE;
	support_sys.fail_with = ENOSPC;
	support_sys.fail_at = 1;
	turn(&f);
	if (support_sys.fail_at == 1)
		cr_skip_test("%s: no kernel to refuse it", f.name);
	CHECK(&f, w.events == 0 && w.watch.direction == PLX_WRITE);
	turn(&f);
	LOGGED(&f, "ww");
	CHECK(&f, w.events == PLX_WRITE);
	end(&f);
}

LOOPS(interest, a_narrowing_that_the_kernel_refuses_does_not_spin)
{
	struct fixture f;
	struct note r = {.f = &f, .letter = 'r'};
	struct note w = {.f = &f, .letter = 'w', .then = unwatch_own};

	begin(&f, p);
	support_unix_pair(f.fd);
	IS(&f, watch(&w, f.fd[0], PLX_WRITE), 0);
	IS(&f, watch(&r, f.fd[0], PLX_READ), 0);
	turn(&f);
	turn(&f);
	support_sys.fails = SUPPORT_CHANGE;
	support_sys.fail_with = ENOMEM;
	support_sys.fail_at = 1;
	IS(&f, plx_loop_run(f.loop, support_sys.now + 3600 * PLX_SECOND),
	   -ETIMEDOUT);
	CHECK(&f, stats_of(&f).turns <= 4);
	put(&f, f.fd[1]);
	turn(&f);
	LOGGED(&f, "wr");
	end(&f);
}

LOOPS(interest, a_descriptor_closed_unforgotten_fails_its_watches)
{
	struct fixture f;
	struct note r = {.f = &f, .letter = 'r'};
	struct note w = {.f = &f, .letter = 'w'};

	begin(&f, p);
	support_unix_pair(f.fd);
	IS(&f, watch(&r, f.fd[0], PLX_READ), 0);
	IS(&f, watch(&w, f.fd[0], PLX_WRITE), 0);
	close(f.fd[0]);
	f.fd[0] = -1;
	turn(&f);
	LOGGED(&f, "rw");
	CHECK(&f, r.events == 0 && r.watch.error == -EBADF);
	CHECK(&f, w.events == 0 && w.watch.error == -EBADF);
	turn(&f);
	LOGGED(&f, "");
	end(&f);
}

LOOPS(interest, a_widened_wish_finds_the_new_file_under_an_old_number)
{
	struct fixture f;
	struct note r = {.f = &f, .letter = 'r'};
	struct note w = {.f = &f, .letter = 'w', .then = unwatch_own};
	int other[2];

	begin(&f, p);
	support_unix_pair(f.fd);
	support_unix_pair(other);
	IS(&f, watch(&r, f.fd[0], PLX_READ), 0);
	plx_loop_unwatch(f.loop, &r.watch);
	CHECK(&f, dup2(other[0], f.fd[0]) == f.fd[0]);
	close(other[0]);
	IS(&f, watch(&r, f.fd[0], PLX_READ), 0);
	IS(&f, watch(&w, f.fd[0], PLX_WRITE), 0);
	put(&f, other[1]);
	turn(&f);
	LOGGED(&f, "rw");
	close(other[1]);
	end(&f);
}
