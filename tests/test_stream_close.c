/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_stream_close.c: how streams are closed, let go of and aborted, and who
 * is told.
 */
#include <config.h>

#include <fcntl.h>
#include <sys/wait.h>
#include "stream_common.h"

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
ON_BACKENDS(stream_close, a_close_has_a_deadline, close_with_a_queue)

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
ON_BACKENDS(stream_close, a_close_works_in_a_cancelled_task, close_cancelled)

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
ON_BACKENDS(stream_close, a_close_tells_all_who_wait, close_under_others)

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
ON_BACKENDS(stream_close, an_abort_is_a_reset, abort_is_a_reset)

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
IN_A_TASK(stream_close, an_abort_ends_a_close, abort_a_close)

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
ON_BACKENDS(stream_close, linger_reads_until_the_peer_ends, linger_for_the_peer)

/* Does in a forked child what END says, to a copy of S. */
static void
end_in_a_child(struct plx_stream *s, int (*end)(struct plx_stream *s))
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0) {
		alarm(30);
		_exit(end(s));
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_expect_eq(status, 0, "%#x", status);
}

static int
abort_it(struct plx_stream *s)
{
	plx_stream_abort(s);
	return plx_stream_fileno(s) != -EBADF;
}

static int
close_it(struct plx_stream *s)
{
	return plx_stream_close(s, PLX_NEVER) != 0;
}

static int
close_it_with_a_queue(struct plx_stream *s)
{
	return plx_stream_close(s, PLX_NEVER) != -ECHILD;
}

/* A child that has not taken the loop has a descriptor of its own, but the
   socket behind it is its parent's. */
static int
abort_in_a_child(void *arg)
{
	const char *name = arg;
	struct plx_stream s;
	int peer;

	open_tcp(&s, &peer);
	end_in_a_child(&s, abort_it);
	cr_expect_eq(plx_stream_write(&s, "x", 1, PLX_NEVER), 1, "%s", name);
	cr_expect_eq(plx_stream_close(&s, PLX_NEVER), 0, "%s", name);
	plx_await_fd(peer, PLX_READ, PLX_NEVER);
	cr_expect(heard(peer, "x"), "%s", name);
	plx_await_fd(peer, PLX_READ, PLX_NEVER);
	cr_expect(at_end(peer), "%s: %d", name, errno);
	plx_close(peer);
	return 0;
}
ON_BACKENDS(stream_close, a_childs_abort_is_no_reset, abort_in_a_child)

/* What is queued is sent by the parent, once. */
static int
close_a_queue_in_a_child(void *arg)
{
	const char *name = arg;
	struct plx_stream s;
	size_t before;
	int peer;

	open_unix(&s, &peer, NULL);
	before = stuff(&s);
	cr_expect_eq(plx_stream_write(&s, "late", 4, PLX_NEVER), 4, "%s", name);
	skip(peer, before);
	end_in_a_child(&s, close_it_with_a_queue);
	cr_expect_eq(plx_stream_close(&s, PLX_NEVER), 0, "%s", name);
	cr_expect(heard(peer, "late"), "%s", name);
	cr_expect(at_end(peer), "%s", name);
	close(peer);
	return 0;
}
ON_BACKENDS(stream_close, a_childs_close_sends_no_queue,
	    close_a_queue_in_a_child)

/* The flag of a pipe is its parent's, too. */
static int
close_a_pipe_in_a_child(void *arg)
{
	const char *name = arg;
	struct plx_stream s;
	int fd[2];

	cr_assert_eq(pipe(fd), 0);
	cr_expect_eq(plx_stream_open(&s, fd[1], NULL), 0, "%s", name);
	end_in_a_child(&s, close_it);
	cr_expect(fcntl(fd[1], F_GETFL) & O_NONBLOCK, "%s", name);
	cr_expect_eq(plx_stream_close(&s, PLX_NEVER), 0, "%s", name);
	close(fd[0]);
	return 0;
}
ON_BACKENDS(stream_close, a_childs_close_leaves_a_pipe_non_blocking,
	    close_a_pipe_in_a_child)
