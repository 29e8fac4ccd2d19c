/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * loop_model.h: what the loop of the target loop.c has to do in a turn.
 *
 * The model of a turn is taken when its first callback comes, since nothing has
 * changed since the loop asked: the timers that are due by then, in the order
 * of their times and of arming, then each watch whose descriptor poll(2) calls
 * ready and that was there before, then the posts and the calls that wait when
 * their part begins.  A turn runs all of that, nothing else, in that order.
 */
#ifndef PLX_LOOP_MODEL_H
#define PLX_LOOP_MODEL_H

#include <pollux/loop.h>
#include "fuzz.h"

enum {
	CALLS = 80, /* more than the heap's first room */
	PAIRS = 3,
	WATCHES = 4 * PAIRS, /* both directions of both ends */
	POSTS = 64,
	FUEL = 24 /* callbacks of one plx_loop_run */
};

enum state {
	IDLE,
	TIMED,
	SOON,
	DUE,	/* taken off, to run in this turn */
	RUNNING /* soon, likewise */
};

enum part {
	TIMERS,
	EVENTS,
	POSTED,
	CALLED
};

struct loop_world {
	struct fuzz input;
	plx_loop *loop;
	struct plx_call calls[CALLS];
	struct {
		enum state state;
		uint64_t when, order;
	} model[CALLS];
	uint64_t order;
	struct plx_watch watches[WATCHES];
	struct {
		uint64_t since; /* turn; of those that are set */
		int ready;	/* to be called in this turn */
	} watched[WATCHES];
	int fds[2 * PAIRS];
	int leaving; /* the descriptor that is being forgotten, or -1 */
	char posts[POSTS];
	unsigned posted, run, batch; /* posts: made, run, to run in this turn */
	uint64_t turn;
	enum part part;
	int fuel, running;
};

extern struct loop_world w;

static inline int
fd_of(int watch)
{
	return w.fds[watch / 2];
}

static inline unsigned
direction_of(int watch)
{
	return watch % 2 ? PLX_WRITE : PLX_READ;
}

/* The call in STATE that is to run first, or -1. */
int first_in(enum state state);

/* The loop's own count. */
uint64_t turns(void);

/* Makes the model stand in the loop's turn. */
void enter_turn(void);

/* All before PART has run; what it is to run is what waits now. */
void advance(enum part part);

/* The turn that the model is in has come to its end. */
void end_turn(void);

#endif
