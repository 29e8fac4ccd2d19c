/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * soak_clients.c: the clients of the soak.
 *
 * Every message is new bytes, and must come back as it went.  Where a time is
 * up or a cancel comes in the middle of one, the connection is given up by a
 * reset; that is all that may go wrong with it.
 */
#include <config.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "soak.h"

#define MOST 6000

/* A conversation in a stream. */
struct talk {
	struct soak *soak;
	struct plx_stream stream;
	char sent[MOST], got[MOST];
};

static int
open_talk(struct talk *t, struct soak *s)
{
	int fd, r = plx_connect_address(&s->at, NULL, &fd, PLX_NEVER);

	t->soak = s;
	if (r < 0)
		return r;
	s->counts.connections++;
	return plx_stream_open(&t->stream, fd, NULL);
}

static void
fill(struct talk *t, size_t n)
{
	uint64_t x = ++t->soak->seed * 2 + 1;
	size_t i;

	for (i = 0; i < n; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		t->sent[i] = (char)(x >> 32);
	}
}

/* One message there and back: 0 or -errno. */
static int
exchange(struct talk *t)
{
	size_t n = 1 + soak_chance(t->soak, MOST);
	ssize_t r;

	fill(t, n);
	r = plx_stream_write_all(&t->stream, t->sent, n, NULL, PLX_NEVER);
	if (r < 0)
		return (int)r;
	r = plx_stream_readexactly(&t->stream, t->got, n, PLX_NEVER);
	if (r < 0)
		return (int)r;
	if (memcmp(t->sent, t->got, n))
		soak_wrong(t->soak, "other bytes came back");
	t->soak->counts.messages++;
	return 0;
}

/* In order: all that was said is answered, and then there is the end. */
static int
end_in_order(struct talk *t)
{
	ssize_t r;

	fill(t, 100);
	r = plx_stream_write_all(&t->stream, t->sent, 100, NULL, PLX_NEVER);
	if (r == 0)
		r = plx_stream_write_eof(&t->stream, PLX_NEVER);
	if (r == 0)
		r = plx_stream_readexactly(&t->stream, t->got, 100, PLX_NEVER);
	if (r == 100 && memcmp(t->sent, t->got, 100))
		soak_wrong(t->soak, "other bytes came at the end");
	if (r == 100)
		r = plx_stream_read(&t->stream, t->got, 1, PLX_NEVER);
	if (r > 0)
		soak_wrong(t->soak, "a byte came after the end");
	plx_stream_close(&t->stream, 0);
	return r < 0 ? (int)r : 0;
}

/* Now and then silent for long enough to be put to sleep by the server. */
static int
talk(struct talk *t, int rounds)
{
	int r = 0;

	while (r == 0 && rounds-- > 0) {
		r = exchange(t);
		if (r == 0 && soak_chance(t->soak, 16) == 0)
			r = plx_sleep(6 * PLX_MILLISECOND);
	}
	return r;
}

/* A connection from its first byte to its last: 0 or -errno. */
static int
visit(struct soak *s, int rounds)
{
	struct talk *t = malloc(sizeof(*t));
	int r = t ? open_talk(t, s) : -ENOMEM;

	if (r < 0) {
		free(t);
		return r;
	}
	r = talk(t, rounds);
	if (r == 0 && soak_chance(s, 8) == 0)
		r = end_in_order(t);
	else if (r == 0 && soak_chance(s, 2))
		plx_stream_write(&t->stream, t->sent, MOST, 0);
	plx_stream_abort(&t->stream);
	free(t);
	return r;
}

int
soak_client(void *arg)
{
	struct soak *s = arg;
	int r = 0;

	while (r == 0 && soak_goes_on(s))
		r = visit(s, (int)soak_chance(s, 40));
	if (r < 0)
		soak_wrong(s, "a client: %s", strerror(-r));
	return 0;
}

int
soak_hasty_client(void *arg)
{
	struct soak *s = arg;
	struct plx_scope hurry;
	int r = 0;

	while (r == 0 && soak_goes_on(s)) {
		plx_scope_enter(&hurry, plx_after((1 + soak_chance(s, 5)) *
						  PLX_MILLISECOND));
		r = plx_scope_leave(&hurry, visit(s, 50));
		if (r == -ETIMEDOUT) {
			s->counts.timeouts++;
			r = 0;
		}
	}
	if (r < 0)
		soak_wrong(s, "a client in a hurry: %s", strerror(-r));
	return 0;
}

static int
visit_for_ever(void *arg)
{
	int r = 0;

	while (r == 0)
		r = visit(arg, 20);
	if (r != -ECANCELED)
		soak_wrong(arg, "a client to be cancelled: %s", strerror(-r));
	return r;
}

/* Two of them, cancelled by their nursery. */
static int
cancel_two(struct soak *s)
{
	plx_nursery *n;
	int r = plx_nursery_open(NULL, &n);

	if (r < 0)
		return r;
	r = plx_spawn(n, visit_for_ever, s, NULL);
	if (r == 0)
		r = plx_spawn(n, visit_for_ever, s, NULL);
	if (r == 0)
		r = plx_sleep(soak_chance(s, 3000) * PLX_MICROSECOND);
	plx_nursery_cancel(n);
	s->counts.cancels += 2;
	plx_nursery_close(&n, 0);
	return r;
}

int
soak_canceller(void *arg)
{
	struct soak *s = arg;
	int r = 0;

	while (r == 0 && soak_goes_on(s))
		r = cancel_two(s);
	if (r < 0)
		soak_wrong(s, "a canceller: %s", strerror(-r));
	return 0;
}
