/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * handles.c: a table of objects whose slots are used again, and whose numbers
 * are not.  Free slots form a list by place, for the table moves when it grows.
 */
#include <config.h>
#include <errno.h>
#include "handles.h"

void
plx__handles_init(struct plx_handles *h, const struct plx_sys *sys,
		  uint64_t first)
{
	h->sys = sys;
	h->slots = NULL;
	h->n = 0;
	h->free = 0;
	h->last_id = first - 1;
}

void
plx__handles_fini(struct plx_handles *h)
{
	if (h->slots)
		h->sys->resize(h->sys, h->slots, 0);
}

static int
grow(struct plx_handles *h)
{
	size_t n = h->n ? 2 * h->n : 16;
	struct plx_handle_slot *slots;

	if (n > SIZE_MAX / 2 / sizeof(*slots))
		return -ENOMEM;
	slots = h->sys->resize(h->sys, h->slots, n * sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	h->slots = slots;
	while (n > h->n) {
		n--;
		slots[n].id = 0;
		slots[n].next = h->free;
		h->free = n + 1;
	}
	h->n = h->n ? 2 * h->n : 16;
	return 0;
}

int
plx__handles_take(struct plx_handles *h, void *what, struct plx_actor *out)
{
	struct plx_handle_slot *s;
	int r = h->free ? 0 : grow(h);

	if (r < 0)
		return r;
	out->slot = h->free - 1;
	out->id = ++h->last_id;
	s = &h->slots[out->slot];
	h->free = s->next;
	s->id = out->id;
	s->what = what;
	return 0;
}

void
plx__handles_drop(struct plx_handles *h, struct plx_actor ref)
{
	struct plx_handle_slot *s = &h->slots[ref.slot];

	s->id = 0;
	s->next = h->free;
	h->free = (size_t)ref.slot + 1;
}
