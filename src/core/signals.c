/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signals.c: from a signal handler into the loop.
 *
 * A disposition belongs to the process, so the table of who catches what does
 * too: the one piece of global state of the library.  The handler touches
 * atomics and plx_selector_wake only, and neither changes errno.
 *
 * The handler may be running in another thread while its signal is given up
 * and the loop freed.  It counts itself into its slot before it looks for the
 * loop; whoever gives the signal up takes the loop out of the slot and then
 * waits for the count to fall to 0.  One of the two sees the other.
 *
 * A fork takes over what the parent has caught, and a count that may hold
 * handlers of threads which the child does not have.  So a pending signal
 * carries the process that caught it, and a child counts anew.
 *
 * SA_ONSTACK, because a task's stack is small; it means nothing to a thread
 * without a signal stack.
 */
#include <config.h>

#include "signals.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

#include "loop_int.h"
#include "sys.h"

enum {
	SIGNALS = 129
};

static struct slot {
	_Atomic(plx_loop *) loop; /* who is to be told; NULL: nobody */
	atomic_int taken;
	atomic_int pending;	   /* the process that caught it, or 0 */
	atomic_int busy;	   /* handlers inside */
	struct plx_signal *signal; /* the loop's own from here on */
	struct sigaction old;
} slots[SIGNALS];

static void
handle(int signo)
{
	struct slot *slot = &slots[signo];
	plx_loop *loop;

	atomic_fetch_add(&slot->busy, 1);
	loop = atomic_load(&slot->loop);
	if (loop) {
		atomic_store(&slot->pending, loop->sys->getpid(loop->sys));
		atomic_store(&loop->signalled, 1);
		plx__loop_notify(loop);
	}
	atomic_fetch_sub(&slot->busy, 1);
}

static void
release(struct slot *slot)
{
	atomic_store(&slot->loop, NULL);
	while (atomic_load(&slot->busy) > 0)
		continue;
	slot->signal->signo = 0;
	slot->signal->loop = NULL;
	slot->signal = NULL;
	atomic_store(&slot->pending, 0);
	atomic_store(&slot->taken, 0);
}

int
plx_loop_signal(plx_loop *loop, struct plx_signal *s, int signo)
{
	struct sigaction action = {
		.sa_handler = handle,
		.sa_flags = SA_RESTART | SA_ONSTACK,
	};
	struct slot *slot;
	int err;

	if (!s->fn || signo < 1 || signo >= SIGNALS)
		return -EINVAL;
	slot = &slots[signo];
	if (s->signo || atomic_exchange(&slot->taken, 1))
		return -EBUSY;
	s->loop = loop;
	s->signo = signo;
	slot->signal = s;
	atomic_store(&slot->loop, loop);
	sigemptyset(&action.sa_mask);
	err = loop->sys->sigaction(loop->sys, signo, &action, &slot->old);
	if (err < 0) {
		release(slot);
		return err;
	}
	loop->signals++;
	return 0;
}

void
plx_loop_unsignal(struct plx_signal *s)
{
	struct slot *slot;
	plx_loop *loop = s->loop;

	if (!s->signo)
		return;
	slot = &slots[s->signo];
	loop->sys->sigaction(loop->sys, s->signo, &slot->old, NULL);
	loop->signals--;
	if (plx__loop_forked(loop))
		atomic_store(&slot->busy, 0);
	release(slot);
}

void
plx__signals_run(struct plx_loop *loop)
{
	if (!atomic_load_explicit(&loop->signalled, memory_order_relaxed))
		return;
	atomic_exchange(&loop->signalled, 0);
	for (int signo = 1; loop->signals && signo < SIGNALS; signo++) {
		struct slot *slot = &slots[signo];

		if (atomic_load_explicit(&slot->loop, memory_order_relaxed) ==
			    loop &&
		    atomic_exchange(&slot->pending, 0))
			slot->signal->fn(slot->signal, signo);
	}
}

void
plx__signals_fini(struct plx_loop *loop)
{
	for (int signo = 1; loop->signals && signo < SIGNALS; signo++) {
		if (atomic_load(&slots[signo].loop) == loop)
			plx_loop_unsignal(slots[signo].signal);
	}
}

void
plx__signals_on_fork(struct plx_loop *loop)
{
	int own = loop->sys->getpid(loop->sys);
	int found = 0;

	for (int signo = 1; signo < SIGNALS; signo++) {
		struct slot *slot = &slots[signo];
		int pending = atomic_load(&slot->pending);

		if (atomic_load(&slot->loop) != loop)
			continue;
		atomic_store(&slot->busy, 0);
		if (pending == own)
			found = 1;
		else if (pending)
			atomic_compare_exchange_strong(&slot->pending, &pending,
						       0);
	}
	if (!found)
		return;
	atomic_store(&loop->signalled, 1);
	plx__loop_notify(loop);
}
