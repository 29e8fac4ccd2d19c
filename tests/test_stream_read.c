/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_stream_read.c: what streams read, how much of it at a time, and what
 * becomes of the rest.
 */
#include <config.h>

#include <pollux/channel.h>
#include "chunk.h"
#include "stream_common.h"

static int
read_what_is_there(void *arg)
{
	const char *name = arg;
	struct plx_stream s;
	char buf[16];
	ssize_t n;
	int peer;

	open_unix(&s, &peer, NULL);
	n = plx_stream_read(&s, buf, sizeof(buf), 0);
	cr_expect_eq(n, -ETIMEDOUT, "%s: %zd", name, n);
	cr_expect_eq(plx_stream_read(&s, buf, 0, PLX_NEVER), 0, "%s", name);
	cr_expect_eq(plx_stream_readexactly(&s, buf, 0, PLX_NEVER), 0, "%s",
		     name);
	say(peer, "hello");
	n = plx_stream_read(&s, buf, 2, PLX_NEVER);
	cr_expect(is(buf, n, "he"), "%s: %zd", name, n);
	n = plx_stream_read(&s, buf, sizeof(buf), PLX_NEVER);
	cr_expect(is(buf, n, "llo"), "%s: %zd", name, n);
	close(peer);
	n = plx_stream_read(&s, buf, sizeof(buf), PLX_NEVER);
	cr_expect_eq(n, 0, "%s: %zd", name, n);
	n = plx_stream_read(&s, buf, sizeof(buf), 0);
	cr_expect_eq(n, 0, "%s: the end sticks: %zd", name, n);
	cr_expect_eq(plx_stream_close(&s, PLX_NEVER), 0, "%s", name);
	return 0;
}
ON_BACKENDS(stream_read, a_read_takes_what_is_there, read_what_is_there)

static int
read_lines(void *arg)
{
	const char *name = arg;
	struct plx_stream s;
	char buf[16];
	ssize_t n;
	int peer;

	open_unix(&s, &peer, NULL);
	n = plx_stream_readline(&s, buf, sizeof(buf), 0);
	cr_expect_eq(n, -ETIMEDOUT, "%s: %zd", name, n);
	say(peer, "a\nbc\n\nrest");
	n = plx_stream_readline(&s, buf, sizeof(buf), PLX_NEVER);
	cr_expect(is(buf, n, "a\n"), "%s: %zd", name, n);
	n = plx_stream_readline(&s, buf, sizeof(buf), PLX_NEVER);
	cr_expect(is(buf, n, "bc\n"), "%s: %zd", name, n);
	n = plx_stream_readline(&s, buf, sizeof(buf), PLX_NEVER);
	cr_expect(is(buf, n, "\n"), "%s: %zd", name, n);
	n = plx_stream_readline(&s, buf, sizeof(buf), 0);
	cr_expect_eq(n, -ETIMEDOUT, "%s: %zd", name, n);
	close(peer);
	n = plx_stream_readline(&s, buf, sizeof(buf), PLX_NEVER);
	cr_expect(is(buf, n, "rest"), "%s: %zd", name, n);
	n = plx_stream_readline(&s, buf, sizeof(buf), PLX_NEVER);
	cr_expect_eq(n, 0, "%s: %zd", name, n);
	cr_expect_eq(plx_stream_close(&s, PLX_NEVER), 0, "%s", name);
	return 0;
}
ON_BACKENDS(stream_read, a_line_ends_with_its_newline, read_lines)

static int
read_until(void *arg)
{
	const char *name = arg;
	struct plx_stream s;
	char buf[32];
	ssize_t n;
	int peer;

	open_unix(&s, &peer, NULL);
	say(peer, "head\r");
	n = plx_stream_readuntil(&s, "\r\n", 2, buf, 32, 0);
	cr_expect_eq(n, -ETIMEDOUT, "%s: %zd", name, n);
	say(peer, "\nbody");
	n = plx_stream_readuntil(&s, "\r\n", 2, buf, 32, PLX_NEVER);
	cr_expect(is(buf, n, "head\r\n"), "%s: %zd", name, n);
	n = plx_stream_readuntil(&s, "x", 1, buf, 32, 0);
	cr_expect_eq(n, -ETIMEDOUT, "%s: %zd", name, n);
	n = plx_stream_readuntil(&s, "o", 1, buf, 32, 0);
	cr_expect(is(buf, n, "bo"), "%s: what was searched for before: %zd",
		  name, n);
	say(peer, "--0123456789--");
	n = plx_stream_readuntil(&s, "--0123456789--", 14, buf, 32, PLX_NEVER);
	cr_expect(is(buf, n, "dy--0123456789--"), "%s: %zd", name, n);
	cr_expect_eq(plx_stream_readuntil(&s, "", 0, buf, 32, 0), -EINVAL);
	cr_expect_eq(plx_stream_readuntil(&s, "abc", 3, buf, 2, 0), -EINVAL);
	cr_expect_eq(plx_stream_readline(&s, buf, 0, 0), -EINVAL);
	say(peer, "tail");
	close(peer);
	n = plx_stream_readuntil(&s, "\r\n", 2, buf, 32, PLX_NEVER);
	cr_expect_eq(n, -ENODATA, "%s: %zd", name, n);
	n = plx_stream_read(&s, buf, 32, PLX_NEVER);
	cr_expect(is(buf, n, "tail"), "%s: %zd", name, n);
	n = plx_stream_readuntil(&s, "\r\n", 2, buf, 32, PLX_NEVER);
	cr_expect_eq(n, -ENODATA, "%s: %zd", name, n);
	cr_expect_eq(plx_stream_close(&s, PLX_NEVER), 0, "%s", name);
	return 0;
}
ON_BACKENDS(stream_read, a_read_ends_with_what_was_asked_for, read_until)

static int
pass_the_limit(void *arg)
{
	const struct plx_stream_options o = {.limit = 10};
	const char *name = arg;
	struct plx_stream s;
	char buf[32];
	ssize_t n;
	int peer;

	open_unix(&s, &peer, &o);
	say(peer, "012345678\n0123456789");
	n = plx_stream_readline(&s, buf, 9, PLX_NEVER);
	cr_expect_eq(n, -EMSGSIZE, "%s: %zd", name, n);
	n = plx_stream_readline(&s, buf, 10, PLX_NEVER);
	cr_expect(is(buf, n, "012345678\n"), "%s: %zd", name, n);
	n = plx_stream_readline(&s, buf, 32, PLX_NEVER);
	cr_expect_eq(n, -EMSGSIZE, "%s: %zd", name, n);
	say(peer, "\n");
	n = plx_stream_readline(&s, buf, 32, PLX_NEVER);
	cr_expect_eq(n, -EMSGSIZE, "%s: %zd", name, n);
	n = plx_stream_readexactly(&s, buf, 11, PLX_NEVER);
	cr_expect(is(buf, n, "0123456789\n"), "%s: all is there: %zd", name, n);
	cr_expect_eq(plx_stream_close(&s, PLX_NEVER), 0, "%s", name);
	close(peer);
	return 0;
}
ON_BACKENDS(stream_read, a_line_has_a_limit, pass_the_limit)

static int
read_blocks(void *arg)
{
	const char *name = arg;
	struct call c = {.n = 6, .deadline = PLX_NEVER};
	struct plx_stream s;
	plx_task *t;
	char buf[16];
	ssize_t n;
	int peer;

	open_unix(&s, &peer, NULL);
	c.s = &s;
	c.fn = call_readexactly;
	t = begin_call(&c);
	say(peer, "abc");
	let_run(5);
	cr_expect(!c.over, "%s", name);
	cr_expect_eq(plx_stream_readexactly(&s, buf, 1, 0), -EBUSY, "%s", name);
	cr_expect_eq(plx_stream_read(&s, buf, 1, 0), -EBUSY, "%s", name);
	plx_cancel(t);
	cr_expect_eq(end_call(&c, t), -ECANCELED, "%s: %zd", name, c.result);
	n = plx_stream_readexactly(&s, buf, 6, 0);
	cr_expect_eq(n, -ETIMEDOUT, "%s: %zd", name, n);
	say(peer, "defg");
	n = plx_stream_readexactly(&s, buf, 6, PLX_NEVER);
	cr_expect(is(buf, n, "abcdef"), "%s: %zd", name, n);
	cr_expect_eq(plx_stream_readexactly(&s, buf, 0, PLX_NEVER), 0, "%s",
		     name);
	cr_expect_eq(plx_stream_readexactly(&s, buf, SIZE_MAX, 0), -EINVAL,
		     "%s", name);
	close(peer);
	n = plx_stream_readexactly(&s, buf, 6, PLX_NEVER);
	cr_expect_eq(n, -ENODATA, "%s: %zd", name, n);
	n = plx_stream_readexactly(&s, buf, 1, PLX_NEVER);
	cr_expect(is(buf, n, "g"), "%s: %zd", name, n);
	cr_expect_eq(plx_stream_close(&s, PLX_NEVER), 0, "%s", name);
	return 0;
}
ON_BACKENDS(stream_read, a_block_is_whole_or_unread, read_blocks)

static int
look_at_unread(void *arg)
{
	const char *name = arg;
	struct plx_stream s;
	const void *data;
	char buf[8];
	ssize_t n;
	int peer;

	open_unix(&s, &peer, NULL);
	cr_expect_eq(plx_stream_fill(&s, 0, PLX_NEVER), 0, "%s", name);
	say(peer, "abcdef");
	n = plx_stream_fill(&s, 4, PLX_NEVER);
	cr_expect_eq(n, 6, "%s: %zd", name, n);
	n = (ssize_t)plx_buf_peek(plx_stream_unread(&s), &data);
	cr_expect(is(data, n, "abcdef"), "%s: %zd", name, n);
	plx_stream_consume(&s, 2);
	close(peer);
	n = plx_stream_fill(&s, 10, PLX_NEVER);
	cr_expect_eq(n, 4, "%s: the end: %zd", name, n);
	n = plx_stream_read(&s, buf, 8, PLX_NEVER);
	cr_expect(is(buf, n, "cdef"), "%s: %zd", name, n);
	plx_stream_consume(&s, 1);
	cr_expect_eq(plx_stream_fill(&s, 1, PLX_NEVER), 0, "%s", name);
	cr_expect_eq(plx_stream_close(&s, PLX_NEVER), 0, "%s", name);
	return 0;
}
ON_BACKENDS(stream_read, unread_bytes_can_be_looked_at, look_at_unread)

/* The room of the chunks of B. */
static size_t
room_of(const struct plx_buf *b)
{
	size_t sum = 0;

	for (const struct plx_chunk *c = b->first; c; c = c->next)
		sum += c->room;
	return sum;
}

/* A sender of single bytes: what the stream holds while it waits is of the
   order of what has come, and nothing is searched twice. */
static int
wait_in_little_memory(void *arg)
{
	enum {
		LONG = 3000
	};
	struct call c = {.n = 64, .deadline = PLX_NEVER};
	unsigned long allocations;
	struct plx_stream s;
	char line[LONG + 1];
	size_t most = 0;
	plx_task *t;
	ssize_t n;
	int peer;

	(void)arg;
	open_unix(&s, &peer, NULL);
	c.s = &s;
	c.fn = call_readline;
	t = begin_call(&c);
	let_run(3);
	cr_expect_eq(room_of(&s.in), 0);
	say(peer, "a");
	let_run(3);
	cr_expect_eq(room_of(&s.in), 256, "%zu", room_of(&s.in));
	say(peer, "\n");
	cr_expect_eq(end_call(&c, t), 2);
	cr_expect_eq(room_of(&s.in), 0);
	allocations = support_calls(&support_sys, SUPPORT_RESIZE);
	for (int i = 0; i < LONG; i++) {
		say(peer, "x");
		n = plx_stream_readline(&s, line, sizeof(line), 0);
		if (n != -ETIMEDOUT || s.scanned != (size_t)i + 1)
			break;
		n = plx_stream_readline(&s, line, sizeof(line), plx_after(1));
		if (room_of(&s.in) > most)
			most = room_of(&s.in);
	}
	cr_expect_eq(s.scanned, LONG, "searched again after %zu", s.scanned);
	cr_expect_leq(most, 4 * LONG, "%zu", most);
	allocations = support_calls(&support_sys, SUPPORT_RESIZE) - allocations;
	cr_expect_leq(allocations, 20, "%lu for every few bytes", allocations);
	say(peer, "\n");
	n = plx_stream_readline(&s, line, sizeof(line), PLX_NEVER);
	cr_expect_eq(n, LONG + 1, "%zd", n);
	cr_expect_eq(plx_stream_close(&s, PLX_NEVER), 0);
	close(peer);
	return 0;
}
IN_A_TASK(stream_read, a_stream_waits_in_little_memory, wait_in_little_memory)

/* Reads of both kinds by turns, each of which has to wait: it does so first,
   and no receive is in vain. */
static int
mix_reads(void *arg)
{
	struct call c = {.n = 16, .deadline = PLX_NEVER};
	unsigned long before;
	struct plx_stream s;
	plx_task *t;
	int peer;

	(void)arg;
	open_unix(&s, &peer, NULL);
	say(peer, "a\n");
	plx_stream_readline(&s, c.buf, 16, PLX_NEVER);
	before = support_calls(&support_sys, SUPPORT_RECV);
	c.s = &s;
	for (int i = 0; i < 10; i++) {
		c.fn = i % 2 ? call_readline : call_read;
		t = begin_call(&c);
		let_run(2);
		say(peer, "b\n");
		cr_expect_eq(end_call(&c, t), 2, "%d: %zd", i, c.result);
	}
	before = support_calls(&support_sys, SUPPORT_RECV) - before;
	cr_expect_eq(before, 10, "%lu receives", before);
	cr_expect_eq(plx_stream_close(&s, PLX_NEVER), 0);
	close(peer);
	return 0;
}
IN_A_TASK(stream_read, lines_and_bytes_mix, mix_reads)

/* One that finds all it wants in the buffer gives way now and then. */
static int served;

static int
serve_another(void *arg)
{
	(void)arg;
	served = 1;
	return 0;
}

static int
read_without_end(void *arg)
{
	static char lines[8000];
	struct plx_stream s;
	char buf[8];
	int i, peer;

	(void)arg;
	open_unix(&s, &peer, NULL);
	memset(lines, '\n', sizeof(lines));
	cr_expect_eq(write(peer, lines, sizeof(lines)), sizeof(lines));
	cr_expect_eq(plx_stream_readline(&s, buf, 8, PLX_NEVER), 1);
	plx_spawn(NULL, serve_another, NULL, NULL);
	for (i = 0; i < 7000 && !served; i++)
		cr_expect_eq(plx_stream_readline(&s, buf, 8, PLX_NEVER), 1);
	cr_expect_lt(i, 1000, "never gave way");
	cr_expect_eq(plx_stream_close(&s, PLX_NEVER), 0);
	close(peer);
	return 0;
}
IN_A_TASK(stream_read, reading_gives_way_now_and_then, read_without_end)

/* Nothing comes; more; unread; the end; closed. */
static int
choose(void *arg)
{
	const char *name = arg;
	struct plx_stream_awaitable a;
	struct plx_channel_awaitable r;
	struct plx_awaitable *list[2];
	plx_channel *ch;
	struct plx_stream s;
	int v = 7, got = 0, peer, i;
	char buf[8];
	ssize_t n;

	open_unix(&s, &peer, NULL);
	cr_expect_eq(plx_channel_open(sizeof(int), 1, &ch), 0, "%s", name);
	for (i = 0; i < 5; i++) {
		list[0] = plx_stream_awaitable(&a, &s);
		list[1] = plx_channel_recv_awaitable(&r, ch, &got);
		if (i == 0)
			plx_channel_send(ch, &v, PLX_NEVER);
		if (i == 1)
			say(peer, "a\nb\n");
		if (i == 3)
			close(peer);
		n = plx_await_any(list, 2, PLX_NEVER);
		cr_expect_eq(n, i == 0, "%s: %d: %zd", name, i, n);
		if (n == 0)
			cr_expect_gt(plx_awaitable_result(list[0]), 0, "%s: %d",
				     name, i);
		n = i > 0 ? plx_stream_readline(&s, buf, 8, 0) : 2;
		cr_expect_eq(n, i < 3 ? 2 : 0, "%s: %d: %zd", name, i, n);
	}
	cr_expect_eq(plx_stream_close(&s, PLX_NEVER), 0, "%s", name);
	n = plx_await(plx_stream_awaitable(&a, &s), PLX_NEVER);
	cr_expect_eq(n, -ESHUTDOWN, "%s: %zd", name, n);
	plx_channel_close(ch);
	plx_channel_free(&ch);
	return 0;
}
ON_BACKENDS(stream_read, can_be_one_of_several_to_wait_for, choose)
