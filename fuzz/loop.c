/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * loop.c: a loop under input, beside a model that knows what runs in a turn.
 *
 * Calls, soon and at times, posts and watches come, go and move, from outside
 * and from each other's callbacks, and an allocation fails now and then.
 * loop_model.c says what each turn has to run, and in which order.
 */
#include <config.h>

#include "loop_model.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
#include <pollux/selector.h>

static void act(void);

/* Every callback ends with this. */
static void
go_on(void)
{
	FUZZ_SO(plx_loop_run_once(w.loop, 0) == -EBUSY);
	for (uint32_t n = fuzz_below(&w.input, 3); n > 0; n--)
		act();
	if (w.running && (--w.fuel <= 0 || !fuzz_more(&w.input)))
		plx_loop_stop(w.loop);
}

static void
on_call(void *arg)
{
	int i = (int)((struct plx_call *)arg - w.calls);

	enter_turn();
	if (w.model[i].state == DUE) {
		FUZZ_SO(w.part == TIMERS && first_in(DUE) == i);
	} else {
		advance(CALLED);
		FUZZ_SO(first_in(RUNNING) == i);
	}
	w.model[i].state = IDLE;
	go_on();
}

static void
on_post(void *arg)
{
	enter_turn();
	advance(POSTED);
	FUZZ_SO(w.run < w.batch && arg == &w.posts[w.run % POSTS]);
	w.run++;
	go_on();
}

static void
on_watch(struct plx_watch *watch, unsigned events)
{
	int i = (int)(watch - w.watches);

	if (events == 0) {
		FUZZ_SO(w.leaving == fd_of(i) && watch->error == -EPIPE);
		w.watched[i].ready = 0;
		FUZZ_SO(plx_loop_watch(w.loop, watch, fd_of(i),
				       direction_of(i)) == -EBADF);
		return;
	}
	enter_turn();
	advance(EVENTS);
	FUZZ_SO(w.watched[i].ready && w.watched[i].since < w.turn);
	FUZZ_SO(events & direction_of(i));
	w.watched[i].ready = 0;
	go_on();
}

/* Lets the next allocation fail, sometimes: R is what came of it. */
static void
tempt(void)
{
	support_sys.fails = SUPPORT_RESIZE;
	support_sys.fail_with = ENOMEM;
	support_sys.fail_at = fuzz_chance(&w.input, 16);
}

static int
has_failed(int r)
{
	int failed = support_sys.fails && support_sys.fail_at == 0;

	support_sys.fail_at = 0;
	support_sys.fails = 0;
	if (r == -ENOMEM)
		FUZZ_SO(failed);
	return r == -ENOMEM;
}

static int
some_call(void)
{
	return (int)fuzz_below(&w.input, CALLS);
}

static int64_t
some_time(void)
{
	int64_t now = plx_loop_now(w.loop);

	switch (fuzz_below(&w.input, 8)) {
	case 0:
		return PLX_NEVER;
	case 1:
		return now;
	case 2:
		return now - fuzz_below(&w.input, 256);
	case 3:
		return fuzz_chance(&w.input, 2) ? INT64_MAX : INT64_MIN;
	case 4:
		return now + fuzz_below(&w.input, 256);
	default:
		return now + fuzz_below(&w.input, 16) * PLX_MILLISECOND;
	}
}

static void
note_time(int i, int64_t when)
{
	w.model[i].state = TIMED;
	w.model[i].when = when < 0 ? UINT64_MAX : (uint64_t)when;
	w.model[i].order = ++w.order;
}

static void
call_at(int i, int64_t when)
{
	int r = plx_loop_call_at(w.loop, &w.calls[i], when, on_call,
				 &w.calls[i]);

	if (has_failed(r))
		return;
	FUZZ_SO(r == (w.model[i].state == IDLE ? 0 : -EBUSY));
	if (r == 0)
		note_time(i, when);
}

static void
do_call_at(void)
{
	int64_t when = some_time();

	tempt();
	call_at(some_call(), when);
}

static void
do_call_many(void)
{
	int64_t when = some_time();
	int first = some_call(), step = 1 + (int)fuzz_below(&w.input, 7);

	for (int i = first; i < CALLS; i += step)
		call_at(i, i % 3 ? when : when / 2 * 2);
}

static void
do_call_soon(void)
{
	int i = some_call();
	int r = plx_loop_call_soon(w.loop, &w.calls[i], on_call, &w.calls[i]);

	FUZZ_SO(r == (w.model[i].state == IDLE ? 0 : -EBUSY));
	if (r < 0)
		return;
	w.model[i].state = SOON;
	w.model[i].when = 0;
	w.model[i].order = ++w.order;
}

static void
do_move(void)
{
	int i = some_call(), r;
	int64_t when = some_time();

	tempt();
	r = plx_loop_move(w.loop, &w.calls[i], when);
	if (has_failed(r)) {
		FUZZ_SO(w.model[i].state != TIMED);
		w.model[i].state = IDLE;
		return;
	}
	FUZZ_SO(r == (w.model[i].state == IDLE ? -EINVAL : 0));
	if (r == 0)
		note_time(i, when);
}

static void
do_cancel(void)
{
	int i = some_call();

	plx_loop_cancel(w.loop, &w.calls[i]);
	w.model[i].state = IDLE;
}

static void
do_post(void)
{
	int r;

	if (w.posted - w.run == POSTS)
		return;
	tempt();
	r = plx_loop_post(w.loop, on_post, &w.posts[w.posted % POSTS]);
	if (has_failed(r))
		return;
	FUZZ_SO(r == 0);
	w.posted++;
}

static void
do_watch(void)
{
	int i = (int)fuzz_below(&w.input, WATCHES), r;
	struct plx_watch *watch = &w.watches[i];
	int busy = watch->direction != 0;

	tempt();
	watch->fn = on_watch;
	r = plx_loop_watch(w.loop, watch, fd_of(i), direction_of(i));
	if (has_failed(r))
		return;
	FUZZ_SO(r == (busy ? -EBUSY : 0));
	if (!busy)
		w.watched[i].since = turns();
}

static void
do_unwatch(void)
{
	int i = (int)fuzz_below(&w.input, WATCHES);

	plx_loop_unwatch(w.loop, &w.watches[i]);
	FUZZ_SO(w.watches[i].direction == 0);
	w.watched[i].ready = 0;
}

static void
do_write(void)
{
	int fd = w.fds[fuzz_below(&w.input, 2 * PAIRS)];
	ssize_t n = write(fd, "abc", 1 + fuzz_below(&w.input, 3));

	(void)n;
}

static void
do_fill(void)
{
	support_fill(w.fds[fuzz_below(&w.input, 2 * PAIRS)]);
}

static void
do_drain(void)
{
	support_drain(w.fds[fuzz_below(&w.input, 2 * PAIRS)]);
}

static void
forget(int fd)
{
	w.leaving = fd;
	plx_loop_forget(w.loop, fd, -EPIPE);
	w.leaving = -1;
	close(fd);
}

static void
do_renew(void)
{
	int pair = (int)fuzz_below(&w.input, PAIRS);

	if (w.leaving >= 0)
		return;
	forget(w.fds[2 * pair]);
	forget(w.fds[2 * pair + 1]);
	support_unix_pair(&w.fds[2 * pair]);
}

static void
do_pass_time(void)
{
	support_sys.now += fuzz_below(&w.input, 64) * PLX_MILLISECOND / 4;
}

static void
act(void)
{
	static void (*const acts[])(void) = {
		do_call_at, do_call_at, do_call_many, do_call_soon,
		do_move,    do_cancel,	do_post,      do_watch,
		do_watch,   do_unwatch, do_write,     do_fill,
		do_drain,   do_renew,	do_pass_time, do_call_soon,
	};

	acts[fuzz_below(&w.input, 16)]();
}

/* From outside: the loop, until DELAY has passed or it has had enough. */
static void
run(void)
{
	int64_t until = support_sys.now + fuzz_below(&w.input, 256) * 100000;
	int r;

	w.running = fuzz_chance(&w.input, 2);
	w.fuel = FUEL;
	if (w.running) {
		r = plx_loop_run(w.loop, until);
		if (r != 0 && r != -ETIMEDOUT)
			fuzz_fail("plx_loop_run is %d", r);
		FUZZ_SO(r == 0 || plx_loop_now(w.loop) >= until);
	} else {
		r = plx_loop_run_once(w.loop,
				      fuzz_chance(&w.input, 2) ? 0 : until);
		FUZZ_SO(r == 0);
	}
	w.running = 0;
	enter_turn();
	end_turn();
}

static void
open_world(const uint8_t *data, size_t size)
{
	static struct plx_backend_info info[8];
	struct plx_loop_options o = {.sys = &support_sys.sys};
	static int count;

	if (!count)
		count = plx_backend_list(info, 8);
	memset(&w, 0, sizeof(w));
	w.input = (struct fuzz){data, data + size};
	w.leaving = -1;
	w.part = CALLED;
	o.backend = info[fuzz_below(&w.input, (uint32_t)count)].name;
	if (plx_loop_open(&o, &w.loop) == -ENOSYS) {
		o.backend = NULL;
		FUZZ_SO(plx_loop_open(&o, &w.loop) == 0);
	}
	for (int i = 0; i < PAIRS; i++)
		support_unix_pair(&w.fds[2 * i]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct support_mark mark = fuzz_begin();

	signal(SIGPIPE, SIG_IGN);
	open_world(data, size);
	while (fuzz_more(&w.input)) {
		if (fuzz_below(&w.input, 4) == 0)
			run();
		else
			act();
	}
	plx_loop_close(&w.loop);
	for (int i = 0; i < WATCHES; i++)
		FUZZ_SO(w.watches[i].direction == 0);
	for (int i = 0; i < 2 * PAIRS; i++)
		close(w.fds[i]);
	fuzz_end(mark);
	return 0;
}
