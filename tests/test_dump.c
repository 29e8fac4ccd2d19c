/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_dump.c: the table of tasks.
 */
#include <config.h>
#include <signal.h>
#include <stdlib.h>
#include "task_common.h"

static char text[8192];

/* Dumps into TEXT; the number of tasks. */
static int
dump(plx_loop *loop)
{
	FILE *f = fmemopen(text, sizeof(text), "w");
	int n;

	errno = 4711;
	n = plx_dump(loop, f);
	cr_expect_eq(errno, 4711);
	fclose(f);
	return n;
}

/* The line that begins with NAME, or "". */
static const char *
line_of(const char *name)
{
	static char line[256];
	const char *p = text;
	size_t n;

	for (; p && *p; p = strchr(p, '\n'), p = p ? p + 1 : NULL) {
		if (strncmp(p, name, strlen(name)) != 0)
			continue;
		n = strcspn(p, "\n");
		snprintf(line, sizeof(line), "%.*s", (int)n, p);
		return line;
	}
	return "";
}

#define EXPECT_IN(name, piece)                                               \
	cr_expect(strstr(line_of(name), piece), "no %s in line '%s'", piece, \
		  line_of(name))

Test(dump, refuses_null_and_knows_loops_without_tasks)
{
	struct support_mark mark = support_begin(NULL);
	plx_loop *loop = NULL;

	cr_expect_eq(plx_dump(NULL, stderr), -EINVAL);
	cr_assert_eq(plx_loop_open(NULL, &loop), 0);
	cr_expect_eq(plx_dump(loop, NULL), -EINVAL);
	cr_expect_eq(dump(loop), 0);
	plx_loop_close(&loop);
	support_end(mark, NULL);
}

static int
sleeper(void *arg)
{
	return plx_sleep_until(*(const int64_t *)arg);
}

static int
joiner(void *arg)
{
	return plx_join(arg, NULL, PLX_NEVER);
}

static int
reader(void *arg)
{
	return plx_await_fd(*(const int *)arg, PLX_READ, PLX_NEVER);
}

static int
dump_all_kinds(void *arg)
{
	int64_t when = in(5 * PLX_SECOND);
	plx_task *s, *j, *r, *e;
	static int zero;
	char place[64];
	int fd[2];

	(void)arg;
	support_unix_pair(fd);
	plx_spawn(NULL, sleeper, &when, &s);
	plx_spawn(NULL, joiner, s, &j);
	plx_spawn(NULL, return_arg, &zero, &e);
	snprintf(place, sizeof(place), "test_dump.c:%d", __LINE__ + 1);
	plx_spawn(NULL, reader, &fd[0], &r);
	plx_checkpoint();
	plx_sleep(2 * PLX_SECOND);
	cr_expect_eq(dump(plx_self_loop()), 5);
	EXPECT_IN("main", "running");
	EXPECT_IN("main", "plx_run");
	EXPECT_IN("sleeper", "waiting");
	EXPECT_IN("sleeper", "sleep ");
	EXPECT_IN("sleeper", "2.000s");
	EXPECT_IN("sleeper", "3.000s");
	EXPECT_IN("joiner", "join sleeper");
	EXPECT_IN("reader", "readable fd");
	EXPECT_IN("reader", place);
	EXPECT_IN("return_arg", "ended");
	plx_cancel(j);
	plx_cancel(s);
	plx_close(fd[0]);
	plx_close(fd[1]);
	plx_join(r, NULL, PLX_NEVER);
	return 0;
}

Test(dump, shows_what_every_task_waits_for)
{
	/* The reader ends with -ESHUTDOWN, the run's first error. */
	cr_expect_eq(run_timed(dump_all_kinds, NULL), -ESHUTDOWN);
}

static int
keep_stack_busy(void *arg)
{
	volatile char big[9000];
	int r;

	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = (char)i;
	r = sleeper(arg);
	return r + big[5] - 5;
}

static int
dump_stacks(void *arg)
{
	int64_t when = PLX_NEVER;
	plx_task *t;
	long used = 0;

	(void)arg;
	plx_spawn(NULL, keep_stack_busy, &when, &t);
	plx_set_name(t, "busy");
	plx_checkpoint();
	cr_expect_eq(dump(plx_self_loop()), 2);
	cr_expect_eq(sscanf(line_of("busy"), "%*s %*s %*s %*s %*s %ld", &used),
		     1, "%s", line_of("busy"));
	cr_expect_gt(used, 9000);
	cr_expect_lt(used, 30000);
	cr_expect_eq(stop_task(t), -ECANCELED);
	return 0;
}
IN_A_TASK(dump, tells_the_stack_in_use_and_the_new_name, dump_stacks)

static int dumped;

static void
dump_on_signal(struct plx_signal *s, int signo)
{
	(void)signo;
	cr_expect_null(plx_self());
	dumped = dump(s->loop);
	plx_scope_cancel(s->arg);
}

static int
raise_signal(void *arg)
{
	struct plx_scope scope;
	struct plx_signal s = {.fn = dump_on_signal, .arg = &scope};

	plx_scope_enter(&scope, PLX_NEVER);
	cr_expect_eq(plx_loop_signal(plx_self_loop(), &s, SIGUSR1), 0);
	raise(SIGUSR1);
	cr_expect_eq(plx_sleep_until(PLX_NEVER), -ECANCELED);
	cr_expect_eq(plx_scope_leave(&scope, -ECANCELED), 0);
	cr_expect_eq(dumped, 1, "%s", (char *)arg);
	EXPECT_IN("main", "waiting");
	EXPECT_IN("main", "sleep");
	plx_loop_unsignal(&s);
	return 0;
}
ON_BACKENDS(dump, works_in_a_callback_of_the_loop, raise_signal)

static int
any_arm(struct plx_awaitable *a)
{
	(void)a;
	return 0;
}

static const struct plx_awaitable_ops odd_ops = {
	.kind = "oddity",
	.arm = any_arm,
	.disarm = any_arm,
	.result = any_arm,
};

static int
await_oddities(void *arg)
{
	struct plx_awaitable a = {.ops = &odd_ops}, b = {.ops = &odd_ops};
	struct plx_awaitable *list[2] = {&a, &b};

	(void)arg;
	return plx_await_any(list, *(int *)arg, PLX_NEVER);
}

static int
dump_awaitables(void *arg)
{
	int n[2] = {1, 2};
	plx_task *one, *two;

	(void)arg;
	plx_spawn_named(NULL, "one", "f.c", 1, await_oddities, &n[0], &one);
	plx_spawn_named(NULL, NULL, "f.c", 2, await_oddities, &n[1], &two);
	plx_checkpoint();
	dump(plx_self_loop());
	EXPECT_IN("one", " oddity ");
	EXPECT_IN("(no name)", "first of 2: oddity, ...");
	stop_task(one);
	stop_task(two);
	return 0;
}
IN_A_TASK(dump, names_the_kind_of_an_awaitable, dump_awaitables)
