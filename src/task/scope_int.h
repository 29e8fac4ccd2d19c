/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scope_int.h: scopes, nurseries and what is deferred, as the files of the
 * task room share them.
 *
 * What a cancel reaches can go through many nurseries.  Their tasks are not
 * cancelled on the spot, which would recurse as deep as the nurseries nest,
 * but stand in a queue of the run until plx__cancel_pending works it off.
 */
#ifndef PLX_SCOPE_INT_H
#define PLX_SCOPE_INT_H

#include <stddef.h>
#include <pollux/scope.h>
#include <pollux/task.h>
#include "list.h"

struct plx_coro;
struct plx_rt;

struct plx_nursery {
	struct plx_rt *rt;
	struct plx_link tasks;	/* those that have not ended */
	struct plx_link asleep; /* struct plx_hibernation: those to come */
	size_t live;		/* of both, and of plx_rt.due */
	size_t max;		/* 0: no limit */
	enum plx_policy policy;
	int cancelled;
	int closed;	 /* its tasks have ended, no other may come */
	int error;	 /* the first one */
	int ended_early; /* some task, with -ECANCELED */
	int won;
	int result; /* of the first to win */
	void (*discard)(int result, void *arg);
	void *arg;
	struct plx_scope scope; /* not the root's */
	struct plx_task *opener;
	struct plx_task *closer; /* waits until LIVE is 0 */
	struct plx_link rooms;	 /* who waits for room */
	struct plx_link link;	 /* in opener->nurseries, or spare */
	int64_t until;		 /* for plx_dump: when what is around it ends */
	unsigned index;		 /* likewise: in opener->nurseries, from 1 */
};

/* What plx_scope.shield says once GRACE runs. */
#define PLX_SHIELD_GRACE 2

/* A call to be made; the last one deferred is first in its list. */
struct plx_deferred {
	struct plx_deferred *next;
	void (*fn)(void *arg);
	void *arg;
	unsigned depth; /* of its scope, or 0 */
};

/* S is reached, or T as a whole if S is NULL: so is all within, up to the next
   shield.  plx__cancel_pending has to follow. */
void plx__scope_reach(struct plx_task *t, struct plx_scope *s);

/* Looks at the deadlines of T's scopes; do waits fail now? */
int plx__scopes_expire(struct plx_task *t, int64_t now);

/* As plx_scope_enter. */
void plx__scope_open(struct plx_task *t, struct plx_scope *s, int64_t deadline);

/* As plx_scope_leave, for the scope of a nursery too. */
int plx__scope_close(struct plx_task *t, struct plx_scope *s, int result);

/* From now on S, at DEPTH, is T's innermost scope (NULL and 0: none); those in
   it are dropped unseen. */
void plx__scope_cut(struct plx_task *t, struct plx_scope *s, unsigned depth);

/* Cancels what plx__nursery_cancel_tasks has queued. */
void plx__cancel_pending(struct plx_rt *rt);

/* ERROR is the nursery's unless it has one; by its policy, its tasks are
   cancelled. */
void plx__nursery_fail(struct plx_nursery *n, int error);

/* Queues the tasks of N, which takes no others, for plx__cancel_pending. */
void plx__nursery_cancel_tasks(struct plx_nursery *n);

void plx__nursery_init(struct plx_nursery *n, struct plx_rt *rt);

/* T, of N, is about to end: what that means for the others, by the policy. */
void plx__nursery_told(struct plx_nursery *n, struct plx_task *t);

/* One that counted as alive in N does not any more. */
void plx__nursery_less(struct plx_nursery *n);

/* T, of N, has ended. */
void plx__nursery_left(struct plx_nursery *n, struct plx_task *t);

/* Ends the nurseries that T has left open at DEPTH or deeper. */
void plx__nurseries_abandon(struct plx_task *t, unsigned depth);

/* Calls and drops what was deferred at PLACE, which is T's or a generator's
   (then T may be NULL), at DEPTH or deeper; were there any? */
int plx__defers_run(struct plx_task *t, struct plx_coro *place, unsigned depth);

/* Closes the generators that T has made at DEPTH or deeper. */
void plx__gens_close(struct plx_task *t, unsigned depth);

/* T has ended: frees the generators that it has made. */
void plx__gens_free(struct plx_task *t);

/* Frees what RT keeps to use again. */
void plx__scopes_fini(struct plx_rt *rt);

/* Tells the user about T. */
void plx__report(const struct plx_task *t, enum plx_report_kind kind,
		 int64_t duration);

#endif
