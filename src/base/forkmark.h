/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * forkmark.h: are we still in the process that made this object?
 *
 * The kernel is told to hand a forked child a page of zeroes in place of one
 * that holds a mark; then the question costs a load and a compare.  Where it
 * cannot be told, getpid is asked each time.  A child made by vfork shares
 * its parent's memory and counts as the parent.
 */
#ifndef PLX_FORKMARK_H
#define PLX_FORKMARK_H

#include <sys/types.h>
#include "sys.h"

struct plx_forkmark {
	const struct plx_sys *sys;
	const volatile unsigned *page; /* NULL: compare process numbers */
	pid_t owner;
};

/* From now on the calling process is the one that owns M. */
void plx__forkmark_init(struct plx_forkmark *m, const struct plx_sys *sys);

/* The same for one that was initialised before, in the child. */
void plx__forkmark_renew(struct plx_forkmark *m);

void plx__forkmark_fini(struct plx_forkmark *m);

static inline int
plx__forkmark_forked(const struct plx_forkmark *m)
{
	if (m->page)
		return *m->page == 0;
	return m->sys->getpid(m->sys) != m->owner;
}

#endif
