/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_dump_rare.c: rows of the table that are seldom seen: waits for writing,
 * long lists, names that are none, scopes that are over, and what waits for a
 * stack to wake on.
 */
#include <config.h>
#include <pollux/await.h>
#include <pollux/hibernate.h>
#include <pollux/net.h>
#include "dump_common.h"

static void
expect_in(const char *name, const char *piece)
{
	cr_expect(strstr(line_of(name), piece) != NULL, "no '%s' in: %s", piece,
		  line_of(name));
}

static int
writer(void *arg)
{
	return plx_await_fd(*(const int *)arg, PLX_WRITE, PLX_NEVER);
}

/* In a list that is longer than a cell. */
static int
wait_for_many(void *arg)
{
	struct plx_fd_awaitable f;
	struct plx_timer_awaitable t[11];
	struct plx_awaitable *list[12] = {
		plx_fd_awaitable(&f, *(const int *)arg, PLX_READ),
	};

	for (int i = 0; i < 11; i++)
		list[i + 1] = plx_timer_awaitable(&t[i], PLX_NEVER);
	return plx_await_any(list, 12, PLX_NEVER);
}

static int
join_it(void *arg)
{
	return plx_join(arg, NULL, PLX_NEVER);
}

static int
dump_waits(void *arg)
{
	plx_task *w = NULL, *m = NULL, *j = NULL;
	char what[32];
	int fd[2];

	(void)arg;
	support_unix_pair(fd);
	support_fill(fd[0]);
	snprintf(what, sizeof(what), "writable fd %d", fd[0]);
	plx_spawn_named(NULL, "writer", "here.c", 1, writer, &fd[0], &w);
	plx_spawn_named(NULL, NULL, "here.c", 2, wait_for_many, &fd[0], &m);
	plx_spawn_named(NULL, "joiner", "here.c", 3, join_it, m, &j);
	let_run(2);
	cr_expect_eq(dump(plx_self_loop()), 4);
	expect_in("writer", what);
	expect_in("joiner", "join (no name)");
	expect_in("(no name)", "first of 12: readable ..");
	plx_set_name(w, "a\xc3\xa4-\n");
	cr_expect_eq(dump(plx_self_loop()), 4);
	expect_in("a?"
		  "?-?",
		  what);
	cr_expect_eq(stop_task(w), -ECANCELED);
	plx_cancel(m);
	cr_expect_eq(plx_join(j, NULL, PLX_NEVER), 0);
	plx_close(fd[0]);
	plx_close(fd[1]);
	return 0;
}
IN_A_TASK(dump_rare, a_writer_and_a_list_that_is_too_long, dump_waits)

/* Stands in a scope that is over, or in a shield around which one is. */
static int
stand_expired(void *arg)
{
	struct plx_scope s, shield;
	int r;

	(void)arg;
	plx_scope_enter(&s, in(PLX_SECOND));
	r = plx_sleep(2 * PLX_SECOND);
	cr_expect_eq(dump(plx_self_loop()), 1);
	expect_in("main", "1 expired");
	plx_scope_shield(&shield, in(PLX_SECOND), PLX_NEVER);
	cr_expect_eq(plx_sleep(2 * PLX_SECOND), -ECANCELED);
	cr_expect_eq(dump(plx_self_loop()), 1);
	expect_in("main", "2 expired");
	plx_scope_leave(&shield, 0);
	cr_expect_eq(plx_scope_leave(&s, r), -ETIMEDOUT);
	plx_scope_enter(&s, PLX_NEVER);
	plx_scope_cancel(&s);
	cr_expect_eq(dump(plx_self_loop()), 1);
	expect_in("main", "1 cancelled");
	plx_scope_leave(&s, 0);
	return 0;
}
WITH_CLOCK(dump_rare, scopes_that_are_over, stand_expired)

static int
wait_long(void *arg)
{
	struct plx_scope last, outer, inner;
	int r;

	(void)arg;
	plx_scope_enter(&last, in(20 * PLX_SECOND));
	plx_scope_enter(&outer, in(5 * PLX_SECOND));
	plx_scope_enter(&inner, in(9 * PLX_SECOND));
	r = plx_sleep_until(PLX_NEVER);
	r = plx_scope_leave(&inner, r);
	r = plx_scope_leave(&outer, r);
	return plx_scope_leave(&last, r);
}

/* The first end counts, whoever has it. */
static int
dump_ends(void *arg)
{
	plx_nursery *n = NULL;
	struct plx_scope s;

	(void)arg;
	plx_scope_enter(&s, in(7 * PLX_SECOND));
	plx_nursery_open(NULL, &n);
	plx_spawn_named(n, "in_order", "here.c", 1, wait_long, NULL, NULL);
	plx_checkpoint();
	cr_expect_eq(dump(plx_self_loop()), 2);
	expect_in("  in_order", "5.000s s2");
	plx_nursery_cancel(n);
	plx_nursery_close(&n, 0);
	plx_scope_leave(&s, 0);
	return 0;
}
WITH_CLOCK(dump_rare, the_first_end_is_the_one_that_is_left, dump_ends)

static int
end_at_once(void *arg)
{
	(void)arg;
	return 0;
}

/* One without a place, and then without a stack. */
static int
dump_asleep(void *arg)
{
	static const struct plx_place no_file = {.name = "bed"};
	static struct plx_hibernation h, named;
	char what[32];
	int fd[2];

	(void)arg;
	support_unix_pair(fd);
	snprintf(what, sizeof(what), "readable fd %d", fd[0]);
	cr_expect_eq(
		plx_hibernate_named(&h, NULL, NULL, fd[0], end_at_once, NULL),
		0);
	cr_expect_eq(plx_hibernate_named(&named, &no_file, NULL, fd[1],
					 end_at_once, NULL),
		     0);
	cr_expect_eq(dump(plx_self_loop()), 1);
	expect_in("(no name)", "asleep");
	expect_in("(no name)", what);
	expect_in("bed", "asleep");
	cr_expect_eq(plx_hibernate_wake(&h, 0), 0);
	plx_close(fd[0]);
	plx_close(fd[1]);
	return 0;
}
WITH_CLOCK(dump_rare, what_sleeps_without_a_place, dump_asleep)

static int
accept_one(void *arg)
{
	return plx_accept(*(const int *)arg, NULL, NULL, PLX_NEVER);
}

/* Who accepts stands in a line. */
static int
dump_acceptors(void *arg)
{
	plx_task *a = NULL, *b = NULL;
	struct plx_address at;
	char what[32];
	int fd = -1;

	(void)arg;
	cr_expect_eq(plx_address_parse("127.0.0.1:0", &at), 0);
	cr_expect_eq(plx_listen(&at, NULL, &fd), 0);
	snprintf(what, sizeof(what), "accept fd %d", fd);
	plx_spawn_named(NULL, "first", "here.c", 1, accept_one, &fd, &a);
	plx_spawn_named(NULL, "second", "here.c", 2, accept_one, &fd, &b);
	let_run(2);
	cr_expect_eq(dump(plx_self_loop()), 3);
	expect_in("second", what);
	cr_expect_eq(stop_task(a), -ECANCELED);
	cr_expect_eq(stop_task(b), -ECANCELED);
	plx_close(fd);
	return 0;
}
IN_A_TASK(dump_rare, a_line_of_acceptors, dump_acceptors)
