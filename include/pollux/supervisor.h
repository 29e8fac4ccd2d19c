/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pollux/supervisor.h: who looks after actors: monitors, which tell of an end,
 * dead letters, which tell of lost messages, and supervisors: nurseries that
 * start their actors anew.
 *
 *	static const struct plx_child children[] = {
 *		{.actor.name = "store", .fn = store},
 *		{.actor.name = "front", .fn = front, .arg = &config},
 *	};
 *	static const struct plx_supervise_options options = {
 *		.strategy = PLX_REST_FOR_ONE,
 *		.intensity = 5,
 *		.period = 10 * PLX_SECOND,
 *	};
 *	...
 *	r = plx_supervise(children, 2, &options);
 *
 * An actor that was started anew is another one, with an empty mailbox: it has
 * the same name, but references to the old one stay dead, so look it up again.
 * Supervisors nest: a child may call plx_supervise.
 *
 * Monitors are Erlang's, dead letters Akka's; strategies, restarts and
 * intensity those of Erlang/OTP's supervisor.
 */
#ifndef PLX_SUPERVISOR_H
#define PLX_SUPERVISOR_H

#include <stddef.h>
#include <pollux/actor.h>
#include <pollux/types.h>

PLX_BEGIN_DECLS

/*
 * When A ends, the actor that runs gets a PLX_DOWN from A, with A's result as
 * VALUE, after all that A has sent it and however full the mailbox is; if A
 * has ended already, at once, with -ESRCH.  Once for each time this is called.
 * -ENOTSUP: no actor runs; -EDEADLK: A is the caller; -ENOMEM.
 */
PLX_API int plx_actor_monitor(struct plx_actor a);

/* Takes one plx_actor_monitor of A back, with its PLX_DOWN if that has come
   and was not received.  -ENOENT: there is none. */
PLX_API int plx_actor_demonitor(struct plx_actor a);

/* Why nobody will receive a message. */
enum plx_letter {
	PLX_LETTER_REFUSED, /* its sender was told -ESRCH, and keeps DATA */
	PLX_LETTER_DROPPED, /* the mailbox was full */
	PLX_LETTER_LEFT,    /* the actor has ended without receiving it */
};

/*
 * From now on FN(TO, M, WHY, ARG) hears of every message of this run that
 * nobody will receive; TO is nobody for a reply.  M->data is still good, and
 * not FN's.  FN may send, but must not wait; what becomes of messages while it
 * runs, it is not told.  NULL: nobody hears.  -ENOMEM.
 */
PLX_API int plx_actor_dead_letters(void (*fn)(struct plx_actor to,
					      const struct plx_message *m,
					      enum plx_letter why, void *arg),
				   void *arg);

/* Which children are started anew when one has to be.  The others of them are
   cancelled first, in reverse order, each awaited before the next; then all
   are started in order. */
enum plx_strategy {
	PLX_ONE_FOR_ONE,  /* that one */
	PLX_ONE_FOR_ALL,  /* all */
	PLX_REST_FOR_ONE, /* that one and those after it */
};

/* After which end a child is started anew.  Else it is over and stays so. */
enum plx_restart {
	PLX_PERMANENT, /* any */
	PLX_TRANSIENT, /* an error, a result below 0 */
	PLX_TEMPORARY, /* none, nor when others are */
};

struct plx_child {
	struct plx_actor_options actor; /* name, mailbox */
	plx_task_fn *fn;
	void *arg;
	enum plx_restart restart;
};

struct plx_supervise_options {
	enum plx_strategy strategy;
	unsigned intensity; /* more restarts than that ... */
	int64_t period;	    /* ... within that many ns are too many */
};

/*
 * Runs N actors, started in order, in a nursery of its own, and returns when
 * all are over: 0.  OPTIONS may be NULL: one for one, once in 5 seconds.
 * A restart too many ends it with the error of the child that would have needed
 * it (-ELOOP: that had none); a cancel with -ECANCELED.  Then, and when one
 * cannot be started at first, the children are cancelled in reverse order, each
 * awaited before the next, and it never returns before the last has ended.  One
 * that cannot be started anew counts as one that has failed.
 *
 * A cancel from around does not reach the children but through it; so waits of
 * theirs fail in the order told, and each may still send to those before it.
 *
 * -EINVAL: an unknown strategy or restart, no FN, or a period below 1 with an
 * intensity; -EPERM outside a task; -ENOMEM; as plx_actor_spawn.
 */
PLX_API int plx_supervise(const struct plx_child *children, size_t n,
			  const struct plx_supervise_options *options);

PLX_END_DECLS

#endif
