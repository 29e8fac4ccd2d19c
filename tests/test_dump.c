/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_dump.c: the table of tasks.
 */
#include <config.h>
#include <signal.h>
#include "dump_common.h"
#include "task_int.h"

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
	static int result = 7;
	char what[32];
	int fd[2];

	(void)arg;
	support_unix_pair(fd);
	snprintf(what, sizeof(what), "readable fd %d", fd[0]);
	plx_spawn_named(NULL, "sleeper", "here.c", 1, sleeper, &when, &s);
	plx_spawn_named(NULL, "joiner", "here.c", 2, joiner, s, &j);
	plx_spawn_named(NULL, "done", "here.c", 3, return_arg, &result, &e);
	plx_spawn_named(NULL, "reader", "here.c", 4, reader, &fd[0], &r);
	plx_sleep(2 * PLX_SECOND);
	plx_spawn_named(NULL, "new", "here.c", 5, return_arg, &result, NULL);
	cr_expect_eq(dump(plx_self_loop()), 6);
	expect_row(0, (struct row){"TASK", "STATE", "WAITS FOR", "SINCE",
				   "LEFT", "SCOPE", "SPAWNED AT"});
	expect_row(1, (struct row){"main", "running", "-", "-", "-", "-",
				   "plx_run"});
	expect_row(2, (struct row){"sleeper", "waiting", "sleep", "2.000s",
				   "3.000s", "-", "here.c:1"});
	expect_row(3, (struct row){"joiner", "waiting", "join sleeper",
				   "2.000s", "-", "-", "here.c:2"});
	expect_row(4, (struct row){"reader", "waiting", what, "2.000s", "-",
				   "-", "here.c:4"});
	expect_row(5, (struct row){"new", "ready", "-", "-", "-", "-",
				   "here.c:5"});
	expect_row(6, (struct row){"done", "ended", "result 7", "2.000s", "-",
				   "-", "here.c:3"});
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
	unsigned used = 0, tenth = 0, size = 0;

	(void)arg;
	plx_spawn(NULL, keep_stack_busy, &when, &t);
	plx_set_name(t, "busy");
	plx_checkpoint();
	cr_expect_eq(dump(plx_self_loop()), 2);
	cr_expect_eq(sscanf(line_of("busy"),
			    "%*s %*s %*s %*s %*s %*s %u.%u/%uK", &used, &tenth,
			    &size),
		     3, "%s", line_of("busy"));
	cr_expect_gt(used, 8);
	cr_expect_lt(used, 30);
	cr_expect(size == 63 || size == 64, "%u", size);
	cr_expect_eq(stop_task(t), -ECANCELED);
	return 0;
}
IN_A_TASK(dump, tells_the_stack_in_use_and_the_new_name, dump_stacks)

static int tasks;

static void
dump_on_signal(struct plx_signal *s, int signo)
{
	(void)signo;
	cr_expect_null(plx_self());
	tasks = dump(s->loop);
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
	cr_expect_eq(tasks, 1, "%s", (char *)arg);
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
	struct plx_awaitable_ops nameless = odd_ops;
	struct plx_awaitable a = {.ops = &odd_ops}, b = {.ops = &odd_ops};
	struct plx_awaitable c = {.ops = &nameless};
	struct plx_awaitable *list[3] = {&a, &b, &c};
	int n = *(int *)arg;

	nameless.kind = NULL;
	if (n == 3) {
		list[0] = &c;
		list[2] = &a;
	}
	return plx_await_any(list, n, PLX_NEVER);
}

static int
dump_awaitables(void *arg)
{
	int n[3] = {1, 2, 3};
	plx_task *one, *two, *three;

	(void)arg;
	plx_spawn_named(NULL, "one", "f.c", 1, await_oddities, &n[0], &one);
	plx_spawn_named(NULL, NULL, "f.c", 2, await_oddities, &n[1], &two);
	plx_spawn_named(NULL, "three", "f.c", 3, await_oddities, &n[2], &three);
	plx_sleep(PLX_SECOND);
	dump(plx_self_loop());
	expect_row(2, (struct row){"one", "waiting", "oddity", "1.000s", "-",
				   "-", "f.c:1"});
	expect_row(3, (struct row){"(no name)", "waiting",
				   "first of 2: oddity, od..", "1.000s", "-",
				   "-", "f.c:2"});
	expect_row(4,
		   (struct row){"three", "waiting", "first of 3: awaitable,..",
				"1.000s", "-", "-", "f.c:3"});
	stop_task(one);
	stop_task(two);
	stop_task(three);
	return 0;
}
WITH_CLOCK(dump, names_the_kinds_of_awaitables, dump_awaitables)

static int
keep(struct plx_awaitable *a)
{
	(void)a;
	return -EINPROGRESS;
}

static int
await_kept(void *arg)
{
	static const struct plx_awaitable_ops kept_ops = {
		.kind = "kept",
		.arm = any_arm,
		.disarm = keep,
		.result = any_arm,
	};
	struct plx_awaitable odd = {.ops = &odd_ops}, *kept = arg;
	struct plx_awaitable *list[2] = {&odd, kept};

	kept->ops = &kept_ops;
	return plx_await_any(list, 2, PLX_NEVER);
}

static int
dump_kept(void *arg)
{
	struct plx_awaitable kept = {.ops = NULL};
	plx_task *t;

	(void)arg;
	plx_spawn_named(NULL, "held", "f.c", 1, await_kept, &kept, &t);
	plx_checkpoint();
	plx_cancel(t);
	plx_sleep(PLX_SECOND);
	dump(plx_self_loop());
	expect_row(2, (struct row){"held", "waiting", "release of kept",
				   "1.000s", "-", "cancelled", "f.c:1"});
	plx_awaitable_ready(&kept);
	cr_expect_eq(plx_join(t, NULL, PLX_NEVER), 0);
	return 0;
}
WITH_CLOCK(dump, tells_what_is_not_given_back, dump_kept)

static int
await_both(void *arg)
{
	static const struct plx_awaitable_ops ops[2] = {
		{"kept", any_arm, keep, any_arm},
		{"more", any_arm, keep, any_arm},
	};
	struct plx_awaitable *both = arg;
	struct plx_awaitable *list[2] = {&both[0], &both[1]};

	both[0].ops = &ops[0];
	both[1].ops = &ops[1];
	return plx_await_any(list, 2, PLX_NEVER);
}

/* The first that is not given back is told, then the next. */
static int
dump_both(void *arg)
{
	struct plx_awaitable both[2] = {{.ops = NULL}, {.ops = NULL}};
	plx_task *t;

	(void)arg;
	plx_spawn_named(NULL, "held", "f.c", 1, await_both, both, &t);
	plx_checkpoint();
	plx_cancel(t);
	let_run(2);
	dump(plx_self_loop());
	EXPECT_IN("held", "release of kept");
	plx_awaitable_ready(&both[0]);
	let_run(2);
	dump(plx_self_loop());
	EXPECT_IN("held", "release of more");
	plx_awaitable_ready(&both[1]);
	cr_expect_eq(plx_join(t, NULL, PLX_NEVER), 0);
	return 0;
}
WITH_CLOCK(dump, tells_what_of_several_is_not_given_back, dump_both)

static int
dump_odd_names(void *arg)
{
	static const char name[] = "a name that is far too long for it";
	static const char path[] = "/a/long/way/to/the/source.c";
	char full[64];
	plx_task *t[3];

	(void)arg;
	snprintf(full, sizeof(full), "join %s", name);
	plx_spawn_named(NULL, name, path, 12345, sleep_for_ever, NULL, &t[0]);
	plx_spawn_named(NULL, "joins", "", 0, joiner, t[0], &t[1]);
	plx_spawn_named(NULL, "a\nforged\033[1m line\x80", "a\tb", -1,
			sleep_for_ever, NULL, &t[2]);
	plx_sleep(PLX_SECOND);
	cr_expect_eq(dump(plx_self_loop()), 4);
	expect_row(2, (struct row){"a name that is far t..", "waiting", "sleep",
				   "1.000s", "-", "-", "..the/source.c:12345"});
	expect_row(3,
		   (struct row){"joins", "waiting", "join a name that is fa..",
				"1.000s", "-", "-", ":0"});
	expect_row(4, (struct row){"a?forged?[1m line?", "waiting", "sleep",
				   "1.000s", "-", "-", "a?b:-1"});
	stop_task(t[1]);
	stop_task(t[0]);
	stop_task(t[2]);
	return 0;
}
WITH_CLOCK(dump, keeps_a_task_in_its_line_whatever_its_name, dump_odd_names)

static int
dump_spans(void *arg)
{
	static const struct {
		int64_t seconds;
		const char *text;
	} span[] = {
		{99, "99.000s"},	 {100, "1m40s"},     {3599, "59m59s"},
		{3600, "1h00m"},	 {359999, "99h59m"}, {360000, "4d"},
		{9000000000, "104166d"},
	};
	int64_t when = in(INT64_C(9100000000) * PLX_SECOND);
	int64_t start = in(0);
	plx_task *t;

	(void)arg;
	plx_spawn_named(NULL, "long", "f.c", 1, sleeper, &when, &t);
	plx_checkpoint();
	for (size_t i = 0; i < sizeof(span) / sizeof(span[0]); i++) {
		support_sys.now = start + span[i].seconds * PLX_SECOND;
		dump(plx_self_loop());
		EXPECT_IN("long", span[i].text);
	}
	EXPECT_IN("long", "104166d 1157d ");
	cr_expect_eq(stop_task(t), -ECANCELED);
	return 0;
}
WITH_CLOCK(dump, tells_long_times_in_few_characters, dump_spans)

#if defined(__SANITIZE_ADDRESS__) || PLX_HAS_FEATURE(address_sanitizer)
#define SHADOWED 1
#else
#define SHADOWED SUPPORT_TSAN
#endif

/* Of the smallest stack, 16 KiB, what a dump may take. */
#define DUMP_MOST ((size_t)6 << 10)

/* How much of the stack below here a dump to F needs. */
static size_t
measure_dump(FILE *f)
{
	const struct plx_coro *at = plx_self()->at;
	char *here = __builtin_frame_address(0);
	unsigned char *p = (unsigned char *)at->stack;
	size_t room = (size_t)(here - at->stack), i = 0;

	memset(p, 0xa5, room - 1024);
	cr_expect_eq(plx_dump(plx_self_loop(), f), 1);
	while (i < room && p[i] == 0xa5)
		i++;
	return room - i;
}

static int
dump_unbuffered(void *arg)
{
	FILE *f = fopen("/dev/null", "w");
	size_t used;

	(void)arg;
	setvbuf(f, NULL, _IONBF, 0);
	used = measure_dump(f);
	cr_expect_lt(used, DUMP_MOST, "%zu bytes", used);
	fclose(f);
	return 0;
}

Test(dump, to_an_unbuffered_stream_fits_the_smallest_stack)
{
	if (SHADOWED || RUNNING_ON_VALGRIND)
		cr_skip_test("frames are larger, or not to be looked into");
	cr_expect_eq(plx_run(NULL, dump_unbuffered, NULL), 0);
}
