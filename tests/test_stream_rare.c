/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_stream_rare.c: streams: calls that come from nowhere near a task, from
 * a forked child, beside another reader, or again; and a search that is not
 * the one that broke off.
 */
#include <config.h>

#include <sys/wait.h>
#include "stream_common.h"

/* What a callback of the loop, where no task runs, has been told. */
static struct {
	struct plx_stream *s;
	int abort, closed, flushed;
	ssize_t got;
} outside;

static void
use_outside(void *arg)
{
	char byte;

	if (outside.abort)
		plx_stream_abort(outside.s);
	outside.closed = plx_stream_close(outside.s, PLX_NEVER);
	outside.flushed = plx_stream_flush(outside.s, PLX_NEVER);
	outside.got = plx_stream_read(outside.s, &byte, 1, PLX_NEVER);
	*(int *)arg = 1;
}

static void
expect_refusal(struct plx_stream *s, const char *name)
{
	struct plx_call call = {0};
	int done = 0;

	outside.s = s;
	cr_expect_eq(
		plx_loop_call_soon(plx_self_loop(), &call, use_outside, &done),
		0);
	while (!done)
		plx_checkpoint();
	cr_expect_eq(outside.closed, -EPERM, "%s: %d", name, outside.closed);
	cr_expect_eq(outside.flushed, -EPERM, "%s: %d", name, outside.flushed);
	cr_expect_eq(outside.got, -EPERM, "%s: %zd", name, outside.got);
}

static int
call_from_the_loop(void *arg)
{
	struct plx_stream s;
	char buf[8];
	int peer;

	open_unix(&s, &peer, NULL);
	outside.abort = 1;
	expect_refusal(&s, arg);
	say(peer, "hello");
	cr_expect_eq(plx_stream_read(&s, buf, 8, PLX_NEVER), 5,
		     "%s: it is as it was", (char *)arg);
	cr_expect_eq(plx_stream_close(&s, PLX_NEVER), 0);
	expect_refusal(&s, arg);
	cr_expect_eq(plx_stream_flush(&s, PLX_NEVER), -ESHUTDOWN, "%s",
		     (char *)arg);
	close(peer);
	return 0;
}
ON_BACKENDS(stream_rare, outside_of_a_task_all_is_refused, call_from_the_loop)

/* The words that were sought and not found begin alike. */
static int
seek_another(void *arg)
{
	const char *name = arg;
	struct plx_stream s;
	char buf[16];
	ssize_t n;
	int peer;

	open_unix(&s, &peer, NULL);
	say(peer, "one.-two.+");
	n = plx_stream_readuntil(&s, ".!", 2, buf, sizeof(buf), 0);
	cr_expect_eq(n, -ETIMEDOUT, "%s: %zd", name, n);
	n = plx_stream_readuntil(&s, ".-", 2, buf, sizeof(buf), 0);
	cr_expect(is(buf, n, "one.-"), "%s: %zd", name, n);
	n = plx_stream_readuntil(&s, ".+", 2, buf, sizeof(buf), 0);
	cr_expect(is(buf, n, "two.+"), "%s: %zd", name, n);
	plx_stream_abort(&s);
	close(peer);
	return 0;
}
ON_BACKENDS(stream_rare, a_search_for_other_words_begins_anew, seek_another)

static int
linger_beside_a_reader(void *arg)
{
	const char *name = arg;
	struct call c = {.fn = call_read, .n = 16, .deadline = PLX_NEVER};
	struct plx_stream s;
	plx_task *t;
	int peer;

	open_unix(&s, &peer, NULL);
	c.s = &s;
	t = begin_call(&c);
	let_run(2);
	cr_expect_eq(plx_stream_linger(&s, PLX_NEVER), -EBUSY, "%s", name);
	cr_expect(at_end(peer), "%s: it has been told, though", name);
	cr_expect_eq(plx_stream_detach(&s), -EBUSY, "%s: it reads", name);
	say(peer, "mine");
	cr_expect_eq(end_call(&c, t), 4, "%s: %zd", name, c.result);
	plx_stream_abort(&s);
	close(peer);
	return 0;
}
ON_BACKENDS(stream_rare, to_linger_takes_nothing_from_a_reader,
	    linger_beside_a_reader)

static int
end_twice_around_a_reset(void *arg)
{
	const struct linger now = {.l_onoff = 1};
	const char *name = arg;
	struct plx_stream s;
	char byte;
	int peer;

	open_tcp(&s, &peer);
	cr_expect_eq(plx_stream_write_eof(&s, PLX_NEVER), 0, "%s", name);
	cr_expect_eq(plx_stream_write_eof(&s, PLX_NEVER), 0, "%s", name);
	setsockopt(peer, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(peer);
	cr_expect_eq(plx_stream_read(&s, &byte, 1, PLX_NEVER), -ECONNRESET,
		     "%s", name);
	cr_expect_eq(plx_stream_write_eof(&s, PLX_NEVER), -ECONNRESET, "%s",
		     name);
	plx_stream_abort(&s);
	return 0;
}
ON_BACKENDS(stream_rare, an_end_that_is_told_again_tells_of_a_reset,
	    end_twice_around_a_reset)

/* The child's failure: its parent's loop has nothing to forget. */
static int
fail_in_the_child(struct plx_stream *s)
{
	support_sys.fails = SUPPORT_SEND;
	support_sys.fail_at = 1;
	support_sys.fail_with = EPIPE;
	if (plx_stream_write(s, "x", 1, PLX_NEVER) != -EPIPE)
		return 1;
	return plx_stream_write(s, "x", 1, PLX_NEVER) != -EPIPE;
}

static int
fail_in_a_child(void *arg)
{
	const char *name = arg;
	struct call c = {.fn = call_read, .n = 16};
	int peer, status = -1;
	struct plx_stream s;
	plx_task *t;
	pid_t pid;

	open_unix(&s, &peer, NULL);
	c.s = &s;
	c.deadline = in(20 * PLX_SECOND);
	t = begin_call(&c);
	let_run(3);
	pid = fork();
	if (pid == 0) {
		alarm(30);
		_exit(fail_in_the_child(&s));
	}
	cr_expect_eq(waitpid(pid, &status, 0), pid);
	cr_expect_eq(status, 0, "%s: %#x", name, status);
	say(peer, "still");
	cr_expect_eq(end_call(&c, t), 5, "%s: %zd", name, c.result);
	plx_stream_abort(&s);
	close(peer);
	return 0;
}
ON_BACKENDS(stream_rare, what_fails_in_a_forked_child_is_its_own,
	    fail_in_a_child)
