/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * selector.c: the life of a selector, and the wait.
 *
 * This is the one place that knows about deadlines: a backend may return
 * early and empty, may have been given a shorter timeout than was meant, or
 * may report what no key stands for; the loop in plx_selector_select asks it
 * again until there is an entry, a wake, an error, or the time has come.  The
 * clock is read only for a deadline that may lie ahead.
 *
 * A reported token leads to its key by one access to the table and one
 * compare.  All that is out of the ordinary (the wake descriptor, dead and
 * one-shot keys, keys to be looked after, ghosts) fails one of three tests
 * there and is sorted out by odd_event.
 */
#include <config.h>
#include <limits.h>
#include <poll.h>
#include "clock.h"
#include "selector_parts.h"
#include "timeout.h"

#define INFORMATIVE (PLX_EOF | PLX_ERROR)
#define DOZE (10 * PLX_MILLISECOND)

int
plx__selector_make(const struct plx_backend *b, const struct plx_sys *sys,
		   plx_selector **out)
{
	plx_selector *s = sys->resize(sys, NULL, sizeof(*s));
	const char *step;
	int ret, why;

	if (!s)
		return -ENOMEM;
	*s = (plx_selector){.sys = sys, .backend = b};
	plx__fdtable_init(&s->table, sys);
	ret = plx__wake_open(&s->wake, sys);
	if (ret < 0)
		goto free_selector;
	ret = plx__backend_try(b, sys, &s->wake, &s->state, &step, &why);
	if (ret < 0)
		goto close_wake;
	plx__forkmark_init(&s->mark, sys);
	*out = s;
	return 0;

close_wake:
	plx__wake_close(&s->wake);
free_selector:
	sys->resize(sys, s, 0);
	return ret;
}

void
plx_selector_close(plx_selector **selector)
{
	plx_selector *s = selector ? *selector : NULL;
	const struct plx_sys *sys;

	if (!s)
		return;
	sys = s->sys;
	if (s->outer)
		s->backend->close(s->outer);
	if (s->state)
		s->backend->close(s->state);
	plx__wake_close(&s->wake);
	plx__forkmark_fini(&s->mark);
	plx__fdtable_fini(&s->table);
	sys->resize(sys, s->batch, 0);
	sys->resize(sys, s, 0);
	*selector = NULL;
}

const char *
plx_selector_backend(const plx_selector *s)
{
	return s ? s->backend->name : NULL;
}

/* A set that has a descriptor is in the kernel, which knows what is ready. */
int
plx__selector_batch(const plx_selector *s)
{
	return s->backend->features & PLX_BACKEND_HAS_FILENO
		       ? 256
		       : PLX_SELECTOR_BATCH_MOST;
}

int
plx_selector_wake(plx_selector *s)
{
	int ret = plx__selector_check(s);

	return ret < 0 ? ret : plx__wake_ring(&s->wake);
}

int
plx_selector_stats(const plx_selector *s, struct plx_selector_stats *out)
{
	int ret = plx__selector_check(s);

	if (ret == 0)
		*out = s->stats;
	return ret;
}

/* Makes room for CAP events of the backend.  For how many there is some, if
   only for fewer; or -ENOMEM. */
static __attribute__((noinline)) int
make_room(plx_selector *s, int cap)
{
	struct plx_backend_event *batch;
	size_t room = s->room ? (size_t)s->room : 32;

	while (room < (size_t)cap)
		room *= 2;
	batch = s->sys->resize(s->sys, s->batch, room * sizeof(*batch));
	if (!batch)
		return s->room > 0 ? s->room : -ENOMEM;
	s->batch = batch;
	s->room = room > INT_MAX ? INT_MAX : (int)room;
	return cap;
}

/* A key has come to the end of its patience: 1 to report it, else 0. */
static int
look_after(plx_selector *s, int fd, struct plx_slot *slot)
{
	if (slot->armed & PLX_ONESHOT) {
		slot->armed &= (uint8_t)~PLX__DIRECTIONS;
		slot->patience = 1;
		return 1;
	}
	slot->patience = PLX__PATIENCE;
	if (plx__key_alive(s, fd, slot))
		return 1;
	plx__key_kill(s, fd, slot);
	return 0;
}

/* An event that failed a test of deliver: 1 to report it, else 0. */
static __attribute__((noinline)) int
odd_event(plx_selector *s, const struct plx_backend_event *ev)
{
	int fd = plx__token_fd(ev->token);
	struct plx_slot *slot = plx__fdtable_find(&s->table, fd);
	uint32_t generation = plx__token_generation(ev->token);

	if (ev->token == plx__wake_token(&s->wake)) {
		plx__wake_answer(&s->wake);
		s->woken = 1;
		return 0;
	}
	if (!slot || slot->generation != generation ||
	    slot->state & PLX_SLOT_DEAD) {
		s->stats.stale++;
		s->ghost = 1;
		return 0;
	}
	if (ev->events == 0) {
		plx__key_kill(s, fd, slot);
		return 0;
	}
	if (!(ev->events & slot->armed & PLX__DIRECTIONS))
		return 0;
	return look_after(s, fd, slot);
}

/*
 * Turns N events of the batch, one at least, into entries; how many.  An entry
 * is written before it is known whether it counts: there is room for N of them.
 */
static inline int
deliver(plx_selector *s, struct plx_ready *ready, int n)
{
	const struct plx_backend_event *ev = s->batch;
	const struct plx_backend_event *end = ev + n;
	struct plx_slot *slot;
	unsigned fd, events;

	do {
		fd = (unsigned)plx__token_fd(ev->token);
		if (fd >= (unsigned)s->table.size) {
			odd_event(s, ev);
			n--;
			continue;
		}
		slot = &s->table.slots[fd];
		events = ev->events & (slot->armed | INFORMATIVE);
		ready->data = slot->data;
		ready->fd = (int)fd;
		ready->events = events;
		if ((slot->generation == plx__token_generation(ev->token) &&
		     events & PLX__DIRECTIONS && --slot->patience > 0) ||
		    odd_event(s, ev))
			ready++;
		else
			n--;
	} while (++ev < end);
	return n;
}

/*
 * A ghost is ready and cannot be got rid of, for want of a descriptor or of
 * memory: a wait would not wait.  Sleeps a little: 0 or -errno.
 */
static int
doze(plx_selector *s, int64_t timeout)
{
	struct pollfd wake = {.fd = s->wake.reader, .events = POLLIN};
	struct timespec spec;
	int ret;

	if (timeout < 0 || timeout > DOZE)
		timeout = DOZE;
	ret = s->sys->poll(s->sys, &wake, 1, plx__timeout_spec(timeout, &spec));
	return ret < 0 ? ret : 0;
}

/* N entries are ready, and a ghost was met: makes the set anew, or waits.  What
   there is to return: N or -errno. */
static __attribute__((noinline)) int
lay_ghost(plx_selector *s, int n, int64_t timeout)
{
	s->ghost = plx__selector_rebuild(s) < 0;
	if (!s->ghost || n > 0 || s->woken || timeout == 0)
		return n;
	return doze(s, timeout);
}

/* Asks the backend once. */
static inline __attribute__((always_inline)) int
ask(plx_selector *s, struct plx_ready *ready, int cap, int64_t timeout)
{
	int n;

	if (cap > s->table.size + 1)
		cap = s->table.size + 1;
	if (cap > s->room) {
		cap = make_room(s, cap);
		if (cap < 0)
			return cap;
	}
	s->stats.waits++;
	n = s->backend->wait(s->state, s->batch, cap, timeout);
	if (n <= 0)
		return n;
	n = deliver(s, ready, n);
	return s->ghost ? lay_ghost(s, n, timeout) : n;
}

/* The same for those who are not in a hurry. */
static __attribute__((noinline)) int
ask_apart(plx_selector *s, struct plx_ready *ready, int cap, int64_t timeout)
{
	return ask(s, ready, cap, timeout);
}

/* Both the always ready and the backend; they take turns at being first. */
static __attribute__((noinline)) int
ask_both(plx_selector *s, struct plx_ready *ready, int cap)
{
	int n = 0, got = 0;

	s->turn = !s->turn;
	if (s->turn)
		n = plx__always_take(s, ready, cap);
	if (n < cap)
		got = ask_apart(s, ready + n, cap - n, 0);
	if (got < 0)
		return n > 0 ? n : got;
	n += got;
	if (!s->turn && n < cap)
		n += plx__always_take(s, ready + n, cap - n);
	return n;
}

/* An answer came early, or was about nothing: asks until there is one. */
static __attribute__((noinline)) int
ask_again(plx_selector *s, struct plx_ready *ready, int cap, int64_t deadline)
{
	int64_t timeout = deadline;
	int n = 0;

	while (n == 0 && !s->woken) {
		if (deadline > 0)
			timeout = plx__time_left(deadline, s->sys->now(s->sys));
		if (timeout == 0)
			break;
		n = s->due ? ask_both(s, ready, cap)
			   : ask_apart(s, ready, cap, timeout);
	}
	return n;
}

/* The first question is asked here, in one piece with what leads to it: it is
   nearly always the last one. */
int
plx_selector_select(plx_selector *s, struct plx_ready *ready, int cap,
		    int64_t deadline)
{
	int64_t timeout = deadline;
	int n = plx__selector_check(s);

	if (n < 0)
		return n;
	if (cap < 1)
		return -EINVAL;
	if (deadline > 0)
		timeout = plx__time_left(deadline, s->sys->now(s->sys));
	if (s->due)
		n = ask_both(s, ready, cap);
	else
		n = ask(s, ready, cap, timeout);
	if (n == 0 && timeout != 0)
		n = ask_again(s, ready, cap, deadline);
	s->woken = 0;
	if (n > 0)
		s->stats.events += (uint64_t)n;
	return n;
}
