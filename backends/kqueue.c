/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kqueue.c: the mechanism of the BSDs and macOS: the kernel keeps the set.
 *
 * A registration is a knote or two in the kernel (knotes.c) and an entry in a
 * table by descriptor, with the token and the mask.
 *
 * Traps.
 * - When a pipe's reader leaves, FreeBSD tells it once and drops the knote,
 *   which EV_ONESHOT gives away: it is never asked for here.  The hang-up is
 *   then reported from memory.
 * - EV_EOF is half a close for EVFILT_READ and perhaps an own shutdown for
 *   EVFILT_WRITE.  On a pipe, and with an error in fflags, it is a hang-up.
 * - Returned flags are echoes, or not: only EV_EOF, EV_ERROR and the
 *   EV_ONESHOT above are looked at, one bit at a time; data not at all.
 * - The two directions of a descriptor are two events, and a full batch may
 *   end between them.
 * - The kernel closes the queue in a forked child.  By the time of close its
 *   number may be another file's there.
 */
#include <config.h>
#include "backend.h"

#ifdef HAVE_KQUEUE
#include <errno.h>
#include <string.h>
#include "identity.h"
#include "knotes.h"
#include "sys.h"
#include "timeout.h"

#define READ PLX_BACKEND_READ
#define WRITE PLX_BACKEND_WRITE
#define BOTH PLX_BACKEND_DIRECTIONS
#define ONCE PLX_BACKEND_ONESHOT

/* Events asked for at a time. */
enum {
	BATCH = 512
};

struct entry {
	uint64_t token;
	struct plx_identity id;
	struct plx_knotes knotes;
	unsigned mask;
	unsigned fired; /* directions that the kernel reported in this wait */
	int slot;	/* place in the output of this wait plus one, or 0 */
	int due;	/* a hang-up is to be reported from memory */
	int pipe;
};

struct state {
	const struct plx_sys *sys;
	pid_t owner;
	int kq;
	struct entry *entries; /* by descriptor */
	int size;	       /* of ENTRIES */
	int due;	       /* entries that are */
	int next;	       /* where the next recall begins */
	unsigned turn;
	struct kevent events[BATCH];
};

struct output {
	struct plx_backend_event *out;
	int n, cap;
};

static int
open_kqueue(const struct plx_sys *sys, void **state)
{
	int kq = sys->kqueue(sys);
	struct state *s;

	if (kq < 0)
		return kq;
	s = sys->resize(sys, NULL, sizeof(*s));
	if (!s) {
		sys->close(sys, kq);
		return -ENOMEM;
	}
	memset(s, 0, sizeof(*s));
	s->sys = sys;
	s->kq = kq;
	s->owner = sys->getpid(sys);
	*state = s;
	return 0;
}

static void
close_kqueue(void *state)
{
	struct state *s = state;
	const struct plx_sys *sys = s->sys;

	if (sys->getpid(sys) == s->owner)
		sys->close(sys, s->kq);
	sys->resize(sys, s->entries, 0);
	sys->resize(sys, s, 0);
}

static int
fit(const struct state *s, int fd, unsigned mask)
{
	return plx__knotes_fit(s->sys, s->kq, fd, &s->entries[fd].knotes, mask);
}

static void
owe(struct state *s, struct entry *e, int due)
{
	s->due += due - e->due;
	e->due = due;
}

static void
drop(struct state *s, int fd)
{
	fit(s, fd, 0);
	owe(s, &s->entries[fd], 0);
	s->entries[fd] = (struct entry){0};
}

static int
reserve(struct state *s, int fd)
{
	int size = s->size ? s->size : 64;
	struct entry *entries;

	if (fd < s->size)
		return 0;
	while (size <= fd)
		size = size > INT_MAX / 2 ? INT_MAX : size * 2;
	entries = s->sys->resize(s->sys, s->entries,
				 (size_t)size * sizeof(*entries));
	if (!entries)
		return -ENOMEM;
	while (s->size < size)
		entries[s->size++] = (struct entry){0};
	s->entries = entries;
	return 0;
}

static int
add(struct state *s, int fd, unsigned mask)
{
	struct stat st;
	int ret = s->sys->fstat(s->sys, fd, &st);

	if (ret < 0)
		return ret;
	if (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode) || S_ISBLK(st.st_mode))
		return plx__is_refused(s->sys, fd) ? -EBADF : -EPERM;
	if (reserve(s, fd) < 0)
		return -ENOMEM;
	owe(s, &s->entries[fd], 0);
	s->entries[fd] = (struct entry){
		.id = {.dev = st.st_dev, .ino = st.st_ino},
		.pipe = S_ISFIFO(st.st_mode),
	};
	ret = fit(s, fd, mask);
	if (ret < 0)
		drop(s, fd);
	return ret;
}

static int
modify(struct state *s, int fd, unsigned mask)
{
	const struct entry *e = &s->entries[fd];
	int ret = fit(s, fd, mask);

	if (ret < 0)
		fit(s, fd, ret == -ENOENT ? 0 : e->mask);
	return ret == -EBADF ? -ENOENT : ret;
}

/* A registration with no knote left is known by its file alone. */
static int
is_gone(const struct state *s, int fd, int probe)
{
	const struct entry *e;

	if (fd >= s->size)
		return 1;
	e = &s->entries[fd];
	return e->mask == 0 || ((probe || !e->knotes.live) &&
				!plx__identity_holds(s->sys, fd, &e->id));
}

static int
set(void *state, int fd, unsigned old, unsigned new, uint64_t token)
{
	struct state *s = state;
	struct entry *e;
	int ret;

	if (fd < 0 || (new == 0 && fd >= s->size))
		return new ? -EBADF : 0;
	if (new == 0) {
		drop(s, fd);
		return 0;
	}
	if (old == 0)
		ret = add(s, fd, new);
	else if (is_gone(s, fd, old == new))
		ret = -ENOENT;
	else
		ret = modify(s, fd, old == new ? s->entries[fd].mask : new);
	if (ret < 0)
		return ret;
	e = &s->entries[fd];
	e->token = token;
	e->mask = old == new ? e->mask : new;
	owe(s, e, e->knotes.lost && e->mask & BOTH);
	return 0;
}

/* Adds BITS to the one entry of FD, as far as they were asked for. */
static void
report(struct state *s, struct output *o, int fd, unsigned bits)
{
	struct entry *e = &s->entries[fd];

	if (!(bits & e->mask & BOTH) || (!e->slot && o->n == o->cap))
		return;
	if (!e->slot) {
		o->out[o->n].token = e->token;
		o->out[o->n].events = 0;
		e->slot = ++o->n;
	}
	o->out[e->slot - 1].events |= bits & (e->mask | ~BOTH);
}

/* One entry from memory, which cannot know by itself that FD was closed. */
static void
remind(struct state *s, struct output *o, int fd)
{
	struct entry *e = &s->entries[fd];

	if (plx__identity_holds(s->sys, fd, &e->id)) {
		report(s, o, fd, BOTH | PLX_BACKEND_EOF);
		owe(s, e, e->knotes.mode == 0);
		return;
	}
	o->out[o->n].token = e->token;
	o->out[o->n++].events = 0;
	drop(s, fd);
}

/* Reports what hung up, in turn, until there are LIMIT entries. */
static void
recall(struct state *s, struct output *o, int limit)
{
	int i;

	for (i = 0; s->due && i < s->size && o->n < limit; i++) {
		s->next = s->next < s->size ? s->next : 0;
		if (s->entries[s->next].due)
			remind(s, o, s->next);
		s->next++;
	}
}

/* Takes in one event of the kernel's; one that nobody knows is ended. */
static void
gather(struct state *s, struct output *o, const struct kevent *k)
{
	unsigned d = plx__knotes_direction(k), bits = d;
	int fd = (int)k->ident;
	struct entry *e = &s->entries[fd];

	if (!(e->knotes.live & d)) {
		plx__knotes_end(s->sys, s->kq, fd, d);
		return;
	}
	if (k->flags & EV_EOF && (d == READ || e->pipe))
		bits |= PLX_BACKEND_EOF;
	if (k->flags & EV_EOF && (k->fflags || e->pipe))
		bits |= BOTH;
	if (k->flags & EV_ERROR || (k->flags & EV_EOF && k->fflags))
		bits |= BOTH | PLX_BACKEND_ERROR;
	report(s, o, fd, bits);
	if (e->slot)
		e->fired |= d;
	if (k->flags & EV_ONESHOT || k->flags & EV_ERROR) {
		e->knotes.live &= ~d;
		e->knotes.lost |= d;
		owe(s, e, e->knotes.mode == 0);
	}
}

/* Waits, for as many events as there is room left for. */
static int
ask(struct state *s, int room, int64_t timeout)
{
	struct timespec spec;

	if (room == 0)
		return 0;
	return s->sys->kevent(s->sys, s->kq, NULL, 0, s->events, room,
			      plx__timeout_spec(timeout, &spec));
}

/*
 * After a full batch: the other half of an entry may not have found room, so
 * asks for it.  Not in edge mode, where it is the one report still to come.
 */
static void
complete(struct state *s, struct output *o)
{
	unsigned missing;
	int i, fd;

	for (i = 0; i < o->n; i++) {
		fd = plx__token_fd(o->out[i].token);
		missing = s->entries[fd].mask & BOTH & ~o->out[i].events;
		if (missing && s->entries[fd].knotes.mode != EV_CLEAR &&
		    plx__knotes_is_ready(s->sys, fd, missing))
			report(s, o, fd, missing);
	}
}

/* Ends a wait: one report of a one-shot silences both its directions. */
static void
settle(const struct state *s, const struct output *o)
{
	struct entry *e;
	int i, fd;

	for (i = 0; i < o->n; i++) {
		fd = plx__token_fd(o->out[i].token);
		e = &s->entries[fd];
		if (e->mask & ONCE) {
			e->mask &= ~BOTH;
			if (e->knotes.live & ~e->fired)
				fit(s, fd, e->mask);
		}
		e->slot = 0;
		e->fired = 0;
	}
}

/*
 * Takes in what the kernel has, until it has no more or brings nothing new.
 * More than one call only when a batch was full: the events of one descriptor
 * share an entry, and OUT may be longer than a batch.
 */
static int
collect(struct state *s, struct output *o, int64_t timeout)
{
	int room, before, i, n;

	do {
		before = o->n;
		room = o->cap - before < BATCH ? o->cap - before : BATCH;
		n = ask(s, room, timeout);
		for (i = 0; i < n; i++) {
			if (s->events[i].ident < (uintptr_t)s->size)
				gather(s, o, &s->events[i]);
		}
		timeout = 0;
	} while (n == room && o->n > before && o->n < o->cap);
	if (n == room)
		complete(s, o);
	return n;
}

/* What is remembered gets half of the room first, and what is left last. */
static int
wait_kqueue(void *state, struct plx_backend_event *out, int cap,
	    int64_t timeout)
{
	struct state *s = state;
	struct output o = {.out = out, .cap = cap};
	int ret;

	if (s->due) {
		timeout = 0;
		recall(s, &o, cap / 2 + (cap & (int)s->turn++ & 1));
	}
	ret = collect(s, &o, timeout);
	recall(s, &o, cap);
	settle(s, &o);
	return ret < 0 && o.n == 0 ? ret : o.n;
}

static int
fileno_kqueue(void *state)
{
	const struct state *s = state;

	return s->kq;
}

const struct plx_backend plx__backend_kqueue = {
	.name = "kqueue",
	.features = PLX_BACKEND_HAS_EDGE | PLX_BACKEND_HAS_FILENO |
		    PLX_BACKEND_HAS_NANOSECONDS |
		    (EV_DISPATCH ? PLX_BACKEND_HAS_ONESHOT : 0),
	.open = open_kqueue,
	.close = close_kqueue,
	.set = set,
	.wait = wait_kqueue,
	.fileno = fileno_kqueue,
};

#else

const struct plx_backend plx__backend_kqueue = {.name = "kqueue"};

#endif
