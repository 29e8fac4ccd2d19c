/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_alarm.c: a task has one timer, which is set seldom and never told of
 * the end of a wait; each deadline is kept all the same.
 */
#include <config.h>
#include "task_common.h"
#include "task_int.h"

/* Waits on an empty pipe until DEADLINE, which it must meet exactly. */
static void
expect_timeout(int fd, int64_t deadline)
{
	char c;

	cr_expect_eq(plx_read(fd, &c, 1, deadline), -ETIMEDOUT);
	cr_expect_eq(in(0), deadline);
}

static int
write_byte(void *arg)
{
	return (int)plx_write(*(int *)arg, "x", 1, PLX_NEVER) - 1;
}

/* Reads a byte that comes at once, with DEADLINE far ahead. */
static void
expect_byte(int fd[2], int64_t deadline)
{
	char c;

	plx_spawn(NULL, write_byte, &fd[1], NULL);
	cr_expect_eq(plx_read(fd[0], &c, 1, deadline), 1);
}

static int
outlive_older_deadlines(void *arg)
{
	int64_t later = in(20 * PLX_SECOND);
	int fd[2];

	(void)arg;
	support_pipe(fd);
	expect_byte(fd, in(10 * PLX_SECOND));
	expect_timeout(fd[0], later);
	expect_byte(fd, in(10 * PLX_SECOND));
	expect_timeout(fd[0], in(5 * PLX_SECOND));
	plx_close(fd[0]);
	plx_close(fd[1]);
	return 0;
}
WITH_CLOCK(alarm, a_deadline_is_not_that_of_an_earlier_wait,
	   outlive_older_deadlines)

static int
keep_one_alarm(void *arg)
{
	const struct plx_task *t = plx_self();
	int64_t first = in(10 * PLX_SECOND);
	int fd[2];

	(void)arg;
	support_pipe(fd);
	for (int i = 0; i < 100; i++) {
		expect_byte(fd, first + i);
		cr_expect_eq(t->alarm_at, first, "it stays where it is");
	}
	cr_expect_eq(plx_sleep_until(first - 1), 0);
	cr_expect_eq(t->alarm_at, PLX_NEVER, "that was earlier, and is over");
	plx_close(fd[0]);
	plx_close(fd[1]);
	return 0;
}
WITH_CLOCK(alarm, later_deadlines_leave_it_alone, keep_one_alarm)

static int
time_out(void *arg)
{
	int fd[2];

	(void)arg;
	support_pipe(fd);
	expect_byte(fd, in(PLX_SECOND));
	plx_close(fd[0]);
	plx_close(fd[1]);
	return 0;
}

static int
end_with_an_alarm(void *arg)
{
	int result = -1;
	plx_task *t;

	(void)arg;
	plx_spawn(NULL, time_out, NULL, &t);
	plx_join(t, &result, PLX_NEVER);
	cr_expect_eq(result, 0);
	cr_expect_eq(plx_sleep(5 * PLX_SECOND), 0, "past the dead one's");
	return 0;
}
WITH_CLOCK(alarm, it_ends_with_its_task, end_with_an_alarm)
