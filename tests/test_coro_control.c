/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_coro_control.c: each coroutine has its own control words: how it rounds.
 */
#include <config.h>
#include <fenv.h>
#include "coro_worker.h"

static void
round_my_way(struct worker *w)
{
	w->seen = fegetround();
	fesetround(w->rounding);
	pause_worker(w);
	w->seen = fegetround();
	pause_worker(w);
}

AT_HOME(coro, a_rounding_mode_stays_in_its_coroutine)
{
	struct worker up = {.rounding = FE_UPWARD};
	struct worker down = {.rounding = FE_DOWNWARD};

	start(&up, round_my_way);
	start(&down, round_my_way);
	resume(&up);
	resume(&down);
	cr_assert_eq(down.seen, FE_TONEAREST);
	cr_assert_eq(fegetround(), FE_TONEAREST);
	resume(&up);
	resume(&down);
	cr_assert_eq(up.seen, FE_UPWARD);
	cr_assert_eq(down.seen, FE_DOWNWARD);
	cr_assert_eq(fegetround(), FE_TONEAREST);
	finish(&up);
	finish(&down);
}

AT_HOME(coro, a_new_coroutine_rounds_as_its_maker_does)
{
	struct worker w = {.rounding = FE_TONEAREST};

	fesetround(FE_UPWARD);
	start(&w, round_my_way);
	fesetround(FE_TONEAREST);
	resume(&w);
	cr_assert_eq(w.seen, FE_UPWARD);
	finish(&w);
}

#ifdef __x86_64__
/* 1: the x87 unit rounds up; 2: the SSE unit does. */
static int
get_odd_control(void)
{
	unsigned short x87;
	unsigned mxcsr;

	__asm__ volatile("fnstcw %0\n\tstmxcsr %1" : "=m"(x87), "=m"(mxcsr));
	return ((x87 & 0xc00) == 0x800) | ((mxcsr & 0x6000) == 0x4000 ? 2 : 0);
}

static void
set_odd_control(int which)
{
	unsigned short x87 = which & 1 ? 0x0b7f : 0x037f;
	unsigned mxcsr = which & 2 ? 0x5f80 : 0x1f80;

	__asm__ volatile("fldcw %0\n\tldmxcsr %1" ::"m"(x87), "m"(mxcsr));
}
#else
static int odd_control;

static int
get_odd_control(void)
{
	return odd_control;
}

static void
set_odd_control(int which)
{
	odd_control = which;
}
#endif

static void
control_oddly(struct worker *w)
{
	set_odd_control(w->rounding);
	pause_worker(w);
	w->seen = get_odd_control();
}

static int
has_two_control_words(void)
{
#ifdef __x86_64__
	return 1;
#else
	return 0;
#endif
}

AT_HOME(coro, each_of_two_control_words_is_kept_by_itself)
{
	struct worker x87 = {.rounding = 1}, sse = {.rounding = 2};

	if (!has_two_control_words())
		cr_skip_test("this processor has one control word");
	start(&x87, control_oddly);
	start(&sse, control_oddly);
	resume(&x87);
	cr_assert_eq(get_odd_control(), 0);
	resume(&sse);
	cr_assert_eq(get_odd_control(), 0);
	resume(&x87);
	resume(&sse);
	cr_assert_eq(x87.seen, 1);
	cr_assert_eq(sse.seen, 2);
	cr_assert_eq(get_odd_control(), 0);
	finish(&x87);
	finish(&sse);
}
