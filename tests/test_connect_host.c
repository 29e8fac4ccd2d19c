/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_connect_host.c: clients that connect by name, on every backend.
 */
#include <config.h>
#include <pollux/blocking.h>
#include "connect_stage.h"
#include "starve.h"

/* Connects to the name, whose addresses are LIST. */
#define ADDRESSES(...)                     \
	(const char *const[])              \
	{                                  \
		__VA_ARGS__, (char *)NULL, \
	}

static int
connect_name(const struct plx_connect_options *o, int64_t deadline)
{
	int fd = -1;
	int r = plx_connect_host("name", "7007", o, &fd, deadline);

	cr_expect((r == 0) == (fd >= 0), "%d: written on success only", r);
	if (r == 0)
		plx_close(fd);
	return r;
}

/* The peers tried are the N in WANTED. */
static void
expect_tried(const int *wanted, int n, const char *backend)
{
	cr_expect_eq(stage.n, n, "%s: %d tried", backend, stage.n);
	for (int i = 0; i < n && i < stage.n; i++)
		cr_expect_eq(stage.tried[i], wanted[i], "%s: %d. was %d",
			     backend, i, stage.tried[i]);
}

/* The attempt after the I-th began DELAY later.  Before the first the clock
   was the real one, a little of which may be missing. */
static void
expect_gap(int i, int64_t delay, const char *backend)
{
	int64_t gap = stage.when[i + 1] - stage.when[i];
	int64_t missing = delay - gap;

	cr_expect(missing >= 0 && missing <= (i ? 0 : delay / 2), "%s: %lld",
		  backend, (long long)gap);
}

static int
be_refused_first(void *arg)
{
	const int order[] = {420, 421, 410};

	stage_open(ADDRESSES("127.0.0.20", "127.0.0.21", "127.0.0.10",
			     "127.0.0.11"));
	cr_expect_eq(connect_name(NULL, PLX_NEVER), 0, "%s", (char *)arg);
	expect_tried(order, 3, arg);
	cr_expect_eq(stage.when[2], stage.when[0], "%s: at once", (char *)arg);
	stage_close();
	return 0;
}
ON_BACKENDS(connect_host, after_a_refusal_the_next_is_tried_at_once,
	    be_refused_first)

static int
meet_silence(void *arg)
{
	const int order[] = {430, 431, 410};

	stage_open(ADDRESSES("127.0.0.30", "127.0.0.31", "127.0.0.10",
			     "127.0.0.11"));
	cr_expect_eq(connect_name(NULL, PLX_NEVER), 0, "%s", (char *)arg);
	expect_tried(order, 3, arg);
	expect_gap(0, 250 * PLX_MILLISECOND, arg);
	expect_gap(1, 250 * PLX_MILLISECOND, arg);
	stage_close();
	return 0;
}
ON_BACKENDS(connect_host, a_silent_peer_has_250_milliseconds_alone,
	    meet_silence)

static int
choose_the_delay(void *arg)
{
	struct plx_connect_options o = {.attempt_delay = 3 * PLX_SECOND};

	stage_open(ADDRESSES("127.0.0.30", "127.0.0.31", "127.0.0.10"));
	cr_expect_eq(connect_name(&o, PLX_NEVER), 0, "%s", (char *)arg);
	expect_gap(0, 3 * PLX_SECOND, arg);
	expect_gap(1, 3 * PLX_SECOND, arg);
	stage.n = 0;
	support_sys.fake_clock = 0;
	o.attempt_delay = INT64_MAX;
	cr_expect_eq(connect_name(&o, in(3600 * PLX_SECOND)), -ETIMEDOUT, "%s",
		     (char *)arg);
	cr_expect_eq(stage.n, 1, "%s: the second has no turn: %d", (char *)arg,
		     stage.n);
	o.attempt_delay = -1;
	cr_expect_eq(connect_name(&o, PLX_NEVER), -EINVAL, "%s", (char *)arg);
	stage_close();
	return 0;
}
ON_BACKENDS(connect_host, the_delay_is_the_callers_choice, choose_the_delay)

static int
take_turns(void *arg)
{
	const int order[] = {621, 421, 622, 422, 623};

	stage_open(
		ADDRESSES("::21", "::22", "::23", "127.0.0.21", "127.0.0.22"));
	cr_expect_eq(connect_name(NULL, PLX_NEVER), -ECONNREFUSED, "%s",
		     (char *)arg);
	expect_tried(order, 5, arg);
	stage_close();
	return 0;
}
ON_BACKENDS(connect_host, families_take_turns, take_turns)

static int
want_one_family(void *arg)
{
	const int v6[] = {621, 622}, v4[] = {421, 422};
	struct plx_connect_options o = {.family = AF_INET6};
	struct plx_address local;

	stage_open(ADDRESSES("127.0.0.21", "::21", "::22", "127.0.0.22"));
	cr_expect_eq(connect_name(&o, PLX_NEVER), -ECONNREFUSED);
	expect_tried(v6, 2, arg);
	stage.n = 0;
	plx_address_parse("127.0.0.1:0", &local);
	o = (struct plx_connect_options){.local = &local};
	cr_expect_eq(connect_name(&o, PLX_NEVER), -ECONNREFUSED);
	expect_tried(v4, 2, arg);
	stage.n = 0;
	o.family = AF_INET6;
	cr_expect_eq(connect_name(&o, PLX_NEVER), -EADDRNOTAVAIL);
	cr_expect_eq(
		plx_connect_host("127.0.0.1", "1", &o, &stage.n, PLX_NEVER),
		-EADDRNOTAVAIL);
	cr_expect_eq(stage.n, 0, "%s: none is tried", (char *)arg);
	stage_close();
	return 0;
}
ON_BACKENDS(connect_host, options_choose_the_family, want_one_family)

static int
fail_everywhere(void *arg)
{
	stage_open(ADDRESSES("::41", "127.0.0.41", "127.0.0.20", "::42"));
	cr_expect_eq(connect_name(NULL, PLX_NEVER), -ECONNREFUSED,
		     "%s: that tells most", (char *)arg);
	stage.answers = ADDRESSES("::41", "127.0.0.41");
	cr_expect_eq(connect_name(NULL, PLX_NEVER), -ENETUNREACH, "%s",
		     (char *)arg);
	stage.answers = ADDRESSES("127.0.0.20");
	cr_expect_eq(connect_name(NULL, PLX_NEVER), -ECONNREFUSED, "%s",
		     (char *)arg);
	stage.no_name = ENOENT;
	stage.n = 0;
	cr_expect_eq(connect_name(NULL, PLX_NEVER), -ENOENT, "%s", (char *)arg);
	cr_expect_eq(stage.n, 0, "%s", (char *)arg);
	stage_close();
	return 0;
}
ON_BACKENDS(connect_host, the_most_telling_error_is_told, fail_everywhere)

static int
run_out_of_time(void *arg)
{
	int64_t deadline = in(3600 * PLX_SECOND);

	stage_open(ADDRESSES("127.0.0.20", "127.0.0.30", "127.0.0.31"));
	cr_expect_eq(connect_name(NULL, deadline), -ETIMEDOUT, "%s",
		     (char *)arg);
	/* An old system has milliseconds only, and so has valgrind. */
	cr_expect(in(0) >= deadline && in(0) < deadline + PLX_MILLISECOND, "%s",
		  (char *)arg);
	cr_expect_eq(stage.n, 3, "%s", (char *)arg);
	stage.n = 0;
	support_sys.fake_clock = 0;
	cr_expect_eq(connect_name(NULL, 0), -ETIMEDOUT, "%s", (char *)arg);
	cr_expect_eq(stage.n, 0, "%s: not even a look-up", (char *)arg);
	stage_close();
	return 0;
}
ON_BACKENDS(connect_host, the_deadline_holds_for_all_attempts, run_out_of_time)

static int
end_before_the_next(void *arg)
{
	const struct plx_connect_options o = {
		.attempt_delay = 2000 * PLX_SECOND,
	};

	stage_open(ADDRESSES("127.0.0.30", "127.0.0.31", "127.0.0.32"));
	cr_expect_eq(connect_name(&o, in(3600 * PLX_SECOND)), -ETIMEDOUT, "%s",
		     (char *)arg);
	cr_expect_eq(stage.n, 2, "%s: the third has no turn: %d", (char *)arg,
		     stage.n);
	stage_close();
	return 0;
}
ON_BACKENDS(connect_host, nothing_begins_after_the_deadline,
	    end_before_the_next)

/* A task that connects, and tells in which turn of the test it is. */
struct client {
	int result;
	int over;
};

static int
connect_and_tell(void *arg)
{
	struct client *c = arg;

	c->result = connect_name(NULL, PLX_NEVER);
	c->over = 1;
	return 0;
}

/* Waits, in real time if it has to be, until N have been tried. */
static void
await_tries(int n)
{
	while (stage.n < n)
		plx_sleep(PLX_MILLISECOND);
}

static int
give_up(void *arg)
{
	for (int tries = 1; tries <= 2; tries++) {
		struct client c = {.result = 1};
		plx_task *t;

		stage_open(ADDRESSES("127.0.0.30", "127.0.0.31"));
		plx_spawn(NULL, connect_and_tell, &c, &t);
		await_tries(tries);
		let_run(5);
		cr_expect(!c.over, "%s: it waits", (char *)arg);
		cr_expect_eq(stop_task(t), 0);
		cr_expect_eq(c.result, -ECANCELED, "%s: after %d: %d",
			     (char *)arg, tries, c.result);
		cr_expect_eq(stage.n, tries, "%s", (char *)arg);
		support_sys.fake_clock = 0;
		stage_close();
	}
	return 0;
}
ON_BACKENDS(connect_host, a_cancel_ends_all_attempts, give_up)

static int
win_together(void *arg)
{
	struct client c = {.result = 1};
	plx_task *t;
	int fds;

	stage_open(ADDRESSES("127.0.0.30", "::31", "127.0.0.32"));
	plx_spawn(NULL, connect_and_tell, &c, &t);
	await_tries(3);
	let_run(5);
	fds = support_count_fds();
	stage_speak();
	cr_expect_eq(plx_join(t, NULL, PLX_NEVER), 0);
	cr_expect_eq(c.result, 0, "%s: %d", (char *)arg, c.result);
	cr_expect_eq(support_count_fds(), fds - 3, "%s: all are closed",
		     (char *)arg);
	stage_close();
	return 0;
}
ON_BACKENDS(connect_host, of_several_winners_one_is_kept, win_together)

static int
be_late_and_win(void *arg)
{
	struct client c = {.result = 1};
	plx_task *t;

	stage_open(ADDRESSES("127.0.0.30", "127.0.0.20", "127.0.0.21"));
	plx_spawn(NULL, connect_and_tell, &c, &t);
	await_tries(3);
	let_run(5);
	cr_expect(!c.over, "%s: one is still at it", (char *)arg);
	stage_speak();
	cr_expect_eq(plx_join(t, NULL, PLX_NEVER), 0);
	cr_expect_eq(c.result, 0, "%s: %d", (char *)arg, c.result);
	stage_close();
	return 0;
}
ON_BACKENDS(connect_host, refusals_do_not_end_an_attempt_under_way,
	    be_late_and_win)

/* Every call of the kinds in ENTRY fails once, until there are no more. */
static void
fail_each(unsigned entry, int error)
{
	int r;

	for (int k = 1; k < 60; k++) {
		stage.n = 0;
		support_sys.fake_clock = 0;
		support_sys.fails = entry;
		support_sys.fail_with = error;
		support_sys.fail_at = k;
		r = connect_name(NULL, in(3600 * PLX_SECOND));
		if (support_sys.fail_at > 0)
			break;
		cr_expect(r == 0 || r == -error || r == -ETIMEDOUT, "%x %d",
			  entry, r);
	}
	support_sys.fail_at = 0;
	cr_expect_eq(connect_name(NULL, PLX_NEVER), 0);
}

static int
fail_at_each_call(void *arg)
{
	(void)arg;
	stage_open(ADDRESSES("127.0.0.20", "127.0.0.30", "127.0.0.10"));
	fail_each(SUPPORT_SOCKET, EMFILE);
	fail_each(SUPPORT_RESIZE | SUPPORT_MAP, ENOMEM);
	fail_each(SUPPORT_THREAD, EAGAIN);
	fail_each(SUPPORT_CHANGE, ENOMEM);
	fail_each(SUPPORT_FSTAT, EIO);
	stage_close();
	return 0;
}
ON_BACKENDS(connect_host, whatever_fails_nothing_is_left, fail_at_each_call)

/* What is no number is a name, and what is too long for one as well. */
static int
connect_odd_names(void *arg)
{
	static char endless[300];
	const char *const names[] = {"", "*", "unix", endless};
	int fd, r;

	memset(endless, 'x', sizeof(endless) - 1);
	stage_open(ADDRESSES("127.0.0.10"));
	for (int i = 0; i < 4; i++) {
		stage.n = 0;
		r = plx_connect_host(names[i], "7007", NULL, &fd, PLX_NEVER);
		cr_expect_eq(r, 0, "%s: %d: %d", (char *)arg, i, r);
		cr_expect_eq(stage.n, 1, "%s: %d", (char *)arg, i);
		if (r == 0)
			plx_close(fd);
	}
	stage.n = 0;
	stage.no_name = ENOENT;
	r = plx_connect_host("::20", "7007", NULL, &fd, PLX_NEVER);
	cr_expect_eq(r, -ECONNREFUSED, "%s: nobody is asked: %d", (char *)arg,
		     r);
	cr_expect_eq(stage.tried[0], 620, "%s: %d", (char *)arg,
		     stage.tried[0]);
	stage_close();
	return 0;
}
ON_BACKENDS(connect_host, what_is_no_number_is_looked_up, connect_odd_names)

/* First there is no memory for the race, then no stack for an attempt. */
static int
connect_without_memory(void *arg)
{
	plx_nursery *n = NULL;
	int nothing = 0;

	stage_open(ADDRESSES("127.0.0.10"));
	cr_expect_eq(plx_blocking(return_arg, &nothing, PLX_NEVER), 0);
	plx_nursery_open(NULL, &n);
	for (int i = 0; i < 2; i++) {
		starve(n);
		cr_expect_eq(connect_name(NULL, PLX_NEVER), -ENOMEM, "%s: %d",
			     (char *)arg, i);
		cr_expect_eq(stage.n, i, "%s: %d", (char *)arg, i);
		feed();
		cr_expect_eq(connect_name(NULL, PLX_NEVER), 0, "%s: %d",
			     (char *)arg, i);
	}
	plx_nursery_cancel(n);
	plx_nursery_close(&n, 0);
	stage_close();
	return 0;
}
ON_BACKENDS(connect_host, a_race_without_memory_is_told, connect_without_memory)
