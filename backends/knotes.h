/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * knotes.h: what the kernel holds for one descriptor of a kqueue.
 *
 * Between kqueue.c, which knows tokens and waits, and the change lists of
 * kevent(2), in which the systems differ.  To be seen where there is a kqueue.
 */
#ifndef PLX_KNOTES_H
#define PLX_KNOTES_H

#include <sys/types.h>
#include <sys/event.h>

/* Old systems: one change a call, and no PLX_BACKEND_ONESHOT. */
#ifndef EV_RECEIPT
#define EV_RECEIPT 0
#define EV_DISPATCH 0
#endif

struct plx_sys;

struct plx_knotes {
	unsigned mode; /* of those there are: 0, EV_CLEAR or EV_DISPATCH */
	unsigned live; /* directions that have one */
	unsigned lost; /* directions whose knote hung up and is gone */
};

/* The direction that K is about. */
unsigned plx__knotes_direction(const struct kevent *k);

/*
 * Makes the knotes of FD in KQ, as KN says they are, fit a mask of backend.h,
 * as far as that goes.  A mask that is silent keeps a disabled one, to tell
 * that the file is still there.  0, or the first error: -ENOENT, there was
 * none any more; -EBADF; -EPERM, a device that never blocks; ...
 */
int plx__knotes_fit(const struct plx_sys *sys, int kq, int fd,
		    struct plx_knotes *kn, unsigned mask);

/* Ends FD's knote for DIRECTION, if there is one. */
void plx__knotes_end(const struct plx_sys *sys, int kq, int fd,
		     unsigned direction);

/* What poll(2) says of FD and DIRECTION now. */
int plx__knotes_is_ready(const struct plx_sys *sys, int fd, unsigned direction);

#endif
