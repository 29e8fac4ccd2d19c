/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * loop.c: one turn after the other.
 *
 * A turn runs what is to come first, tells the selector what has come to be
 * wished, asks it once, reads the clock once and then runs callbacks: timers
 * that are due, watches, what other threads and signals left, the calls that
 * wait by then, and the tasks that are ready.  So a message that is answered
 * from a call or a task costs no second question, and a call that calls itself
 * again does not keep the descriptors from being looked at.
 *
 * The loop is the one place that retries a wait which a signal cut short.
 */
#include <config.h>

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <pollux/loop.h>
#include <pollux/selector.h>

#include "clock.h"
#include "loop_int.h"
#include "loop_seam.h"
#include "selector_int.h"
#include "signals.h"
#include "sys.h"

int
plx_loop_open(const struct plx_loop_options *options, plx_loop **out)
{
	static const struct plx_loop_options defaults;
	const struct plx_loop_options *o = options ? options : &defaults;
	const struct plx_sys *sys = plx__sys_or_real(o->sys);
	plx_loop *loop = sys->resize(sys, NULL, sizeof(*loop));
	int err;

	if (!loop)
		return -ENOMEM;
	memset(loop, 0, offsetof(struct plx_loop, ready));
	loop->sys = sys;
	loop->tail = &loop->no_tail;
	plx__calls_init(&loop->calls);
	plx__watches_init(&loop->watches);
	err = plx__posts_init(&loop->posts);
	if (err < 0)
		goto free_loop;
	err = plx__selector_open(o->backend, sys, &loop->selector);
	if (err < 0)
		goto free_posts;
	loop->cap = plx__selector_batch(loop->selector);
	loop->now = sys->now(sys);
	*out = loop;
	return 0;
free_posts:
	plx__posts_fini(&loop->posts, sys);
free_loop:
	sys->resize(sys, loop, 0);
	return err;
}

void
plx_loop_close(plx_loop **ref)
{
	plx_loop *loop = *ref;
	const struct plx_sys *sys;

	*ref = NULL;
	if (!loop)
		return;
	sys = loop->sys;
	plx__signals_fini(loop);
	if (plx__loop_forked(loop))
		plx__posts_on_fork(&loop->posts);
	plx__calls_fini(&loop->calls, sys);
	plx__watches_fini(&loop->watches, sys);
	plx__posts_fini(&loop->posts, sys);
	plx_selector_close(&loop->selector);
	if (loop->guest)
		loop->guest->leave(loop->guest, sys);
	sys->resize(sys, loop, 0);
}

/* How long this turn may wait for descriptors. */
static int64_t
wait_until(plx_loop *loop, int64_t deadline)
{
	if (loop->stopping || loop->tail->wanted ||
	    plx__watches_pending(&loop->watches) ||
	    atomic_load_explicit(&loop->notified, memory_order_relaxed))
		return 0;
	return plx__time_first(plx__calls_deadline(&loop->calls), deadline);
}

/*
 * Takes the notice back, then looks what it was about.  A turn that takes it
 * back without having seen the wake sees the wake in the next one, for
 * nothing; but no notice waits unseen.
 */
static void
run_notices(plx_loop *loop)
{
	struct plx_loop_notice *n;

	atomic_exchange(&loop->notified, 0);
	loop->stats.calls += plx__posts_run(&loop->posts);
	plx__signals_run(loop);
	for (n = loop->notices; n; n = n->next)
		n->run(n);
}

/* What comes before the question.  0; or -ECHILD, and nothing has run. */
static __attribute__((noinline)) int
run_first(plx_loop *loop)
{
	if (plx__loop_forked(loop))
		return -ECHILD;
	plx__calls_run_list(&loop->calls, &loop->calls.first);
	return 0;
}

static int
turn(plx_loop *loop, int64_t deadline)
{
	int n = 0;

	if (plx__calls_wait(&loop->calls.first))
		n = run_first(loop);
	if (n == 0 && plx__watches_unsettled(&loop->watches))
		n = plx__watches_settle(loop);
	if (n < 0)
		return n;
	deadline = wait_until(loop, deadline);
	do {
		n = plx_selector_select(loop->selector, loop->ready, loop->cap,
					deadline);
	} while (n == -EINTR);
	if (n < 0)
		return n;
	loop->now = loop->sys->now(loop->sys);
	loop->stats.turns++;
	loop->watches.turn++;
	loop->stats.calls += plx__calls_run_due(&loop->calls, loop->now);
	plx__watches_run(loop, loop->ready, n);
	if (atomic_load_explicit(&loop->notified, memory_order_relaxed))
		run_notices(loop);
	loop->stats.calls += plx__calls_run_soon(&loop->calls);
	if (loop->tail->wanted)
		loop->tail->run(loop->tail);
	return 0;
}

int
plx__loop_turn(plx_loop *loop, int64_t deadline)
{
	int r;

	if (loop->running)
		return -EBUSY;
	loop->running = 1;
	r = turn(loop, deadline);
	if (r == 0 && loop->stopping)
		r = 1;
	loop->stopping = 0;
	loop->running = 0;
	return r;
}

int
plx_loop_run_once(plx_loop *loop, int64_t deadline)
{
	int r = plx__loop_turn(loop, deadline);

	return r < 0 ? r : 0;
}

int
plx_loop_run(plx_loop *loop, int64_t deadline)
{
	int err;

	if (loop->running)
		return -EBUSY;
	loop->running = 1;
	do {
		err = turn(loop, deadline);
		if (!err && !loop->stopping &&
		    plx__time_left(deadline, loop->now) == 0)
			err = -ETIMEDOUT;
	} while (!err && !loop->stopping);
	loop->stopping = 0;
	loop->running = 0;
	return err;
}

void
plx_loop_stop(plx_loop *loop)
{
	loop->stopping = 1;
}

int64_t
plx_loop_now(const plx_loop *loop)
{
	return loop->now;
}

const char *
plx_loop_backend(const plx_loop *loop)
{
	return plx_selector_backend(loop->selector);
}

void
plx_loop_stats(const plx_loop *loop, struct plx_loop_stats *out)
{
	*out = loop->stats;
}

int
plx_loop_wake(plx_loop *loop)
{
	return plx_selector_wake(loop->selector);
}

int
plx_loop_on_fork(plx_loop *loop)
{
	struct plx_loop_notice *n;
	int err;

	if (!plx__loop_forked(loop))
		return 0;
	err = plx__posts_on_fork(&loop->posts);
	if (err < 0)
		return err;
	/* What can fail ends here: after it this is no forked loop. */
	err = plx_selector_reinit(loop->selector);
	if (err < 0)
		return err;
	atomic_store(&loop->notified, 0);
	plx__signals_on_fork(loop);
	for (n = loop->notices; n; n = n->next)
		n->forked(n);
	/* The last, for it calls back. */
	plx__watches_on_fork(loop);
	return 0;
}

const struct plx_sys *
plx__loop_sys(const struct plx_loop *loop)
{
	return loop->sys;
}

void
plx__loop_set_tail(struct plx_loop *loop, struct plx_loop_tail *tail)
{
	loop->tail = tail ? tail : &loop->no_tail;
}

void **
plx__loop_task_slot(struct plx_loop *loop)
{
	return &loop->task_slot;
}

struct plx_loop_guest **
plx__loop_guest_slot(struct plx_loop *loop)
{
	return &loop->guest;
}

void
plx__loop_add_notice(struct plx_loop *loop, struct plx_loop_notice *n)
{
	n->next = loop->notices;
	loop->notices = n;
}

void
plx__loop_drop_notice(struct plx_loop *loop, struct plx_loop_notice *n)
{
	struct plx_loop_notice **p = &loop->notices;

	while (*p && *p != n)
		p = &(*p)->next;
	if (*p)
		*p = n->next;
}

int
plx__loop_tell(struct plx_loop *loop)
{
	return plx__loop_notify(loop);
}

int
plx__loop_check(const struct plx_loop *loop)
{
	return plx__loop_forked(loop) ? -ECHILD : 0;
}
