/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * loop_model.c: the parts of a turn, one after the other.
 *
 * Lists are searched and not kept, so that there is nothing to be wrong: what
 * is first is whatever has the least time and was armed first.
 */
#include <config.h>

#include "loop_model.h"

#include <errno.h>
#include <poll.h>

struct loop_world w;

/* Is the descriptor of WATCH ready in its direction? */
static int
is_ready(int watch)
{
	short asked = watch % 2 ? POLLOUT : POLLIN;
	struct pollfd p = {.fd = fd_of(watch), .events = asked};
	int n;

	/* A timer's signal ends even a poll that does not wait. */
	while ((n = poll(&p, 1, 0)) < 0 && errno == EINTR)
		;
	FUZZ_SO(n >= 0);
	/* What select(2) cannot show is left open. */
	if (watch % 2 && p.revents & POLLHUP && !(p.revents & POLLOUT))
		return -1;
	return (p.revents & (asked | POLLERR | POLLHUP)) != 0;
}

int
first_in(enum state state)
{
	int first = -1;

	for (int i = 0; i < CALLS; i++) {
		if (w.model[i].state != state)
			continue;
		if (first < 0 || w.model[i].when < w.model[first].when ||
		    (w.model[i].when == w.model[first].when &&
		     w.model[i].order < w.model[first].order))
			first = i;
	}
	return first;
}

static int
is_owed(void)
{
	for (int i = 0; i < WATCHES; i++) {
		if (w.watched[i].ready > 0)
			return 1;
	}
	return 0;
}

static void
change(enum state from, enum state to)
{
	for (int i = 0; i < CALLS; i++) {
		if (w.model[i].state == from)
			w.model[i].state = to;
	}
}

void
advance(enum part part)
{
	FUZZ_SO(w.part <= part);
	if (w.part == part)
		return;
	if (part > TIMERS)
		FUZZ_SO(first_in(DUE) < 0);
	if (part > EVENTS)
		FUZZ_SO(!is_owed());
	if (w.part < POSTED && part >= POSTED)
		w.batch = w.posted;
	if (part > POSTED)
		FUZZ_SO(w.run == w.batch);
	if (part == CALLED)
		change(SOON, RUNNING);
	w.part = part;
}

void
end_turn(void)
{
	advance(CALLED);
	FUZZ_SO(first_in(RUNNING) < 0);
}

uint64_t
turns(void)
{
	struct plx_loop_stats stats;

	plx_loop_stats(w.loop, &stats);
	return stats.turns;
}

/* Turns without a callback have had nothing to run. */
static void
check_missed(void)
{
	FUZZ_SO(first_in(SOON) < 0);
	FUZZ_SO(w.run == w.posted);
	for (int i = 0; i < WATCHES; i++)
		FUZZ_SO(!w.watches[i].direction || is_ready(i) <= 0);
}

void
enter_turn(void)
{
	uint64_t turn = turns(), now = (uint64_t)plx_loop_now(w.loop);

	if (turn == w.turn)
		return;
	end_turn();
	if (turn > w.turn + 1)
		check_missed();
	w.turn = turn;
	w.part = TIMERS;
	for (int i = 0; i < CALLS; i++) {
		if (w.model[i].state == TIMED && w.model[i].when <= now)
			w.model[i].state = DUE;
	}
	for (int i = 0; i < WATCHES; i++)
		w.watched[i].ready = w.watches[i].direction ? is_ready(i) : 0;
}
