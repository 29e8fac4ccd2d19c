/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_server_stop.c: servers: how a run ends that is stopped.
 */
#include <config.h>

#include "server_common.h"

static int
stop_at_rest(void *name)
{
	struct scene s;

	set_scene(&s, name, echo);
	begin_scene(&s);
	cr_expect_eq(plx_server_stopping(s.server), 0, "%s", s.name);
	plx_server_stop(s.server, PLX_SECOND);
	cr_expect_eq(plx_server_stopping(s.server), 1, "%s", s.name);
	expect_run(&s, 0);
	cr_expect_eq(plx_server_run(s.server), 0, "%s: again", s.name);
	plx_server_close(&s.server);
	return 0;
}
ON_BACKENDS(server_stop, a_server_at_rest_stops, stop_at_rest)

static int
stop_before_the_run(void *name)
{
	struct scene s;
	int fd;

	set_scene(&s, name, echo);
	open_server(&s);
	fd = client(&s);
	ask(fd, "early");
	plx_server_stop(s.server, 5 * PLX_SECOND);
	start_server(&s);
	expect(&s, fd, "early");
	expect_end(&s, fd, 0);
	end_scene(&s);
	return 0;
}
ON_BACKENDS(server_stop, a_stop_before_the_run_is_its_end, stop_before_the_run)

/* What is accepted when the grace has passed is aborted like the rest. */
static int
stop_without_grace(void *name)
{
	struct scene s;
	int fd;

	set_scene(&s, name, insist);
	s.options.eager = 1;
	open_server(&s);
	plx_server_stop(s.server, 0);
	fd = client(&s);
	start_server(&s);
	expect_end(&s, fd, 0);
	expect_run(&s, 0);
	cr_expect_eq(s.started, 0, "%s: it was served", s.name);
	cr_expect_eq(s.error, -ETIMEDOUT, "%s: %d", s.name, s.error);
	plx_server_close(&s.server);
	return 0;
}
ON_BACKENDS(server_stop, no_connection_outlives_the_grace, stop_without_grace)

/* One of each state: silent, asleep, awake; and one that is not accepted. */
static int
answer_last_words(void *name)
{
	struct scene s;
	int silent, spoke, asleep, queued, i;
	int *const all[] = {&silent, &spoke, &asleep, &queued};

	set_scene(&s, name, echo_once);
	begin_scene(&s);
	silent = client(&s);
	spoke = client(&s);
	asleep = client(&s);
	ask(asleep, "before");
	expect(&s, asleep, "before");
	let_run(3);
	EXPECT_STATS(&s, 0, 3);
	queued = client(&s);
	ask(queued, "queued");
	ask(spoke, "spoke");
	ask(asleep, "asleep");
	plx_server_stop(s.server, 5 * PLX_SECOND);
	expect(&s, queued, "queued");
	expect(&s, spoke, "spoke");
	expect(&s, asleep, "asleep");
	for (i = 0; i < 4; i++)
		expect_end(&s, *all[i], 0);
	end_scene(&s);
	cr_expect_eq(s.closed, 4, "%s: %d", s.name, s.closed);
	cr_expect_eq(s.error, 0, "%s: %d", s.name, s.error);
	return 0;
}
ON_BACKENDS(server_stop, what_was_received_is_answered, answer_last_words)

static int
end_the_quiet(void *name)
{
	struct scene s;
	int awake, silent;
	int64_t began;

	set_scene(&s, name, echo);
	begin_scene(&s);
	awake = client(&s);
	silent = client(&s);
	ask(awake, "x");
	expect(&s, awake, "x");
	EXPECT_STATS(&s, 1, 1);
	ask(awake, "last");
	began = in(0);
	plx_server_stop(s.server, 5 * PLX_SECOND);
	expect(&s, awake, "last");
	expect_end(&s, awake, 0);
	expect_end(&s, silent, 0);
	expect_run(&s, 0);
	cr_expect_leq(in(0) - began, PLX_SECOND / 2, "%s: it took %d ms",
		      s.name, (int)((in(0) - began) / PLX_MILLISECOND));
	cr_expect_geq(in(0) - began, PLX_SECOND / 10, "%s: too early", s.name);
	plx_server_close(&s.server);
	return 0;
}
CLOCKED_BACKENDS(server_stop, the_quiet_are_ended_after_a_moment, end_the_quiet)

/* What comes after the stop counts as long as it keeps coming. */
static int
hear_out(void *name)
{
	struct scene s;
	int awake, asleep, i;

	set_scene(&s, name, echo_once);
	begin_scene(&s);
	asleep = client(&s);
	ask(asleep, "x");
	expect(&s, asleep, "x");
	awake = client(&s);
	plx_server_stop(s.server, 5 * PLX_SECOND);
	for (i = 0; i < 5; i++) {
		plx_sleep(50 * PLX_MILLISECOND);
		ask(awake, "more");
		expect(&s, awake, "more");
		ask(asleep, "most");
		expect(&s, asleep, "most");
	}
	expect_end(&s, awake, 0);
	expect_end(&s, asleep, 0);
	end_scene(&s);
	return 0;
}
CLOCKED_BACKENDS(server_stop, who_is_speaking_is_heard_out, hear_out)

/* The peer goes on after the moment of quiet that the server has taken for the
   end; a reset could destroy the answer that it has not read yet. */
static int
speak_too_late(void *name)
{
	struct scene s;
	socklen_t length = sizeof(int);
	int fd, error = 0;

	set_scene(&s, name, echo);
	begin_scene(&s);
	fd = client(&s);
	ask(fd, "answer");
	let_run(4);
	cr_expect_eq(s.started, 1, "%s", s.name);
	plx_server_stop(s.server, 5 * PLX_SECOND);
	plx_sleep(150 * PLX_MILLISECOND);
	ask(fd, "late");
	let_run(4);
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
	cr_expect_eq(error, 0, "%s: the server says %d", s.name, error);
	expect(&s, fd, "answer");
	expect_end(&s, fd, 0);
	end_scene(&s);
	cr_expect_eq(s.error, 0, "%s: %d", s.name, s.error);
	return 0;
}
CLOCKED_BACKENDS(server_stop, who_speaks_too_late_gets_no_reset, speak_too_late)

static int
expect_grace(void *name, int64_t second, int64_t took)
{
	struct scene s;
	int64_t began;
	int fd;

	set_scene(&s, name, write_on);
	s.options.eager = 1;
	begin_scene(&s);
	fd = client(&s);
	let_run(5);
	EXPECT_STATS(&s, 1, 0);
	began = in(0);
	plx_server_stop(s.server, 5 * PLX_SECOND);
	if (second)
		plx_server_stop(s.server, second);
	expect_run(&s, 0);
	cr_expect_eq((in(0) - began) / PLX_SECOND, took / PLX_SECOND,
		     "%s: it took %d ms", s.name,
		     (int)((in(0) - began) / PLX_MILLISECOND));
	cr_expect_lt(s.error, 0, "%s: %d", s.name, s.error);
	plx_close(fd);
	plx_server_close(&s.server);
	return 0;
}

static int
give_grace(void *name)
{
	return expect_grace(name, 0, 5 * PLX_SECOND);
}
CLOCKED_BACKENDS(server_stop, after_the_grace_it_aborts, give_grace)

static int
shorten_grace(void *name)
{
	return expect_grace(name, PLX_SECOND, PLX_SECOND);
}
CLOCKED_BACKENDS(server_stop, a_second_stop_shortens_the_grace, shorten_grace)

static int
lengthen_grace(void *name)
{
	return expect_grace(name, 60 * PLX_SECOND, 5 * PLX_SECOND);
}
CLOCKED_BACKENDS(server_stop, a_second_stop_lengthens_nothing, lengthen_grace)

static int
be_long(struct plx_stream *st, void *arg)
{
	struct plx_scope shield;

	(void)st;
	((struct scene *)arg)->started++;
	plx_scope_shield(&shield, PLX_NEVER, PLX_NEVER);
	plx_sleep(10 * PLX_SECOND);
	return plx_scope_leave(&shield, 0);
}

static int
wait_for_ever(void *name)
{
	struct scene s;
	int64_t began;
	int fd;

	set_scene(&s, name, be_long);
	s.options.eager = 1;
	s.options.idle_timeout = s.options.close_timeout = PLX_NEVER;
	begin_scene(&s);
	fd = client(&s);
	let_run(5);
	EXPECT_STATS(&s, 1, 0);
	began = in(0);
	plx_server_stop(s.server, PLX_NEVER);
	expect_run(&s, 0);
	cr_expect_geq(in(0) - began, 10 * PLX_SECOND, "%s", s.name);
	cr_expect_eq(s.error, 0, "%s: %d", s.name, s.error);
	plx_close(fd);
	plx_server_close(&s.server);
	return 0;
}
CLOCKED_BACKENDS(server_stop, a_grace_may_have_no_end, wait_for_ever)

/* What a handler's own waits say in a stop; STARTED keeps it. */
static int
wait_otherwise(struct plx_stream *st, void *arg)
{
	struct plx_scope shield;
	char byte;
	int r;

	r = plx_sleep(3600 * PLX_SECOND);
	cr_expect_eq(r, -ECANCELED, "the sleep: %d", r);
	r = (int)plx_recv(plx_stream_fileno(st), &byte, 1, PLX_NEVER);
	cr_expect_eq(r, -ECANCELED, "the descriptor: %d", r);
	plx_scope_shield(&shield, PLX_NEVER, PLX_NEVER);
	r = plx_sleep(PLX_MILLISECOND);
	cr_expect_eq(r, 0, "a sleep in a shield: %d", r);
	r = (int)plx_recv(plx_stream_fileno(st), &byte, 1, PLX_NEVER);
	cr_expect_eq(r, -ESHUTDOWN, "the descriptor in a shield: %d", r);
	plx_scope_leave(&shield, 0);
	((struct scene *)arg)->started++;
	return r;
}

static int
end_other_waits(void *name)
{
	struct scene s;
	int fd;

	set_scene(&s, name, wait_otherwise);
	s.options.eager = 1;
	begin_scene(&s);
	fd = client(&s);
	let_run(5);
	EXPECT_STATS(&s, 1, 0);
	plx_server_stop(s.server, 3 * PLX_SECOND);
	expect_run(&s, 0);
	cr_expect_eq(s.started, 1, "%s", s.name);
	plx_close(fd);
	plx_server_close(&s.server);
	return 0;
}
CLOCKED_BACKENDS(server_stop, other_waits_are_cancelled, end_other_waits)

/* Was cancelled while it slept, and takes that for no failure of its own. */
static int
doze(struct plx_stream *st, void *arg)
{
	((struct scene *)arg)->started++;
	plx_stream_write(st, "dozing", 6, PLX_NEVER);
	return plx_sleep(3600 * PLX_SECOND);
}

static int
end_the_cancelled(void *name)
{
	struct scene s;
	int fd;

	set_scene(&s, name, doze);
	s.options.eager = 1;
	begin_scene(&s);
	fd = client(&s);
	let_run(5);
	plx_server_stop(s.server, 3 * PLX_SECOND);
	expect(&s, fd, "dozing");
	expect_end(&s, fd, 0);
	end_scene(&s);
	cr_expect_eq(s.error, 0, "%s: %d", s.name, s.error);
	return 0;
}
ON_BACKENDS(server_stop, a_handler_that_was_stopped_has_not_failed,
	    end_the_cancelled)

static void
stop_from_the_loop(void *arg)
{
	plx_server_stop(arg, PLX_SECOND);
}

static int
stop_in_a_callback(void *name)
{
	struct scene s;
	struct plx_call call = {.place = 0};
	int awake, asleep;

	set_scene(&s, name, echo);
	begin_scene(&s);
	awake = client(&s);
	ask(awake, "x");
	expect(&s, awake, "x");
	asleep = client(&s);
	let_run(3);
	cr_expect_eq(plx_loop_call_soon(plx_self_loop(), &call,
					stop_from_the_loop, s.server),
		     0);
	expect_end(&s, awake, 0);
	expect_end(&s, asleep, 0);
	expect_run(&s, 0);
	plx_server_close(&s.server);
	return 0;
}
ON_BACKENDS(server_stop, a_callback_can_stop_it, stop_in_a_callback)

static int
no_descriptor(const struct plx_sys *sys, int fd, struct sockaddr *sa,
	      socklen_t *len)
{
	(void)sys, (void)fd, (void)sa, (void)len;
	return -EMFILE;
}

/* Linux looks for a descriptor before it looks into the queue. */
static int
stop_without_descriptors(void *name)
{
	struct scene s;

	set_scene(&s, name, echo);
	begin_scene(&s);
	support_sys.sys.accept = no_descriptor;
	plx_server_stop(s.server, 5 * PLX_SECOND);
	expect_run(&s, 0);
	cr_expect_eq(s.paused, 0, "%s: waited for nobody", s.name);
	plx_server_close(&s.server);
	return 0;
}
CLOCKED_BACKENDS(server_stop, nobody_in_the_queue_needs_no_descriptor,
		 stop_without_descriptors)
