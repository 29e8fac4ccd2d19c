/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_server_end.c: servers: how a connection ends, by its handler or by its
 * peer, and what becomes of what was written.
 */
#include <config.h>

#include "server_common.h"

/* All of it until the end of the stream, which is ERROR. */
static size_t
drink(const struct scene *s, int fd, int error)
{
	static char data[64 << 10];
	size_t all = 0;
	ssize_t n;

	while ((n = plx_recv(fd, data, sizeof(data), in(5 * PLX_SECOND))) > 0)
		all += (size_t)n;
	cr_expect_eq(n, error, "%s: the end is %zd", s->name, n);
	plx_close(fd);
	return all;
}

static int
close_with_a_queue(void *name)
{
	struct scene s;
	size_t n;
	int fd;

	set_scene(&s, name, write_much);
	s.options.eager = 1;
	begin_scene(&s);
	fd = client(&s);
	let_run(4);
	cr_expect_eq(s.started, 1, "%s", s.name);
	cr_expect_eq(s.closed, 0, "%s: there is a queue", s.name);
	n = drink(&s, fd, 0);
	cr_expect_gt(n, 64u << 10, "%s: %zu bytes", s.name, n);
	let_run(2);
	cr_expect_eq(s.closed, 1, "%s", s.name);
	cr_expect_eq(s.error, 0, "%s: %d", s.name, s.error);
	end_scene(&s);
	return 0;
}
ON_BACKENDS(server_end, what_was_written_is_sent_at_the_end, close_with_a_queue)

static int
give_up_on_a_queue(void *name)
{
	struct scene s;
	int64_t began;
	int fd;

	set_scene(&s, name, write_much);
	s.options.eager = 1;
	s.options.close_timeout = 3 * PLX_SECOND;
	begin_scene(&s);
	fd = client(&s);
	began = in(0);
	while (s.closed == 0)
		plx_sleep(PLX_SECOND / 4);
	cr_expect_geq(in(0) - began, 3 * PLX_SECOND, "too early");
	cr_expect_lt(in(0) - began, 4 * PLX_SECOND, "too late");
	cr_expect_eq(s.error, -ETIMEDOUT, "%d", s.error);
	drink(&s, fd, -ECONNRESET);
	end_scene(&s);
	return 0;
}
WITH_CLOCK(server_end, a_peer_that_takes_nothing_is_given_up,
	   give_up_on_a_queue)

static int
fail(struct plx_stream *st, void *arg)
{
	(void)arg;
	plx_stream_write(st, "before", 6, PLX_NEVER);
	return -EPROTO;
}

static int
handler_fails(void *name)
{
	struct scene s;
	char buf[8];
	ssize_t n;
	int fd;

	set_scene(&s, name, fail);
	begin_scene(&s);
	fd = client(&s);
	ask(fd, "x");
	do
		n = plx_recv(fd, buf, sizeof(buf), in(5 * PLX_SECOND));
	while (n > 0);
	cr_expect_eq(n, -ECONNRESET, "%s: %zd", s.name, n);
	cr_expect_eq(s.error, -EPROTO, "%s: %d", s.name, s.error);
	cr_expect_geq(s.fd, 0, "%s", s.name);
	plx_close(fd);
	end_scene(&s);
	return 0;
}
ON_BACKENDS(server_end, a_failure_resets_the_connection, handler_fails)

static int
leave_scope_open(struct plx_stream *st, void *arg)
{
	static struct plx_scope scope;

	(void)st;
	(void)arg;
	plx_scope_enter(&scope, PLX_NEVER);
	return 0;
}

static int
untidy_handler(void *name)
{
	struct scene s;
	int fd;

	set_scene(&s, name, leave_scope_open);
	begin_scene(&s);
	fd = client(&s);
	ask(fd, "x");
	expect_end(&s, fd, -ECONNRESET);
	cr_expect_eq(s.error, -EPROTO, "%s: %d", s.name, s.error);
	end_scene(&s);
	return 0;
}
ON_BACKENDS(server_end, a_scope_left_open_is_a_failure, untidy_handler)

static int
close_it_itself(struct plx_stream *st, void *arg)
{
	(void)arg;
	plx_stream_write(st, "bye", 3, PLX_NEVER);
	plx_stream_close(st, PLX_NEVER);
	return PLX_HIBERNATE;
}

static int kept;

static int
keep_descriptor(struct plx_stream *st, void *arg)
{
	char byte;

	(void)arg;
	plx_stream_read(st, &byte, 1, PLX_NEVER);
	kept = plx_stream_detach(st);
	return 0;
}

static int
handlers_that_end_it(void *name)
{
	struct scene s;
	int fd;

	set_scene(&s, name, close_it_itself);
	s.options.eager = 1;
	begin_scene(&s);
	fd = client(&s);
	expect(&s, fd, "bye");
	expect_end(&s, fd, 0);
	cr_expect_eq(s.fd, -1, "%s: %d", s.name, s.fd);
	end_scene(&s);
	set_scene(&s, name, keep_descriptor);
	begin_scene(&s);
	fd = client(&s);
	ask(fd, "x");
	let_run(4);
	cr_expect_eq(s.closed, 1, "%s", s.name);
	cr_expect_geq(kept, 0, "%s: %d", s.name, kept);
	cr_expect_eq(plx_send(kept, "still", 5, 0), 5, "%s", s.name);
	plx_close(kept);
	expect(&s, fd, "still");
	expect_end(&s, fd, 0);
	end_scene(&s);
	return 0;
}
ON_BACKENDS(server_end, a_handler_may_close_or_keep_it, handlers_that_end_it)

static void
reset(int fd)
{
	const struct linger now = {.l_onoff = 1, .l_linger = 0};

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	plx_close(fd);
}

static int
peers_that_reset(void *name)
{
	struct scene s;
	int silent, asleep, awake;

	set_scene(&s, name, echo_once);
	begin_scene(&s);
	silent = client(&s);
	asleep = client(&s);
	ask(asleep, "x");
	expect(&s, asleep, "x");
	let_run(3);
	EXPECT_STATS(&s, 0, 2);
	reset(silent);
	let_run(4);
	cr_expect_eq(s.closed, 1, "%s: before it spoke", s.name);
	cr_expect_eq(s.error, -ECONNRESET, "%s: %d", s.name, s.error);
	reset(asleep);
	let_run(4);
	cr_expect_eq(s.closed, 2, "%s: asleep", s.name);
	end_scene(&s);
	set_scene(&s, name, echo);
	begin_scene(&s);
	awake = client(&s);
	ask(awake, "x");
	expect(&s, awake, "x");
	reset(awake);
	let_run(4);
	cr_expect_eq(s.closed, 1, "%s: awake", s.name);
	cr_expect_eq(s.error, -ECONNRESET, "%s: %d", s.name, s.error);
	end_scene(&s);
	return 0;
}
ON_BACKENDS(server_end, a_reset_ends_the_connection, peers_that_reset)
