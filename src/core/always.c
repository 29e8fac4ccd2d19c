/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * always.c: descriptors that never block.
 *
 * poll(2) calls regular files, directories and /dev/null always ready; epoll
 * and kqueue refuse them.  The selector then reports them itself, in turn, as
 * a queue through the slots.  A level-triggered key goes back to the end, an
 * edge or one-shot key leaves until it is modified.  A key that is removed
 * stays linked and is unlinked when its turn comes, so that removal needs no
 * search; put back before that, it has its old place.
 */
#include <config.h>
#include "selector_parts.h"

static void
push(plx_selector *s, int fd)
{
	if (s->queued++ == 0)
		s->head = fd;
	else
		s->table.slots[s->tail].next = fd;
	s->tail = fd;
	s->table.slots[fd].state |= PLX_SLOT_QUEUED;
}

static int
pop(plx_selector *s)
{
	int fd = s->head;

	s->head = s->table.slots[fd].next;
	s->queued--;
	s->table.slots[fd].state &= (uint8_t)~PLX_SLOT_QUEUED;
	return fd;
}

/* Never fails on the way down. */
static int
count_due(plx_selector *s, int change)
{
	int before = s->due, ret = 0;

	s->due += change;
	if (!before || !s->due)
		ret = plx__embed_refresh(s);
	if (ret < 0)
		s->due = before;
	return ret;
}

int
plx__always_add(plx_selector *s, int fd, struct plx_slot *slot)
{
	int ret = slot->state & PLX_SLOT_DUE ? 0 : count_due(s, 1);

	if (ret < 0)
		return ret;
	slot->state |= PLX_SLOT_ALWAYS | PLX_SLOT_DUE;
	if (!(slot->state & PLX_SLOT_QUEUED))
		push(s, fd);
	return 0;
}

void
plx__always_remove(plx_selector *s, struct plx_slot *slot)
{
	int due = slot->state & PLX_SLOT_DUE;

	slot->state &= (uint8_t) ~(PLX_SLOT_ALWAYS | PLX_SLOT_DUE);
	if (due)
		count_due(s, -1);
}

static int
still_there(plx_selector *s, int fd, struct plx_slot *slot)
{
	if (slot->patience > 1) {
		slot->patience--;
		return 1;
	}
	slot->patience = PLX__PATIENCE_ALWAYS;
	if (plx__key_alive(s, fd, slot))
		return 1;
	plx__key_kill(s, fd, slot);
	return 0;
}

int
plx__always_take(plx_selector *s, struct plx_ready *ready, int cap)
{
	struct plx_slot *slot;
	int fd, left, n = 0;

	for (left = s->queued; left > 0 && n < cap; left--) {
		fd = pop(s);
		slot = &s->table.slots[fd];
		if (!(slot->state & PLX_SLOT_DUE) || !still_there(s, fd, slot))
			continue;
		ready[n++] = (struct plx_ready){
			.data = slot->data,
			.fd = fd,
			.events = slot->asked & PLX__DIRECTIONS,
		};
		if (!(slot->asked & (PLX_EDGE | PLX_ONESHOT))) {
			push(s, fd);
			continue;
		}
		slot->state &= (uint8_t)~PLX_SLOT_DUE;
		count_due(s, -1);
	}
	return n;
}
