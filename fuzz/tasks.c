/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tasks.c: tasks under input: they spawn, cancel and join each other, open
 * scopes and nurseries within one another, send, lock, wait for the first of
 * several things, and defer; an allocation fails now and then.
 *
 * All of them read one input, so what each does depends on whose turn it is,
 * which is determined.  Only the first task's waits all have deadlines; at the
 * end it cancels the nursery that the others are in.  Then every task that was
 * spawned has run and ended, what was deferred has been called once, each item
 * sent was received or discarded once, and nothing is left.
 */
#include <config.h>

#include "tasks.h"

struct tasks_world w;

static void live(struct actor *a);

static void
tempt(void)
{
	support_sys.fails = SUPPORT_RESIZE | SUPPORT_MAP;
	support_sys.fail_with = ENOMEM;
	support_sys.fail_at = 1 + (long)fuzz_below(&w.input, 4);
}

static int
begin_life(void *arg)
{
	struct actor a = {.home = arg};

	live(&a);
	w.ended++;
	a.home->live--;
	return fuzz_chance(&w.input, 16) ? -EIO : (int)fuzz_below(&w.input, 3);
}

static void
do_spawn(struct actor *a)
{
	int i = (int)fuzz_below(&w.input, HANDLES), r;
	plx_task **out = w.handles[i].task ? NULL : &w.handles[i].task;

	if (w.spawned - w.ended >= TASKS)
		return;
	r = plx_spawn(a->home->nursery, begin_life, a->home, out);
	FUZZ_SO(r == 0 || r == -ENOMEM || r == -EINVAL);
	if (r < 0)
		return;
	w.spawned++;
	a->home->live++;
}

static void
do_cancel(struct actor *a)
{
	int i = (int)fuzz_below(&w.input, HANDLES);

	(void)a;
	if (w.handles[i].task)
		plx_cancel(w.handles[i].task);
}

static void
do_join(struct actor *a)
{
	int i = (int)fuzz_below(&w.input, HANDLES), result = -1000, r;
	int busy = w.handles[i].joined;
	int self = w.handles[i].task == plx_self();
	int64_t deadline = some_deadline(a);

	if (!w.handles[i].task)
		return;
	w.handles[i].joined = 1;
	r = plx_join(w.handles[i].task, &result, deadline);
	if (self || busy) {
		FUZZ_SO(r == -EDEADLK || r == -EBUSY || r == -ECANCELED);
		w.handles[i].joined = busy;
		return;
	}
	w.handles[i].joined = 0;
	FUZZ_SO(r == 0 || is_usual(r));
	if (r == 0)
		w.handles[i].task = NULL;
	FUZZ_SO((result == -1000) == (r < 0));
}

static void
do_detach(struct actor *a)
{
	int i = (int)fuzz_below(&w.input, HANDLES);

	(void)a;
	if (!w.handles[i].task || w.handles[i].joined)
		return;
	plx_detach(w.handles[i].task);
	w.handles[i].task = NULL;
}

void
live_deeper(struct actor *a)
{
	a->depth++;
	live(a);
	a->depth--;
}

/* The same in PLACE, a scope or a nursery. */
static void
live_within(struct actor *a, const void *place)
{
	const void *before = a->within;

	a->within = place;
	live_deeper(a);
	a->within = before;
}

/* PLACE was left: what was deferred in it has been called. */
static void
check_deferred(const void *place)
{
	for (int i = 0; i < w.defers; i++) {
		if (w.deferred_in[i] != place)
			continue;
		FUZZ_SO(w.called[i] != 0);
		w.deferred_in[i] = NULL;
	}
}

static void
do_scope(struct actor *a)
{
	struct plx_scope s;
	int shield = fuzz_chance(&w.input, 4), r;
	int64_t deadline = some_deadline(a);

	if (shield)
		r = plx_scope_shield(&s, support_sys.now + PLX_MILLISECOND,
				     PLX_NEVER);
	else
		r = plx_scope_enter(&s, deadline);
	if (r == -ENOMEM)
		return;
	FUZZ_SO(r == 0);
	w.scope = &s;
	a->shields += shield;
	live_within(a, &s);
	a->shields -= shield;
	w.scope = NULL;
	r = plx_scope_leave(&s, plx_checkpoint());
	check_deferred(&s);
	FUZZ_SO(r == 0 || is_usual(r));
}

static void
do_scope_cancel(struct actor *a)
{
	(void)a;
	if (w.scope)
		plx_scope_cancel(w.scope);
}

static void
do_nursery(struct actor *a)
{
	struct plx_nursery_options o = {
		.policy = (enum plx_policy)fuzz_below(&w.input, 3)};
	struct home *outer = a->home, home = {0};
	int r = plx_nursery_open(&o, &home.nursery);

	if (r == -ENOMEM)
		return;
	FUZZ_SO(r == 0);
	a->home = &home;
	do_spawn(a);
	live_within(a, &home);
	a->home = outer;
	if (fuzz_chance(&w.input, 2) || a->first || a->shields)
		plx_nursery_cancel(home.nursery);
	r = plx_nursery_close(&home.nursery, 0);
	FUZZ_SO(r >= 0 || is_usual(r) || r == -EIO || r == -EPROTO);
	FUZZ_SO(home.live == 0 && !home.nursery);
	check_deferred(&home);
}

static void
call_deferred(void *arg)
{
	signed char *called = arg;

	FUZZ_SO(*called == 0);
	*called = 1;
	if (fuzz_chance(&w.input, 4))
		plx_sleep(PLX_MILLISECOND);
}

static void
do_defer(struct actor *a)
{
	signed char *called = &w.called[w.defers];
	int run = fuzz_chance(&w.input, 2);

	if (w.defers == DEFERS)
		return;
	if (plx_defer(call_deferred, called) < 0)
		return;
	w.deferred_in[w.defers++] = a->within;
	if (fuzz_chance(&w.input, 3)) {
		FUZZ_SO(plx_undefer(call_deferred, called, run) == 0);
		FUZZ_SO(*called == run);
		*called = run ? 1 : -1;
	}
}

/* Opened and never left. */
static void
do_abandon(struct actor *a)
{
	if (a->first || a->depth > 0 || w.abandonments == DEFERS ||
	    !fuzz_chance(&w.input, 4))
		return;
	plx_scope_enter(&w.abandoned[w.abandonments++],
			support_sys.now + PLX_MILLISECOND);
}

static void
do_sleep(struct actor *a)
{
	int64_t when = support_sys.now + fuzz_below(&w.input, 5) * 500000;
	int r = plx_sleep_until(when);

	(void)a;
	FUZZ_SO(r == 0 || r == -ECANCELED || r == -ENOMEM);
	FUZZ_SO(r < 0 || support_sys.now >= when);
}

static void
step(struct actor *a)
{
	static void (*const steps[])(struct actor * a) = {
		do_send,    do_send,	    do_recv,	do_recv,
		do_spawn,   do_spawn,	    do_cancel,	do_join,
		do_detach,  do_scope,	    do_scope,	do_scope_cancel,
		do_defer,   do_defer,	    do_nursery, do_nursery,
		do_lock,    do_semaphore,   do_event,	do_event,
		do_sleep,   do_channel_end, do_any,	do_any,
		do_abandon,
	};

	if (fuzz_chance(&w.input, 24))
		tempt();
	steps[fuzz_below(&w.input, 25)](a);
	support_sys.fail_at = 0;
	FUZZ_SO(plx_self());
}

/* Until the input says that it is enough. */
static void
live(struct actor *a)
{
	while (fuzz_more(&w.input) && w.steps-- > 0) {
		if (a->depth >= DEPTH || fuzz_chance(&w.input, 8))
			break;
		step(a);
	}
}

static int
first_task(void *arg)
{
	struct plx_nursery_options o = {.policy = PLX_COLLECT};
	struct home home = {0};
	struct actor a = {.home = &home, .first = 1};
	int r;

	(void)arg;
	for (int i = 0; i < CHANNELS; i++)
		open_channel(i);
	FUZZ_SO(plx_nursery_open(&o, &home.nursery) == 0);
	while (fuzz_more(&w.input) && w.steps > 0)
		live(&a);
	support_sys.fail_at = 0;
	plx_nursery_cancel(home.nursery);
	r = plx_nursery_close(&home.nursery, 0);
	if (r > 0 || home.live)
		fuzz_fail("closed with %d, %d alive", r, home.live);
	return 0;
}

/* What holds when all is over. */
static void
check(void)
{
	for (int i = 0; i < CHANNELS; i++)
		plx_channel_free(&w.channels[i]);
	FUZZ_SO(w.spawned == w.ended);
	for (int i = 0; i < w.defers; i++)
		FUZZ_SO(w.called[i] != 0);
	for (uint32_t i = 0; i < w.items; i++)
		FUZZ_SO(w.sent[i] == w.received[i]);
	FUZZ_SO(plx_semaphore_value(&w.semaphore) == 2);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct support_mark mark = fuzz_begin();
	const struct plx_run_options o = {.sys = &support_sys.sys,
					  .stack_size = STACK};

	memset(&w, 0, sizeof(w));
	w.input = (struct fuzz){data, data + size};
	w.steps = STEPS;
	plx_semaphore_init(&w.semaphore, 2, 2);
	FUZZ_SO(plx_run(&o, first_task, NULL) == 0);
	check();
	fuzz_end(mark);
	return 0;
}
