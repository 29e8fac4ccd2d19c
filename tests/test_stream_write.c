/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_stream_write.c: what streams write: straight, in pieces, past a stale
 * watch.
 */
#include <config.h>

#include <sys/uio.h>
#include "stream_common.h"

static int
write_straight(void *arg)
{
	const char *name = arg;
	unsigned long calls;
	struct plx_stream s;
	int peer;

	open_unix(&s, &peer, NULL);
	calls = support_calls(&support_sys, ~(unsigned)SUPPORT_CLOCK);
	cr_expect_eq(plx_stream_write(&s, "hello", 5, PLX_NEVER), 5, "%s",
		     name);
	calls = support_calls(&support_sys, ~(unsigned)SUPPORT_CLOCK) - calls;
	cr_expect_eq(calls, 1, "%s: %lu calls", name, calls);
	cr_expect(heard(peer, "hello"), "%s", name);
	cr_expect_eq(plx_stream_write(&s, "", 0, PLX_NEVER), 0, "%s", name);
	cr_expect_eq(plx_stream_write(&s, "x", SIZE_MAX, PLX_NEVER), -EINVAL,
		     "%s", name);
	cr_expect_eq(plx_stream_queued(&s), 0, "%s", name);
	cr_expect_eq(plx_stream_flush(&s, 0), 0, "%s", name);
	cr_expect_eq(plx_stream_close(&s, PLX_NEVER), 0, "%s", name);
	cr_expect(at_end(peer), "%s", name);
	close(peer);
	return 0;
}
ON_BACKENDS(stream_write, goes_straight_to_the_kernel, write_straight)

static int
write_pieces(void *arg)
{
	const char *name = arg;
	char parts[40][2];
	struct iovec list[42];
	struct plx_stream s;
	int i, peer;

	open_unix(&s, &peer, NULL);
	for (i = 0; i < 40; i++) {
		parts[i][0] = (char)('a' + i % 26);
		list[i] = (struct iovec){parts[i], 1};
	}
	list[7].iov_len = 0;
	cr_expect_eq(plx_stream_writev(&s, list, 40, PLX_NEVER), 39, "%s",
		     name);
	cr_expect(heard(peer, "abcdefgijklmnopqrstuvwxyzabcdefghijklmn"), "%s",
		  name);
	cr_expect_eq(plx_stream_writev(&s, list, 0, PLX_NEVER), 0, "%s", name);
	cr_expect_eq(plx_stream_writev(&s, list, -1, PLX_NEVER), -EINVAL, "%s",
		     name);
	list[1].iov_len = SIZE_MAX;
	cr_expect_eq(plx_stream_writev(&s, list, 2, PLX_NEVER), -EINVAL, "%s",
		     name);
	cr_expect_eq(plx_stream_close(&s, PLX_NEVER), 0, "%s", name);
	close(peer);
	return 0;
}
ON_BACKENDS(stream_write, pieces_go_together, write_pieces)

/* Pieces that come through the queue come in order, too. */
static int
queue_pieces(void *arg)
{
	const char *name = arg;
	struct iovec list[3] = {
		{(char[]){"ab"}, 2},
		{NULL, 0},
		{(char[]){"cde"}, 3},
	};
	struct plx_stream s;
	size_t stuffed;
	int peer;

	open_unix(&s, &peer, NULL);
	stuffed = stuff(&s);
	cr_expect_eq(plx_stream_writev(&s, list, 3, 0), 5, "%s", name);
	cr_expect_eq(plx_stream_queued(&s), 5, "%s", name);
	skip(peer, stuffed);
	cr_expect_eq(plx_stream_flush(&s, PLX_NEVER), 0, "%s", name);
	cr_expect(heard(peer, "abcde"), "%s", name);
	cr_expect_eq(plx_stream_close(&s, PLX_NEVER), 0, "%s", name);
	close(peer);
	return 0;
}
ON_BACKENDS(stream_write, pieces_are_queued_in_order, queue_pieces)

/* A wait of the task layer has left its watch behind: the stream's own takes
   the place, and a task that reads goes on waiting. */
static int
take_the_watch(void *arg)
{
	const char *name = arg;
	struct call c = {.n = 10, .deadline = PLX_NEVER, .fn = call_read};
	struct plx_stream s;
	size_t stuffed;
	plx_task *t;
	int fd[2];

	support_unix_pair(fd);
	stuffed = support_fill(fd[0]);
	cr_expect_eq(plx_await_fd(fd[0], PLX_WRITE, plx_after(1)), -ETIMEDOUT,
		     "%s", name);
	cr_expect_eq(plx_stream_open(&s, fd[0], NULL), 0, "%s", name);
	c.s = &s;
	t = begin_call(&c);
	let_run(3);
	cr_expect_eq(plx_stream_write(&s, "hello", 5, PLX_NEVER), 5, "%s",
		     name);
	let_run(3);
	cr_expect(!c.over, "%s: %zd", name, c.result);
	skip(fd[1], stuffed);
	cr_expect_eq(plx_stream_flush(&s, PLX_NEVER), 0, "%s", name);
	cr_expect(heard(fd[1], "hello"), "%s", name);
	say(fd[1], "you");
	cr_expect_eq(end_call(&c, t), 3, "%s: %zd", name, c.result);
	cr_expect_eq(plx_stream_close(&s, PLX_NEVER), 0, "%s", name);
	close(fd[1]);
	return 0;
}
ON_BACKENDS(stream_write, takes_the_place_of_a_stale_watch, take_the_watch)

/* And if the stream is closed before that task goes on, it is told. */
static int
take_the_watch_and_close(void *arg)
{
	const char *name = arg;
	struct call c = {.n = 10, .deadline = PLX_NEVER, .fn = call_readline};
	struct plx_stream s;
	plx_task *t;
	int fd[2];

	support_unix_pair(fd);
	support_fill(fd[0]);
	cr_expect_eq(plx_await_fd(fd[0], PLX_WRITE, plx_after(1)), -ETIMEDOUT,
		     "%s", name);
	cr_expect_eq(plx_stream_open(&s, fd[0], NULL), 0, "%s", name);
	say(fd[1], "no line");
	c.s = &s;
	t = begin_call(&c);
	let_run(3);
	cr_expect_eq(plx_stream_write(&s, "hello", 5, PLX_NEVER), 5, "%s",
		     name);
	plx_stream_abort(&s);
	cr_expect_eq(end_call(&c, t), -ESHUTDOWN, "%s: %zd", name, c.result);
	close(fd[1]);
	return 0;
}
ON_BACKENDS(stream_write, a_close_counts_more_than_a_stale_watch,
	    take_the_watch_and_close)

/* A task that only writes, to a peer that takes it all. */
static int write_for_ever_stops;

static int
stop_writing(void *arg)
{
	(void)arg;
	write_for_ever_stops = 1;
	return 0;
}

static int
write_for_ever(void *arg)
{
	struct plx_stream s;
	int i, peer;

	(void)arg;
	open_unix(&s, &peer, NULL);
	plx_spawn(NULL, stop_writing, NULL, NULL);
	for (i = 0; i < 10000 && !write_for_ever_stops; i++) {
		cr_expect_eq(plx_stream_write(&s, "x", 1, PLX_NEVER), 1);
		skip(peer, 1);
	}
	cr_expect_lt(i, 1000, "never gave way");
	cr_expect_eq(plx_stream_close(&s, PLX_NEVER), 0);
	close(peer);
	return 0;
}
IN_A_TASK(stream_write, gives_way_now_and_then, write_for_ever)
