/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_stream_ending.c: what a cancelled task may still do with a stream whose
 * server is ending, and for how long.
 */
#include <config.h>

#include "stream_common.h"
#include "stream_int.h"

/* Runs FN on a stream in a task that is cancelled, with GRACE from now on. */
static struct {
	struct plx_stream s;
	struct plx_ending ending;
	int peer;
	int done; /* nobody needs the peer any more */
} scene;

static void
run_cancelled(plx_task_fn *fn, int64_t grace)
{
	plx_task *t;

	open_unix(&scene.s, &scene.peer, NULL);
	scene.ending.grace = grace;
	scene.s.ending = &scene.ending;
	say(scene.peer, "a\nb");
	cr_expect_eq(plx_spawn(NULL, fn, NULL, &t), 0);
	plx_cancel(t);
	cr_expect_eq(plx_join(t, NULL, PLX_NEVER), 0);
	plx_stream_abort(&scene.s);
	close(scene.peer);
}

static int
read_to_the_end(void *arg)
{
	int64_t began = support_sys.now;
	char buf[16];
	ssize_t n;

	(void)arg;
	n = plx_stream_readline(&scene.s, buf, 16, PLX_NEVER);
	cr_expect(is(buf, n, "a\n"), "%zd", n);
	cr_expect_eq(support_sys.now, began);
	n = plx_stream_readline(&scene.s, buf, 16, in(20 * PLX_MILLISECOND));
	cr_expect_eq(n, -ETIMEDOUT, "its own deadline is no end: %zd", n);
	n = plx_stream_readline(&scene.s, buf, 16, PLX_NEVER);
	cr_expect(is(buf, n, "b"), "%zd", n);
	cr_expect_eq(support_sys.now - began, 120 * PLX_MILLISECOND);
	say(scene.peer, "c");
	n = plx_stream_read(&scene.s, buf, 16, PLX_NEVER);
	cr_expect_eq(n, 0, "the end sticks: %zd", n);
	cr_expect_eq(plx_stream_write(&scene.s, "x", 1, PLX_NEVER), 1);
	cr_expect_eq(plx_stream_close(&scene.s, PLX_NEVER), 0);
	return 0;
}

static int
ends_in_quiet(void *arg)
{
	(void)arg;
	run_cancelled(read_to_the_end, in(PLX_SECOND));
	run_cancelled(read_to_the_end, PLX_NEVER);
	return 0;
}
WITH_CLOCK(stream_ending, what_has_come_is_read_first, ends_in_quiet)

static int
read_straight(void *arg)
{
	int64_t began = support_sys.now;
	char buf[16];
	ssize_t n;

	(void)arg;
	n = plx_stream_read(&scene.s, buf, 16, PLX_NEVER);
	cr_expect(is(buf, n, "a\nb"), "%zd", n);
	n = plx_stream_read(&scene.s, buf, 16, PLX_NEVER);
	cr_expect_eq(n, 0, "%zd", n);
	cr_expect_eq(support_sys.now - began, 30 * PLX_MILLISECOND,
		     "no longer than the grace");
	n = plx_stream_write(&scene.s, "x", 1, PLX_NEVER);
	cr_expect_eq(n, -ECANCELED, "it is over: %zd", n);
	return 0;
}

static int
ends_with_the_grace(void *arg)
{
	(void)arg;
	run_cancelled(read_straight, in(30 * PLX_MILLISECOND));
	return 0;
}
WITH_CLOCK(stream_ending, reading_ends_with_the_grace, ends_with_the_grace)

/* Scopes of its own, and around its nursery, end as ever. */
static int
read_in_scope(void *arg)
{
	int64_t began = support_sys.now, length = *(int64_t *)arg;
	struct plx_scope own;
	char buf[16];
	ssize_t n;

	plx_scope_enter(&own, in(length));
	n = plx_stream_readexactly(&scene.s, buf, 16, PLX_NEVER);
	plx_scope_leave(&own, 0);
	cr_expect_eq(n, -ECANCELED, "it is no end: %zd", n);
	cr_expect_eq(support_sys.now - began, 50 * PLX_MILLISECOND);
	return 0;
}

static int
write_in_nursery(void *arg)
{
	static char much[300000];
	int64_t began = support_sys.now;
	ssize_t n;

	(void)arg;
	n = plx_stream_write(&scene.s, much, sizeof(much), PLX_NEVER);
	cr_expect_eq(n, 64 << 10, "%zd", n);
	n = plx_stream_flush(&scene.s, PLX_NEVER);
	cr_expect_eq(n, -ECANCELED, "%zd", n);
	cr_expect_eq(support_sys.now - began, 50 * PLX_MILLISECOND);
	return 0;
}

static int
heed_scopes(void *arg)
{
	int64_t length = 50 * PLX_MILLISECOND;
	struct plx_scope around;
	plx_nursery *n;

	(void)arg;
	read_in_scope(&length);
	support_fill(plx_stream_fileno(&scene.s));
	plx_scope_enter(&around, in(length));
	cr_expect_eq(plx_nursery_open(NULL, &n), 0);
	cr_expect_eq(plx_spawn(n, write_in_nursery, NULL, NULL), 0);
	plx_nursery_close(&n, 0);
	plx_scope_leave(&around, 0);
	return 0;
}

/* What is around a shield is not what ends it; silence does. */
static int
read_in_shield(void *arg)
{
	struct plx_scope around, shield, own;
	int64_t began = support_sys.now;
	char buf[16];
	ssize_t n;

	(void)arg;
	plx_scope_enter(&around, in(20 * PLX_MILLISECOND));
	plx_scope_shield(&shield, PLX_NEVER, PLX_NEVER);
	plx_scope_enter(&own, PLX_NEVER);
	plx_scope_cancel(&own);
	n = plx_stream_readexactly(&scene.s, buf, 16, PLX_NEVER);
	plx_scope_leave(&own, 0);
	plx_scope_leave(&shield, 0);
	plx_scope_leave(&around, 0);
	cr_expect_eq(n, -ENODATA, "that was the end: %zd", n);
	cr_expect_eq(support_sys.now - began, 100 * PLX_MILLISECOND);
	return 0;
}

static int
outlast_grace(void *arg)
{
	int64_t began = support_sys.now;
	struct plx_scope own;
	char buf[16];
	ssize_t n;

	(void)arg;
	plx_scope_enter(&own, in(PLX_SECOND));
	n = plx_stream_readexactly(&scene.s, buf, 16, PLX_NEVER);
	plx_scope_leave(&own, 0);
	cr_expect_eq(n, -ENODATA, "that was the end: %zd", n);
	cr_expect_eq(support_sys.now - began, 30 * PLX_MILLISECOND);
	return 0;
}

static int
end_in_scopes(void *arg)
{
	(void)arg;
	run_cancelled(heed_scopes, in(PLX_SECOND));
	run_cancelled(read_in_shield, in(PLX_SECOND));
	run_cancelled(outlast_grace, in(30 * PLX_MILLISECOND));
	return 0;
}
WITH_CLOCK(stream_ending, deadlines_of_scopes_hold, end_in_scopes)

static int
refuse_all(void *arg)
{
	char buf[16];

	(void)arg;
	cr_expect_eq(plx_stream_read(&scene.s, buf, 16, PLX_NEVER), -ECANCELED);
	cr_expect_eq(plx_stream_readline(&scene.s, buf, 16, PLX_NEVER),
		     -ECANCELED);
	cr_expect_eq(plx_stream_write(&scene.s, "x", 1, PLX_NEVER), -ECANCELED);
	cr_expect_eq(plx_stream_flush(&scene.s, PLX_NEVER), -ECANCELED);
	cr_expect_eq(plx_stream_linger(&scene.s, PLX_NEVER), -ECANCELED);
	return 0;
}

static int
have_no_grace(void *arg)
{
	(void)arg;
	run_cancelled(refuse_all, 0);
	run_cancelled(refuse_all, in(0));
	return 0;
}
WITH_CLOCK(stream_ending, without_grace_all_is_cancelled, have_no_grace)

/* The peer takes what the stream has queued, later. */
static int
take_later(void *arg)
{
	(void)arg;
	plx_sleep(300 * PLX_MILLISECOND);
	while (!scene.done) {
		support_drain(scene.peer);
		plx_checkpoint();
	}
	return 0;
}

static int
write_much(void *arg)
{
	static char much[300000];
	int64_t began = support_sys.now;
	ssize_t n;

	(void)arg;
	support_fill(plx_stream_fileno(&scene.s));
	cr_expect_eq(plx_spawn(NULL, take_later, NULL, NULL), 0);
	n = plx_stream_write(&scene.s, much, sizeof(much), PLX_NEVER);
	cr_expect_eq(n, sizeof(much), "%zd", n);
	cr_expect_geq(support_sys.now - began, 300 * PLX_MILLISECOND);
	cr_expect_eq(plx_stream_write_eof(&scene.s, PLX_NEVER), 0);
	scene.done = 1;
	return 0;
}

static int
write_on(void *arg)
{
	(void)arg;
	run_cancelled(write_much, in(PLX_SECOND));
	return 0;
}
WITH_CLOCK(stream_ending, a_write_waits_for_room, write_on)

/* Nobody takes anything. */
static int
give_up_in_the_end(void *arg)
{
	static char much[300000];
	int64_t began = support_sys.now;
	ssize_t n;

	(void)arg;
	support_fill(plx_stream_fileno(&scene.s));
	n = plx_stream_write(&scene.s, much, sizeof(much), PLX_NEVER);
	cr_expect_eq(n, 64 << 10, "%zd", n);
	cr_expect_eq(support_sys.now - began, PLX_SECOND);
	cr_expect_eq(plx_stream_close(&scene.s, PLX_NEVER), -ECANCELED);
	cr_expect_eq(support_sys.now - began, PLX_SECOND);
	return 0;
}

static int
write_in_vain(void *arg)
{
	(void)arg;
	run_cancelled(give_up_in_the_end, in(PLX_SECOND));
	return 0;
}
WITH_CLOCK(stream_ending, a_write_gives_up_with_the_grace, write_in_vain)

/* Lingers past the quiet that ends a read, until the peer has ended. */
static int
end_later(void *arg)
{
	(void)arg;
	plx_sleep(300 * PLX_MILLISECOND);
	shutdown(scene.peer, SHUT_WR);
	return 0;
}

static int
linger(void *arg)
{
	int64_t began = support_sys.now;

	(void)arg;
	cr_expect_eq(plx_spawn(NULL, end_later, NULL, NULL), 0);
	cr_expect_eq(plx_stream_linger(&scene.s, PLX_NEVER), 0);
	cr_expect_eq(support_sys.now - began, 300 * PLX_MILLISECOND);
	return 0;
}

static int
linger_on(void *arg)
{
	(void)arg;
	run_cancelled(linger, in(PLX_SECOND));
	return 0;
}
WITH_CLOCK(stream_ending, linger_waits_for_the_peer, linger_on)
