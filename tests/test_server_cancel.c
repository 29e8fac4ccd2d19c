/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_server_cancel.c: servers: how a run ends that is cancelled.
 */
#include <config.h>

#include "server_common.h"

/* The cancel does not reach into the shield, but the stop does. */
static int
stop_what_is_cancelled(void *name)
{
	struct scene s;
	int fd;

	set_scene(&s, name, insist);
	s.options.eager = 1;
	begin_scene(&s);
	fd = client(&s);
	let_run(5);
	cr_expect_eq(s.started, 1, "%s: %d", s.name, s.started);
	plx_cancel(s.run);
	let_run(5);
	EXPECT_STATS(&s, 1, 0);
	plx_server_stop(s.server, 20 * PLX_MILLISECOND);
	plx_sleep(10 * PLX_MILLISECOND);
	EXPECT_STATS(&s, 1, 0);
	expect_end(&s, fd, -ECONNRESET);
	expect_run(&s, -ECANCELED);
	plx_server_close(&s.server);
	return 0;
}
CLOCKED_BACKENDS(server_cancel, a_stop_ends_what_a_cancel_does_not_reach,
		 stop_what_is_cancelled)

static int
cancel_the_run(void *name)
{
	struct scene s;
	int silent, asleep, fd;

	set_scene(&s, name, echo_once);
	begin_scene(&s);
	silent = client(&s);
	asleep = client(&s);
	ask(asleep, "x");
	expect(&s, asleep, "x");
	plx_cancel(s.run);
	expect_run(&s, -ECANCELED);
	cr_expect_eq(s.closed, 2, "%s: %d", s.name, s.closed);
	cr_expect_eq(s.error, -ECANCELED, "%s: %d", s.name, s.error);
	plx_close(silent);
	plx_close(asleep);
	start_server(&s);
	fd = client(&s);
	ask(fd, "again");
	expect(&s, fd, "again");
	plx_close(fd);
	end_scene(&s);
	return 0;
}
ON_BACKENDS(server_cancel, a_cancelled_run_can_begin_anew, cancel_the_run)

static int
cancel_the_awake(void *name)
{
	struct scene s;
	int fd;

	set_scene(&s, name, write_on);
	s.options.eager = 1;
	begin_scene(&s);
	fd = client(&s);
	let_run(5);
	plx_cancel(s.run);
	expect_run(&s, -ECANCELED);
	cr_expect_eq(s.error, -ECANCELED, "%s: %d", s.name, s.error);
	plx_close(fd);
	plx_server_close(&s.server);
	return 0;
}
ON_BACKENDS(server_cancel, a_cancel_reaches_the_handlers, cancel_the_awake)

static int
cancel_a_stop(void *name)
{
	struct scene s;
	int64_t began;
	int fd;

	set_scene(&s, name, write_on);
	s.options.eager = 1;
	begin_scene(&s);
	fd = client(&s);
	let_run(5);
	began = in(0);
	plx_server_stop(s.server, 3600 * PLX_SECOND);
	let_run(5);
	plx_cancel(s.run);
	expect_run(&s, -ECANCELED);
	cr_expect_lt(in(0) - began, PLX_SECOND, "%s", s.name);
	plx_close(fd);
	plx_server_close(&s.server);
	return 0;
}
CLOCKED_BACKENDS(server_cancel, a_cancel_cuts_the_grace_short, cancel_a_stop)
