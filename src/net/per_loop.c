/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * per_loop.c: what the net room keeps with a loop.
 *
 * A loop has one place for a guest, and nobody but this file puts one there:
 * a part of the room that has to keep something more with the loop adds a
 * member to struct plx_per_loop.
 */
#include <config.h>

#include "per_loop.h"

#include <errno.h>
#include "sys.h"

static void
leave(struct plx_loop_guest *g, const struct plx_sys *sys)
{
	struct plx_per_loop *p = (struct plx_per_loop *)g;

	plx__chunks_free(&p->chunks);
	sys->resize(sys, p, 0);
}

int
plx__per_loop(struct plx_loop *loop, struct plx_per_loop **out)
{
	struct plx_loop_guest **slot = plx__loop_guest_slot(loop);
	const struct plx_sys *sys = plx__loop_sys(loop);
	struct plx_per_loop *p = (struct plx_per_loop *)*slot;

	if (!p) {
		p = sys->resize(sys, NULL, sizeof(*p));
		if (!p)
			return -ENOMEM;
		*p = (struct plx_per_loop){.guest.leave = leave};
		plx__chunks_init(&p->chunks, sys);
		*slot = &p->guest;
	}
	*out = p;
	return 0;
}

int
plx__chunks_of(struct plx_loop *loop, struct plx_chunks **out)
{
	struct plx_per_loop *p;
	int err = plx__per_loop(loop, &p);

	if (err < 0)
		return err;
	*out = &p->chunks;
	return 0;
}
