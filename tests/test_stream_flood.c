/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_stream_flood.c: streams whose peer sends faster than they read: no read
 * ever has to wait, and yet others run, and cancels and deadlines count.
 */
#include <config.h>

#include "stream_common.h"
#include "stream_int.h"

/* As many reads as tell that one goes on and on. */
#define TOO_MANY 5000

static struct {
	struct plx_stream s;
	struct plx_ending ending;
	plx_task *reader;
	int peer;
	int reads;
	int ticks, most; /* then the reader is cancelled; 0: never */
} scene;

/* All that is asked for has come already; in the end it ends. */
static ssize_t
flood(const struct plx_sys *sys, int fd, void *buf, size_t n, int flags)
{
	(void)sys;
	(void)fd;
	(void)flags;
	if (++scene.reads > TOO_MANY)
		return 0;
	memset(buf, '\n', n);
	return (ssize_t)n;
}

/* Moves the clock as long as the reader is at it. */
static int
tick(void *arg)
{
	while (!*(const int *)arg) {
		support_sys.now += PLX_MILLISECOND;
		if (++scene.ticks == scene.most)
			plx_cancel(scene.reader);
		if (plx_checkpoint() < 0)
			break;
	}
	return 0;
}

/* What FN, done in a task of its own, comes to under a flood. */
static ssize_t
read_flood(ssize_t (*fn)(struct call *c), int64_t deadline)
{
	struct call c = {.s = &scene.s, .fn = fn, .deadline = deadline};
	plx_task *ticker;

	scene.reads = scene.ticks = 0;
	support_sys.sys.recv = flood;
	scene.reader = begin_call(&c);
	cr_expect_eq(plx_spawn(NULL, tick, &c.over, &ticker), 0);
	end_call(&c, scene.reader);
	cr_expect_eq(plx_join(ticker, NULL, PLX_NEVER), 0);
	return c.result;
}

static ssize_t
call_linger(struct call *c)
{
	return plx_stream_linger(c->s, c->deadline);
}

static int
linger_on(void *arg)
{
	ssize_t r;

	(void)arg;
	open_unix(&scene.s, &scene.peer, NULL);
	r = read_flood(call_linger, in(5 * PLX_MILLISECOND));
	cr_expect_eq(r, -ETIMEDOUT, "%zd", r);
	cr_expect_geq(scene.ticks, 5, "%d turns of others", scene.ticks);
	r = read_flood(call_linger, 0);
	cr_expect_eq(r, -ETIMEDOUT, "%zd", r);
	scene.most = 3;
	r = read_flood(call_linger, PLX_NEVER);
	cr_expect_eq(r, -ECANCELED, "%zd", r);
	plx_stream_abort(&scene.s);
	close(scene.peer);
	return 0;
}
WITH_CLOCK(stream_flood, lingering_ends_by_deadline_and_by_cancel, linger_on)

#define MUCH ((size_t)64 << 20)

static ssize_t
call_fill(struct call *c)
{
	return plx_stream_fill(c->s, MUCH, c->deadline);
}

static int
fill_much(void *arg)
{
	ssize_t r;

	(void)arg;
	open_unix(&scene.s, &scene.peer, NULL);
	scene.most = 3;
	r = read_flood(call_fill, PLX_NEVER);
	cr_expect_eq(r, -ECANCELED, "%zd", r);
	cr_expect_lt(plx_buf_length(plx_stream_unread(&scene.s)), MUCH / 2);
	plx_stream_abort(&scene.s);
	close(scene.peer);
	return 0;
}
WITH_CLOCK(stream_flood, a_long_read_lets_others_run, fill_much)

/* A handler that counts lines, in a server that ends. */
static ssize_t
call_lines(struct call *c)
{
	char line[8];
	ssize_t n;

	plx_cancel(scene.reader);
	do
		n = plx_stream_readline(c->s, line, sizeof(line), PLX_NEVER);
	while (n > 0);
	return n;
}

static int
end_under_flood(void *arg)
{
	ssize_t r;

	(void)arg;
	open_unix(&scene.s, &scene.peer, NULL);
	scene.ending.grace = in(5 * PLX_MILLISECOND);
	scene.s.ending = &scene.ending;
	scene.most = 0;
	r = read_flood(call_lines, PLX_NEVER);
	cr_expect_eq(r, -ECANCELED, "%zd", r);
	cr_expect_geq(scene.ticks, 5, "%d turns of others", scene.ticks);
	plx_stream_abort(&scene.s);
	close(scene.peer);
	return 0;
}
WITH_CLOCK(stream_flood, an_ending_server_lets_others_run, end_under_flood)
