/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * selector_parts.h: the selector from inside.
 *
 * choose.c   which backend, and does it work
 * keys.c     register, modify, unregister, the map
 * selector.c open, close, and the wait
 * always.c   keys that the backend refuses because they never block
 * heal.c     a fresh kernel set for the same keys: ghosts, fork, embedding
 *
 * A key is in one of four conditions: armed (the backend has it, with the
 * mask ARMED), always ready (the selector reports it by itself), spent (a
 * one-shot that a fresh set was made without; ARMED is 0) or dead.
 */
#ifndef PLX_SELECTOR_PARTS_H
#define PLX_SELECTOR_PARTS_H

#include <errno.h>
#include "selector_int.h"
#include "backend.h"
#include "sys.h"
#include "fdtable.h"
#include "forkmark.h"
#include "wake.h"

#define PLX__DIRECTIONS (PLX_READ | PLX_WRITE)
#define PLX__ASKABLE (PLX__DIRECTIONS | PLX_EDGE | PLX_ONESHOT | PLX_EXCLUSIVE)

/*
 * After so many events a key is asked whether it still is what it was.  It
 * bounds the false reports of a descriptor that was closed, not unregistered,
 * and lives on in a duplicate, and costs a thousandth of a call an event.
 */
#define PLX__PATIENCE 1024
/* Likewise for one that is always ready; reading it costs a call anyhow. */
#define PLX__PATIENCE_ALWAYS 256

struct plx_selector {
	const struct plx_sys *sys;
	const struct plx_backend *backend;
	void *state; /* NULL after a reinit that failed */
	struct plx_fdtable table;
	struct plx_backend_event *batch;
	int room;  /* of BATCH */
	int woken; /* this call met the wake descriptor */
	int ghost; /* a wait met what no key stands for, and no rebuild yet */

	/* The always ready: a queue through the slots' NEXT. */
	int head, tail;
	int queued; /* its length */
	int due;    /* how many of them are to be reported */
	int turn;   /* whether they go first, this time */

	void *outer; /* a second state that watches the first, or NULL */
	struct plx_forkmark mark;
	struct plx_wake wake;
	struct plx_selector_stats stats;
};

static inline int
plx__selector_check(const plx_selector *s)
{
	if (!s)
		return -EBADF;
	return plx__forkmark_forked(&s->mark) ? -ECHILD : 0;
}

static inline uint64_t
plx__wake_token(const struct plx_wake *wake)
{
	return plx__token(0, wake->reader);
}

/* What SLOT begins with. */
static inline uint16_t
plx__patience(const struct plx_slot *slot)
{
	if (slot->state & PLX_SLOT_ALWAYS)
		return PLX__PATIENCE_ALWAYS;
	return slot->asked & PLX_ONESHOT ? 1 : PLX__PATIENCE;
}

/*
 * choose.c: a state of B that watches WAKE and has been waited on once.
 * -ENOSYS when the system refuses it, -EMFILE, -ENFILE or -ENOMEM; *STEP is
 * what failed and *WHY how.
 */
int plx__backend_try(const struct plx_backend *b, const struct plx_sys *sys,
		     const struct plx_wake *wake, void **state,
		     const char **step, int *why);

/* selector.c: a selector on B, or the error of plx__backend_try. */
int plx__selector_make(const struct plx_backend *b, const struct plx_sys *sys,
		       plx_selector **out);

/* keys.c: whether SLOT's descriptor is still the file that was registered. */
int plx__key_alive(plx_selector *s, int fd, const struct plx_slot *slot);
/* Its file is gone; the key stays until somebody unregisters it. */
void plx__key_kill(plx_selector *s, int fd, struct plx_slot *slot);
/* It has fired for good, and the backend does not know it any more. */
void plx__key_spend(plx_selector *s, int fd, struct plx_slot *slot);
/* Empties the slot. */
void plx__key_drop(plx_selector *s, int fd, struct plx_slot *slot);

/* always.c: SLOT is to be reported from now on (0; or -errno, and nothing has
   changed), or not at all. */
int plx__always_add(plx_selector *s, int fd, struct plx_slot *slot);
void plx__always_remove(plx_selector *s, struct plx_slot *slot);
/* Reports up to CAP of those that are due; how many. */
int plx__always_take(plx_selector *s, struct plx_ready *ready, int cap);

/* heal.c: a fresh set without what haunts the old one.  0 or -errno, and then
   the old one stands. */
int plx__selector_rebuild(plx_selector *s);
/* The embeddable descriptor, if there is one, learns whether anything is due.
   0; or -errno, but only when something is. */
int plx__embed_refresh(plx_selector *s);

#endif
