/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * watches.h: who waits for which descriptor, and what the selector knows.
 *
 * One entry for every descriptor up to the highest one seen.  An entry is on
 * at most one of two lists: to settle (what is wished may differ from what
 * the selector was told) or failed (telling it did not work).
 */
#ifndef PLX_WATCHES_H
#define PLX_WATCHES_H

#include <stdint.h>
#include <pollux/loop.h>
#include <pollux/selector.h>

struct plx_interest {
	struct plx_watch *watch[2]; /* for PLX_READ, for PLX_WRITE */
	uint32_t since[2];	    /* the turn in which each was set */
	int next;		    /* on a list: fd + 1, or the end; else 0 */
	uint8_t have;		    /* directions that the selector knows */
	uint8_t idle;		    /* those that fired with nobody there */
	uint8_t leaving;	    /* plx_loop_forget is at work on it */
};

struct plx_watches {
	struct plx_interest *table;
	unsigned size; /* what is cleared */
	unsigned room; /* what there is: its end may never have been touched */
	uint32_t turn;
	int settle; /* heads of the lists, or their end */
	int failed;
};

/* The end of a list. */
#define PLX_WATCHES_END (-1)

void plx__watches_init(struct plx_watches *ws);

/* Makes all watches idle and frees the table. */
void plx__watches_fini(struct plx_watches *ws, const struct plx_sys *sys);

/* Has something come to be wished of which the selector may not know? */
static inline int
plx__watches_unsettled(const struct plx_watches *ws)
{
	return ws->settle != PLX_WATCHES_END;
}

/* Tells the selector.  0; or -ECHILD, and all waits for plx_loop_on_fork. */
int plx__watches_settle(struct plx_loop *loop);

/* Are there failures to be reported? */
static inline int
plx__watches_pending(const struct plx_watches *ws)
{
	return ws->failed != PLX_WATCHES_END;
}

/* Begins the callbacks of a turn: reports failures, then the N entries of
   READY. */
void plx__watches_run(struct plx_loop *loop, const struct plx_ready *ready,
		      int n);

/* Compares with what the selector kept over a fork; watches of descriptors that
   were closed are taken off and called. */
void plx__watches_on_fork(struct plx_loop *loop);

#endif
