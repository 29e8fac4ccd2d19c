/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_server_idle.c: servers: connections that are idle for too long.
 */
#include <config.h>

#include "server_common.h"

/* Begins a server that ends what is idle for ten seconds. */
static void
begin_idle(struct scene *s, void *name, plx_handler_fn *handler)
{
	set_scene(s, name, handler);
	s->options.idle_timeout = 10 * PLX_SECOND;
	begin_scene(s);
}

static int
say_nothing(void *name)
{
	struct scene s;
	int first, second;

	begin_idle(&s, name, echo);
	first = client(&s);
	let_run(3);
	plx_sleep(4 * PLX_SECOND);
	second = client(&s);
	plx_sleep(6 * PLX_SECOND - PLX_MILLISECOND);
	cr_expect_eq(s.closed, 0, "%s: too early", s.name);
	plx_sleep(2 * PLX_MILLISECOND);
	cr_expect_eq(s.closed, 1, "%s: too late", s.name);
	cr_expect_eq(s.error, -ETIMEDOUT, "%s: %d", s.name, s.error);
	cr_expect_eq(s.started, 0, "%s: a handler", s.name);
	expect_end(&s, first, 0);
	plx_sleep(4 * PLX_SECOND - 3 * PLX_MILLISECOND);
	cr_expect_eq(s.closed, 1, "%s: the second, too early", s.name);
	plx_sleep(4 * PLX_MILLISECOND);
	cr_expect_eq(s.closed, 2, "%s: the second, too late", s.name);
	expect_end(&s, second, 0);
	end_scene(&s);
	return 0;
}
CLOCKED_BACKENDS(server_idle, who_says_nothing_is_closed, say_nothing)

static int
sleep_for_long(void *name)
{
	struct scene s;
	int fd, i;

	begin_idle(&s, name, echo_once);
	fd = client(&s);
	for (i = 0; i < 3; i++) {
		plx_sleep(8 * PLX_SECOND);
		ask(fd, "x");
		expect(&s, fd, "x");
	}
	plx_sleep(9 * PLX_SECOND);
	cr_expect_eq(s.closed, 0, "%s: each word counts", s.name);
	EXPECT_STATS(&s, 0, 1);
	plx_sleep(2 * PLX_SECOND);
	cr_expect_eq(s.closed, 1, "%s", s.name);
	cr_expect_eq(s.error, -ETIMEDOUT, "%s: %d", s.name, s.error);
	expect_end(&s, fd, 0);
	end_scene(&s);
	return 0;
}
CLOCKED_BACKENDS(server_idle, what_hibernates_is_closed, sleep_for_long)

static int64_t slept;

static int
look_and_echo(struct plx_stream *st, void *arg)
{
	slept = st->slept;
	return echo_once(st, arg);
}

static int
tell_sleep(void *name)
{
	struct scene s;
	int fd, i;

	begin_idle(&s, name, look_and_echo);
	fd = client(&s);
	let_run(3);
	for (i = 1; i <= 3; i++) {
		plx_sleep(i * PLX_SECOND);
		ask(fd, "x");
		expect(&s, fd, "x");
		cr_expect_eq(slept / PLX_SECOND, i, "%s: %d ms, not %d s",
			     s.name, (int)(slept / PLX_MILLISECOND), i);
	}
	plx_close(fd);
	end_scene(&s);
	return 0;
}
CLOCKED_BACKENDS(server_idle, a_handler_knows_how_long_it_slept, tell_sleep)

/* Two words come together, and the handler takes them one by one. */
static int64_t told[2];

static int
hear_one(struct plx_stream *st, void *arg)
{
	struct scene *s = arg;
	char byte;
	ssize_t n = plx_stream_readexactly(st, &byte, 1, PLX_NEVER);

	if (n < 1)
		return 0;
	told[s->started++ % 2] = st->slept;
	return PLX_HIBERNATE;
}

static int
tell_no_sleep(void *name)
{
	struct scene s;
	int fd;

	begin_idle(&s, name, hear_one);
	fd = client(&s);
	let_run(3);
	plx_sleep(PLX_SECOND);
	ask(fd, "xy");
	let_run(6);
	cr_expect_eq(s.started, 2, "%s: %d calls", s.name, s.started);
	cr_expect_eq(told[0] / PLX_SECOND, 1, "%s", s.name);
	cr_expect_eq(told[1], 0, "%s: %d ms", s.name,
		     (int)(told[1] / PLX_MILLISECOND));
	plx_close(fd);
	end_scene(&s);
	return 0;
}
CLOCKED_BACKENDS(server_idle, a_handler_called_again_has_not_slept,
		 tell_no_sleep)

static int
stay_awake(void *name)
{
	struct scene s;
	int fd;

	begin_idle(&s, name, echo);
	fd = client(&s);
	ask(fd, "x");
	expect(&s, fd, "x");
	plx_sleep(60 * PLX_SECOND);
	cr_expect_eq(s.closed, 0, "%s: it has a task", s.name);
	ask(fd, "y");
	expect(&s, fd, "y");
	plx_close(fd);
	end_scene(&s);
	return 0;
}
CLOCKED_BACKENDS(server_idle, a_handler_is_left_alone, stay_awake)

static uint64_t
turns(void)
{
	struct plx_loop_stats st;

	plx_loop_stats(plx_self_loop(), &st);
	return st.turns;
}

/* Many connections, one after the other, talk within the limit of the first. */
static int
look_seldom(void *name)
{
	struct scene s;
	uint64_t before;
	int fd[20], i;

	begin_idle(&s, name, echo_once);
	for (i = 0; i < 20; i++)
		fd[i] = client(&s);
	let_run(4);
	EXPECT_STATS(&s, 0, 20);
	before = turns();
	plx_sleep(9 * PLX_SECOND);
	cr_expect_leq(turns() - before, 2, "%s: %d turns", s.name,
		      (int)(turns() - before));
	for (i = 0; i < 20; i++) {
		ask(fd[i], "x");
		expect(&s, fd[i], "x");
	}
	let_run(2);
	before = turns();
	plx_sleep(9 * PLX_SECOND);
	cr_expect_leq(turns() - before, 4, "%s: %d turns", s.name,
		      (int)(turns() - before));
	cr_expect_eq(s.closed, 0, "%s: %d", s.name, s.closed);
	plx_sleep(2 * PLX_SECOND);
	cr_expect_eq(s.closed, 20, "%s: %d", s.name, s.closed);
	for (i = 0; i < 20; i++)
		plx_close(fd[i]);
	end_scene(&s);
	return 0;
}
CLOCKED_BACKENDS(server_idle, one_timer_does_for_all, look_seldom)

/* Something has come, but the loop has not told yet: its turn has begun, and
   after this task the one that ends the idle runs. */
static int
speak_in_time(void *name)
{
	struct scene s;
	int fd;

	begin_idle(&s, name, echo_once);
	fd = client(&s);
	let_run(4);
	plx_sleep(10 * PLX_SECOND - PLX_MILLISECOND);
	support_sys.now += PLX_SECOND;
	plx_checkpoint();
	ask(fd, "x");
	expect(&s, fd, "x");
	cr_expect_eq(s.closed, 0, "%s", s.name);
	plx_close(fd);
	end_scene(&s);
	return 0;
}
CLOCKED_BACKENDS(server_idle, what_has_come_counts, speak_in_time)
