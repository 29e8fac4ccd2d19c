/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * heal.c: the same keys in a fresh kernel object.
 *
 * Rebuild: the backend reported a registration that no key stands for and
 * that nobody can remove, because its descriptor is closed while the file
 * lives on in a duplicate (see epoll.c).  Reinit: after fork the object is
 * shared with the parent, or lost.  In both a new state is filled from the
 * table; a spent one-shot is left out, modify will add it.  A fresh set
 * reports an edge-triggered descriptor that is ready once more.
 *
 * A rebuild gives the inner descriptor a new identity, which would be lost on
 * a loop in which it is embedded.  So the embeddable descriptor is a second,
 * outer state of the same backend, made when first asked for, that watches
 * the inner one and outlives it.  It also watches the wake descriptor for
 * writing, which is always possible, while there are keys that are always
 * ready: the backend knows nothing of those.
 */
#include <config.h>
#include <sys/stat.h>
#include "selector_parts.h"

/* Two registrations of the outer state; it only ever says "readable". */
#define INNER plx__token(0, 0)
#define BELL plx__token(0, 1)

static int
outer_set(plx_selector *s, int fd, unsigned old, unsigned new, uint64_t token)
{
	return s->backend->set(s->outer, fd, old, new, token);
}

int
plx__embed_refresh(plx_selector *s)
{
	if (!s->outer)
		return 0;
	outer_set(s, s->wake.writer, PLX_WRITE, 0, BELL);
	if (!s->due)
		return 0;
	return outer_set(s, s->wake.writer, 0, PLX_WRITE, BELL);
}

static int
embed(plx_selector *s)
{
	int ret = s->backend->open(s->sys, &s->outer);

	if (ret < 0)
		return ret;
	ret = outer_set(s, s->backend->fileno(s->state), 0, PLX_READ, INNER);
	if (ret == 0)
		ret = plx__embed_refresh(s);
	if (ret < 0) {
		s->backend->close(s->outer);
		s->outer = NULL;
	}
	return ret;
}

int
plx_selector_fileno(plx_selector *s)
{
	int ret = plx__selector_check(s);

	if (ret < 0)
		return ret;
	if (!s->backend->fileno)
		return -ENOTSUP;
	if (!s->outer)
		ret = embed(s);
	return ret < 0 ? ret : s->backend->fileno(s->outer);
}

static int
means_gone(int error)
{
	return error == -EBADF || error == -EPERM || error == -ENOENT;
}

/* Puts one armed key into STATE; a dead one is left to GONE. */
static int
carry(plx_selector *s, void *state, int fd,
      void (*gone)(plx_selector *, int, struct plx_slot *))
{
	struct plx_slot *slot = &s->table.slots[fd];
	int ret;

	if (!(slot->armed & PLX__DIRECTIONS))
		return 0;
	ret = s->backend->set(state, fd, 0, slot->armed,
			      plx__token(slot->generation, fd));
	if (!means_gone(ret))
		return ret;
	slot->armed = 0;
	gone(s, fd, slot);
	return 0;
}

/* Puts the wake descriptor and all armed keys into STATE, which is closed
   when that fails. */
static int
fill(plx_selector *s, void *state,
     void (*gone)(plx_selector *, int, struct plx_slot *))
{
	int fd, ret = s->backend->set(state, s->wake.reader, 0, PLX_READ,
				      plx__wake_token(&s->wake));

	for (fd = plx__fdtable_from(&s->table, 0); ret == 0 && fd >= 0;
	     fd = plx__fdtable_from(&s->table, fd + 1))
		ret = carry(s, state, fd, gone);
	if (ret < 0)
		s->backend->close(state);
	return ret;
}

/* STATE is the one from now on: it does not know the spent. */
static void
adopt(plx_selector *s, void *state)
{
	struct plx_slot *slot;
	int fd;

	s->state = state;
	for (fd = plx__fdtable_from(&s->table, 0); fd >= 0;
	     fd = plx__fdtable_from(&s->table, fd + 1)) {
		slot = &s->table.slots[fd];
		if (slot->armed && !(slot->armed & PLX__DIRECTIONS))
			plx__key_spend(s, fd, slot);
	}
}

/* Only the old state can tell a reused number: ask it while it is there. */
static void
find_dead(plx_selector *s)
{
	struct plx_slot *slot;
	int fd;

	for (fd = plx__fdtable_from(&s->table, 0); fd >= 0;
	     fd = plx__fdtable_from(&s->table, fd + 1)) {
		slot = &s->table.slots[fd];
		if (slot->armed && !plx__key_alive(s, fd, slot))
			plx__key_kill(s, fd, slot);
	}
}

/* The outer state turns from the old state's descriptor to STATE's. */
static int
embed_swap(plx_selector *s, void *state)
{
	int ret;

	if (!s->outer)
		return 0;
	ret = outer_set(s, s->backend->fileno(state), 0, PLX_READ, INNER);
	if (ret < 0)
		return ret;
	return outer_set(s, s->backend->fileno(s->state), PLX_READ, 0, INNER);
}

int
plx__selector_rebuild(plx_selector *s)
{
	void *state;
	int ret = s->backend->open(s->sys, &state);

	if (ret < 0)
		return ret;
	find_dead(s);
	ret = fill(s, state, plx__key_kill);
	if (ret < 0)
		return ret;
	ret = embed_swap(s, state);
	if (ret < 0) {
		s->backend->close(state);
		return ret;
	}
	s->backend->close(s->state);
	adopt(s, state);
	s->stats.rebuilt++;
	return 0;
}

/* To be done before descriptors are opened, which may get those numbers.
   Nothing is taken out of the state: it is the parent's. */
static void
drop_closed(plx_selector *s)
{
	struct plx_slot *slot;
	struct stat st;
	int fd;

	for (fd = plx__fdtable_from(&s->table, 0); fd >= 0;
	     fd = plx__fdtable_from(&s->table, fd + 1)) {
		if (s->sys->fstat(s->sys, fd, &st) != -EBADF)
			continue;
		slot = &s->table.slots[fd];
		slot->armed = 0;
		plx__key_drop(s, fd, slot);
	}
}

static int
restore(plx_selector *s)
{
	void *state;
	int ret = plx__wake_open(&s->wake, s->sys);

	if (ret == 0)
		ret = s->backend->open(s->sys, &state);
	if (ret == 0)
		ret = fill(s, state, plx__key_drop);
	if (ret == 0)
		adopt(s, state);
	return ret;
}

int
plx_selector_reinit(plx_selector *s)
{
	int ret = plx__selector_check(s);

	if (ret != -ECHILD)
		return ret;
	if (s->outer)
		s->backend->close(s->outer);
	s->outer = NULL;
	drop_closed(s);
	if (s->state)
		s->backend->close(s->state);
	s->state = NULL;
	plx__wake_close(&s->wake);
	ret = restore(s);
	if (ret == 0)
		plx__forkmark_renew(&s->mark);
	return ret;
}
