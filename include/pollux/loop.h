/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pollux/loop.h: callbacks on readiness, time, signals and other threads.
 *
 * A turn of the loop: it applies what watches have come to want, asks the
 * selector once, then runs the timers that are due, the callbacks of what is
 * ready, and the calls that wait by then, in that order; calls made by calls
 * run in the next turn, so nobody starves the descriptors.  With nothing to
 * do a loop sleeps without waking up.
 *
 * A loop belongs to one thread.  From another thread only plx_loop_post and
 * plx_loop_wake are allowed, from a signal handler only plx_loop_wake.  The
 * structs are the caller's: they must stay where they are while in use, may
 * be used again or freed as soon as they are not (inside their own callback
 * too), and start out zeroed.  Their members are private unless said.
 */
#ifndef PLX_LOOP_H
#define PLX_LOOP_H

#include <pollux/types.h>

PLX_BEGIN_DECLS

struct plx_sys;

struct plx_loop_options {
	const char *backend;	   /* as for plx_selector_open */
	const struct plx_sys *sys; /* NULL; the library's tests use another */
};

/* A function to be called once: soon, or at a time. */
struct plx_call {
	struct plx_call *prev, *next;
	void (*fn)(void *arg);
	void *arg;
	int64_t when;
	union {
		uint64_t order;		/* of arming, in the heap */
		struct plx_call *ahead; /* due later, too; or NULL */
	};
	int place; /* 0 idle, -1 in the queue, else its slot in the heap */
};

/* One direction of one descriptor. */
struct plx_watch {
	/* Called in every turn in which the direction is ready.  EVENTS has
	   the direction's bit, maybe with PLX_EOF and PLX_ERROR.  When the
	   loop cannot watch any more, the watch has been taken off and EVENTS
	   is 0: see ERROR. */
	void (*fn)(struct plx_watch *w, unsigned events);
	void *arg;		  /* the caller's */
	int fd;			  /* read only */
	short error;		  /* why EVENTS is 0: -errno; read only */
	unsigned short direction; /* read only; 0 while not watching */
};

/* A caught signal. */
struct plx_signal {
	void (*fn)(struct plx_signal *s, int signo);
	void *arg; /* the caller's */
	plx_loop *loop;
	int signo; /* 0 while not caught */
};

struct plx_loop_stats {
	uint64_t turns;
	uint64_t calls;		   /* soon, at a time and posted, run */
	uint64_t events;	   /* callbacks of watches */
	uint64_t interest_changes; /* registrations made, changed, dropped */
};

/* Opens a loop; OPTIONS may be NULL.  Errors as plx_selector_open. */
PLX_API int plx_loop_open(const struct plx_loop_options *options,
			  plx_loop **out);

/*
 * Closes *LOOP, which must not be running, and sets it to NULL; null is
 * allowed.  Calls, watches and signals still in it are forgotten, posts that
 * have not run are dropped.
 */
PLX_API void plx_loop_close(plx_loop **loop);

/*
 * Turns until plx_loop_stop: 0; or until DEADLINE: -ETIMEDOUT.  -EBUSY when
 * it is running already; -ECHILD in a forked child; or the selector's error.
 */
PLX_API int plx_loop_run(plx_loop *loop, int64_t deadline);

/* One turn, which waits until DEADLINE at most: 0.  Errors as plx_loop_run,
   but for the deadline. */
PLX_API int plx_loop_run_once(plx_loop *loop, int64_t deadline);

/* Makes plx_loop_run return after this turn, or a run to come after one turn
   that does not block. */
PLX_API void plx_loop_stop(plx_loop *loop);

/* The time at which this turn's callbacks began: free, and stands still. */
PLX_API int64_t plx_loop_now(const plx_loop *loop);

/* The name of the backend in use. */
PLX_API const char *plx_loop_backend(const plx_loop *loop);

PLX_API void plx_loop_stats(const plx_loop *loop, struct plx_loop_stats *out);

/* Calls FN(ARG) once in the coming turn, first come first served.
   -EBUSY: CALL is already waiting. */
PLX_API int plx_loop_call_soon(plx_loop *loop, struct plx_call *call,
			       void (*fn)(void *arg), void *arg);

/*
 * Calls FN(ARG) once, not before WHEN, in the order of the times and, for
 * equal ones, of these calls.  PLX_NEVER is allowed.  -EBUSY, -ENOMEM.
 */
PLX_API int plx_loop_call_at(plx_loop *loop, struct plx_call *call,
			     int64_t when, void (*fn)(void *arg), void *arg);

/*
 * Moves CALL, which waits, to WHEN: as plx_loop_cancel and plx_loop_call_at
 * with what it calls, but at the price of one of them.  -EINVAL: it does not
 * wait.  -ENOMEM, only if no time was ahead of it (it was to run soon, or its
 * time has come): it is idle then.
 */
PLX_API int plx_loop_move(plx_loop *loop, struct plx_call *call, int64_t when);

/* Takes CALL back if it waits; else does nothing. */
PLX_API void plx_loop_cancel(plx_loop *loop, struct plx_call *call);

/*
 * Calls W->fn when FD is ready in DIRECTION (PLX_READ or PLX_WRITE).  W->fn
 * must be set.  What this turn has reported already does not count: what is
 * still ready then comes in the next.  -EBUSY: W is in use, or FD has a watch
 * in this direction; else as plx_selector_register.
 */
PLX_API int plx_loop_watch(plx_loop *loop, struct plx_watch *w, int fd,
			   unsigned direction);

/* Stops W if it is watching.  The kernel may be told later, or never: FD must
   still be forgotten before it is closed. */
PLX_API void plx_loop_unwatch(plx_loop *loop, struct plx_watch *w);

/*
 * To be called before FD is closed: takes its watches off, calls each with
 * events 0 and ERROR (-errno), and unregisters FD at once.  Those callbacks
 * cannot watch FD again (-EBADF).
 */
PLX_API void plx_loop_forget(plx_loop *loop, int fd, int error);

/*
 * Any thread: FN(ARG) will be called by the loop's thread, in the order of
 * the posts.  No allocation once the queue has grown.  After an error it will
 * not be called: -ENOMEM; -ECHILD before plx_loop_on_fork.
 */
PLX_API int plx_loop_post(plx_loop *loop, void (*fn)(void *arg), void *arg);

/* Any thread, async-signal-safe: ends the wait in progress, or the next. */
PLX_API int plx_loop_wake(plx_loop *loop);

/*
 * Catches SIGNO for the process until plx_loop_unsignal: S->fn runs in the
 * loop, once for one or more deliveries.  -EBUSY: S is in use, or somebody
 * catches SIGNO in this way already; -EINVAL: cannot be caught.
 */
PLX_API int plx_loop_signal(plx_loop *loop, struct plx_signal *s, int signo);

/* Gives SIGNO its former disposition back, if S catches it. */
PLX_API void plx_loop_unsignal(struct plx_signal *s);

/*
 * In the child, after fork: makes the loop usable there.  Watches and calls
 * go on in the child, but for watches of descriptors that it has closed: they
 * are taken off and called, before this returns, with events 0 and -EBADF.
 * Posts not yet run stay the parent's, and so do signals caught before the
 * fork; those caught since are the child's.  In a process that has not forked
 * it does nothing: 0.  Errors as plx_selector_reinit, and then it may be tried
 * again.
 */
PLX_API int plx_loop_on_fork(plx_loop *loop);

PLX_END_DECLS

#endif
