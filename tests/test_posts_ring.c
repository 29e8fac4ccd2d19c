/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_posts_ring.c: posts whose ring fails, while other threads post or the
 * loop turns.  What they do meanwhile is done in the failing call itself.
 */
#include <config.h>

#include <errno.h>
#include "loop_fixture.h"

LOOPS(posts_ring, one_whose_wake_fails_is_taken_back)
{
	struct fixture f;
	struct note a = {.f = &f, .letter = 'a'};
	struct note b = {.f = &f, .letter = 'b'};

	begin_real(&f, p);
	support_sys.fails = SUPPORT_SEND;
	support_sys.fail_with = EIO;
	support_sys.fail_at = 1;
	IS(&f, plx_loop_post(f.loop, run_note, &a), -EIO);
	IS(&f, plx_loop_post(f.loop, run_note, &b), 0);
	IS(&f, plx_loop_run_once(f.loop, PLX_NEVER), 0);
	LOGGED(&f, "b");
	end(&f);
}

/* What other threads do while a ring fails, in its place. */
static struct {
	const struct plx_sys *sys; /* the table's own writer */
	void (*meanwhile)(void);
	struct note *note;
} ring;

static ssize_t
fail_to_ring(const struct plx_sys *sys, int fd, const void *buf, size_t n)
{
	(void)fd, (void)buf, (void)n;
	support_sys.sys.write = ring.sys->write;
	cr_assert_eq(sys, &support_sys.sys);
	ring.meanwhile();
	return -EIO;
}

/* The next ring fails; MEANWHILE, N is what there is to do. */
static void
break_ring(void (*meanwhile)(void), struct note *n)
{
	static struct plx_sys before;

	before = support_sys.sys;
	ring.sys = &before;
	ring.meanwhile = meanwhile;
	ring.note = n;
	support_sys.sys.write = fail_to_ring;
}

/* Another function than the loop is given by the one that fails. */
static void
run_other(void *arg)
{
	run_note(arg);
}

static void
post_note(void)
{
	struct note *n = ring.note;

	IS(n->f, plx_loop_post(n->f->loop, run_note, n), 0);
	IS(n->f, plx_loop_post(n->f->loop, run_other, n), 0);
}

LOOPS(posts_ring, one_that_is_taken_back_leaves_those_behind_it)
{
	struct fixture f;
	struct note a = {.f = &f, .letter = 'a'};
	struct note b = {.f = &f, .letter = 'b'};

	begin_real(&f, p);
	break_ring(post_note, &b);
	IS(&f, plx_loop_post(f.loop, run_note, &a), -EIO);
	IS(&f, plx_loop_post(f.loop, run_note, &a), 0);
	IS(&f, plx_loop_run_once(f.loop, PLX_NEVER), 0);
	LOGGED(&f, "bba");
	end(&f);
}

static void
turn_meanwhile(void)
{
	turn(ring.note->f);
}

LOOPS(posts_ring, one_that_has_run_is_not_refused)
{
	struct fixture f;
	struct note a = {.f = &f, .letter = 'a'};

	begin_real(&f, p);
	break_ring(turn_meanwhile, &a);
	IS(&f, plx_loop_post(f.loop, run_note, &a), 0);
	LOGGED(&f, "a");
	end(&f);
}
