/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_server.c: servers: open and close, and when handlers are called.
 */
#include <config.h>

#include "server_common.h"

static uint64_t
tasks(void)
{
	struct plx_stats st;

	plx_stats(plx_self_loop(), &st);
	return st.spawned;
}

static int
silence_then_sound(void *name)
{
	struct scene s;
	uint64_t before;
	int fd;

	set_scene(&s, name, echo);
	begin_scene(&s);
	before = tasks();
	fd = client(&s);
	expect_silence(&s, fd);
	cr_expect_eq(s.opened, 1, "%s", s.name);
	cr_expect_eq(s.started, 0, "%s", s.name);
	EXPECT_STATS(&s, 0, 1);
	cr_expect_eq(tasks(), before, "%s: a task", s.name);
	ask(fd, "one");
	expect(&s, fd, "one");
	cr_expect_eq(s.started, 1, "%s", s.name);
	EXPECT_STATS(&s, 1, 0);
	ask(fd, "two");
	expect(&s, fd, "two");
	cr_expect_eq(s.started, 1, "%s", s.name);
	shutdown(fd, SHUT_WR);
	expect_end(&s, fd, 0);
	let_run(3);
	EXPECT_STATS(&s, 0, 0);
	cr_expect_eq(s.error, 0, "%s", s.name);
	end_scene(&s);
	return 0;
}
ON_BACKENDS(server, the_first_byte_starts_the_handler, silence_then_sound)

static int
greet(struct plx_stream *st, void *arg)
{
	((struct scene *)arg)->started++;
	return plx_stream_write(st, "hello", 5, PLX_NEVER) == 5 ? 0 : -EIO;
}

static int
speak_first(void *name)
{
	struct scene s;
	int fd;

	set_scene(&s, name, greet);
	s.options.eager = 1;
	begin_scene(&s);
	fd = client(&s);
	expect(&s, fd, "hello");
	expect_end(&s, fd, 0);
	end_scene(&s);
	return 0;
}
ON_BACKENDS(server, an_eager_one_speaks_first, speak_first)

/* Answers how often it has been called on this connection. */
static int
count_calls(struct plx_stream *st, void *arg)
{
	char *count = st->data, byte;
	ssize_t n;

	((struct scene *)arg)->started++;
	if (!count)
		st->data = count = calloc(1, 1);
	n = plx_stream_read(st, &byte, 1, PLX_NEVER);
	if (n <= 0)
		return (int)n;
	byte = (char)('0' + ++*count);
	plx_stream_write(st, &byte, 1, PLX_NEVER);
	return PLX_HIBERNATE;
}

static int
sleep_in_between(void *name)
{
	struct scene s;
	int fd;

	set_scene(&s, name, count_calls);
	begin_scene(&s);
	fd = client(&s);
	ask(fd, "x");
	expect(&s, fd, "1");
	expect_silence(&s, fd);
	EXPECT_STATS(&s, 0, 1);
	cr_expect_eq(s.started, 1, "%s", s.name);
	ask(fd, "x");
	expect(&s, fd, "2");
	expect_silence(&s, fd);
	EXPECT_STATS(&s, 0, 1);
	shutdown(fd, SHUT_WR);
	expect_end(&s, fd, 0);
	let_run(2);
	cr_expect_eq(s.started, 3, "%s", s.name);
	end_scene(&s);
	return 0;
}
ON_BACKENDS(server, a_handler_sleeps_and_its_data_stay, sleep_in_between)

/* Takes a line, and leaves what comes behind it unread. */
static int
answer_line(struct plx_stream *st, void *arg)
{
	char line[16];
	ssize_t n;

	((struct scene *)arg)->started++;
	n = plx_stream_readline(st, line, sizeof(line), PLX_NEVER);
	if (n > 0)
		plx_stream_write(st, line, (size_t)n, PLX_NEVER);
	return n > 0 ? PLX_HIBERNATE : (int)n;
}

static int
leave_unread(void *name)
{
	struct scene s;
	int fd;

	set_scene(&s, name, answer_line);
	begin_scene(&s);
	fd = client(&s);
	ask(fd, "a\nb\nc");
	expect(&s, fd, "a\nb\n");
	expect_silence(&s, fd);
	EXPECT_STATS(&s, 1, 0);
	ask(fd, "\n");
	expect(&s, fd, "c\n");
	expect_silence(&s, fd);
	EXPECT_STATS(&s, 0, 1);
	cr_expect_eq(s.started, 3, "%s", s.name);
	plx_close(fd);
	end_scene(&s);
	return 0;
}
ON_BACKENDS(server, unread_bytes_come_before_sleep, leave_unread)

static int
sleep_with_a_queue(void *name)
{
	struct scene s;
	int fd;

	set_scene(&s, name, write_much);
	s.most = 1;
	s.options.eager = 1;
	begin_scene(&s);
	fd = client(&s);
	let_run(4);
	EXPECT_STATS(&s, 1, 0);
	while (stats(&s).hibernating == 0 && support_drain(fd) > 0)
		let_run(4);
	EXPECT_STATS(&s, 0, 1);
	cr_expect_eq(s.started, 1, "%s", s.name);
	plx_close(fd);
	end_scene(&s);
	return 0;
}
ON_BACKENDS(server, unsent_bytes_come_before_sleep, sleep_with_a_queue)

static int
stop_from_inside(struct plx_stream *st, void *arg)
{
	plx_server **s = arg;

	plx_server_stop(*s, PLX_SECOND);
	plx_stream_write(st, "stopped", 7, PLX_NEVER);
	return 0;
}

static plx_server *shared;

static int
serve_one(void *arg)
{
	const struct plx_server_options *o = arg;

	return plx_serve(o, &shared);
}

static int
serve_in_one_go(void *name)
{
	struct scene s;
	struct plx_address at;
	plx_task *t;
	int fd, r = -1;

	set_scene(&s, name, stop_from_inside);
	s.options.arg = &shared;
	s.options.note = NULL;
	cr_expect_eq(plx_spawn(NULL, serve_one, &s.options, &t), 0);
	let_run(3);
	cr_expect_not_null(shared);
	cr_expect_eq(plx_server_address(shared, 0, &at), 0);
	cr_expect_eq(plx_server_address(shared, 1, &at), -ENOENT);
	plx_server_address(shared, 0, &at);
	fd = dial(&at);
	ask(fd, "x");
	expect(&s, fd, "stopped");
	cr_expect_eq(plx_join(t, &r, in(5 * PLX_SECOND)), 0);
	cr_expect_eq(r, 0, "%s: %d", s.name, r);
	cr_expect_null(shared);
	plx_close(fd);
	return 0;
}
ON_BACKENDS(server, serve_opens_runs_and_closes, serve_in_one_go)

static int
run_twice(void *name)
{
	struct scene s;

	set_scene(&s, name, echo);
	begin_scene(&s);
	cr_expect_eq(plx_server_run(s.server), -EBUSY);
	end_scene(&s);
	return 0;
}
IN_A_TASK(server, a_second_run_at_a_time_is_refused, run_twice)

Test(server, a_run_needs_a_task)
{
	struct support_mark mark = support_begin(NULL);
	struct scene s;

	set_scene(&s, NULL, echo);
	open_server(&s);
	cr_assert_eq(plx_server_run(s.server), -EPERM);
	plx_server_close(&s.server);
	cr_assert_null(s.server);
	plx_server_close(&s.server);
	support_end(mark, NULL);
}

#define MANY 1000

static int
serve_many(void *name)
{
	static int fd[MANY];
	struct scene s;
	char text[16];
	int i, round;

	set_scene(&s, name, echo_once);
	begin_scene(&s);
	for (i = 0; i < MANY; i++) {
		fd[i] = client(&s);
		if (i % 100 == 99)
			let_run(4);
	}
	let_run(20);
	EXPECT_STATS(&s, 0, MANY);
	for (round = 0; round < 2; round++) {
		for (i = 0; i < MANY; i++) {
			snprintf(text, sizeof(text), "%d of %d", i, round);
			ask(fd[i], text);
		}
		for (i = 0; i < MANY; i++) {
			snprintf(text, sizeof(text), "%d of %d", i, round);
			expect(&s, fd[i], text);
		}
	}
	let_run(4);
	EXPECT_STATS(&s, 0, MANY);
	cr_expect_eq(s.started, 2 * MANY, "%s: %d", s.name, s.started);
	plx_server_stop(s.server, PLX_SECOND);
	for (i = 0; i < MANY; i++)
		expect_end(&s, fd[i], 0);
	end_scene(&s);
	return 0;
}

PLX_BACKENDS(server, a_thousand_connections_are_served)
ParameterizedTest(struct backend_param *p, server,
		  a_thousand_connections_are_served)
{
	int r;

	if (!support_want_fds(2 * MANY + 50))
		cr_skip_test("too few descriptors");
	r = run_on(p->name, serve_many, p->name);
	cr_expect_eq(r, 0, "%s: %d", p->name, r);
}
