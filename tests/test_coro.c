/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_coro.c: the switch keeps what it must and lets nothing across.
 */
#include <config.h>
#include <errno.h>
#include <fenv.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include "coro.h"
#include "coro_work.h"
#include "support.h"

#ifdef __GLIBC__
#include <execinfo.h>
#define HAVE_BACKTRACE 1
#else
#define HAVE_BACKTRACE 0
#endif

#define STACK ((size_t)64 << 10)

struct worker {
	struct plx_coro coro;
	struct plx_coro *back; /* whom it switches to */
	void *stack;
	void (*body)(struct worker *w);
	uint64_t seed, sum;
	int rounding, seen, turns, done;
};

static struct plx_coro home;

static void
run_worker(void *arg)
{
	struct worker *w = arg;

	w->body(w);
	w->done = 1;
	plx__coro_leave(&w->coro, w->back);
}

/*
 * Right above the stack lies what a walk that does not end at the first frame
 * would take for a call from run_worker.
 */
static void
start(struct worker *w, void (*body)(struct worker *w))
{
	uintptr_t above[16];

	if (!w->stack)
		w->stack = aligned_alloc(16, STACK + sizeof(above));
	cr_assert_not_null(w->stack);
	for (size_t i = 0; i < sizeof(above) / sizeof(above[0]); i++)
		above[i] = (uintptr_t)run_worker + 5;
	memcpy((char *)w->stack + STACK, above, sizeof(above));
	w->body = body;
	w->back = &home;
	w->done = 0;
	cr_assert_eq(plx__coro_init(&w->coro, w->stack, STACK, run_worker, w),
		     0);
}

static void
finish(struct worker *w)
{
	plx__coro_fini(&w->coro);
	free(w->stack);
	w->stack = NULL;
}

static void
resume(struct worker *w)
{
	plx__coro_switch(&home, &w->coro);
}

static void
pause_worker(void *arg)
{
	struct worker *w = arg;

	w->turns++;
	plx__coro_switch(&w->coro, w->back);
}

static void
work(struct worker *w)
{
	w->sum = coro_work(w->seed, 40, pause_worker, w);
}

Test(coro, a_switch_keeps_every_register, .timeout = 60)
{
	struct worker a = {.seed = 12345}, b = {.seed = 98765};

	plx__coro_init_thread(&home);
	start(&a, work);
	start(&b, work);
	while (!a.done || !b.done) {
		resume(&a);
		resume(&b);
	}
	cr_assert_eq(a.sum, coro_work(12345, 40, coro_work_no_pause, NULL));
	cr_assert_eq(b.sum, coro_work(98765, 40, coro_work_no_pause, NULL));
	finish(&a);
	finish(&b);
}

static void
resume_other(void *arg)
{
	resume(arg);
}

Test(coro, a_switch_keeps_the_registers_of_the_thread_too, .timeout = 60)
{
	struct worker a = {.seed = 4711};
	uint64_t sum;

	plx__coro_init_thread(&home);
	start(&a, work);
	sum = coro_work(31415, 41, resume_other, &a);
	cr_assert(a.done);
	cr_assert_eq(sum, coro_work(31415, 41, coro_work_no_pause, NULL));
	finish(&a);
}

static void
round_my_way(struct worker *w)
{
	w->seen = fegetround();
	fesetround(w->rounding);
	pause_worker(w);
	w->seen = fegetround();
	pause_worker(w);
}

Test(coro, a_rounding_mode_stays_in_its_coroutine, .timeout = 60)
{
	struct worker up = {.rounding = FE_UPWARD};
	struct worker down = {.rounding = FE_DOWNWARD};

	plx__coro_init_thread(&home);
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

Test(coro, a_new_coroutine_rounds_as_its_maker_does, .timeout = 60)
{
	struct worker w = {.rounding = FE_TONEAREST};

	plx__coro_init_thread(&home);
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

Test(coro, each_of_two_control_words_is_kept_by_itself, .timeout = 60)
{
	struct worker x87 = {.rounding = 1}, sse = {.rounding = 2};

	if (!has_two_control_words())
		cr_skip_test("this processor has one control word");
	plx__coro_init_thread(&home);
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

static void
look_at_alignment(struct worker *w)
{
	_Alignas(16) volatile char aligned[16] = {0};

	w->seen = (int)((uintptr_t)aligned % 16);
	w->turns = (int)((uintptr_t)__builtin_frame_address(0) % 16);
}

Test(coro, a_new_stack_is_aligned, .timeout = 60)
{
	struct worker w = {.seen = -1};

	plx__coro_init_thread(&home);
	start(&w, look_at_alignment);
	resume(&w);
	cr_assert_eq(w.seen, 0);
	cr_assert_eq(w.turns, 0);
	finish(&w);
}

static void *frames[64];
static void *caller;

__attribute__((noinline)) static void
look_back(struct worker *w)
{
	caller = __builtin_return_address(0);
#if HAVE_BACKTRACE
	w->turns = backtrace(frames, 64);
#else
	w->turns = 0;
#endif
}

static int
frames_at(const struct worker *w, const void *place)
{
	int n = 0;

	for (int i = 0; i < w->turns; i++)
		n += frames[i] == place;
	return n;
}

Test(coro, a_backtrace_shows_our_frames_and_ends, .timeout = 60)
{
	struct worker w = {0};

	if (!HAVE_BACKTRACE)
		cr_skip_test("this libc has no backtrace()");
	plx__coro_init_thread(&home);
	start(&w, look_back);
	resume(&w);
	cr_assert_leq(w.turns, 10, "%d frames", w.turns);
	cr_assert_eq(frames_at(&w, caller), 1);
	cr_assert_eq(frames_at(&w, (char *)(uintptr_t)run_worker + 5), 0);
	finish(&w);
}

Test(coro, a_stack_can_be_used_again_after_its_coroutine_left, .timeout = 60)
{
	struct worker w = {.seed = 5};

	plx__coro_init_thread(&home);
	for (int i = 0; i < 100; i++) {
		start(&w, work);
		while (!w.done)
			resume(&w);
		plx__coro_fini(&w.coro);
	}
	cr_assert_eq(w.turns, 4000);
	free(w.stack);
}

Test(coro, a_coroutine_that_never_ran_can_be_forgotten, .timeout = 60)
{
	struct worker w = {0};

	plx__coro_init_thread(&home);
	start(&w, work);
	cr_assert_eq(w.turns, 0);
	finish(&w);
}

static void
hand_over(struct worker *w)
{
	for (int i = 0; i < 100; i++)
		pause_worker(w);
	w->back = &home;
}

Test(coro, coroutines_switch_to_each_other_without_going_home, .timeout = 60)
{
	struct worker a = {0}, b = {0};

	plx__coro_init_thread(&home);
	start(&a, hand_over);
	start(&b, hand_over);
	a.back = &b.coro;
	b.back = &a.coro;
	resume(&a);
	cr_assert(a.done);
	cr_assert_not(b.done);
	cr_assert_eq(a.turns, 100);
	cr_assert_eq(b.turns, 100);
	finish(&a);
	finish(&b);
}

Test(coro, a_thread_may_stand_in_several_records, .timeout = 60)
{
	struct worker w = {.seed = 77};
	struct plx_coro other;

	plx__coro_init_thread(&home);
	start(&w, work);
	resume(&w);
	plx__coro_init_thread(&other);
	w.back = &other;
	plx__coro_switch(&other, &w.coro);
	w.back = &home;
	while (!w.done)
		resume(&w);
	cr_assert_eq(w.sum, coro_work(77, 40, coro_work_no_pause, NULL));
	plx__coro_fini(&other);
	finish(&w);
}

static volatile sig_atomic_t caught;

static void
note_signal(int signo)
{
	caught = signo;
}

static void
raise_signal(struct worker *w)
{
	raise(SIGUSR1);
	work(w);
}

Test(coro, a_signal_is_handled_on_a_coroutines_stack, .timeout = 60)
{
	struct worker w = {.seed = 8};
	struct sigaction act = {.sa_handler = note_signal};

	sigaction(SIGUSR1, &act, NULL);
	plx__coro_init_thread(&home);
	start(&w, raise_signal);
	while (!w.done)
		resume(&w);
	cr_assert_eq(caught, SIGUSR1);
	cr_assert_eq(w.sum, coro_work(8, 40, coro_work_no_pause, NULL));
	finish(&w);
}

Test(coro, a_stack_too_small_or_askew_is_refused, .timeout = 60)
{
	static _Alignas(16) char memory[STACK];
	struct plx_coro c;

	cr_assert_eq(plx__coro_init(&c, memory, 1024, run_worker, NULL),
		     -EINVAL);
	cr_assert_eq(plx__coro_init(&c, memory, STACK - 8, run_worker, NULL),
		     -EINVAL);
}
