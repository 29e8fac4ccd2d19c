/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * select.c: the oldest mechanism: two sets of bits, ours, copied for each
 * wait because the kernel writes its answer over the question.
 *
 * The sets are plain words that grow by doubling, not fd_sets, so that most
 * systems take descriptors beyond FD_SETSIZE; where they do not, SET says
 * ERANGE.  The scan reads a word at a time and only up to the highest number.
 *
 * Traps.
 * - One closed descriptor fails the whole call with EBADF and does not say
 *   which: all are looked at, the closed ones dropped and reported.
 * - A number that was closed and opened again is watched as if nothing had
 *   happened: identity decides whenever a registration is touched.
 * - An error shows as both directions.  A mere hang-up shows as readable; a
 *   writer sees it only where the system calls the file writable as well.
 * - The kernel leaves bits beyond the process's table of descriptors as they
 *   were, which would read as ready; the count of bits it returns ends the
 *   scan before that.
 */
#include <config.h>
#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>
#include <sys/select.h>
#include "backend.h"
#include "identity.h"
#include "sys.h"
#include "timeout.h"

#if defined(HAVE_LARGE_SELECT) || defined(__linux__)
#define HIGHEST INT_MAX
#else
#define HIGHEST FD_SETSIZE
#endif

#define WORD_BITS ((int)(8 * sizeof(unsigned long)))

struct known {
	uint64_t token;
	struct plx_identity id;
};

struct state {
	const struct plx_sys *sys;
	/* All by descriptor, with room for NUMBERS of them. */
	unsigned long *want[2];	 /* readers, writers */
	unsigned long *ready[2]; /* the same, as the kernel left them */
	struct known *known;
	int numbers;
	int top;  /* the highest descriptor watched, plus one */
	int next; /* the descriptor where the next scan begins */
};

static int
open_select(const struct plx_sys *sys, void **state)
{
	struct state *s = sys->resize(sys, NULL, sizeof(*s));

	if (!s)
		return -ENOMEM;
	*s = (struct state){.sys = sys};
	*state = s;
	return 0;
}

static void
close_select(void *state)
{
	struct state *s = state;
	const struct plx_sys *sys = s->sys;

	sys->resize(sys, s->want[0], 0);
	sys->resize(sys, s->want[1], 0);
	sys->resize(sys, s->ready[0], 0);
	sys->resize(sys, s->ready[1], 0);
	sys->resize(sys, s->known, 0);
	sys->resize(sys, s, 0);
}

/* Lengthens *BITS from FROM to TO words; the new ones are 0. */
static int
lengthen(const struct plx_sys *sys, unsigned long **bits, size_t from,
	 size_t to)
{
	unsigned long *more = sys->resize(sys, *bits, to * sizeof(*more));

	if (!more)
		return -ENOMEM;
	memset(more + from, 0, (to - from) * sizeof(*more));
	*bits = more;
	return 0;
}

static int
make_room(struct state *s, int fd)
{
	size_t old = (size_t)s->numbers / (size_t)WORD_BITS;
	size_t new = old ? old : 16;
	size_t numbers;
	struct known *known;

	if (fd < s->numbers)
		return 0;
	while (new *(size_t)WORD_BITS <= (size_t)fd)
		new *= 2;
	numbers = new *(size_t)WORD_BITS;
	if (lengthen(s->sys, &s->want[0], old, new) < 0 ||
	    lengthen(s->sys, &s->want[1], old, new) < 0 ||
	    lengthen(s->sys, &s->ready[0], old, new) < 0 ||
	    lengthen(s->sys, &s->ready[1], old, new) < 0)
		return -ENOMEM;
	known = s->sys->resize(s->sys, s->known, numbers * sizeof(*known));
	if (!known)
		return -ENOMEM;
	s->known = known;
	s->numbers = numbers > INT_MAX ? INT_MAX : (int)numbers;
	return 0;
}

static void
put_bit(unsigned long *bits, int fd, unsigned on)
{
	unsigned long bit = 1ul << (fd % WORD_BITS);

	if (on)
		bits[fd / WORD_BITS] |= bit;
	else
		bits[fd / WORD_BITS] &= ~bit;
}

static int
watched(const struct state *s, int fd)
{
	int word = fd / WORD_BITS;

	return fd < s->top &&
	       (s->want[0][word] | s->want[1][word]) >> (fd % WORD_BITS) & 1;
}

static void
watch(struct state *s, int fd, unsigned mask)
{
	put_bit(s->want[0], fd, mask & PLX_BACKEND_READ);
	put_bit(s->want[1], fd, mask & PLX_BACKEND_WRITE);
	if (mask && fd >= s->top)
		s->top = fd + 1;
	while (s->top > 0 && !watched(s, s->top - 1))
		s->top--;
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
	if (fd >= HIGHEST)
		return -ERANGE;
	if (make_room(s, fd) < 0)
		return -ENOMEM;
	s->known[fd] = (struct known){.token = token, .id = id};
	watch(s, fd, mask);
	return 0;
}

static int
set(void *state, int fd, unsigned old, unsigned new, uint64_t token)
{
	struct state *s = state;

	if (old == 0)
		return add(s, fd, new, token);
	if (!watched(s, fd))
		return new == 0 ? 0 : -ENOENT;
	if (new != 0) {
		if (!plx__identity_holds(s->sys, fd, &s->known[fd].id))
			return -ENOENT;
		s->known[fd].token = token;
	}
	watch(s, fd, new);
	return 0;
}

/* Drops the closed descriptors, up to CAP, and reports them; how many. */
static int
drop_closed(struct state *s, struct plx_backend_event *out, int cap)
{
	int fd, n = 0;

	for (fd = 0; fd < s->top && n < cap; fd++) {
		if (!watched(s, fd) || !plx__is_refused(s->sys, fd))
			continue;
		out[n].token = s->known[fd].token;
		out[n++].events = 0;
		watch(s, fd, 0);
	}
	return n;
}

struct scan {
	struct plx_backend_event *out;
	int n, cap;
	int bits; /* how many the kernel set, less those found */
};

static void
report(struct state *s, struct scan *scan, int fd)
{
	unsigned long r = s->ready[0][fd / WORD_BITS] >> (fd % WORD_BITS) & 1;
	unsigned long w = s->ready[1][fd / WORD_BITS] >> (fd % WORD_BITS) & 1;
	struct plx_backend_event *out = &scan->out[scan->n++];

	out->token = s->known[fd].token;
	out->events = (r ? PLX_BACKEND_READ : 0) | (w ? PLX_BACKEND_WRITE : 0);
	scan->bits -= (int)(r + w);
	s->next = fd + 1;
}

/* Reports what is ready in [FROM, TO), as far as there is room. */
static void
look(struct state *s, struct scan *scan, int from, int to)
{
	unsigned long bits, skipped = (1ul << (from % WORD_BITS)) - 1;
	int fd, word;

	for (word = from / WORD_BITS; word * WORD_BITS < to; word++) {
		bits = (s->ready[0][word] | s->ready[1][word]) & ~skipped;
		skipped = 0;
		while (bits) {
			fd = word * WORD_BITS + __builtin_ctzl(bits);
			if (fd >= to || scan->n == scan->cap || !scan->bits)
				return;
			report(s, scan, fd);
			bits &= bits - 1;
		}
	}
}

static int
wait_select(void *state, struct plx_backend_event *out, int cap,
	    int64_t timeout)
{
	struct state *s = state;
	size_t words =
		((size_t)s->top + (size_t)WORD_BITS - 1) / (size_t)WORD_BITS;
	int begin = s->next < s->top ? s->next : 0;
	struct scan scan = {.out = out, .cap = cap};
	struct timespec spec;

	if (words > 0) {
		memcpy(s->ready[0], s->want[0], words * sizeof(long));
		memcpy(s->ready[1], s->want[1], words * sizeof(long));
	}
	scan.bits = s->sys->select(s->sys, s->top, s->ready[0], s->ready[1],
				   plx__timeout_spec(timeout, &spec));
	if (scan.bits == -EBADF)
		return drop_closed(s, out, cap);
	if (scan.bits <= 0)
		return scan.bits;
	look(s, &scan, begin, s->top);
	look(s, &scan, 0, begin);
	return scan.n;
}

const struct plx_backend plx__backend_select = {
	.name = "select",
	.features = PLX_BACKEND_HAS_NANOSECONDS,
	.open = open_select,
	.close = close_select,
	.set = set,
	.wait = wait_select,
};
