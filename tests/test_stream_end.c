/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_stream_end.c: how streams end, from either side, and who is told.
 */
#include <config.h>

#include <fcntl.h>
#include <signal.h>
#include "stream_common.h"

/* A stream over one end of a TCP pair; *PEER is the other. */
static void
open_tcp(struct plx_stream *s, int *peer)
{
	int fd[2];

	support_tcp_pair(fd);
	cr_expect_eq(plx_stream_open(s, fd[0], NULL), 0);
	*peer = fd[1];
}

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

static int
close_with_a_queue(void *arg)
{
	const char *name = arg;
	struct plx_stream s;
	int peer;

	open_unix(&s, &peer, NULL);
	support_fill(plx_stream_fileno(&s));
	cr_expect_eq(plx_stream_write(&s, "late", 4, PLX_NEVER), 4, "%s", name);
	cr_expect_eq(plx_stream_close(&s, plx_after(PLX_MILLISECOND)),
		     -ETIMEDOUT, "%s", name);
	cr_expect_eq(plx_stream_fileno(&s), -EBADF, "%s", name);
	cr_expect_eq(plx_stream_close(&s, PLX_NEVER), -EBADF, "%s", name);
	plx_stream_abort(&s);
	support_drain(peer);
	cr_expect(at_end(peer), "%s", name);
	close(peer);
	return 0;
}
ON_BACKENDS(stream_end, a_close_has_a_deadline, close_with_a_queue)

/* One in a cancelled task does not wait, but closes. */
static int
close_cancelled(void *arg)
{
	const char *name = arg;
	struct call c = {.fn = call_close, .deadline = PLX_NEVER};
	struct plx_stream s;
	plx_task *t;
	int peer;

	open_unix(&s, &peer, NULL);
	support_fill(plx_stream_fileno(&s));
	cr_expect_eq(plx_stream_write(&s, "late", 4, PLX_NEVER), 4, "%s", name);
	c.s = &s;
	t = begin_call(&c);
	plx_cancel(t);
	cr_expect_eq(end_call(&c, t), -ECANCELED, "%s: %zd", name, c.result);
	cr_expect_eq(plx_stream_fileno(&s), -EBADF, "%s", name);
	close(peer);
	return 0;
}
ON_BACKENDS(stream_end, a_close_works_in_a_cancelled_task, close_cancelled)

/* Who waits for a stream that is closed, or comes later, is told. */
static int
close_under_others(void *arg)
{
	static char much[200000];
	const char *name = arg;
	struct call c[4] = {{.fn = call_readline, .n = 10},
			    {.fn = call_write, .data = much, .n = sizeof(much)},
			    {.fn = call_write, .data = much, .n = 10},
			    {.fn = call_flush}};
	struct plx_stream s;
	plx_task *t[4];
	char buf[8];
	int i, peer;

	open_unix(&s, &peer, NULL);
	support_fill(plx_stream_fileno(&s));
	for (i = 0; i < 4; i++) {
		c[i].s = &s;
		c[i].deadline = PLX_NEVER;
		t[i] = begin_call(&c[i]);
	}
	let_run(5);
	cr_expect_eq(plx_stream_close(&s, 0), -ETIMEDOUT, "%s", name);
	cr_expect_eq(end_call(&c[0], t[0]), -ESHUTDOWN, "%s: %zd", name,
		     c[0].result);
	cr_expect_geq(end_call(&c[1], t[1]), 64 << 10, "%s: %zd", name,
		      c[1].result);
	cr_expect_eq(end_call(&c[2], t[2]), -ESHUTDOWN, "%s: %zd", name,
		     c[2].result);
	cr_expect_eq(end_call(&c[3], t[3]), -ESHUTDOWN, "%s: %zd", name,
		     c[3].result);
	cr_expect_eq(plx_stream_read(&s, buf, 8, PLX_NEVER), -ESHUTDOWN, "%s",
		     name);
	cr_expect_eq(plx_stream_write(&s, buf, 8, PLX_NEVER), -ESHUTDOWN, "%s",
		     name);
	cr_expect_eq(plx_stream_write_eof(&s, PLX_NEVER), -ESHUTDOWN, "%s",
		     name);
	cr_expect_eq(plx_stream_linger(&s, PLX_NEVER), -ESHUTDOWN, "%s", name);
	close(peer);
	return 0;
}
ON_BACKENDS(stream_end, a_close_tells_all_who_wait, close_under_others)

static int
abort_is_a_reset(void *arg)
{
	const char *name = arg;
	struct plx_stream s;
	char c;
	int peer;

	open_tcp(&s, &peer);
	cr_expect_eq(plx_stream_write(&s, "x", 1, PLX_NEVER), 1, "%s", name);
	plx_stream_abort(&s);
	cr_expect_eq(plx_stream_fileno(&s), -EBADF, "%s", name);
	do
		plx_await_fd(peer, PLX_READ, PLX_NEVER);
	while (read(peer, &c, 1) > 0);
	cr_expect_eq(errno, ECONNRESET, "%s: %d", name, errno);
	plx_close(peer);
	return 0;
}
ON_BACKENDS(stream_end, an_abort_is_a_reset, abort_is_a_reset)

/* An abort ends a close that waits. */
static int
abort_a_close(void *arg)
{
	struct call c = {.fn = call_close, .deadline = PLX_NEVER};
	struct plx_stream s;
	plx_task *t;
	int peer;

	(void)arg;
	open_unix(&s, &peer, NULL);
	support_fill(plx_stream_fileno(&s));
	cr_expect_eq(plx_stream_write(&s, "late", 4, PLX_NEVER), 4);
	c.s = &s;
	t = begin_call(&c);
	let_run(3);
	cr_expect(!c.over);
	cr_expect_eq(plx_stream_close(&s, PLX_NEVER), -EBADF);
	plx_stream_abort(&s);
	cr_expect_eq(end_call(&c, t), -ESHUTDOWN, "%zd", c.result);
	close(peer);
	return 0;
}
IN_A_TASK(stream_end, an_abort_ends_a_close, abort_a_close)

/* The peer's last bytes do not become a reset of ours. */
static int
linger_for_the_peer(void *arg)
{
	const char *name = arg;
	struct plx_stream s;
	int peer;

	open_tcp(&s, &peer);
	cr_expect_eq(plx_stream_write(&s, "answer", 6, PLX_NEVER), 6, "%s",
		     name);
	say(peer, "more");
	cr_expect_eq(plx_stream_linger(&s, plx_after(PLX_MILLISECOND)),
		     -ETIMEDOUT, "%s", name);
	say(peer, "and more");
	shutdown(peer, SHUT_WR);
	cr_expect_eq(plx_stream_linger(&s, PLX_NEVER), 0, "%s", name);
	cr_expect_eq(plx_stream_close(&s, PLX_NEVER), 0, "%s", name);
	plx_await_fd(peer, PLX_READ, PLX_NEVER);
	cr_expect(heard(peer, "answer"), "%s", name);
	cr_expect(at_end(peer), "%s", name);
	plx_close(peer);
	return 0;
}
ON_BACKENDS(stream_end, linger_reads_until_the_peer_ends, linger_for_the_peer)

static int
detach(void *arg)
{
	const char *name = arg;
	struct call c = {.fn = call_readline, .n = 10, .deadline = PLX_NEVER};
	struct plx_stream s;
	plx_task *t;
	int peer, fd;

	open_unix(&s, &peer, NULL);
	c.s = &s;
	t = begin_call(&c);
	let_run(3);
	cr_expect_eq(plx_stream_detach(&s), -EBUSY, "%s: is read", name);
	say(peer, "a\nb\n");
	cr_expect_eq(end_call(&c, t), 2, "%s", name);
	cr_expect_eq(plx_stream_detach(&s), -EBUSY, "%s: unread", name);
	plx_stream_consume(&s, 2);
	support_fill(plx_stream_fileno(&s));
	cr_expect_eq(plx_stream_write(&s, "x", 1, 0), 1, "%s", name);
	cr_expect_eq(plx_stream_detach(&s), -EBUSY, "%s: queued", name);
	support_drain(peer);
	cr_expect_eq(plx_stream_flush(&s, PLX_NEVER), 0, "%s", name);
	fd = plx_stream_detach(&s);
	cr_expect_geq(fd, 0, "%s: %d", name, fd);
	cr_expect_eq(plx_stream_detach(&s), -EBADF, "%s", name);
	cr_expect_eq(plx_stream_fileno(&s), -EBADF, "%s", name);
	support_drain(peer);
	cr_expect_eq(plx_send(fd, "y", 1, PLX_NEVER), 1, "%s", name);
	cr_expect(heard(peer, "y"), "%s", name);
	plx_close(fd);
	close(peer);
	return 0;
}
ON_BACKENDS(stream_end, detach_gives_the_descriptor_back, detach)

/* A pipe that blocks is made not to, and blocks again afterwards. */
static int
restore_blocking(void *arg)
{
	const char *name = arg;
	struct plx_stream s;
	int fd[2];

	support_pipe(fd);
	fcntl(fd[0], F_SETFL, 0);
	cr_expect_eq(plx_stream_open(&s, fd[0], NULL), 0, "%s", name);
	cr_expect(fcntl(fd[0], F_GETFL) & O_NONBLOCK, "%s", name);
	cr_expect_eq(plx_stream_write_eof(&s, PLX_NEVER), -EOPNOTSUPP, "%s",
		     name);
	cr_expect_eq(plx_stream_detach(&s), fd[0], "%s", name);
	cr_expect(!(fcntl(fd[0], F_GETFL) & O_NONBLOCK), "%s", name);
	cr_expect_eq(plx_stream_open(&s, fd[1], NULL), 0, "%s", name);
	cr_expect_eq(plx_stream_detach(&s), fd[1], "%s", name);
	cr_expect(fcntl(fd[1], F_GETFL) & O_NONBLOCK, "%s: was so", name);
	close(fd[0]);
	close(fd[1]);
	return 0;
}
ON_BACKENDS(stream_end, a_blocking_descriptor_blocks_again, restore_blocking)

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

static int
refuse(void *arg)
{
	struct plx_stream s;
	int fd[2];

	(void)arg;
	cr_expect_eq(plx_stream_open(&s, -1, NULL), -EBADF);
	support_pipe(fd);
	close(fd[0]);
	close(fd[1]);
	cr_expect_eq(plx_stream_open(&s, fd[0], NULL), -EBADF);
	return 0;
}
IN_A_TASK(stream_end, what_is_no_descriptor_is_refused, refuse)

Test(stream_end, there_are_none_outside_a_task)
{
	struct support_mark mark = support_begin(NULL);
	struct plx_stream s;
	int fd[2];

	support_unix_pair(fd);
	cr_assert_eq(plx_stream_open(&s, fd[0], NULL), -EPERM);
	close(fd[0]);
	close(fd[1]);
	support_end(mark, NULL);
}
