/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_coro.c: the switch keeps what it must and lets nothing across.
 *
 * Control words are in test_coro_control.c.
 */
#include <config.h>
#include <signal.h>
#include "coro_work.h"
#include "coro_worker.h"

#ifdef __GLIBC__
#include <execinfo.h>
#define HAVE_BACKTRACE 1
#else
#define HAVE_BACKTRACE 0
#endif

static void
work(struct worker *w)
{
	w->sum = coro_work(w->seed, 40, pause_worker, w);
}

AT_HOME(coro, a_switch_keeps_every_register)
{
	struct worker a = {.seed = 12345}, b = {.seed = 98765};

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

AT_HOME(coro, a_switch_keeps_the_registers_of_the_thread_too)
{
	struct worker a = {.seed = 4711};
	uint64_t sum;

	start(&a, work);
	sum = coro_work(31415, 41, resume_other, &a);
	cr_assert(a.done);
	cr_assert_eq(sum, coro_work(31415, 41, coro_work_no_pause, NULL));
	finish(&a);
}

/* What lies between the frame's address and what the caller had to align. */
#ifdef __i386__
#define ABOVE_FRAME 8
#else
#define ABOVE_FRAME 0
#endif

/* Few machines align a stack to more than 8 bytes. */
static void
look_at_alignment(struct worker *w)
{
	_Alignas(16) volatile char aligned[16] = {0};
	uintptr_t frame = (uintptr_t)__builtin_frame_address(0);
	int strict = __BIGGEST_ALIGNMENT__ >= 16;

	w->seen = (int)((uintptr_t)aligned % 16);
	w->turns = strict ? (int)((frame + ABOVE_FRAME) % 16) : 0;
}

AT_HOME(coro, a_new_stack_is_aligned)
{
	struct worker w = {.seen = -1};

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

/* In ARM's Thumb code the lowest bit of an address to return to is a mark. */
static int
frames_at(const struct worker *w, const void *place)
{
#ifdef __thumb__
	const uintptr_t mark = 1;
#else
	const uintptr_t mark = 0;
#endif
	int n = 0;

	for (int i = 0; i < w->turns; i++)
		n += ((uintptr_t)frames[i] | mark) == ((uintptr_t)place | mark);
	return n;
}

AT_HOME(coro, a_backtrace_shows_our_frames_and_ends)
{
	struct worker w = {0};

	if (!HAVE_BACKTRACE)
		cr_skip_test("this libc has no backtrace()");
	start(&w, look_back);
	resume(&w);
	cr_assert_leq(w.turns, 10, "%d frames", w.turns);
	cr_assert_eq(frames_at(&w, caller), 1);
	cr_assert_eq(frames_at(&w, (char *)(uintptr_t)run_worker + 5), 0);
	finish(&w);
}

AT_HOME(coro, a_stack_can_be_used_again_after_its_coroutine_left)
{
	struct worker w = {.seed = 5};

	for (int i = 0; i < 100; i++) {
		start(&w, work);
		while (!w.done)
			resume(&w);
		plx__coro_fini(&w.coro);
	}
	cr_assert_eq(w.turns, 4000);
	free(w.stack);
}

AT_HOME(coro, a_coroutine_that_never_ran_can_be_forgotten)
{
	struct worker w = {0};

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

AT_HOME(coro, coroutines_switch_to_each_other_without_going_home)
{
	struct worker a = {0}, b = {0};

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

AT_HOME(coro, a_thread_may_stand_in_several_records)
{
	struct worker w = {.seed = 77};
	struct plx_coro other;

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

AT_HOME(coro, a_signal_is_handled_on_a_coroutines_stack)
{
	struct worker w = {.seed = 8};
	struct sigaction act = {.sa_handler = note_signal};

	sigaction(SIGUSR1, &act, NULL);
	start(&w, raise_signal);
	while (!w.done)
		resume(&w);
	cr_assert_eq(caught, SIGUSR1);
	cr_assert_eq(w.sum, coro_work(8, 40, coro_work_no_pause, NULL));
	finish(&w);
}

static int
is_blocked(int signo)
{
	sigset_t now;

	pthread_sigmask(SIG_BLOCK, NULL, &now);
	return sigismember(&now, signo);
}

static void
let(int signo, int how)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signo);
	pthread_sigmask(how, &set, NULL);
}

static void
change_the_mask(struct worker *w)
{
	w->seen = is_blocked(SIGUSR1);
	let(SIGUSR1, SIG_UNBLOCK);
	pause_worker(w);
	w->seen = is_blocked(SIGUSR1);
}

AT_HOME(coro, the_signal_mask_is_the_threads)
{
	struct worker w = {0};

	start(&w, change_the_mask);
	let(SIGUSR1, SIG_BLOCK);
	resume(&w);
	cr_expect_eq(w.seen, 1, "a new one changes nothing");
	cr_expect_eq(is_blocked(SIGUSR1), 0, "what it let in stays");
	let(SIGUSR1, SIG_BLOCK);
	resume(&w);
	cr_expect_eq(w.seen, 1, "nor does one that stood");
	finish(&w);
}

AT_HOME(coro, a_stack_too_small_or_askew_is_refused)
{
	static _Alignas(16) char memory[STACK];
	struct plx_coro c;

	cr_assert_eq(plx__coro_init(&c, memory, 1024, run_worker, NULL),
		     -EINVAL);
	cr_assert_eq(plx__coro_init(&c, memory, STACK - 8, run_worker, NULL),
		     -EINVAL);
}
