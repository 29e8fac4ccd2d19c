/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_selector.c: what the selector does behind the contract, which the
 * conformance suite cannot see: what its care and its waits cost, how it
 * wakes, and in what order the always ready are told.
 */
#include <config.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#ifdef HAVE_EPOLL
#include <sys/epoll.h>
#endif
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include "selector_parts.h"
#include "support.h"

static struct support_mark
begin(const char *backend, plx_selector **s)
{
	struct support_mark mark = support_begin(backend);

	cr_assert_eq(plx__selector_open(backend, &support_sys.sys, s), 0);
	return mark;
}

static void
end(plx_selector **s, struct support_mark mark, const char *backend)
{
	plx_selector_close(s);
	support_end(mark, backend);
}

static void
close_pair(const int fd[2])
{
	close(fd[0]);
	close(fd[1]);
}

/* A readable descriptor, registered for EVENTS. */
static void
add_readable(plx_selector *s, int fd[2], unsigned events)
{
	support_unix_pair(fd);
	cr_assert_eq(write(fd[1], "x", 1), 1);
	cr_assert_eq(plx_selector_register(s, fd[0], events, NULL), 0);
}

static int
look(plx_selector *s, struct plx_ready *ready, int cap)
{
	return plx_selector_select(s, ready, cap, 0);
}

PLX_BACKENDS(selector, neither_end_of_a_pipe_for_waking_can_be_registered)
ParameterizedTest(struct backend_param *p, selector,
		  neither_end_of_a_pipe_for_waking_can_be_registered)
{
	struct support_mark mark = support_begin(p->name);
	plx_selector *s;

	support_sys.fails = SUPPORT_OPEN;
	support_sys.fail_at = 1;
	support_sys.fail_with = ENOSYS;
	cr_assert_eq(plx__selector_open(p->name, &support_sys.sys, &s), 0);
	cr_assert_neq(s->wake.reader, s->wake.writer);
	cr_assert_eq(plx_selector_register(s, s->wake.reader, PLX_READ, NULL),
		     -EBADF);
	cr_assert_eq(plx_selector_register(s, s->wake.writer, PLX_WRITE, NULL),
		     -EBADF);
	end(&s, mark, p->name);
}

PLX_BACKENDS(selector, care_costs_a_two_hundredth_of_a_call_an_event)
ParameterizedTest(struct backend_param *p, selector,
		  care_costs_a_two_hundredth_of_a_call_an_event)
{
	plx_selector *s;
	struct support_mark mark = begin(p->name, &s);
	unsigned long before, calls;
	struct plx_ready ready[10];
	int fd[10][2];

	for (int i = 0; i < 10; i++)
		add_readable(s, fd[i], PLX_READ);
	before = support_calls(&support_sys, ~0u);
	for (int turn = 0; turn < 5000; turn++)
		cr_assert_eq(look(s, ready, 10), 10, "%s", p->name);
	calls = support_calls(&support_sys, ~0u) - before;
	cr_assert_leq(calls, 5000 + 50000 / 200, "%s: %lu", p->name, calls);
	for (int i = 0; i < 10; i++)
		close_pair(fd[i]);
	end(&s, mark, p->name);
}

PLX_BACKENDS(selector, first_thousand_events_cost_only_the_waits)
ParameterizedTest(struct backend_param *p, selector,
		  first_thousand_events_cost_only_the_waits)
{
	plx_selector *s;
	struct support_mark mark = begin(p->name, &s);
	struct plx_ready ready;
	unsigned long before;
	int fd[2];

	add_readable(s, fd, PLX_READ);
	cr_assert_eq(look(s, &ready, 1), 1);
	before = support_calls(&support_sys, ~0u);
	for (int turn = 0; turn < 1000; turn++)
		cr_assert_eq(look(s, &ready, 1), 1, "%s", p->name);
	cr_assert_eq(support_calls(&support_sys, ~0u) - before, 1000);
	close_pair(fd);
	end(&s, mark, p->name);
}

PLX_BACKENDS(selector, waits_allocate_nothing_once_they_have_grown)
ParameterizedTest(struct backend_param *p, selector,
		  waits_allocate_nothing_once_they_have_grown)
{
	plx_selector *s;
	struct support_mark mark = begin(p->name, &s);
	struct plx_ready ready[300];
	unsigned long before;
	int fd[2];

	add_readable(s, fd, PLX_READ);
	look(s, ready, 300);
	before = support_calls(&support_sys, SUPPORT_RESIZE);
	for (int cap = 1; cap <= 300; cap++)
		cr_assert_eq(look(s, ready, cap), 1);
	cr_assert_eq(support_calls(&support_sys, SUPPORT_RESIZE), before);
	close_pair(fd);
	end(&s, mark, p->name);
}

PLX_BACKENDS(selector, a_huge_cap_costs_memory_for_what_can_come)
ParameterizedTest(struct backend_param *p, selector,
		  a_huge_cap_costs_memory_for_what_can_come)
{
	plx_selector *s;
	struct support_mark mark = begin(p->name, &s);
	struct plx_ready ready[2];
	int fd[2];

	add_readable(s, fd, PLX_READ);
	cr_assert_eq(look(s, ready, INT32_MAX), 1, "%s", p->name);
	close_pair(fd);
	end(&s, mark, p->name);
}

PLX_BACKENDS(selector, counts_waits_and_entries)
ParameterizedTest(struct backend_param *p, selector, counts_waits_and_entries)
{
	plx_selector *s;
	struct support_mark mark = begin(p->name, &s);
	struct plx_selector_stats stats;
	struct plx_ready ready[2];
	int fd[2];

	add_readable(s, fd, PLX_READ);
	for (int i = 0; i < 3; i++)
		look(s, ready, 2);
	cr_assert_eq(plx_selector_stats(s, &stats), 0);
	cr_assert_eq(stats.waits, 3, "%s", p->name);
	cr_assert_eq(stats.events, 3);
	cr_assert_eq(stats.stale, 0);
	cr_assert_eq(stats.rebuilt, 0);
	close_pair(fd);
	end(&s, mark, p->name);
}

static int
no_pwait2(const struct plx_sys *sys, int ep, struct epoll_event *out, int cap,
	  const struct timespec *timeout)
{
	(void)sys, (void)ep, (void)out, (void)cap, (void)timeout;
	return -EPERM;
}

Test(epoll, without_pwait2_waits_in_milliseconds_and_not_early)
{
	plx_selector *s;
	struct support_mark mark = begin("epoll", &s);
	struct plx_ready ready;
	int64_t deadline;

	support_sys.sys.epoll_pwait2 = no_pwait2;
	for (int i = 0; i < 3; i++) {
		deadline = plx_after(1200000);
		cr_assert_eq(plx_selector_select(s, &ready, 1, deadline), 0);
		cr_assert_geq(plx_now(), deadline);
	}
	end(&s, mark, "epoll");
}

static int
no_eventfd(const struct plx_sys *sys)
{
	(void)sys;
	return -ENOSYS;
}

PLX_BACKENDS(wake, works_over_a_pipe)
ParameterizedTest(struct backend_param *p, wake, works_over_a_pipe)
{
	struct support_mark mark = support_begin(p->name);
	struct plx_ready ready;
	plx_selector *s;

	support_sys.sys.eventfd = no_eventfd;
	cr_assert_eq(plx__selector_open(p->name, &support_sys.sys, &s), 0);
	cr_assert_neq(s->wake.reader, s->wake.writer);
	for (int i = 0; i < 3; i++) {
		cr_assert_eq(plx_selector_wake(s), 0);
		cr_assert_eq(plx_selector_wake(s), 0);
		cr_assert_eq(plx_selector_select(s, &ready, 1, PLX_NEVER), 0);
		cr_assert_eq(look(s, &ready, 1), 0, "%s", p->name);
	}
	end(&s, mark, p->name);
}

PLX_BACKENDS(wake, costs_one_call_however_often)
ParameterizedTest(struct backend_param *p, wake, costs_one_call_however_often)
{
	plx_selector *s;
	struct support_mark mark = begin(p->name, &s);
	unsigned long before = support_calls(&support_sys, ~0u);

	for (int i = 0; i < 1000; i++)
		cr_assert_eq(plx_selector_wake(s), 0);
	cr_assert_eq(support_calls(&support_sys, ~0u) - before, 1);
	end(&s, mark, p->name);
}

Test(always, takes_turns_with_what_the_kernel_reports)
{
	plx_selector *s;
	struct support_mark mark = begin("epoll", &s);
	int fd[2], seen[2] = {0, 0};
	struct plx_ready ready;
	FILE *file = tmpfile();

	add_readable(s, fd, PLX_READ);
	cr_assert_eq(plx_selector_register(s, fileno(file), PLX_READ, NULL), 0);
	for (int i = 0; i < 100; i++) {
		cr_assert_eq(look(s, &ready, 1), 1);
		seen[ready.fd == fd[0]]++;
	}
	cr_assert(seen[0] == 50 && seen[1] == 50);
	fclose(file);
	close_pair(fd);
	end(&s, mark, "epoll");
}

PLX_BACKENDS(always, an_error_of_the_wait_hides_none)
ParameterizedTest(struct backend_param *p, always,
		  an_error_of_the_wait_hides_none)
{
	plx_selector *s;
	struct support_mark mark = begin(p->name, &s);
	struct plx_ready ready[4];
	FILE *file = tmpfile();
	int n, told = 0;

	cr_assert_eq(plx_selector_register(s, fileno(file), PLX_READ, NULL), 0);
	for (int i = 0; i < 2; i++) {
		support_sys.fails = SUPPORT_WAIT;
		support_sys.fail_with = ENOMEM;
		support_sys.fail_at = 1;
		n = look(s, ready, 4);
		cr_assert(n == 1 || n == -ENOMEM, "%s: %d", p->name, n);
		told += n == 1;
	}
	support_sys.fail_at = 0;
	cr_assert_eq(told, s->due, "%s: those that this side keeps", p->name);
	cr_assert_eq(look(s, ready, 4), 1, "%s", p->name);
	fclose(file);
	end(&s, mark, p->name);
}

Test(always, survives_removal_and_return_in_any_order)
{
	plx_selector *s;
	struct support_mark mark = begin("epoll", &s);
	unsigned random = 12345;
	struct plx_ready ready[5];
	FILE *file[5];
	int in[5] = {0}, live = 0, i, n;

	for (i = 0; i < 5; i++)
		file[i] = tmpfile();
	for (int step = 0; step < 2000; step++) {
		random = random * 1103515245 + 12345;
		i = (int)(random >> 16) % 5;
		if (in[i])
			n = plx_selector_unregister(s, fileno(file[i]));
		else
			n = plx_selector_register(s, fileno(file[i]), PLX_READ,
						  NULL);
		cr_assert_eq(n, 0);
		live += in[i] ? -1 : 1;
		in[i] = !in[i];
		n = look(s, ready, 1 + step % 5);
		cr_assert_eq(n, live < 1 + step % 5 ? live : 1 + step % 5);
		cr_assert_leq(s->queued, 5);
	}
	for (i = 0; i < 5; i++)
		fclose(file[i]);
	end(&s, mark, "epoll");
}

static ino_t pretended;

static int
pretend_inode(const struct plx_sys *sys, int fd, struct stat *st)
{
	(void)sys, (void)fd;
	*st = (struct stat){.st_dev = 1, .st_ino = pretended};
	return 0;
}

/* Numbers of files that are a power of two apart, or two of them. */
static const ino_t apart[] = {1,       1 << 1,	1 << 7,	   1 << 8,
			      1 << 14, 1 << 15, 1 << 16,   1 << 22,
			      1 << 23, 0x10001, 0x8000100, 0x40004000};

/* Closed, and its number another file's at once. */
Test(always, a_file_is_not_taken_for_one_that_was_closed)
{
	plx_selector *s;
	struct support_mark mark = begin("epoll", &s);
	FILE *file = tmpfile();
	int fd = fileno(file);
	size_t i;

	support_sys.sys.fstat = pretend_inode;
	for (i = 0; i < sizeof(apart) / sizeof(apart[0]); i++) {
		pretended = 77777;
		cr_assert_eq(plx_selector_register(s, fd, PLX_READ, NULL), 0);
		cr_assert_eq(plx_selector_register(s, fd, PLX_READ, NULL),
			     -EEXIST);
		pretended ^= apart[i];
		cr_assert_eq(plx_selector_register(s, fd, PLX_READ, NULL), 0,
			     "%#lx apart", (unsigned long)apart[i]);
		cr_assert_eq(plx_selector_unregister(s, fd), 0);
	}
	fclose(file);
	end(&s, mark, "epoll");
}

PLX_BACKENDS(selector, waits_with_what_room_there_is_without_memory)
ParameterizedTest(struct backend_param *p, selector,
		  waits_with_what_room_there_is_without_memory)
{
	plx_selector *s;
	struct support_mark mark = begin(p->name, &s);
	struct plx_ready ready[64];
	int fd[40][2];

	add_readable(s, fd[0], PLX_READ);
	cr_assert_eq(look(s, ready, 1), 1, "%s", p->name);
	for (int i = 1; i < 40; i++)
		add_readable(s, fd[i], PLX_READ);
	support_sys.fails = SUPPORT_RESIZE;
	support_sys.fail_with = ENOMEM;
	for (int at = 1; at <= 2; at++) {
		support_sys.fail_at = at;
		cr_assert_geq(look(s, ready, 64), 1, "%s: %d", p->name, at);
	}
	support_sys.fail_at = 0;
	cr_assert_eq(look(s, ready, 64), 40, "%s", p->name);
	for (int i = 0; i < 40; i++)
		close_pair(fd[i]);
	end(&s, mark, p->name);
}

PLX_BACKENDS(selector, refuses_an_exclusive_oneshot_in_register_and_modify)
ParameterizedTest(struct backend_param *p, selector,
		  refuses_an_exclusive_oneshot_in_register_and_modify)
{
	const unsigned both = PLX_READ | PLX_EXCLUSIVE | PLX_ONESHOT;
	plx_selector *s;
	struct support_mark mark = begin(p->name, &s);
	FILE *file = tmpfile();
	int fd = fileno(file);

	cr_assert_eq(plx_selector_register(s, fd, both, NULL), -ENOTSUP);
	cr_assert_eq(plx_selector_register(s, fd, PLX_READ, NULL), 0);
	cr_assert_eq(plx_selector_modify(s, fd, both, NULL), -ENOTSUP, "%s",
		     p->name);
	fclose(file);
	end(&s, mark, p->name);
}
