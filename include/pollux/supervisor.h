/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pollux/supervisor.h: who looks after actors: monitors, which tell of an end,
 * and dead letters, which tell of lost messages.
 *
 * Monitors are Erlang's, dead letters Akka's.
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

PLX_END_DECLS

#endif
