/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * poll.c: the mechanism of every POSIX system: the set is ours and is handed
 * to the kernel whole, at each wait.
 *
 * The array that the kernel reads is dense, a removed entry's place goes to
 * the last one; what only we need lies in a second array beside it, so that
 * the scan walks eight bytes a descriptor.
 *
 * Traps.
 * - POLLNVAL tells a closed number, but a number that was closed and opened
 *   again in between is watched as if nothing had happened: identity decides
 *   whenever a registration is touched.
 * - POLLERR and POLLHUP come unasked and stay: they count as every direction.
 * - The scan begins where the last one ran out of room, else a small CAP
 *   would starve the far end.
 * - poll without ppoll counts milliseconds.
 */
#include <config.h>
#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include "backend.h"
#include "identity.h"
#include "sys.h"
#include "timeout.h"

#ifdef HAVE_PPOLL
#define RESOLUTION PLX_BACKEND_HAS_NANOSECONDS
#else
#define RESOLUTION 0
#endif

/* Places that are cleared at a time. */
#define STEP 64

struct known {
	uint64_t token;
	struct plx_identity id;
};

struct state {
	const struct plx_sys *sys;
	struct pollfd *fds;
	struct known *known; /* beside FDS */
	int count, room;
	int next;    /* where the next scan begins */
	int *places; /* by descriptor: index in FDS plus one, 0 for none */
	int numbers; /* what is cleared of PLACES */
	int extent;  /* their room, whose end may never have been touched */
};

static int
open_poll(const struct plx_sys *sys, void **state)
{
	struct state *s = sys->resize(sys, NULL, sizeof(*s));

	if (!s)
		return -ENOMEM;
	*s = (struct state){.sys = sys};
	*state = s;
	return 0;
}

static void
close_poll(void *state)
{
	struct state *s = state;
	const struct plx_sys *sys = s->sys;

	sys->resize(sys, s->fds, 0);
	sys->resize(sys, s->known, 0);
	sys->resize(sys, s->places, 0);
	sys->resize(sys, s, 0);
}

static int
extend(struct state *s, int fd)
{
	int extent = s->extent ? s->extent : STEP;
	int *places;

	while (extent <= fd)
		extent = extent > INT_MAX / 2 ? INT_MAX : extent * 2;
	places = s->sys->resize(s->sys, s->places,
				(size_t)extent * sizeof(*places));
	if (!places)
		return -ENOMEM;
	s->places = places;
	s->extent = extent;
	return 0;
}

static int
make_place(struct state *s, int fd)
{
	if (fd < s->numbers)
		return 0;
	if (fd >= s->extent && extend(s, fd) < 0)
		return -ENOMEM;
	do
		s->places[s->numbers++] = 0;
	while (s->numbers < s->extent &&
	       (s->numbers <= fd || s->numbers % STEP));
	return 0;
}

static int
make_room(struct state *s)
{
	const struct plx_sys *sys = s->sys;
	size_t room = s->room ? (size_t)s->room * 2 : 16;
	struct pollfd *fds;
	struct known *known;

	if (s->count < s->room)
		return 0;
	fds = sys->resize(sys, s->fds, room * sizeof(*fds));
	if (!fds)
		return -ENOMEM;
	s->fds = fds;
	known = sys->resize(sys, s->known, room * sizeof(*known));
	if (!known)
		return -ENOMEM;
	s->known = known;
	s->room = (int)room;
	return 0;
}

static short
wish(unsigned mask)
{
	unsigned events = 0;

	if (mask & PLX_BACKEND_READ)
		events |= POLLIN;
	if (mask & PLX_BACKEND_WRITE)
		events |= POLLOUT;
	return (short)events;
}

static int
add(struct state *s, int fd, unsigned mask, uint64_t token)
{
	struct plx_identity id;
	int ret = plx__identity_get(s->sys, fd, &id);

	if (ret < 0)
		return ret;
	if (plx__is_refused(s->sys, fd))
		return -EBADF;
	if (make_place(s, fd) < 0 || make_room(s) < 0)
		return -ENOMEM;
	s->fds[s->count] = (struct pollfd){.fd = fd, .events = wish(mask)};
	s->known[s->count] = (struct known){.token = token, .id = id};
	s->places[fd] = ++s->count;
	return 0;
}

/* The place of FD, or -1. */
static int
find(const struct state *s, int fd)
{
	return fd < s->numbers ? s->places[fd] - 1 : -1;
}

static void
drop(struct state *s, int fd)
{
	int place = find(s, fd);
	int last = s->count - 1;

	if (place < 0)
		return;
	s->fds[place] = s->fds[last];
	s->known[place] = s->known[last];
	s->places[s->fds[place].fd] = place + 1;
	s->places[fd] = 0;
	s->count = last;
}

static int
set(void *state, int fd, unsigned old, unsigned new, uint64_t token)
{
	struct state *s = state;
	int place;

	if (old == 0)
		return add(s, fd, new, token);
	if (new == 0) {
		drop(s, fd);
		return 0;
	}
	place = find(s, fd);
	if (place < 0 || !plx__identity_holds(s->sys, fd, &s->known[place].id))
		return -ENOENT;
	s->fds[place].events = wish(new);
	s->known[place].token = token;
	return 0;
}

/* Of an error or a hang-up. */
static unsigned
trouble(short revents)
{
	unsigned mask = PLX_BACKEND_DIRECTIONS;

	if (revents & POLLHUP)
		mask |= PLX_BACKEND_EOF;
	if (revents & POLLERR)
		mask |= PLX_BACKEND_ERROR;
	return mask;
}

/* 0 for a closed descriptor. */
static inline unsigned
meaning(short revents)
{
	unsigned mask = revents & POLLIN ? PLX_BACKEND_READ : 0;

	mask |= revents & POLLOUT ? PLX_BACKEND_WRITE : 0;
	if (revents & (POLLERR | POLLHUP))
		mask |= trouble(revents);
	return mask;
}

/* The first place of [I, TO) that has something to tell, else TO. */
static inline int
skip_idle(const struct pollfd *fds, int i, int to)
{
	while (to - i >= 4 && !(fds[i].revents | fds[i + 1].revents |
				fds[i + 2].revents | fds[i + 3].revents))
		i += 4;
	while (i < to && !fds[i].revents)
		i++;
	return i;
}

/* Reports up to CAP places of [FROM, TO); how many.  Sets NEXT if any. */
static int
scan(struct state *s, int from, int to, struct plx_backend_event *out, int cap)
{
	const struct pollfd *fds = s->fds;
	int i = from, n = 0;

	while (n < cap) {
		i = skip_idle(fds, i, to);
		if (i == to)
			break;
		out[n].token = s->known[i].token;
		out[n++].events = meaning(fds[i++].revents);
	}
	if (n > 0)
		s->next = i;
	return n;
}

static void
drop_closed(struct state *s, const struct plx_backend_event *out, int n)
{
	int i;

	for (i = 0; i < n; i++) {
		if (out[i].events == 0)
			drop(s, plx__token_fd(out[i].token));
	}
}

static int
wait_poll(void *state, struct plx_backend_event *out, int cap, int64_t timeout)
{
	struct state *s = state;
	struct timespec spec;
	int begin = s->next < s->count ? s->next : 0;
	int n = s->sys->poll(s->sys, s->fds, (size_t)s->count,
			     plx__timeout_spec(timeout, &spec));
	int ready = n;

	if (n <= 0)
		return n;
	if (cap > ready)
		cap = ready;
	n = scan(s, begin, s->count, out, cap);
	n += scan(s, 0, begin, out + n, cap - n);
	drop_closed(s, out, n);
	return n;
}

const struct plx_backend plx__backend_poll = {
	.name = "poll",
	.features = RESOLUTION,
	.open = open_poll,
	.close = close_poll,
	.set = set,
	.wait = wait_poll,
};
