/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * io_seam.c: the hints, the budget, the closes and the waits of descriptors,
 * for operations that live above this room.
 *
 * A descriptor gets its port with its first hint; one without memory for that
 * has no hint, and is tried first each time.
 */
#include <config.h>
#include "io_int.h"
#include "io_seam.h"

int
plx__io_begin(int fd, int64_t deadline)
{
	return plx__begin_fd(plx__current, fd, deadline);
}

int
plx__io_blocks(int fd, unsigned direction)
{
	const struct plx_port *p = plx__port(plx__current, fd);

	return p && p->blocks[direction >> 1];
}

void
plx__io_set_blocks(int fd, unsigned direction)
{
	struct plx_task *t = plx__current;
	struct plx_port *p = plx__port(t, fd);

	if (p || plx__port_make(t->rt, fd, &p) == 0)
		p->blocks[direction >> 1] = 1;
}

unsigned
plx__io_closes(int fd)
{
	const struct plx_port *p = plx__port(plx__current, fd);

	return p ? p->closes : 0;
}

int
plx__io_awaited(int fd)
{
	const struct plx_task *t = plx__current;
	const struct plx_port *p = t ? plx__port_find(t->rt, fd) : NULL;

	return p && (p->in.task || (p->out && p->out->task));
}

int64_t
plx__io_scopes_end(void)
{
	const struct plx_task *t = plx__current;
	const struct plx_scope *x = plx__scope_innermost(t);
	int64_t end = PLX_NEVER;

	for (;;) {
		for (; x; x = plx__scope_around(t, x)) {
			end = plx__earlier(end, plx__scope_end(x));
			if (x->shield)
				return end;
		}
		if (!t->nursery->opener)
			return end;
		x = plx__scope_around(t->nursery->opener, &t->nursery->scope);
		t = t->nursery->opener;
	}
}

void
plx__io_release(void)
{
	plx__stack_release(&plx__current->rt->stacks);
}
