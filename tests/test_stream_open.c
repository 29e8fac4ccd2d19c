/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_stream_open.c: descriptors that streams take, refuse and give back.
 */
#include <config.h>

#include <fcntl.h>
#include "stream_common.h"

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
IN_A_TASK(stream_open, what_is_no_descriptor_is_refused, refuse)

Test(stream_open, there_are_none_outside_a_task)
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
ON_BACKENDS(stream_open, detach_gives_the_descriptor_back, detach)

/* As one of several things, or by what is no call of the stream. */
static int
await_input(void *stream)
{
	struct plx_stream_awaitable a;

	return plx_await(plx_stream_awaitable(&a, stream), in(5 * PLX_SECOND));
}

static int
receive(void *stream)
{
	char byte;

	return (int)plx_recv(plx_stream_fileno(stream), &byte, 1,
			     in(5 * PLX_SECOND));
}

/* Nobody makes room: it ends by a cancel. */
static int
await_room(void *stream)
{
	int fd = plx_stream_fileno(stream);

	support_fill(fd);
	return plx_await_fd(fd, PLX_WRITE, in(5 * PLX_SECOND));
}

static void
detach_from_writer(struct plx_stream *s, const char *name)
{
	int fd, r = 0;
	plx_task *t;

	cr_expect_eq(plx_spawn(NULL, await_room, s, &t), 0);
	let_run(3);
	fd = plx_stream_detach(s);
	cr_expect_eq(fd, -EBUSY, "%s: %d", name, fd);
	plx_cancel(t);
	cr_expect_eq(plx_join(t, &r, PLX_NEVER), 0);
	cr_expect_eq(r, -ECANCELED, "%s: %d", name, r);
}

static int
detach_awaited(void *arg)
{
	plx_task_fn *const ways[] = {receive, await_input};
	const char *name = arg;
	struct plx_stream s;
	int peer, fd, i, r = 0;
	plx_task *t;

	open_unix(&s, &peer, NULL);
	for (i = 0; i < 2; i++) {
		cr_expect_eq(plx_spawn(NULL, ways[i], &s, &t), 0);
		let_run(3);
		fd = plx_stream_detach(&s);
		cr_expect_eq(fd, -EBUSY, "%s: %d: %d", name, i, fd);
		say(peer, "x");
		cr_expect_eq(plx_join(t, &r, PLX_NEVER), 0);
		cr_expect_gt(r, 0, "%s: %d: %d", name, i, r);
	}
	detach_from_writer(&s, name);
	fd = plx_stream_detach(&s);
	cr_expect_geq(fd, 0, "%s: %d", name, fd);
	plx_close(fd);
	close(peer);
	return 0;
}
ON_BACKENDS(stream_open, what_is_waited_for_is_not_given_back, detach_awaited)

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
ON_BACKENDS(stream_open, a_blocking_descriptor_blocks_again, restore_blocking)
