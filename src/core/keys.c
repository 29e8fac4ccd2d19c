/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keys.c: what is registered.
 *
 * The invariant: a slot says what the backend has.  Every change goes to the
 * backend first and is written down only when it succeeded, so a refusal
 * leaves key and kernel as they were.
 *
 * A key can outlive its file: somebody closed the descriptor without telling
 * us.  It is then counted, and dead: unregister works, modify says -ENOENT,
 * and a register of the number, which now means another file, replaces it.
 */
#include <config.h>
#include <sys/stat.h>
#include "selector_parts.h"

_Static_assert(PLX_READ == PLX_BACKEND_READ && PLX_WRITE == PLX_BACKEND_WRITE &&
		       PLX_EDGE == PLX_BACKEND_EDGE &&
		       PLX_ONESHOT == PLX_BACKEND_ONESHOT &&
		       PLX_EXCLUSIVE == PLX_BACKEND_EXCLUSIVE &&
		       PLX_EOF == PLX_BACKEND_EOF &&
		       PLX_ERROR == PLX_BACKEND_ERROR,
	       "the event bits of backends are the public ones");
_Static_assert(PLX_FEATURE_EDGE == PLX_BACKEND_HAS_EDGE &&
		       PLX_FEATURE_ONESHOT == PLX_BACKEND_HAS_ONESHOT &&
		       PLX_FEATURE_EXCLUSIVE == PLX_BACKEND_HAS_EXCLUSIVE &&
		       PLX_FEATURE_EMBEDDABLE == PLX_BACKEND_HAS_FILENO &&
		       PLX_FEATURE_NANOSECONDS == PLX_BACKEND_HAS_NANOSECONDS,
	       "the features of backends are the public ones");

/* No mechanism has it. */
#define EXCLUSIVE_ONCE (PLX_EXCLUSIVE | PLX_ONESHOT)

/* What a slot has room for. */
#define PRINT_BITS 0xffffffu

static int
change(plx_selector *s, int fd, unsigned old, unsigned new, uint32_t generation)
{
	return s->backend->set(s->state, fd, old, new,
			       plx__token(generation, fd));
}

/* 0, -EINVAL, or -ENOTSUP for a flag that the backend lacks. */
static int
check_events(const plx_selector *s, unsigned events)
{
	unsigned lacking = 0;

	if (events & ~PLX__ASKABLE || !(events & PLX__DIRECTIONS))
		return -EINVAL;
	if (!(s->backend->features & PLX_FEATURE_EDGE))
		lacking |= PLX_EDGE;
	if (!(s->backend->features & PLX_FEATURE_ONESHOT))
		lacking |= PLX_ONESHOT;
	if (!(s->backend->features & PLX_FEATURE_EXCLUSIVE))
		lacking |= PLX_EXCLUSIVE;
	if ((events & EXCLUSIVE_ONCE) == EXCLUSIVE_ONCE)
		lacking |= EXCLUSIVE_ONCE;
	return events & lacking ? -ENOTSUP : 0;
}

/*
 * Tells one file that the backend does not know from another: device and
 * inode, boiled down to what a slot has room for, so that inodes of one device
 * differ whose lowest 24 bits do.  0 and *PRINT, which is not 0, or -errno.
 */
static int
fingerprint(plx_selector *s, int fd, uint32_t *print)
{
	struct stat st;
	int ret = s->sys->fstat(s->sys, fd, &st);
	uint64_t mix;

	if (ret < 0)
		return ret;
	mix = (uint64_t)st.st_ino ^ (uint64_t)st.st_dev << 7;
	*print = (uint32_t)(mix ^ mix >> 24 ^ mix >> 48) & PRINT_BITS;
	if (*print == 0)
		*print = 1;
	return 0;
}

/* Notes what FD is; 0, which all files pass for, when nobody can tell. */
static void
take_print(plx_selector *s, int fd, struct plx_slot *slot)
{
	uint32_t print;

	if (fingerprint(s, fd, &print) < 0)
		print = 0;
	slot->print_low = (uint16_t)print;
	slot->print_high = (uint8_t)(print >> 16);
}

static int
print_holds(plx_selector *s, int fd, const struct plx_slot *slot)
{
	uint32_t kept = slot->print_low | (uint32_t)slot->print_high << 16;
	uint32_t print;
	int ret = fingerprint(s, fd, &print);

	if (ret < 0)
		return ret != -EBADF;
	return !kept || print == kept;
}

/* Descriptors of the selector's: whoever names one means a closed one. */
static int
is_own(const plx_selector *s, int fd)
{
	int (*number)(void *) = s->backend->fileno;

	if (fd == s->wake.reader || fd == s->wake.writer)
		return 1;
	return number &&
	       (fd == number(s->state) || (s->outer && fd == number(s->outer)));
}

int
plx__key_alive(plx_selector *s, int fd, const struct plx_slot *slot)
{
	unsigned armed = slot->armed;

	if (slot->state & PLX_SLOT_DEAD || is_own(s, fd))
		return 0;
	if (!armed)
		return print_holds(s, fd, slot);
	return change(s, fd, armed, armed, slot->generation) != -ENOENT;
}

void
plx__key_spend(plx_selector *s, int fd, struct plx_slot *slot)
{
	slot->armed = 0;
	take_print(s, fd, slot);
}

/* Takes the key out of whatever would report it. */
static void
silence(plx_selector *s, int fd, struct plx_slot *slot)
{
	if (slot->armed)
		change(s, fd, slot->armed, 0, slot->generation);
	slot->armed = 0;
	plx__always_remove(s, slot);
}

void
plx__key_kill(plx_selector *s, int fd, struct plx_slot *slot)
{
	silence(s, fd, slot);
	slot->state |= PLX_SLOT_DEAD;
	s->stats.stale++;
}

void
plx__key_drop(plx_selector *s, int fd, struct plx_slot *slot)
{
	silence(s, fd, slot);
	slot->state &= PLX_SLOT_QUEUED;
	slot->generation = 0;
	slot->asked = 0;
	slot->data = NULL;
}

/* Room for FD in the table; a number that is not open gets none. */
static int
make_room(plx_selector *s, int fd)
{
	struct stat st;
	int ret;

	if (fd < 0 || is_own(s, fd))
		return -EBADF;
	if (fd < s->table.size)
		return 0;
	ret = s->sys->fstat(s->sys, fd, &st);
	return ret < 0 ? ret : plx__fdtable_grow(&s->table, fd);
}

/* Drops a dead key of FD; -EEXIST when it is alive. */
static int
make_way(plx_selector *s, int fd)
{
	struct plx_slot *slot = plx__fdtable_find(&s->table, fd);

	if (!slot)
		return 0;
	if (plx__key_alive(s, fd, slot))
		return -EEXIST;
	if (!(slot->state & PLX_SLOT_DEAD))
		s->stats.stale++;
	plx__key_drop(s, fd, slot);
	return 0;
}

static int
add_always(plx_selector *s, int fd, struct plx_slot *slot)
{
	take_print(s, fd, slot);
	return plx__always_add(s, fd, slot);
}

static int
add(plx_selector *s, int fd, unsigned events, void *data)
{
	uint32_t generation = plx__fdtable_generation(&s->table);
	int ret = change(s, fd, 0, events, generation);
	struct plx_slot *slot = &s->table.slots[fd];
	int always = ret == -EPERM;

	if (always)
		ret = add_always(s, fd, slot);
	if (ret < 0)
		return ret;
	slot->data = data;
	slot->generation = generation;
	slot->asked = (uint8_t)events;
	slot->armed = always ? 0 : (uint8_t)events;
	slot->patience = plx__patience(slot);
	return 0;
}

int
plx_selector_register(plx_selector *s, int fd, unsigned events, void *data)
{
	int ret = plx__selector_check(s);

	if (ret == 0)
		ret = check_events(s, events);
	if (ret == 0)
		ret = make_room(s, fd);
	if (ret == 0)
		ret = make_way(s, fd);
	return ret < 0 ? ret : add(s, fd, events, data);
}

/* Whether EVENTS are what SLOT has, and it has not fired for good: an edge of
   what is always ready has, but is not told again either. */
static int
in_place(const struct plx_slot *slot, unsigned events)
{
	if (events != slot->asked)
		return 0;
	if (slot->state & PLX_SLOT_ALWAYS && !(events & PLX_ONESHOT))
		return 1;
	return events == slot->armed || slot->state & PLX_SLOT_DUE;
}

static int
rearm(plx_selector *s, int fd, struct plx_slot *slot, unsigned events)
{
	int ret;

	if (!slot->armed && !plx__key_alive(s, fd, slot))
		return -ENOENT;
	if (slot->state & PLX_SLOT_ALWAYS)
		return plx__always_add(s, fd, slot);
	ret = change(s, fd, slot->armed, events, slot->generation);
	if (ret == 0)
		slot->armed = (uint8_t)events;
	if (ret == -EBADF || ret == -EPERM || (ret < 0 && is_own(s, fd)))
		return -ENOENT;
	return ret;
}

int
plx_selector_modify(plx_selector *s, int fd, unsigned events, void *data)
{
	struct plx_slot *slot;
	int ret = plx__selector_check(s);

	if (ret == 0)
		ret = check_events(s, events);
	if (ret < 0)
		return ret;
	slot = plx__fdtable_find(&s->table, fd);
	if (!slot || slot->state & PLX_SLOT_DEAD)
		return -ENOENT;
	if (!in_place(slot, events)) {
		ret = rearm(s, fd, slot, events);
		if (ret == -ENOENT)
			plx__key_kill(s, fd, slot);
		if (ret < 0)
			return ret;
		slot->asked = (uint8_t)events;
		slot->patience = plx__patience(slot);
	}
	slot->data = data;
	return 0;
}

int
plx_selector_unregister(plx_selector *s, int fd)
{
	int ret = plx__selector_check(s);
	struct plx_slot *slot;

	if (ret < 0)
		return ret;
	slot = plx__fdtable_find(&s->table, fd);
	if (!slot)
		return -ENOENT;
	plx__key_drop(s, fd, slot);
	return 0;
}

static void
copy_key(const plx_selector *s, int fd, struct plx_key *key)
{
	const struct plx_slot *slot = &s->table.slots[fd];

	*key = (struct plx_key){
		.data = slot->data,
		.fd = fd,
		.events = slot->asked,
	};
}

int
plx_selector_get_key(const plx_selector *s, int fd, struct plx_key *key)
{
	int ret = plx__selector_check(s);

	if (ret < 0)
		return ret;
	if (!plx__fdtable_find(&s->table, fd))
		return -ENOENT;
	copy_key(s, fd, key);
	return 0;
}

int
plx_selector_next_key(const plx_selector *s, int *cursor, struct plx_key *key)
{
	int ret = plx__selector_check(s);
	int fd;

	if (ret < 0)
		return ret;
	fd = plx__fdtable_from(&s->table, *cursor);
	if (fd < 0)
		return 0;
	*cursor = fd + 1;
	copy_key(s, fd, key);
	return 1;
}
