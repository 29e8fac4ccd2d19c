/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_server_accept.c: servers: accepting a few at a time, and what they do
 * while descriptors or memory are short or the call fails.
 */
#include <config.h>

#include <sys/resource.h>
#include "server_common.h"
#include "task_int.h"

static int
few_in_a_row(void *name)
{
	struct scene s;
	uint64_t before = 0, now = 0;
	int fd[12], i, turns;

	set_scene(&s, name, echo);
	s.options.accepts_per_turn = 3;
	open_server(&s);
	for (i = 0; i < 12; i++)
		fd[i] = client(&s);
	cr_expect_eq(plx_spawn(NULL, run_server, &s, &s.run), 0);
	for (turns = 0; now < 12 && turns < 100; turns++) {
		plx_checkpoint();
		now = stats(&s).accepted;
		cr_expect_leq(now - before, 3, "%s: %d in a row", s.name,
			      (int)(now - before));
		before = now;
	}
	cr_expect_eq(now, 12, "%s", s.name);
	for (i = 0; i < 12; i++)
		plx_close(fd[i]);
	end_scene(&s);
	return 0;
}
ON_BACKENDS(server_accept, others_run_after_a_few_accepts, few_in_a_row)

/* The process can open no descriptor more.  Valgrind looks at the limit when it
   has taken a connection, which is lost then: there is nothing to see. */
static struct rlimit
use_up_descriptors(int highest)
{
	struct rlimit was, none;

	getrlimit(RLIMIT_NOFILE, &was);
	none = was;
	none.rlim_cur = (rlim_t)highest + 1;
	cr_expect_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	return was;
}

static int
run_short_of_descriptors(void *name)
{
	struct scene s;
	struct rlimit was;
	unsigned long calls;
	int fd[3], i;

	if (RUNNING_ON_VALGRIND)
		return 0;
	set_scene(&s, name, echo);
	begin_scene(&s);
	fd[0] = client(&s);
	ask(fd[0], "before");
	expect(&s, fd[0], "before");
	fd[1] = socket(AF_INET, SOCK_STREAM, 0);
	fd[2] = socket(AF_INET, SOCK_STREAM, 0);
	was = use_up_descriptors(fd[2]);
	dial_on(fd[1], &s.at[0]);
	dial_on(fd[2], &s.at[0]);
	ask(fd[1], "short");
	ask(fd[2], "of");
	let_run(3);
	calls = support_calls(&support_sys, SUPPORT_ACCEPT);
	plx_sleep(2 * PLX_SECOND);
	calls = support_calls(&support_sys, SUPPORT_ACCEPT) - calls;
	cr_expect_leq(calls, 21, "%s: %lu calls: it spins", s.name, calls);
	cr_expect_eq(s.paused, 1, "%s: told %d times", s.name, s.paused);
	cr_expect_eq(s.error, -EMFILE, "%s: %d", s.name, s.error);
	cr_expect_geq(stats(&s).pauses, 10, "%s", s.name);
	ask(fd[0], "meanwhile");
	expect(&s, fd[0], "meanwhile");
	setrlimit(RLIMIT_NOFILE, &was);
	expect(&s, fd[1], "short");
	expect(&s, fd[2], "of");
	for (i = 0; i < 3; i++)
		plx_close(fd[i]);
	end_scene(&s);
	return 0;
}

CLOCKED_BACKENDS(server_accept, out_of_descriptors_it_pauses,
		 run_short_of_descriptors)

/* What one listener gives up is no news for the other. */
static int
run_short_on_two(void *name)
{
	struct scene s;
	struct rlimit was;
	unsigned long calls;
	int fd[2], i;

	if (RUNNING_ON_VALGRIND)
		return 0;
	set_scene(&s, name, echo);
	s.options.naddresses = 2;
	begin_scene(&s);
	fd[0] = socket(AF_INET, SOCK_STREAM, 0);
	fd[1] = socket(AF_INET, SOCK_STREAM, 0);
	was = use_up_descriptors(fd[1]);
	dial_on(fd[0], &s.at[0]);
	dial_on(fd[1], &s.at[1]);
	let_run(3);
	calls = support_calls(&support_sys, SUPPORT_ACCEPT);
	let_run(100);
	calls = support_calls(&support_sys, SUPPORT_ACCEPT) - calls;
	cr_expect_leq(calls, 2, "%s: %lu calls: they spin", s.name, calls);
	cr_expect_eq(s.paused, 1, "%s: told %d times", s.name, s.paused);
	setrlimit(RLIMIT_NOFILE, &was);
	for (i = 0; i < 2; i++) {
		ask(fd[i], "x");
		expect(&s, fd[i], "x");
		plx_close(fd[i]);
	}
	end_scene(&s);
	return 0;
}
CLOCKED_BACKENDS(server_accept, out_of_descriptors_no_listener_wakes_another,
		 run_short_on_two)

/* What cannot be taken out of the queue by then is left. */
static int
stop_without_descriptors(void *name)
{
	struct scene s;
	struct rlimit was;
	unsigned long calls;
	int fd;

	set_scene(&s, name, echo);
	s.options.accepts_per_turn = 1;
	begin_scene(&s);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	was = use_up_descriptors(fd);
	dial_on(fd, &s.at[0]);
	let_run(3);
	calls = support_calls(&support_sys, SUPPORT_ACCEPT);
	plx_server_stop(s.server, 0);
	expect_run(&s, 0);
	calls = support_calls(&support_sys, SUPPORT_ACCEPT) - calls;
	cr_expect_leq(calls, 2, "%s: %lu calls", s.name, calls);
	setrlimit(RLIMIT_NOFILE, &was);
	plx_close(fd);
	plx_server_close(&s.server);
	return 0;
}
CLOCKED_BACKENDS(server_accept, without_descriptors_a_stop_does_not_insist,
		 stop_without_descriptors)

static int
end_one_for_another(void *name)
{
	struct scene s;
	struct rlimit was;
	int fd[2];

	if (RUNNING_ON_VALGRIND)
		return 0;
	set_scene(&s, name, echo);
	begin_scene(&s);
	fd[0] = client(&s);
	ask(fd[0], "x");
	expect(&s, fd[0], "x");
	fd[1] = socket(AF_INET, SOCK_STREAM, 0);
	was = use_up_descriptors(fd[1]);
	dial_on(fd[1], &s.at[0]);
	ask(fd[1], "y");
	let_run(3);
	cr_expect_eq(s.paused, 1, "%s", s.name);
	shutdown(fd[0], SHUT_WR);
	expect(&s, fd[1], "y");
	setrlimit(RLIMIT_NOFILE, &was);
	plx_close(fd[0]);
	plx_close(fd[1]);
	end_scene(&s);
	return 0;
}
ON_BACKENDS(server_accept, an_end_ends_the_pause, end_one_for_another)

static int
survive_errors(void *name)
{
	static const int errors[] = {ECONNABORTED, EMFILE, ENFILE,
				     ENOBUFS,	   ENOMEM, EPROTO,
				     EPERM,	   EINTR,  EINVAL};
	struct scene s;
	size_t i;
	int fd;

	set_scene(&s, name, echo);
	begin_scene(&s);
	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		support_sys.fails = SUPPORT_ACCEPT;
		support_sys.fail_with = errors[i];
		support_sys.fail_at = 1;
		fd = client(&s);
		ask(fd, "x");
		expect(&s, fd, "x");
		cr_expect_eq(support_sys.fail_at, 0);
		plx_close(fd);
	}
	end_scene(&s);
	return 0;
}
CLOCKED_BACKENDS(server_accept, no_error_of_accept_ends_it, survive_errors)

static int
wait_for_memory(void *name)
{
	struct scene s;
	int fd, k;

	set_scene(&s, name, echo);
	s.options.eager = 1;
	begin_scene(&s);
	for (k = 0; k <= 4; k++) {
		support_sys.fails = SUPPORT_RESIZE | SUPPORT_MAP;
		support_sys.fail_with = ENOMEM;
		support_sys.fail_at = k;
		fd = client(&s);
		ask(fd, "x");
		expect(&s, fd, "x");
		plx_close(fd);
		let_run(3);
	}
	support_sys.fail_at = 0;
	cr_expect_geq(s.paused, 1, "%s: nothing was short", s.name);
	cr_expect_eq(s.closed, 5, "%s: %d", s.name, s.closed);
	end_scene(&s);
	return 0;
}
CLOCKED_BACKENDS(server_accept, without_memory_a_connection_waits,
		 wait_for_memory)

static int
be_brief(void *arg)
{
	(void)arg;
	return plx_checkpoint();
}

/* Stacks of a crowd that has gone may be all the memory there is. */
static int
give_stacks_back(void *name)
{
	const struct plx_stack_pool *pool = &plx__current->rt->stacks;
	plx_task *crowd[300];
	struct scene s;
	int fd, i;

	for (i = 0; i < 300; i++)
		cr_expect_eq(plx_spawn(NULL, be_brief, NULL, &crowd[i]), 0);
	for (i = 0; i < 300; i++)
		plx_join(crowd[i], NULL, PLX_NEVER);
	cr_expect_geq(pool->kept, 300u, "%s: %zu", (char *)name, pool->kept);
	set_scene(&s, name, echo);
	begin_scene(&s);
	support_sys.fails = SUPPORT_ACCEPT;
	support_sys.fail_with = ENOMEM;
	support_sys.fail_at = 1;
	fd = client(&s);
	ask(fd, "x");
	expect(&s, fd, "x");
	cr_expect_lt(pool->kept, 300u / 2, "%s: %zu", s.name, pool->kept);
	plx_close(fd);
	end_scene(&s);
	return 0;
}
CLOCKED_BACKENDS(server_accept, without_memory_free_stacks_go_back,
		 give_stacks_back)
