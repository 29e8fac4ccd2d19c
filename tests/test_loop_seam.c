/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_loop_seam.c: what the layers above keep with a loop.
 */
#include <config.h>

#include "list.h"
#include "loop_fixture.h"
#include "loop_seam.h"

LOOPS(loop_seam, the_task_layer_finds_its_slot_empty)
{
	struct fixture f;

	begin(&f, p);
	CHECK(&f, plx__loop_sys(f.loop) == &support_sys.sys);
	CHECK(&f, *plx__loop_task_slot(f.loop) == NULL);
	*plx__loop_task_slot(f.loop) = &f;
	CHECK(&f, *plx__loop_task_slot(f.loop) == &f);
	end(&f);
}

struct guest {
	struct plx_loop_guest base;
	struct fixture *f;
	struct plx_call call;
	struct plx_watch watch;
};

static void
leave(struct plx_loop_guest *g, const struct plx_sys *sys)
{
	struct guest *guest = PLX_OF(g, struct guest, base);

	CHECK(guest->f, sys == &support_sys.sys);
	CHECK(guest->f, !guest->watch.direction);
	write_letter(guest->f, 'l');
	sys->resize(sys, guest, 0);
}

static void
never_called(void *arg)
{
	cr_assert_null(arg, "a call of the guest ran");
}

static void
never_ready(struct plx_watch *w, unsigned events)
{
	cr_assert(!w, "a watch of the guest had %#x", events);
}

LOOPS(loop_seam, a_guest_leaves_with_the_loop_and_its_own_memory)
{
	const struct plx_sys *sys = &support_sys.sys;
	struct guest *guest;
	struct fixture f;

	begin(&f, p);
	support_unix_pair(f.fd);
	CHECK(&f, *plx__loop_guest_slot(f.loop) == NULL);
	guest = sys->resize(sys, NULL, sizeof(*guest));
	memset(guest, 0, sizeof(*guest));
	guest->base.leave = leave;
	guest->f = &f;
	guest->watch.fn = never_ready;
	*plx__loop_guest_slot(f.loop) = &guest->base;
	IS(&f, plx_loop_watch(f.loop, &guest->watch, f.fd[0], PLX_READ), 0);
	IS(&f,
	   plx_loop_call_at(f.loop, &guest->call, support_sys.now + PLX_SECOND,
			    never_called, guest),
	   0);
	turn(&f);
	LOGGED(&f, "");
	plx_loop_close(&f.loop);
	LOGGED(&f, "l");
	end(&f);
}

static int
call_first(struct note *n)
{
	return plx__loop_call_first(n->f->loop, &n->call, run_note, n);
}

static void
call_first_again(struct note *n)
{
	IS(n->f, call_first(n), 0);
}

LOOPS(loop_seam, what_comes_first_runs_before_the_question)
{
	struct fixture f;
	struct note a = {.f = &f, .letter = 'a', .then = call_first_again};
	struct note b = {.f = &f, .letter = 'b'};
	struct note c = {.f = &f, .letter = 'c'};

	begin(&f, p);
	IS(&f, call_soon(&c), 0);
	IS(&f, call_first(&a), 0);
	IS(&f, call_first(&a), -EBUSY);
	IS(&f, call_first(&b), 0);
	/* It asks for another turn, so the loop must not sleep. */
	IS(&f, plx_loop_run_once(f.loop, PLX_NEVER), 0);
	LOGGED(&f, "abc");
	plx_loop_cancel(f.loop, &b.call);
	IS(&f, plx_loop_run_once(f.loop, PLX_NEVER), 0);
	LOGGED(&f, "a");
	plx_loop_cancel(f.loop, &a.call);
	turn(&f);
	LOGGED(&f, "");
	end(&f);
}

LOOPS(loop_seam, a_turn_tells_that_it_was_stopped)
{
	struct fixture f;

	begin(&f, p);
	IS(&f, plx__loop_turn(f.loop, 0), 0);
	plx_loop_stop(f.loop);
	IS(&f, plx__loop_turn(f.loop, PLX_NEVER), 1);
	IS(&f, plx__loop_turn(f.loop, 0), 0);
	end(&f);
}

struct notice {
	struct plx_loop_notice base;
	struct fixture *f;
	char letter;
};

static void
hear(struct plx_loop_notice *n)
{
	struct notice *notice = PLX_OF(n, struct notice, base);

	write_letter(notice->f, notice->letter);
}

LOOPS(loop_seam, a_notice_that_is_dropped_is_told_nothing_more)
{
	struct fixture f;
	struct notice a = {.base.run = hear, .f = &f, .letter = 'a'};
	struct notice b = {.base.run = hear, .f = &f, .letter = 'b'};

	begin(&f, p);
	plx__loop_add_notice(f.loop, &a.base);
	plx__loop_add_notice(f.loop, &b.base);
	IS(&f, plx__loop_tell(f.loop), 0);
	IS(&f, plx_loop_run_once(f.loop, PLX_NEVER), 0);
	LOGGED(&f, "ba");
	plx__loop_drop_notice(f.loop, &a.base);
	plx__loop_drop_notice(f.loop, &a.base);
	IS(&f, plx__loop_tell(f.loop), 0);
	IS(&f, plx_loop_run_once(f.loop, PLX_NEVER), 0);
	LOGGED(&f, "b");
	plx__loop_drop_notice(f.loop, &b.base);
	end(&f);
}
