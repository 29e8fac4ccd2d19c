/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * watches.c: interest that is lazy and sticky.
 *
 * The first watch of a descriptor registers it at once, so that a refusal
 * comes back from plx_loop_watch.  After that the selector is told at most
 * once a turn and descriptor, just before it is asked: when a direction is
 * wished that it does not know, or when one has fired that nobody wishes,
 * which would fire again for ever.  A watch that comes and goes between two
 * messages therefore costs no system call.  When the selector has to be told,
 * it is told exactly what is wished.
 *
 * What it reports was true before the callbacks of this turn began: a watch
 * set since then (also on a new file under the same number) is passed over,
 * and what is still ready is reported again.
 *
 * Callbacks may do anything, the table may move under them: look the entry
 * up again after each.
 */
#include <config.h>

#include "watches.h"

#include <errno.h>
#include <string.h>

#include "loop_int.h"
#include "sys.h"

enum {
	STEP = 64, /* entries at a time; a power of two */
};

/* The index of a direction in struct plx_interest. */
static inline unsigned
side(unsigned direction)
{
	return direction >> 1;
}

static inline unsigned
wished(const struct plx_interest *in)
{
	return (in->watch[0] ? PLX_READ : 0) | (in->watch[1] ? PLX_WRITE : 0);
}

static inline void
put_on(int *list, struct plx_interest *in, int fd)
{
	if (in->next)
		return;
	in->next = *list;
	*list = fd + 1;
}

static inline struct plx_interest *
take_off(struct plx_watches *ws, int *list, int *fd)
{
	struct plx_interest *in;

	*fd = *list - 1;
	in = &ws->table[*fd];
	*list = in->next;
	in->next = 0;
	return in;
}

static int
make_room(struct plx_watches *ws, const struct plx_sys *sys, unsigned fd)
{
	unsigned room = ws->room ? ws->room : STEP;
	struct plx_interest *table;

	while (room <= fd)
		room *= 2;
	table = sys->resize(sys, ws->table, room * sizeof(*table));
	if (!table)
		return -ENOMEM;
	ws->table = table;
	ws->room = room;
	return 0;
}

/* Memory is not touched before there are descriptors for it. */
static int
grow(struct plx_watches *ws, const struct plx_sys *sys, unsigned fd)
{
	unsigned size = fd - fd % STEP + STEP;

	if (fd >= ws->room && make_room(ws, sys, fd) < 0)
		return -ENOMEM;
	memset(ws->table + ws->size, 0, (size - ws->size) * sizeof(*ws->table));
	ws->size = size;
	return 0;
}

void
plx__watches_init(struct plx_watches *ws)
{
	memset(ws, 0, sizeof(*ws));
	ws->settle = ws->failed = PLX_WATCHES_END;
}

void
plx__watches_fini(struct plx_watches *ws, const struct plx_sys *sys)
{
	for (unsigned fd = 0; fd < ws->size; fd++) {
		for (int i = 0; i < 2; i++) {
			if (ws->table[fd].watch[i])
				ws->table[fd].watch[i]->direction = 0;
		}
	}
	if (ws->table)
		sys->resize(sys, ws->table, 0);
	plx__watches_init(ws);
}

/* Does ERR mean that the registration does not stand any more? */
static int
is_gone(int err)
{
	return err == -ENOENT || err == -EBADF;
}

/* Makes the selector know WANT and nothing else.  0 or -errno. */
static int
tell(struct plx_loop *loop, int fd, unsigned have, unsigned want)
{
	int err;

	loop->stats.interest_changes++;
	if (!have) {
		err = plx_selector_register(loop->selector, fd, want, NULL);
		if (err != -EEXIST)
			return err;
	}
	return plx_selector_modify(loop->selector, fd, want, NULL);
}

static void
drop(struct plx_loop *loop, int fd, struct plx_interest *in)
{
	loop->stats.interest_changes++;
	plx_selector_unregister(loop->selector, fd);
	in->have = 0;
	in->idle = 0;
}

static int
settle(struct plx_loop *loop, int fd, struct plx_interest *in)
{
	unsigned want = wished(in);
	unsigned more = want & ~(unsigned)in->have;
	unsigned less = in->idle & ~want;
	int err = -ENOENT;

	in->idle = 0;
	if (!more && !less)
		return 0;
	if (want)
		err = tell(loop, fd, in->have, want);
	if (err == -ECHILD || (more && err && !is_gone(err)))
		return err;
	if (err) {
		/* Nobody wishes it any more, or the number is another file's
		   by now, or what is in the way cannot be taken back. */
		drop(loop, fd, in);
		err = want ? tell(loop, fd, 0, want) : 0;
	}
	if (!err)
		in->have = (uint8_t)want;
	return err;
}

int
plx__watches_settle(struct plx_loop *loop)
{
	struct plx_watches *ws = &loop->watches;

	while (plx__watches_unsettled(ws)) {
		int fd = ws->settle - 1;
		struct plx_interest *in = &ws->table[fd];
		int err = settle(loop, fd, in);

		if (err == -ECHILD)
			return err;
		take_off(ws, &ws->settle, &fd);
		if (!err)
			continue;
		for (int i = 0; i < 2; i++) {
			if (in->watch[i] && !(in->have & (1u << i)))
				in->watch[i]->error = (short)err;
		}
		put_on(&ws->failed, in, fd);
	}
	return 0;
}

/* Takes the watch of FD in direction 1 << I off and calls it. */
static void
dismiss(struct plx_watches *ws, int fd, int i, int error)
{
	struct plx_watch *w = ws->table[fd].watch[i];

	if (!w)
		return;
	ws->table[fd].watch[i] = NULL;
	w->direction = 0;
	w->error = (short)error;
	w->fn(w, 0);
}

static __attribute__((noinline)) void
report_failures(struct plx_watches *ws)
{
	int fd;

	while (plx__watches_pending(ws)) {
		take_off(ws, &ws->failed, &fd);
		for (int i = 0; i < 2; i++) {
			struct plx_interest *in = &ws->table[fd];
			struct plx_watch *w = in->watch[i];

			if (w && w->error)
				dismiss(ws, fd, i, w->error);
			else if (w && !(in->have & (1u << i)))
				put_on(&ws->settle, in, fd);
		}
	}
}

/* EVENTS are DIRECTION and what is said beside it. */
static inline void
fire(struct plx_loop *loop, int fd, unsigned direction, unsigned events)
{
	struct plx_watches *ws = &loop->watches;
	struct plx_interest *in = &ws->table[(unsigned)fd];
	struct plx_watch *w = in->watch[side(direction)];

	if (!w) {
		in->idle |= (uint8_t)direction;
		put_on(&ws->settle, in, fd);
		return;
	}
	if (in->since[side(direction)] == ws->turn)
		return;
	loop->stats.events++;
	w->fn(w, events);
}

void
plx__watches_run(struct plx_loop *loop, const struct plx_ready *ready, int n)
{
	const struct plx_ready *end = ready + n;
	unsigned events;

	if (plx__watches_pending(&loop->watches))
		report_failures(&loop->watches);
	for (; ready < end; ready++) {
		events = ready->events;
		if (events & PLX_READ)
			fire(loop, ready->fd, PLX_READ, events & ~PLX_WRITE);
		if (events & PLX_WRITE)
			fire(loop, ready->fd, PLX_WRITE, events & ~PLX_READ);
	}
}

void
plx__watches_on_fork(struct plx_loop *loop)
{
	struct plx_watches *ws = &loop->watches;
	struct plx_key key;

	for (int fd = 0; fd < (int)ws->size; fd++) {
		struct plx_interest *in = &ws->table[fd];

		if (!in->have ||
		    plx_selector_get_key(loop->selector, fd, &key) == 0)
			continue;
		in->have = 0;
		put_on(&ws->settle, in, fd);
	}
	/* Now: at the next turn the number may be another file's. */
	plx__watches_settle(loop);
	report_failures(ws);
}

static inline int
attach(struct plx_watches *ws, struct plx_watch *w, int fd, unsigned direction)
{
	struct plx_interest *in = &ws->table[fd];

	in->watch[side(direction)] = w;
	in->since[side(direction)] = ws->turn;
	w->error = 0;
	w->fd = fd;
	w->direction = (unsigned short)direction;
	if (!(in->have & direction))
		put_on(&ws->settle, in, fd);
	return 0;
}

/* The first watch of FD, which the selector does not know (any more).  Apart
   from plx_loop_watch to keep that, which runs once a message, short. */
static __attribute__((noinline)) int
attach_first(struct plx_loop *loop, struct plx_watch *w, int fd,
	     unsigned direction)
{
	struct plx_watches *ws = &loop->watches;
	int err = tell(loop, fd, 0, direction);

	if (err)
		return err;
	if ((unsigned)fd >= ws->size)
		err = grow(ws, loop->sys, (unsigned)fd);
	if (err) {
		plx_selector_unregister(loop->selector, fd);
		return err;
	}
	ws->table[fd].have = (uint8_t)direction;
	return attach(ws, w, fd, direction);
}

int
plx_loop_watch(plx_loop *loop, struct plx_watch *w, int fd, unsigned direction)
{
	struct plx_watches *ws = &loop->watches;
	const struct plx_interest *in;

	if (!w->fn || (direction != PLX_READ && direction != PLX_WRITE))
		return -EINVAL;
	if (w->direction)
		return -EBUSY;
	if ((unsigned)fd >= ws->size)
		return attach_first(loop, w, fd, direction);
	in = &ws->table[fd];
	if (in->watch[side(direction)])
		return -EBUSY;
	if (in->leaving)
		return -EBADF;
	if (!in->have)
		return attach_first(loop, w, fd, direction);
	return attach(ws, w, fd, direction);
}

void
plx_loop_unwatch(plx_loop *loop, struct plx_watch *w)
{
	if (!w->direction)
		return;
	loop->watches.table[w->fd].watch[side(w->direction)] = NULL;
	w->direction = 0;
}

void
plx_loop_forget(plx_loop *loop, int fd, int error)
{
	struct plx_watches *ws = &loop->watches;
	struct plx_interest *in;

	if ((unsigned)fd >= ws->size)
		return;
	in = &ws->table[fd];
	if (in->have)
		drop(loop, fd, in);
	in->leaving++;
	dismiss(ws, fd, 0, error);
	dismiss(ws, fd, 1, error);
	ws->table[fd].leaving--;
}

struct plx_watch *
plx__loop_watcher(const struct plx_loop *loop, int fd, unsigned direction)
{
	const struct plx_watches *ws = &loop->watches;

	if ((unsigned)fd >= ws->size)
		return NULL;
	return ws->table[fd].watch[side(direction)];
}
