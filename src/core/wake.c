/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wake.c: an eventfd, or a pipe where the system has none.
 *
 * Invariant: while RUNG is set, the descriptor is readable, about to become
 * so, or the answer is under way; so a ring may leave the write to the one
 * that set the flag.  The answer first empties the descriptor, then clears
 * the flag.  In the other order a ring in between would leave the flag set
 * over an empty descriptor, and no ring would ever write again.  In this
 * order a ring in between writes nothing and is answered by the return that
 * is on its way.
 *
 * Both sides exchange the flag, so what a thread did before it rang is seen
 * by the one that answers, also when the ring itself wrote nothing.
 */
#include <config.h>
#include <errno.h>
#include <stdint.h>
#include "sys.h"
#include "wake.h"

int
plx__wake_open(struct plx_wake *w, const struct plx_sys *sys)
{
	int fd = sys->eventfd(sys);
	int pair[2] = {fd, fd};

	if (fd == -ENOSYS)
		fd = sys->pipe(sys, pair);
	if (fd < 0)
		return fd;
	w->sys = sys;
	w->reader = pair[0];
	w->writer = pair[1];
	atomic_init(&w->rung, 0);
	plx__owned_init(&w->owned, sys, w->reader);
	return 0;
}

void
plx__wake_close(struct plx_wake *w)
{
	if (w->reader < 0)
		return;
	plx__owned_close(&w->owned, w->sys, w->reader);
	if (w->writer != w->reader)
		plx__owned_close(&w->owned, w->sys, w->writer);
	w->reader = w->writer = -1;
}

int
plx__wake_ring(struct plx_wake *w)
{
	const uint64_t one = 1; /* what an eventfd counts by */
	ssize_t ret;

	if (atomic_exchange(&w->rung, 1))
		return 0;
	do
		ret = w->sys->write(w->sys, w->writer, &one, sizeof(one));
	while (ret == -EINTR);
	if (ret >= 0 || ret == -EAGAIN)
		return 0;
	atomic_store(&w->rung, 0);
	return (int)ret;
}

void
plx__wake_answer(struct plx_wake *w)
{
	uint64_t words[8];

	while (w->sys->read(w->sys, w->reader, words, sizeof(words)) ==
	       (ssize_t)sizeof(words))
		continue;
	atomic_exchange(&w->rung, 0);
}
