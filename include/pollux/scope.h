/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pollux/scope.h: stretches of code that end together: cancel scopes, what is
 * deferred to their end, and nurseries, which keep tasks.
 *
 * A scope is a struct in the caller's frame, between plx_scope_enter and
 * plx_scope_leave.  Once it is cancelled, or its deadline has passed, every
 * wait in it fails with -ECANCELED until it is left; what was complete keeps
 * its result.  The cancel reaches scopes and nurseries within it, tasks of
 * these nurseries included, and stops at a shield.
 *
 *	struct plx_scope s;
 *	int r;
 *
 *	plx_scope_enter(&s, plx_after(5 * PLX_SECOND));
 *	r = talk_to(fd);
 *	r = plx_scope_leave(&s, r);    -ETIMEDOUT if these five were over
 *
 * Who owns the end is never in doubt: a wait's own deadline is told by the
 * wait, as -ETIMEDOUT; a scope's by plx_scope_leave of that scope, if none
 * around it was cancelled; anything else is -ECANCELED and goes on outwards.
 * The ideas are those of trio's cancel scopes and nurseries (N. J. Smith,
 * "Notes on structured concurrency", 2018) and curio's.
 *
 * Scopes and nurseries nest: what was opened last is closed first, by the task
 * that opened it.  A task that returns with one open has it closed, a nursery's
 * tasks cancelled and joined, and ends with -EPROTO instead of a result; a
 * scope left while others within it are open closes those.  Each is reported
 * (plx_run_options.report) with the place where the task was spawned; until
 * then the struct is still looked at.  A task that never parks hears of a
 * deadline when its budget (task.h) is used up.
 *
 * The loop's thread only, as all of task.h.  Outside a task, -EPERM.
 */
#ifndef PLX_SCOPE_H
#define PLX_SCOPE_H

#include <stddef.h>
#include <pollux/types.h>

PLX_BEGIN_DECLS

/* The members are private. */
struct plx_scope {
	struct plx_scope *outer;
	plx_task *task; /* NULL: not open */
	void *place;
	int64_t deadline;
	int64_t grace; /* of a shield, else -1 */
	int64_t grace_end;
	uint64_t serial;
	unsigned depth;
	unsigned char shield;	 /* what is around it does not reach into it */
	unsigned char cancelled; /* by plx_scope_cancel */
	unsigned char expired;	 /* DEADLINE has passed */
	unsigned char reached;	 /* waits in it fail */
	plx_nursery *nursery;	 /* whose scope it is, or NULL */
};

/* Opens S in the running task.  -EINVAL: S is NULL. */
PLX_API int plx_scope_enter(struct plx_scope *s, int64_t deadline);

/*
 * The same, but what is around S does not reach into it: for clean-up that has
 * to wait.  GRACE nanoseconds after a cancel from outside would have come S is
 * cancelled all the same; with PLX_NEVER it is not.
 */
PLX_API int plx_scope_shield(struct plx_scope *s, int64_t deadline,
			     int64_t grace);

/* Cancels S, if it is open.  Any task, and callbacks of the loop. */
PLX_API void plx_scope_cancel(struct plx_scope *s);

/* Moves the deadline of S, if it is open and its waits do not fail yet.
   -ENOMEM: nothing has changed. */
PLX_API int plx_scope_set_deadline(struct plx_scope *s, int64_t deadline);

/*
 * Runs what was deferred in S, closes S and returns what its stretch of code
 * has come to: RESULT, unless that is -ECANCELED on account of S alone: then
 * -ETIMEDOUT if its deadline was first, or 0 if it was plx_scope_cancel.
 * -EINVAL: S is not open in the running task; -EPROTO: scopes in it were.
 */
PLX_API int plx_scope_leave(struct plx_scope *s, int result);

/* 0; -ETIMEDOUT: the deadline of S has passed; -ECANCELED: S, or one around it,
   has ended.  Can be asked after S has been left, too. */
PLX_API int plx_scope_status(const struct plx_scope *s);

/*
 * Calls FN(ARG) when the innermost scope of the running task, or else the task,
 * ends; in a generator's body, unless that has a scope of its own open, when
 * the generator does: by return, by cancel, and by plx_gen_free of a body that
 * will not end.  Last come, first called.  It may wait; if cancelled, in a
 * shield.  ARG is used after the frame of whoever called, unless that has a
 * scope.  -ENOMEM: then FN has not been and will not be called.
 */
PLX_API int plx_defer(void (*fn)(void *arg), void *arg);

/* Takes the last plx_defer of FN and ARG here back, and calls it now if RUN is
   not 0.  -ENOENT: there is none. */
PLX_API int plx_undefer(void (*fn)(void *arg), void *arg, int run);

/* When a nursery cancels its tasks, and what plx_nursery_close returns. */
enum plx_policy {
	PLX_FAIL_FAST,	  /* at the first error, which is returned */
	PLX_COLLECT,	  /* never; the first error, once all have ended */
	PLX_FIRST_RESULT, /* at the first result of 0 or more, which is
			     returned; else the first error, or -ECANCELED */
};

struct plx_nursery_options {
	enum plx_policy policy;
	size_t max_tasks; /* plx_spawn says -EBUSY beyond; 0: no limit */
	/* Called with the result, 0 or more, of every task of
	   PLX_FIRST_RESULT that was too late: close what it has opened. */
	void (*discard)(int result, void *arg);
	void *arg;
};

/*
 * Opens a nursery, and with it a scope, in the running task: an error that
 * cancels its tasks cancels the wait that the caller is in, too.  OPTIONS may
 * be NULL.  Any task of the run may spawn into it while it is open.
 * -EINVAL: unknown policy; -ENOMEM.
 */
PLX_API int plx_nursery_open(const struct plx_nursery_options *options,
			     plx_nursery **out);

/* Waits until N has room for one task more; who spawns without asking may be
   first.  -ECANCELED also if N was. */
PLX_API int plx_nursery_room(plx_nursery *n, int64_t deadline);

/* Cancels the tasks of N, present and future, and the waits of its opener. */
PLX_API void plx_nursery_cancel(plx_nursery *n);

/* How many tasks of N have not ended, or hibernate (hibernate.h). */
PLX_API size_t plx_nursery_live(const plx_nursery *n);

/*
 * Waits until all tasks of *N have ended, frees it and sets *N to NULL.
 * RESULT is what the opener's own part has come to; below 0 it counts as the
 * error of one task more.  Returns, by policy, an error or a
 * result of the tasks; -ECANCELED if a cancel or deadline around *N has ended
 * one early; else RESULT, with what plx_scope_leave says of -ECANCELED.
 * Never before all have ended.  -ENOMEM: the deadline around *N could not be
 * set; they were cancelled.  -EINVAL, -EPROTO as plx_scope_leave.
 */
PLX_API int plx_nursery_close(plx_nursery **n, int result);

PLX_END_DECLS

#endif
