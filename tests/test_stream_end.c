/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_stream_end.c: what streams say when a direction has ended: resets, the
 * end of a peer, write_eof.
 */
#include <config.h>

#include <signal.h>
#include "stream_common.h"

/* Closes a TCP socket in such a way that the other side is told of a reset. */
static void
reset(int fd)
{
	const struct linger now = {.l_onoff = 1};

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(fd);
}

static int
hear_of_a_reset(void *arg)
{
	const char *name = arg;
	struct plx_stream s;
	char buf[16];
	ssize_t n;
	int peer;

	open_tcp(&s, &peer);
	say(peer, "last words\nand");
	n = plx_stream_readline(&s, buf, sizeof(buf), PLX_NEVER);
	cr_expect(is(buf, n, "last words\n"), "%s: %zd", name, n);
	reset(peer);
	n = plx_stream_readline(&s, buf, sizeof(buf), PLX_NEVER);
	cr_expect_eq(n, -ECONNRESET, "%s: no line is made up: %zd", name, n);
	n = plx_stream_read(&s, buf, sizeof(buf), PLX_NEVER);
	cr_expect(is(buf, n, "and"), "%s: %zd", name, n);
	n = plx_stream_read(&s, buf, sizeof(buf), PLX_NEVER);
	cr_expect_eq(n, -ECONNRESET, "%s: %zd", name, n);
	n = plx_stream_write(&s, "x", 1, PLX_NEVER);
	cr_expect_eq(n, -ECONNRESET, "%s: so do writes: %zd", name, n);
	cr_expect_eq(plx_stream_flush(&s, PLX_NEVER), -ECONNRESET, "%s", name);
	cr_expect_eq(plx_stream_close(&s, PLX_NEVER), -ECONNRESET, "%s", name);
	return 0;
}
ON_BACKENDS(stream_end, bytes_come_before_a_reset, hear_of_a_reset)

/* The same where nothing was ever in the buffer, and once more than told. */
static int
hear_of_it_straight(void *arg)
{
	const char *name = arg;
	struct call c = {.fn = call_read, .n = 16, .deadline = PLX_NEVER};
	struct plx_stream s;
	plx_task *t;
	int peer;

	open_tcp(&s, &peer);
	c.s = &s;
	t = begin_call(&c);
	let_run(3);
	reset(peer);
	cr_expect_eq(end_call(&c, t), -ECONNRESET, "%s: %zd", name, c.result);
	cr_expect_eq(plx_stream_read(&s, c.buf, 16, PLX_NEVER), -ECONNRESET,
		     "%s", name);
	cr_expect_eq(plx_stream_write(&s, "x", 1, PLX_NEVER), -ECONNRESET, "%s",
		     name);
	plx_stream_abort(&s);
	return 0;
}
ON_BACKENDS(stream_end, a_read_that_waits_is_told_of_a_reset,
	    hear_of_it_straight)

/* A deadline passes and the peer ends in one turn: the end, and no error. */
static int
end_in_time(void *arg)
{
	plx_sleep_until(support_sys.now + PLX_MILLISECOND);
	close(*(int *)arg);
	return 0;
}

static int
end_at_the_deadline(void *arg)
{
	struct plx_stream s;
	char buf[8];
	ssize_t n;
	int peer;

	(void)arg;
	open_unix(&s, &peer, NULL);
	plx_spawn(NULL, end_in_time, &peer, NULL);
	let_run(2);
	n = plx_stream_read(&s, buf, 8, in(PLX_MILLISECOND));
	cr_expect_eq(n, 0, "%zd", n);
	cr_expect_eq(plx_stream_read(&s, buf, 8, PLX_NEVER), 0);
	cr_expect_eq(plx_stream_close(&s, PLX_NEVER), 0);
	return 0;
}
WITH_CLOCK(stream_end, a_deadline_is_no_error, end_at_the_deadline)

/* The write hears of it first. */
static int
write_into_a_reset(void *arg)
{
	const char *name = arg;
	struct plx_stream s;
	char buf[16];
	ssize_t n;
	int peer;

	open_tcp(&s, &peer);
	say(peer, "words");
	plx_await_fd(plx_stream_fileno(&s), PLX_READ, PLX_NEVER);
	reset(peer);
	do
		n = plx_stream_write(&s, "x", 1, PLX_NEVER);
	while (n == 1);
	cr_expect_lt(n, 0, "%s", name);
	n = plx_stream_read(&s, buf, sizeof(buf), PLX_NEVER);
	cr_expect(is(buf, n, "words"), "%s: %zd", name, n);
	n = plx_stream_read(&s, buf, sizeof(buf), PLX_NEVER);
	cr_expect_eq(n, s.error, "%s: %zd, not the end", name, n);
	cr_expect_eq(plx_stream_close(&s, PLX_NEVER), s.error, "%s", name);
	return 0;
}
ON_BACKENDS(stream_end, an_error_of_a_write_is_a_reads_too, write_into_a_reset)

/* A reader and a writer wait, another stands in line, a third flushes. */
static int
reset_those_who_wait(void *arg)
{
	static char much[200000];
	const char *name = arg;
	struct call c[4] = {{.fn = call_read, .n = 10},
			    {.fn = call_write, .data = much, .n = sizeof(much)},
			    {.fn = call_write, .data = much, .n = 10},
			    {.fn = call_flush}};
	struct plx_stream s;
	plx_task *t[4];
	int i, peer;

	open_tcp(&s, &peer);
	support_fill(plx_stream_fileno(&s));
	for (i = 0; i < 4; i++) {
		c[i].s = &s;
		c[i].deadline = PLX_NEVER;
		t[i] = begin_call(&c[i]);
	}
	let_run(5);
	for (i = 0; i < 4; i++)
		cr_expect(!c[i].over, "%s: %d", name, i);
	reset(peer);
	cr_expect_eq(end_call(&c[0], t[0]), -ECONNRESET, "%s: %zd", name,
		     c[0].result);
	cr_expect_geq(end_call(&c[1], t[1]), 64 << 10, "%s: %zd", name,
		      c[1].result);
	cr_expect_eq(end_call(&c[2], t[2]), -ECONNRESET, "%s: %zd", name,
		     c[2].result);
	cr_expect_eq(end_call(&c[3], t[3]), -ECONNRESET, "%s: %zd", name,
		     c[3].result);
	cr_expect_eq(plx_stream_queued(&s), 0, "%s", name);
	plx_stream_abort(&s);
	return 0;
}
ON_BACKENDS(stream_end, a_reset_wakes_all, reset_those_who_wait)

static int
half_close(void *arg)
{
	const char *name = arg;
	struct plx_stream s;
	char buf[16];
	ssize_t n;
	int peer;

	open_tcp(&s, &peer);
	cr_expect_eq(plx_stream_write(&s, "question", 8, PLX_NEVER), 8, "%s",
		     name);
	cr_expect_eq(plx_stream_write_eof(&s, PLX_NEVER), 0, "%s", name);
	cr_expect_eq(plx_stream_write_eof(&s, PLX_NEVER), 0, "%s: again", name);
	n = plx_stream_write(&s, "x", 1, PLX_NEVER);
	cr_expect_eq(n, -EPIPE, "%s: %zd", name, n);
	cr_expect_eq(plx_stream_flush(&s, PLX_NEVER), 0, "%s", name);
	plx_await_fd(peer, PLX_READ, PLX_NEVER);
	cr_expect(heard(peer, "question"), "%s", name);
	plx_await_fd(peer, PLX_READ, PLX_NEVER);
	cr_expect(at_end(peer), "%s", name);
	say(peer, "answer");
	n = plx_stream_read(&s, buf, sizeof(buf), PLX_NEVER);
	cr_expect(is(buf, n, "answer"), "%s: %zd", name, n);
	plx_close(peer);
	n = plx_stream_read(&s, buf, sizeof(buf), PLX_NEVER);
	cr_expect_eq(n, 0, "%s: %zd", name, n);
	cr_expect_eq(plx_stream_close(&s, PLX_NEVER), 0, "%s", name);
	return 0;
}
ON_BACKENDS(stream_end, reading_goes_on_after_write_eof, half_close)

static int
answer_after_the_end(void *arg)
{
	const char *name = arg;
	struct plx_stream s;
	char buf[16];
	ssize_t n;
	int peer;

	open_unix(&s, &peer, NULL);
	shutdown(peer, SHUT_WR);
	n = plx_stream_read(&s, buf, sizeof(buf), PLX_NEVER);
	cr_expect_eq(n, 0, "%s: %zd", name, n);
	cr_expect_eq(plx_stream_write(&s, "answer", 6, PLX_NEVER), 6, "%s",
		     name);
	cr_expect(heard(peer, "answer"), "%s", name);
	cr_expect_eq(plx_stream_close(&s, PLX_NEVER), 0, "%s", name);
	close(peer);
	return 0;
}
ON_BACKENDS(stream_end, writing_goes_on_after_the_end, answer_after_the_end)

/* The peer takes nothing more, but goes on sending: what has come is read, and
   then reads tell the error, those that wait already, too. */
static int
refuse_what_is_written(void *arg)
{
	const char *name = arg;
	char buf[16];
	struct call c = {.fn = call_read, .n = sizeof(buf)};
	struct plx_stream s;
	plx_task *t;
	ssize_t n;
	int peer;

	signal(SIGPIPE, SIG_IGN);
	open_unix(&s, &peer, NULL);
	shutdown(peer, SHUT_RD);
	c.s = &s;
	c.deadline = plx_after(5 * PLX_SECOND);
	t = begin_call(&c);
	let_run(3);
	n = plx_stream_write(&s, "x", 1, PLX_NEVER);
	cr_expect_eq(n, -EPIPE, "%s: %zd", name, n);
	cr_expect_eq(end_call(&c, t), -EPIPE, "%s: %zd", name, c.result);
	say(peer, "late");
	n = plx_stream_read(&s, buf, sizeof(buf), PLX_NEVER);
	cr_expect_eq(n, -EPIPE, "%s: %zd", name, n);
	plx_stream_abort(&s);
	close(peer);
	open_unix(&s, &peer, NULL);
	shutdown(peer, SHUT_RD);
	say(peer, "before");
	n = plx_stream_write(&s, "x", 1, PLX_NEVER);
	cr_expect_eq(n, -EPIPE, "%s: %zd", name, n);
	n = plx_stream_read(&s, buf, sizeof(buf), PLX_NEVER);
	cr_expect(is(buf, n, "before"), "%s: %zd", name, n);
	n = plx_stream_read(&s, buf, sizeof(buf), c.deadline);
	cr_expect_eq(n, -EPIPE, "%s: %zd", name, n);
	n = plx_stream_fill(&s, 1, c.deadline);
	cr_expect_eq(n, -EPIPE, "%s: %zd", name, n);
	plx_stream_abort(&s);
	close(peer);
	return 0;
}
ON_BACKENDS(stream_end, an_error_of_writing_ends_reading,
	    refuse_what_is_written)

static int
await_input(void *arg)
{
	struct plx_stream_awaitable a;

	return plx_await(plx_stream_awaitable(&a, arg), in(5 * PLX_SECOND));
}

/* Who waits for something to read goes on, and who comes later need not wait:
   the read that follows tells why. */
static int
await_after_an_error(void *arg)
{
	const char *name = arg;
	struct plx_stream s;
	plx_task *t;
	int peer, r = 0;

	signal(SIGPIPE, SIG_IGN);
	open_unix(&s, &peer, NULL);
	shutdown(peer, SHUT_RD);
	plx_spawn(NULL, await_input, &s, &t);
	let_run(3);
	cr_expect_eq(plx_stream_write(&s, "x", 1, PLX_NEVER), -EPIPE);
	cr_expect_eq(plx_join(t, &r, PLX_NEVER), 0);
	cr_expect_eq(r, PLX_READ, "%s: %d", name, r);
	r = await_input(&s);
	cr_expect_eq(r, PLX_READ, "%s: %d", name, r);
	plx_stream_abort(&s);
	close(peer);
	return 0;
}
ON_BACKENDS(stream_end, an_error_of_writing_ends_a_wait_for_input,
	    await_after_an_error)

/* What is queued is sent before the end is told; a write in line, too. */
static int
write_eof_waits(void *arg)
{
	static char much[100000];
	const char *name = arg;
	struct call c = {.fn = call_write, .data = much, .n = sizeof(much)};
	struct plx_stream s;
	size_t stuffed;
	plx_task *t;
	int peer;

	open_unix(&s, &peer, NULL);
	stuffed = support_fill(plx_stream_fileno(&s));
	c.s = &s;
	c.deadline = PLX_NEVER;
	t = begin_call(&c);
	let_run(3);
	cr_expect_eq(plx_stream_write_eof(&s, 0), -ETIMEDOUT, "%s", name);
	support_drain(peer);
	cr_expect_geq(stuffed, 1, "%s", name);
	while (!c.over) {
		support_drain(peer);
		plx_checkpoint();
	}
	cr_expect_eq(end_call(&c, t), sizeof(much), "%s: %zd", name, c.result);
	support_drain(peer);
	cr_expect_eq(plx_stream_write_eof(&s, PLX_NEVER), 0, "%s", name);
	support_drain(peer);
	cr_expect(at_end(peer), "%s", name);
	plx_stream_abort(&s);
	close(peer);
	return 0;
}
ON_BACKENDS(stream_end, write_eof_comes_last, write_eof_waits)

/* A pipe whose reader is gone raises SIGPIPE, as write does. */
static int
break_a_pipe(void *arg)
{
	const char *name = arg;
	struct plx_stream s;
	int fd[2];

	signal(SIGPIPE, SIG_IGN);
	support_pipe(fd);
	cr_expect_eq(plx_stream_open(&s, fd[1], NULL), 0, "%s", name);
	close(fd[0]);
	cr_expect_eq(plx_stream_write(&s, "x", 1, PLX_NEVER), -EPIPE, "%s",
		     name);
	cr_expect_eq(plx_stream_close(&s, PLX_NEVER), -EPIPE, "%s", name);
	return 0;
}
ON_BACKENDS(stream_end, a_broken_pipe_is_an_error, break_a_pipe)
