/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * task_int.h: what a task is, and the run it belongs to.
 *
 * One struct plx_rt per plx_run.  A task is ready (in the queue, or in the
 * batch that runs), running (there is one at most, plx__current), waiting
 * (its WAIT is set; only plx__task_ready gets it going) or ended (its ENDED is
 * set).  Switches happen in two places: run.c goes from the loop to a task,
 * plx__give_way from a task to the next one of the batch or, after the last,
 * back to the loop.
 *
 * How a task waits is in wait_int.h, at a descriptor in io_int.h; here is only
 * what a file must know that makes, ends or lists tasks.
 */
#ifndef PLX_TASK_INT_H
#define PLX_TASK_INT_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <pollux/insight.h>
#include <pollux/loop.h>
#include <pollux/signal.h>
#include <pollux/task.h>
#include "coro.h"
#include "list.h"
#include "loop_seam.h"
#include "port_int.h"
#include "scope_int.h"
#include "stack.h"
#include "sys.h"

/* Operations that a task may complete without parking before it yields. */
#define PLX_TASK_BUDGET 128

/*
 * Lives in the control block of its stack's slot, which begins a cache line.
 * What every message touches lies in the first two.
 */
struct plx_task {
	struct plx_rt *rt;
	struct plx_task *next; /* in the ready queue or the batch */
	struct plx_port *port; /* the last one used, to find it again */
	struct plx_coro *at;   /* what runs in it: CORO or a generator's */
	int cancels;	       /* is it, or its innermost scope, reached? */
	int budget;
	int wake; /* why the wait ended: 0, -ETIMEDOUT, -ECANCELED, or events */
	int ended;
	struct plx_wait *wait; /* while parked, else NULL */
	int64_t limit;	       /* the first deadline of its scopes */
	int64_t since;	       /* when it parked, or ended */
	int64_t alarm_at;      /* when ALARM goes off; PLX_NEVER if idle */
	struct plx_coro coro;
	struct plx_call alarm;	   /* of the first deadline it parked for, or an
				      earlier one */
	struct plx_awaitable *won; /* of its wait for awaitables: the first
				      that was ready */
	uint64_t id;		 /* no other task has it, see plx_rt.last_id */
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

struct plx_io_ops;
struct plx_pool;
struct plx_wait;

struct plx_rt {
	plx_loop *loop;
	const struct plx_sys *sys;
	const struct plx_io_ops *io;
	int64_t now;		/* when the batch began */
	struct plx_task *batch; /* what this turn still has to run, or a part */
	struct plx_task *others; /* the parts after it */
	struct plx_task *rest;	 /* the same, if it is observed */
	struct plx_task *ready;	 /* what the next one will; not terminated */
	struct plx_task **ready_end;
	int events; /* how many of them a descriptor has made ready */
	struct plx_task *dead;	   /* has left its stack, which can be freed */
	struct plx_loop_tail tail; /* is wanted while READY is not empty */
	struct plx_coro thread;
	struct plx_ports ports;
	struct plx_port nowhere;  /* where a task begins: of no descriptor */
	struct plx_link queue;	  /* plx_queue_wait, first come first */
	struct plx_link yields;	  /* plx_yield */
	struct plx_link unjoined; /* ended tasks that keep their result */
	struct plx_link gens;	  /* of tasks that have ended, but in use */
	struct plx_link due;	  /* struct plx_hibernation without a stack */
	struct plx_call due_call; /* tries them again */
	uint64_t hibernating;	  /* those, and those asleep */

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
	struct plx_call trim;  /* of that, when it keeps many */
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

/* T has ended: whoever waits for that goes on. */
void plx__join_end(struct plx_task *t);

/* Resumes what is ready by now; 1 if there was anything. */
int plx__rt_drain(struct plx_rt *rt);

/* As plx_spawn_named, for a task of RT. */
struct plx_birth {
	plx_task_fn *fn;
	void *arg;
	const char *name;
	const char *file;
	int line;
};
int plx__task_spawn(struct plx_nursery *n, const struct plx_birth *birth,
		    struct plx_task **out);

/* Frees an ended task; not from its own stack. */
void plx__task_free(struct plx_task *t);

/* Frees the task that has ended and could not do it itself, if there is one. */
static inline void
plx__dead_free(struct plx_rt *rt)
{
	if (rt->dead) {
		plx__task_free(rt->dead);
		rt->dead = NULL;
	}
}

/* Ends T's wait with REASON, if it waits and can be cancelled. */
void plx__task_interrupt(struct plx_task *t, int reason);

/* Frees the state of RT's actors, which have all ended. */
void plx__actors_free(struct plx_rt *rt);

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

#endif
