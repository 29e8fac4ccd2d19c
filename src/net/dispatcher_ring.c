/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dispatcher_ring.c: the bytes that a dispatcher has taken and the kernel not.
 *
 * A ring, so that a byte is copied once in and never moved while the front is
 * sent in pieces; growing doubles it, so that copies stay in proportion to
 * what was put in.
 *
 * A ring that runs empty gives its memory away, lest idle channels hold any.
 * The map keeps one such block for whoever needs one next: channels that fill
 * and drain in turn then allocate nothing.  The last channel of the map to go
 * frees it.
 */
#include <config.h>
#include <errno.h>
#include <string.h>
#include "dispatcher_int.h"

enum {
	FIRST_SIZE = 4096
};

static inline size_t
smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* The bytes at the front that lie in one piece. */
static inline size_t
front(const struct plx_dispatcher_ring *r)
{
	return smaller(r->length, r->size - r->first);
}

static void
release(const struct plx_sys *sys, struct plx_dispatcher_ring *r)
{
	if (r->bytes)
		sys->resize(sys, r->bytes, 0);
	*r = (struct plx_dispatcher_ring){.bytes = NULL};
}

/* Makes room for WANTED bytes in all. */
static int
grow(struct plx_dispatcher_map *map, struct plx_dispatcher_ring *r,
     size_t wanted)
{
	const struct plx_sys *sys = plx__loop_sys(map->loop);
	size_t size = r->size ? r->size : FIRST_SIZE;
	size_t n = front(r);
	char *bytes;

	while (size < wanted)
		size = size > SIZE_MAX / 2 ? wanted : size * 2;
	bytes = sys->resize(sys, NULL, size);
	if (!bytes)
		return -ENOMEM;
	if (n > 0) {
		memcpy(bytes, r->bytes + r->first, n);
		memcpy(bytes + n, r->bytes, r->length - n);
	}
	n = r->length;
	release(sys, r);
	*r = (struct plx_dispatcher_ring){
		.bytes = bytes,
		.size = size,
		.length = n,
	};
	return 0;
}

ssize_t
plx__ring_put(struct plx_dispatcher_map *map, struct plx_dispatcher_ring *r,
	      const char *buf, size_t n, size_t limit)
{
	size_t at, piece;

	n = smaller(n, limit - smaller(limit, r->length));
	if (n == 0)
		return 0;
	if (!r->bytes) {
		*r = map->spare;
		map->spare = (struct plx_dispatcher_ring){.bytes = NULL};
	}
	if (r->size - r->length < n && grow(map, r, r->length + n) < 0)
		return -ENOMEM;
	at = r->first + r->length;
	if (at >= r->size)
		at -= r->size;
	piece = smaller(n, r->size - at);
	memcpy(r->bytes + at, buf, piece);
	memcpy(r->bytes, buf + piece, n - piece);
	r->length += n;
	return (ssize_t)n;
}

int
plx__ring_send(struct plx_dispatcher_map *map, struct plx_dispatcher_ring *r,
	       int fd)
{
	const struct plx_sys *sys = plx__loop_sys(map->loop);
	ssize_t n;

	while (r->length > 0) {
		n = sys->send(sys, fd, r->bytes + r->first, front(r),
			      MSG_DONTWAIT);
		if (n == -EINTR)
			continue;
		if (n < 0)
			return (int)n;
		r->first += (size_t)n;
		r->length -= (size_t)n;
		if (r->first == r->size)
			r->first = 0;
	}
	plx__ring_clear(map, r);
	return 0;
}

void
plx__ring_clear(struct plx_dispatcher_map *map, struct plx_dispatcher_ring *r)
{
	r->first = r->length = 0;
	if (!map->spare.bytes) {
		map->spare = *r;
		*r = (struct plx_dispatcher_ring){.bytes = NULL};
	}
	release(plx__loop_sys(map->loop), r);
}

void
plx__ring_no_spare(struct plx_dispatcher_map *map)
{
	release(plx__loop_sys(map->loop), &map->spare);
}
