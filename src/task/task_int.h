/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * task_int.h: what the files of the task room share.
 *
 * One struct plx_rt per plx_run.  A task is ready (in the queue, or in the
 * batch that runs), running (there is one at most, plx__current), waiting
 * (its WAIT is set; only plx__task_ready gets it going) or ended (its ENDED is
 * set).  Switches happen in two places:
 * run.c goes from the loop to a task, plx__give_way from a task to the next
 * one of the batch or, after the last, back to the loop.
 *
 * A wait lives in the frame of the task that waits, in a struct that begins
 * with a struct plx_wait; whoever completes it marks the record first, then
 * wakes the task.  So a task that was woken for a timeout or a cancel finds
 * out, when it goes on, that the operation has completed after all.
 */
#ifndef PLX_TASK_INT_H
#define PLX_TASK_INT_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <pollux/insight.h>
#include <pollux/loop.h>
#include <pollux/signal.h>
#include <pollux/task.h>
#include "coro.h"
#include "list.h"
#include "loop_seam.h"
#include "scope_int.h"
#include "stack.h"
#include "sys.h"

/* Operations that a task may complete without parking before it yields. */
#define PLX_TASK_BUDGET 128

enum plx_wait_kind {
	PLX_WAIT_FD,	  /* a struct plx_fd_wait */
	PLX_WAIT_LIST,	  /* a struct plx_list_wait */
	PLX_WAIT_QUEUE,	  /* a struct plx_queue_wait */
	PLX_WAIT_NURSERY, /* a struct plx_nursery_wait */
	PLX_WAIT_SLEEP,
};

struct plx_wait {
	enum plx_wait_kind kind;
	int fixed;	  /* a cancel does not end it */
	int64_t deadline; /* negative: none */
};

/* Ends with the events, or why the watch was taken off, as task->wake. */
struct plx_fd_wait {
	struct plx_wait wait;
	struct plx_side *side;
};

/* One direction of one descriptor.  The watch's function tells which of the
   two it is that waits. */
struct plx_side {
	struct plx_watch watch; /* stays on from one wait to the next */
	union {
		struct plx_task *task; /* in a struct plx_fd_wait */
		struct plx_fd_awaitable *awaitable;
	};
	int blocks; /* the next call would block, as a hint */
};

/* A descriptor as tasks know it.  Stays where it is until the run ends. */
struct plx_port {
	int fd;
	unsigned closes;	 /* how often FD has become another file's */
	struct plx_side side[2]; /* of PLX_READ and of PLX_WRITE */
};

/* By descriptor, in pages made when needed. */
#define PLX_PORTS_PAGE 64u

struct plx_ports {
	struct plx_port **pages;
	unsigned n; /* descriptors that PAGES reaches */
};

struct plx_list_wait {
	struct plx_wait wait;
	struct plx_awaitable *const *list;
	int n;
};

/* Waits on account of a descriptor, but not for its readiness. */
struct plx_queue_wait {
	struct plx_wait wait;
	struct plx_link link; /* in plx_rt.queue */
	struct plx_task *task;
	const char *what; /* for plx_dump */
	int fd;
	int error; /* set, and taken off the queue, when FD is closed */
};

/* Has given way before it touches FD. */
struct plx_yield {
	struct plx_link link; /* in plx_rt.yields */
	int fd;
	int error; /* set when FD is closed */
};

/* Until the tasks of NURSERY have ended. */
struct plx_nursery_wait {
	struct plx_wait wait;
	struct plx_nursery *nursery;
};

/* Lives in the control block of its stack's slot. */
struct plx_task {
	struct plx_rt *rt;
	uint64_t id;	       /* no other task has it, see plx_rt.last_id */
	struct plx_task *next; /* in the ready queue or the batch */
	struct plx_port *port; /* the last one used, to find it again */
	int cancels;	       /* is it, or its innermost scope, reached? */
	int budget;
	int wake; /* why the wait ended: 0, -ETIMEDOUT, -ECANCELED, or events */
	int ended;
	struct plx_wait *wait;	   /* while parked, else NULL */
	struct plx_awaitable *won; /* of its wait for awaitables: the first
				      that was ready */
	int64_t since;		   /* when it parked, or ended */
	int64_t limit;		   /* the first deadline of its scopes */
	struct plx_call alarm;	   /* of the first deadline it parked for, or an
				      earlier one; WHEN is PLX_NEVER if idle */
	struct plx_coro coro;
	struct plx_coro *at;	 /* what runs in it: CORO or a generator's */
	struct plx_scope *scope; /* the innermost */
	unsigned depth;		 /* how many are open */
	uint64_t serial;	 /* of the scope opened last */
	uint64_t lost_after;	 /* the serials of scopes that were closed */
	uint64_t lost_until;	 /* unseen the last time */
	struct plx_deferred *defers;
	struct plx_link nurseries;    /* that it has open, the last one last */
	struct plx_link gens;	      /* that it has made, the last one last */
	struct plx_task *next_cancel; /* in rt->to_cancel */
	struct plx_nursery *nursery;
	struct plx_mailbox *actor;	   /* its own, or NULL */
	struct plx_link link;		   /* nursery->tasks or rt->unjoined */
	struct plx_join_awaitable *joiner; /* who waits for the end */
	plx_task_fn *fn;
	void *arg;
	int result;
	int cancelled; /* plx_cancel was called */
	int handle;    /* somebody may join it */
	int at_once;   /* its wait for awaitables may not park */
	int line;
	const char *name;
	const char *file;
};

/*
 * How the calls of pollux/io.h are carried out.  Each is called in task T,
 * which is not cancelled, with 1 <= N <= SSIZE_MAX; a deadline that has passed
 * still means one try.  T comes last, so that the public call hands its own
 * arguments on where they are.
 */
struct plx_io_ops {
	int (*accept)(int fd, struct sockaddr *sa, socklen_t *len,
		      int64_t deadline, struct plx_task *t);
	int (*connect)(int fd, const struct sockaddr *sa, socklen_t len,
		       int64_t deadline, struct plx_task *t);
	ssize_t (*recv)(int fd, void *buf, size_t n, int64_t deadline,
			struct plx_task *t);
	ssize_t (*send)(int fd, const void *buf, size_t n, int64_t deadline,
			struct plx_task *t);
	ssize_t (*read)(int fd, void *buf, size_t n, int64_t deadline,
			struct plx_task *t);
	ssize_t (*write)(int fd, const void *buf, size_t n, int64_t deadline,
			 struct plx_task *t);
	/* FD will be closed: those who wait for it get -ESHUTDOWN. */
	void (*forget)(struct plx_rt *rt, int fd);
};

struct plx_pool;

struct plx_rt {
	plx_loop *loop;
	const struct plx_sys *sys;
	const struct plx_io_ops *io;
	int64_t now;		/* when the batch began */
	struct plx_task *batch; /* what this turn still has to run */
	struct plx_task *rest;	/* the same, if it is observed */
	struct plx_task *ready; /* what the next one will; not terminated */
	struct plx_task **ready_end;
	struct plx_task *dead;	   /* has left its stack, which can be freed */
	struct plx_loop_tail tail; /* is wanted while READY is not empty */
	struct plx_coro thread;
	struct plx_ports ports;
	struct plx_port nowhere;  /* where a task begins: of no descriptor */
	struct plx_link queue;	  /* plx_queue_wait, first come first */
	struct plx_link yields;	  /* plx_yield */
	struct plx_link unjoined; /* ended tasks that keep their result */
	struct plx_link gens;	  /* of tasks that have ended, but in use */

	struct plx_link caught;	    /* plx_caught, one a signal (signal.c) */
	struct plx_link children;   /* plx_child (child.c) */
	struct plx_signals sigchld; /* tells of those without a pidfd */
	int pidfds;		    /* 1 there are some, -1 not, 0 unknown */

	struct plx_nursery root;
	struct plx_actors *actors; /* NULL: there have been none */
	struct plx_task *to_cancel;
	struct plx_task **to_cancel_end;
	int cancelling; /* somebody works that off */
	struct plx_link spare_nurseries;
	struct plx_deferred *spare_defers;
	void (*report)(const struct plx_report *r, void *arg);
	void *report_arg;
	int64_t slow_slice;
	/* Called after each slice of a task, if not NULL; the task may have
	   ended. */
	void (*observe)(struct plx_rt *rt, struct plx_task *t,
			int64_t duration);
	struct plx_stats stats; /* only what is counted as it happens */
	uint64_t freed;		/* tasks that have given their slot back */
	uint64_t last_id;	/* of the task spawned last.  Counts on from the
				   time in nanoseconds, so that no later run
				   gives one out again */
	struct plx_stack_pool stacks;
	struct plx_pool *pool; /* NULL until something blocks */
	int max_threads;       /* of it; 0: as many as it likes */
	int fault;	       /* of a stack that was given back */
	plx_task_fn *fn;
	void *arg;
	int result;
};

/* The task that runs in this thread, read once by every call; initial-exec
   spares each reading a function call.  With plx__outside (gen_int.h) the only
   state of a thread. */
extern _Thread_local struct plx_task *plx__current
	__attribute__((visibility("hidden"), tls_model("initial-exec")));

/* The operations by trying first and waiting for readiness (io_ready.c). */
extern const struct plx_io_ops plx__io_ready;
int plx__ready_accept(int fd, struct sockaddr *sa, socklen_t *len,
		      int64_t deadline, struct plx_task *t);
int plx__ready_connect(int fd, const struct sockaddr *sa, socklen_t len,
		       int64_t deadline, struct plx_task *t);
void plx__ready_forget(struct plx_rt *rt, int fd);

/* Awaitables of which plx_dump tells more than their kind. */
extern const struct plx_awaitable_ops plx__fd_ops;
extern const struct plx_awaitable_ops plx__join_ops;

/* T has ended: whoever waits for that goes on. */
void plx__join_end(struct plx_task *t);

/* Resumes what is ready by now; 1 if there was anything. */
int plx__rt_drain(struct plx_rt *rt);

/* As plx_spawn_named, for a task of RT. */
int plx__task_spawn(struct plx_nursery *n, const struct plx_task *like,
		    struct plx_task **out);

/* Frees an ended task; not from its own stack. */
void plx__task_free(struct plx_task *t);

/* Ends T's wait with REASON, if it waits and can be cancelled. */
void plx__task_interrupt(struct plx_task *t, int reason);

/* Sees to it that T's alarm goes off by DEADLINE: 0 or -ENOMEM. */
int plx__alarm_set(struct plx_task *t, int64_t deadline);

/*
 * Parks T in W until plx__task_ready or W's deadline: 0, -ETIMEDOUT,
 * -ECANCELED; or -ENOMEM at once.  A task may have been cancelled since it
 * was woken from its last wait: unless W is fixed, that is -ECANCELED at once
 * (plx__park_now and plx__wait_side leave it to their callers, who know
 * whether T has given way).  Only 0 says that W was completed, but an
 * error does not say that it was not: look at the record.
 */
int plx__park(struct plx_task *t, struct plx_wait *w);

/* As plx_await_fd for a task that is not cancelled and a deadline to come. */
int plx__wait_fd(struct plx_task *t, int fd, unsigned direction,
		 int64_t deadline);

/* The same at a port that is there. */
int plx__wait_port(struct plx_task *t, struct plx_port *p, unsigned direction,
		   int64_t deadline);

/* Makes a port that is not there: 0, -EBADF, -ENOMEM. */
int plx__port_make(struct plx_rt *rt, int fd, struct plx_port **out);

/* The port of FD, or NULL if there is none yet. */
struct plx_port *plx__port_find(const struct plx_rt *rt, int fd);

/* The same, and T will be at it. */
struct plx_port *plx__port_visit(struct plx_task *t, int fd);

/* FD is another file from now on, or none; is a side of it watched? */
int plx__port_reset(struct plx_rt *rt, int fd);

void plx__ports_free(struct plx_rt *rt);

/* The budget is used up: yields, unless the deadline is 0. */
int plx__budget_spent(struct plx_task *t, int64_t deadline);

/* The same before a call for FD: an error if that is closed meanwhile. */
int plx__budget_spent_fd(struct plx_task *t, int fd, int64_t deadline);

/* Frees the state of RT's actors, which have all ended. */
void plx__actors_free(struct plx_rt *rt);

/* Waits as plx_await_any does, without asking whether it may and without
   giving way at the end, which plx__end is for. */
int plx__await_list(struct plx_task *t, struct plx_awaitable *const *list,
		    int n, int64_t deadline);

/* Has DEADLINE, which may be PLX_NEVER, passed at NOW? */
static inline int
plx__is_past(int64_t deadline, int64_t now)
{
	return (uint64_t)deadline <= (uint64_t)now;
}

/* The earlier of two deadlines. */
static inline int64_t
plx__earlier(int64_t a, int64_t b)
{
	return plx__is_past(a, b) ? a : b;
}

/* Has DEADLINE passed for certain?  0 always has; costs no system call. */
static inline int
plx__passed(const struct plx_rt *rt, int64_t deadline)
{
	return plx__is_past(deadline, rt->now);
}

/* Will T's alarm go off by DEADLINE?  It is left where it is when a wait ends,
   and moves on only when it goes off: a task whose waits all have a deadline
   some seconds ahead pays for one timer in those seconds. */
static inline int
plx__alarm_covers(const struct plx_task *t, int64_t deadline)
{
	return plx__is_past(t->alarm.when, deadline);
}

/* The port of FD, or NULL; a task mostly stays with the one it had. */
static inline struct plx_port *
plx__port(struct plx_task *t, int fd)
{
	struct plx_port *p = t->port;

	return p->fd == fd ? p : plx__port_visit(t, fd);
}

/*
 * The beginning of every operation on a descriptor.  It is here that a task
 * yields, not after the operation: what a task has just received is not kept
 * waiting while others run.
 */
static inline int
plx__begin_fd(struct plx_task *t, int fd, int64_t deadline)
{
	if (!t)
		return -EPERM;
	if (t->cancels)
		return -ECANCELED;
	if (--t->budget >= 0)
		return 0;
	return plx__budget_spent_fd(t, fd, deadline);
}

/*
 * The beginning and the end of a wait for anything else.  There a task yields
 * last: between the caller's look at what it waits for and the wait nobody
 * else may run, or the change is missed.  To park refills the budget, so only
 * a wait that did not pays; it has its result, whatever comes meanwhile.
 */
static inline int
plx__begin(struct plx_task *t)
{
	if (!t)
		return -EPERM;
	if (t->cancels)
		return -ECANCELED;
	t->budget--;
	return 0;
}

static inline void
plx__end(struct plx_task *t, int64_t deadline)
{
	if (t->budget < 0)
		plx__budget_spent(t, deadline);
}

/* Queues T, which must not be queued, for the next batch. */
static inline void
plx__task_ready(struct plx_task *t)
{
	struct plx_rt *rt = t->rt;

	t->wait = NULL;
	*rt->ready_end = t;
	rt->ready_end = &t->next;
	rt->tail.wanted = 1;
}

/* plx_awaitable_ready of one that is armed and has not been told yet.  A loser
   is marked as ready too: so await.c knows that nobody owns it any more. */
static inline int
plx__claim(struct plx_awaitable *a)
{
	struct plx_task *t = a->task;
	int won = !t->won;

	a->ready = 1;
	if (won)
		t->won = a;
	if (t->wait)
		plx__task_ready(t);
	return won;
}

#endif
