/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_server_rare.c: servers: what seldom happens to a connection: somebody
 * else closes it, its handler answers what it must not, a stop meets it in the
 * moment of its start, and there is no memory until the grace has passed.
 */
#include <config.h>

#include <netinet/in.h>
#include "server_common.h"
#include "starve.h"

static int opened_fd;

static void
note_descriptor(struct plx_server_note *n, void *arg)
{
	if (n->event == PLX_SERVER_OPENED)
		opened_fd = n->fd;
	take_note(n, arg);
}

/* The number is somebody else's by the time the connection is told. */
static int
close_from_outside(void *name)
{
	struct scene s;
	int fd, other[2];

	set_scene(&s, name, echo_once);
	s.options.note = note_descriptor;
	begin_scene(&s);
	fd = client(&s);
	ask(fd, "x");
	expect(&s, fd, "x");
	let_run(3);
	EXPECT_STATS(&s, 0, 1);
	cr_expect_eq(plx_close(opened_fd), 0, "%s", s.name);
	support_unix_pair(other);
	cr_expect_eq(other[0], opened_fd, "%s: %d", s.name, other[0]);
	expect_end(&s, fd, 0);
	let_run(3);
	cr_expect_eq(s.closed, 1, "%s: %d", s.name, s.closed);
	cr_expect_eq(s.error, -ESHUTDOWN, "%s: %d", s.name, s.error);
	cr_expect_eq(s.fd, -1, "%s: %d", s.name, s.fd);
	cr_expect_eq(write(other[0], "x", 1), 1, "%s: it is closed", s.name);
	close(other[0]);
	close(other[1]);
	end_scene(&s);
	return 0;
}
ON_BACKENDS(server_rare, who_is_asleep_may_be_closed_by_another,
	    close_from_outside)

static int
answer_seven(struct plx_stream *st, void *arg)
{
	((struct scene *)arg)->started++;
	return plx_stream_write(st, "bye", 3, PLX_NEVER) == 3 ? 7 : -EIO;
}

static int
give_an_odd_answer(void *name)
{
	struct scene s;
	int fd;

	set_scene(&s, name, answer_seven);
	s.options.eager = 1;
	begin_scene(&s);
	fd = client(&s);
	expect(&s, fd, "bye");
	expect_end(&s, fd, 0);
	end_scene(&s);
	cr_expect_eq(s.started, 1, "%s: %d", s.name, s.started);
	cr_expect_eq(s.error, 0, "%s: %d", s.name, s.error);
	return 0;
}
ON_BACKENDS(server_rare, what_a_handler_may_not_answer_is_the_end,
	    give_an_odd_answer)

static int
sleep_at_the_end(struct plx_stream *st, void *arg)
{
	char buf[16];

	((struct scene *)arg)->started++;
	while (plx_stream_read(st, buf, sizeof(buf), PLX_NEVER) > 0)
		;
	return PLX_HIBERNATE;
}

static int
sleep_for_nothing(void *name)
{
	struct scene s;
	int fd;

	set_scene(&s, name, sleep_at_the_end);
	begin_scene(&s);
	fd = client(&s);
	ask(fd, "x");
	shutdown(fd, SHUT_WR);
	expect_end(&s, fd, 0);
	end_scene(&s);
	cr_expect_eq(s.started, 1, "%s: %d", s.name, s.started);
	cr_expect_eq(s.error, 0, "%s: %d", s.name, s.error);
	return 0;
}
ON_BACKENDS(server_rare, who_has_read_the_end_does_not_sleep, sleep_for_nothing)

/* Takes a byte a call, and stops the server with the first. */
static int
take_one(struct plx_stream *st, void *arg)
{
	struct scene *s = arg;

	if (s->started++ == 0)
		plx_stream_fill(st, 4, PLX_NEVER);
	if (s->started == 1)
		plx_server_stop(s->server, PLX_SECOND);
	if (plx_buf_length(plx_stream_unread(st)) == 0)
		return 0;
	plx_stream_consume(st, 1);
	return PLX_HIBERNATE;
}

static int
stop_amid_bytes(void *name)
{
	struct scene s;
	int fd;

	set_scene(&s, name, take_one);
	begin_scene(&s);
	fd = client(&s);
	ask(fd, "abcd");
	expect_end(&s, fd, 0);
	expect_run(&s, 0);
	cr_expect_geq(s.started, 4, "%s: called %d times", s.name, s.started);
	plx_server_close(&s.server);
	return 0;
}
ON_BACKENDS(server_rare, what_is_unread_at_a_stop_goes_to_the_handler,
	    stop_amid_bytes)

static int
take_none(struct plx_stream *st, void *arg)
{
	((struct scene *)arg)->started++;
	plx_stream_fill(st, 4, PLX_NEVER);
	return PLX_HIBERNATE;
}

static int
cancel_amid_bytes(void *name)
{
	struct scene s;
	int fd;

	set_scene(&s, name, take_none);
	begin_scene(&s);
	fd = client(&s);
	ask(fd, "abcd");
	let_run(9);
	cr_expect_geq(s.started, 3, "%s: called %d times", s.name, s.started);
	plx_cancel(s.run);
	expect_run(&s, -ECANCELED);
	cr_expect_eq(s.error, -ECANCELED, "%s: %d", s.name, s.error);
	plx_close(fd);
	plx_server_close(&s.server);
	return 0;
}
ON_BACKENDS(server_rare, what_is_unread_at_a_cancel_keeps_nobody,
	    cancel_amid_bytes)

static void
stop_at_opening(struct plx_server_note *n, void *arg)
{
	if (n->event == PLX_SERVER_OPENED)
		plx_server_stop(((struct scene *)arg)->server, PLX_SECOND);
	take_note(n, arg);
}

static int
stop_the_started(void *name)
{
	struct scene s;
	int fd;

	set_scene(&s, name, echo);
	s.options.eager = 1;
	s.options.note = stop_at_opening;
	begin_scene(&s);
	fd = client(&s);
	ask(fd, "x");
	expect(&s, fd, "x");
	expect_end(&s, fd, 0);
	expect_run(&s, 0);
	cr_expect_eq(s.error, 0, "%s: %d", s.name, s.error);
	plx_server_close(&s.server);
	return 0;
}
ON_BACKENDS(server_rare, a_stop_reaches_who_has_not_begun_yet, stop_the_started)

/* It has spoken, but there is no stack for its task before the grace ends. */
static int
stop_without_a_stack(void *name)
{
	struct scene s;
	plx_nursery *n;
	int64_t began;
	int fd;

	set_scene(&s, name, echo_once);
	begin_scene(&s);
	fd = client(&s);
	let_run(4);
	EXPECT_STATS(&s, 0, 1);
	plx_nursery_open(NULL, &n);
	began = in(0);
	plx_server_stop(s.server, PLX_SECOND);
	plx_sleep(PLX_MILLISECOND);
	starve(n);
	ask(fd, "x");
	expect_run(&s, 0);
	cr_expect_geq(in(0) - began, PLX_SECOND, "%s: too early", s.name);
	cr_expect_lt(in(0) - began, 2 * PLX_SECOND, "%s: too late", s.name);
	feed();
	plx_nursery_cancel(n);
	plx_nursery_close(&n, 0);
	cr_expect_eq(s.started, 0, "%s: it was served", s.name);
	cr_expect_eq(s.error, -ETIMEDOUT, "%s: %d", s.name, s.error);
	plx_close(fd);
	plx_server_close(&s.server);
	return 0;
}
CLOCKED_BACKENDS(server_rare, who_waits_for_a_stack_ends_with_the_grace,
		 stop_without_a_stack)

/* It has been accepted, but there is no record for it before the grace ends. */
static int
stop_without_memory(void *name)
{
	struct plx_stats run;
	struct scene s;
	plx_nursery *n;
	int64_t began;
	int fd;

	set_scene(&s, name, echo);
	begin_scene(&s);
	plx_sleep(PLX_MILLISECOND);
	plx_nursery_open(NULL, &n);
	starve(n);
	fd = client(&s);
	plx_sleep(PLX_SECOND / 2);
	cr_expect_geq(s.paused, 1, "%s", s.name);
	began = in(0);
	plx_server_stop(s.server, PLX_SECOND);
	expect_run(&s, 0);
	cr_expect_geq(in(0) - began, PLX_SECOND, "%s: too early", s.name);
	cr_expect_lt(in(0) - began, 2 * PLX_SECOND, "%s: too late", s.name);
	feed();
	plx_nursery_cancel(n);
	plx_nursery_close(&n, 0);
	cr_expect_eq(s.opened, 0, "%s: %d", s.name, s.opened);
	expect_end(&s, fd, 0);
	cr_expect_eq(plx_stats(plx_self_loop(), &run), 0);
	cr_expect_eq(run.misuses, 0u, "%s: a scope left twice", s.name);
	plx_server_close(&s.server);
	return 0;
}
CLOCKED_BACKENDS(server_rare, who_is_not_recorded_ends_with_the_grace,
		 stop_without_memory)

/* Here there is a record for it, but no stack. */
static int
start_without_a_stack(void *name)
{
	struct scene s;
	plx_nursery *n;
	int fd;

	set_scene(&s, name, echo);
	s.options.eager = 1;
	begin_scene(&s);
	plx_sleep(PLX_MILLISECOND);
	plx_nursery_open(NULL, &n);
	starve(n);
	support_sys.sys.resize = fed.resize;
	fd = client(&s);
	ask(fd, "x");
	plx_sleep(PLX_SECOND / 2);
	cr_expect_geq(s.paused, 1, "%s", s.name);
	cr_expect_eq(s.opened, 0, "%s: %d", s.name, s.opened);
	EXPECT_STATS(&s, 0, 0);
	feed();
	plx_nursery_cancel(n);
	plx_nursery_close(&n, 0);
	expect(&s, fd, "x");
	plx_close(fd);
	end_scene(&s);
	cr_expect_eq(s.started, 1, "%s: %d", s.name, s.started);
	return 0;
}
CLOCKED_BACKENDS(server_rare, an_eager_server_waits_for_a_stack,
		 start_without_a_stack)

/* Its stack comes in the turn in which the grace ends, a moment late. */
static int
stop_as_a_stack_comes(void *name)
{
	struct scene s;
	plx_nursery *n;
	int fd;

	set_scene(&s, name, echo_once);
	begin_scene(&s);
	fd = client(&s);
	let_run(4);
	plx_nursery_open(NULL, &n);
	plx_server_stop(s.server, PLX_SECOND);
	plx_sleep(PLX_MILLISECOND / 2);
	starve(n);
	ask(fd, "x");
	plx_sleep(995 * PLX_MILLISECOND);
	feed();
	support_sys.now += 10 * PLX_MILLISECOND;
	expect_run(&s, 0);
	plx_nursery_cancel(n);
	plx_nursery_close(&n, 0);
	cr_expect_eq(s.started, 0, "%s: it was served", s.name);
	cr_expect_eq(s.error, -ETIMEDOUT, "%s: %d", s.name, s.error);
	expect_end(&s, fd, -ECONNRESET);
	plx_server_close(&s.server);
	return 0;
}
CLOCKED_BACKENDS(server_rare, a_stack_that_comes_with_the_end_is_too_late,
		 stop_as_a_stack_comes)

/* Its end cannot be told of: it is looked at in each turn until it can. */
static int
stop_without_an_alarm(void *name)
{
	struct scene s;
	plx_nursery *n;
	int64_t began = in(0);
	int fd;

	set_scene(&s, name, insist);
	s.options.eager = 1;
	begin_scene(&s);
	fd = client(&s);
	let_run(4);
	cr_expect_eq(s.started, 1, "%s", s.name);
	plx_nursery_open(NULL, &n);
	starve(n);
	plx_server_stop(s.server, PLX_SECOND);
	let_run(9);
	cr_expect_eq(s.closed, 0, "%s: too early", s.name);
	feed();
	expect_run(&s, 0);
	cr_expect_eq(in(0) - began, PLX_SECOND, "%s: not in time", s.name);
	plx_nursery_cancel(n);
	plx_nursery_close(&n, 0);
	plx_close(fd);
	plx_server_close(&s.server);
	return 0;
}
CLOCKED_BACKENDS(server_rare, a_stop_without_an_alarm_has_its_grace,
		 stop_without_an_alarm)
