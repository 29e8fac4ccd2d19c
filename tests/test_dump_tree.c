/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_dump_tree.c: nurseries, scopes and deadlines in the table of tasks.
 */
#include <config.h>
#include "dump_common.h"
#include <pollux/gen.h>

/* Depth of the nurseries in one test; ThreadSanitizer knows few stacks. */
#define DEEP (SUPPORT_TSAN ? 500 : 3000)

static void
spawn_sleeper(plx_nursery *n, const char *name)
{
	int r = plx_spawn_named(n, name, "f.c", 1, sleep_for_ever, NULL, NULL);

	cr_expect_eq(r, 0);
}

/* Two nurseries of one task, of which ARG says the names of four tasks. */
static int
keep_four(void *arg)
{
	const char *const *names = arg;
	plx_nursery *outer, *inner;
	int r;

	plx_nursery_open(NULL, &outer);
	spawn_sleeper(outer, names[0]);
	spawn_sleeper(outer, names[1]);
	plx_nursery_open(NULL, &inner);
	spawn_sleeper(inner, names[2]);
	spawn_sleeper(inner, names[3]);
	r = plx_nursery_close(&inner, 0);
	return plx_nursery_close(&outer, r);
}

static int
dump_tree(void *arg)
{
	static const char *names[4] = {"a", "b", "c", "d"};
	plx_nursery *empty, *n;

	(void)arg;
	plx_nursery_open(NULL, &empty);
	plx_nursery_open(NULL, &n);
	plx_spawn_named(n, "four", "f.c", 2, keep_four, names, NULL);
	spawn_sleeper(n, "beside");
	spawn_sleeper(NULL, "root");
	plx_sleep(PLX_SECOND);
	cr_expect_eq(dump(plx_self_loop()), 8);
	expect_row(1, (struct row){"main", "running", "-", "-", "-", "2",
				   "plx_run"});
	expect_row(2, (struct row){"  #2 four", "waiting", "end of 2 tasks",
				   "1.000s", "-", "2", "f.c:2"});
	expect_row(3, (struct row){"    a", "waiting", "sleep", "1.000s", "-",
				   "-", "f.c:1"});
	expect_row(4, (struct row){"    b", "waiting", "sleep", "1.000s", "-",
				   "-", "f.c:1"});
	expect_row(5, (struct row){"    #2 c", "waiting", "sleep", "1.000s",
				   "-", "-", "f.c:1"});
	expect_row(6, (struct row){"    #2 d", "waiting", "sleep", "1.000s",
				   "-", "-", "f.c:1"});
	expect_row(7, (struct row){"  #2 beside", "waiting", "sleep", "1.000s",
				   "-", "-", "f.c:1"});
	expect_row(8, (struct row){"root", "waiting", "sleep", "1.000s", "-",
				   "-", "f.c:1"});
	plx_nursery_cancel(n);
	cr_expect_eq(plx_nursery_close(&n, 0), 0);
	cr_expect_eq(plx_nursery_close(&empty, 0), 0);
	plx_nursery_cancel(NULL);
	return 0;
}
WITH_CLOCK(dump_tree, tasks_stand_below_the_one_that_keeps_them, dump_tree)

static int
nest(void *arg)
{
	int *left = arg;
	plx_nursery *n;

	if (--*left == 0)
		return dump(plx_self_loop());
	plx_nursery_open(NULL, &n);
	plx_spawn(n, nest, left, NULL);
	return plx_nursery_close(&n, 0);
}

static int
dump_deep(void *arg)
{
	int left = DEEP;
	unsigned long clock;
	char line[256], name[32];

	(void)arg;
	clock = support_calls(&support_sys, SUPPORT_CLOCK);
	cr_expect_eq(dump(plx_self_loop()), 1);
	cr_expect_eq(support_calls(&support_sys, SUPPORT_CLOCK) - clock, 1);
	cr_expect_eq(nest(&left), 0);
	clock = support_calls(&support_sys, SUPPORT_CLOCK);
	cr_expect(take_line(DEEP, line, sizeof(line)));
	snprintf(name, sizeof(name), "          %d> nest", DEEP - 1);
	cr_expect_eq(strncmp(line, name, strlen(name)), 0, "%s", line);
	cr_expect(strstr(line, "running"));
	cr_expect(take_line(DEEP + 1, line, sizeof(line)), "the counters");
	cr_expect(!take_line(DEEP + 2, line, sizeof(line)));
	return 0;
}
IN_A_TASK(dump_tree, thousands_of_nurseries_deep, dump_deep)

/* Sleeps for longer than its outer scope allows, in an inner one. */
static int
sleep_in_scopes(void *arg)
{
	struct plx_scope outer, inner;
	int r;

	plx_scope_enter(&outer, in(4 * PLX_SECOND));
	plx_scope_enter(&inner, in(6 * PLX_SECOND));
	r = plx_sleep(*(const int64_t *)arg);
	r = plx_scope_leave(&inner, r);
	return plx_scope_leave(&outer, r);
}

/* The same, with a shield between. */
static int
sleep_behind_shield(void *arg)
{
	struct plx_scope outer, shield;
	int r;

	plx_scope_enter(&outer, in(2 * PLX_SECOND));
	plx_scope_shield(&shield, in(6 * PLX_SECOND), 3 * PLX_SECOND);
	r = plx_sleep(*(const int64_t *)arg);
	r = plx_scope_leave(&shield, r);
	return plx_scope_leave(&outer, r);
}

static void
spawn_four(plx_nursery *n, const int64_t span[2])
{
	plx_spawn_named(n, "own", "f.c", 1, sleep_in_scopes, (void *)&span[0],
			NULL);
	plx_spawn_named(n, "scope", "f.c", 2, sleep_in_scopes, (void *)&span[1],
			NULL);
	plx_spawn_named(n, "shield", "f.c", 3, sleep_behind_shield,
			(void *)&span[1], NULL);
	spawn_sleeper(n, "up");
}

static int
dump_deadlines(void *arg)
{
	int64_t span[2] = {3 * PLX_SECOND, 100 * PLX_SECOND};
	plx_nursery *n;

	(void)arg;
	plx_nursery_open(NULL, &n);
	spawn_four(n, span);
	plx_sleep(PLX_SECOND);
	cr_expect_eq(dump(plx_self_loop()), 5);
	expect_row(2, (struct row){"  own", "waiting", "sleep", "1.000s",
				   "2.000s", "2", NULL});
	expect_row(3, (struct row){"  scope", "waiting", "sleep", "1.000s",
				   "3.000s s1", "2", NULL});
	expect_row(4, (struct row){"  shield", "waiting", "sleep", "1.000s",
				   "5.000s s2", "2 shielded", NULL});
	expect_row(5, (struct row){"  up", "waiting", "sleep", "1.000s", "-",
				   "-", NULL});
	plx_sleep(3 * PLX_SECOND / 2);
	dump(plx_self_loop());
	expect_row(4, (struct row){"  shield", "waiting", "sleep", "2.500s",
				   "2.500s s2", "2 grace", NULL});
	plx_nursery_cancel(n);
	return plx_nursery_close(&n, 0);
}
WITH_CLOCK(dump_tree, tells_whose_deadline_comes_first, dump_deadlines)

static int
close_at_once(void *arg)
{
	const int64_t *span = arg;
	plx_nursery *n;

	plx_nursery_open(NULL, &n);
	spawn_four(n, span);
	return plx_nursery_close(&n, 0);
}

/* All of it within a scope that ends before all but one. */
static int
dump_inherited(void *arg)
{
	int64_t span[2] = {2 * PLX_SECOND, 100 * PLX_SECOND};
	struct plx_scope scope;
	plx_nursery *n;

	(void)arg;
	plx_scope_enter(&scope, in(3 * PLX_SECOND));
	plx_nursery_open(NULL, &n);
	plx_spawn_named(n, "closer", "f.c", 1, close_at_once, span, NULL);
	plx_sleep(PLX_SECOND);
	cr_expect_eq(dump(plx_self_loop()), 6);
	expect_row(1,
		   (struct row){"main", "running", "-", "-", "-", "2", NULL});
	expect_row(2, (struct row){"  closer", "waiting", "end of 4 tasks",
				   "1.000s", "2.000s up", "1", NULL});
	expect_row(3, (struct row){"    own", "waiting", "sleep", "1.000s",
				   "1.000s", "2", NULL});
	expect_row(4, (struct row){"    scope", "waiting", "sleep", "1.000s",
				   "2.000s up", "2", NULL});
	expect_row(5, (struct row){"    shield", "waiting", "sleep", "1.000s",
				   "5.000s s2", "2 shielded", NULL});
	expect_row(6, (struct row){"    up", "waiting", "sleep", "1.000s",
				   "2.000s up", "-", NULL});
	plx_scope_cancel(&scope);
	return plx_scope_leave(&scope, plx_nursery_close(&n, 0));
}
WITH_CLOCK(dump_tree, a_scope_around_a_nursery_ends_waits_in_it, dump_inherited)

/* Cannot be cancelled while its own task refuses to end. */
static int
refuse_to_end(void *arg)
{
	struct plx_scope shield;

	plx_scope_shield(&shield, PLX_NEVER, PLX_NEVER);
	plx_sleep(*(const int64_t *)arg);
	return plx_scope_leave(&shield, 0);
}

static int
keep_one(void *arg)
{
	struct plx_scope scope;
	plx_nursery *n;
	int r;

	plx_scope_enter(&scope, in(2 * PLX_SECOND));
	plx_nursery_open(NULL, &n);
	plx_spawn_named(n, "deaf", "f.c", 9, refuse_to_end, arg, NULL);
	r = plx_nursery_close(&n, 0);
	cr_expect_eq(r, 0);
	r = plx_scope_leave(&scope, -ECANCELED);
	return r == -ETIMEDOUT ? 0 : r;
}

static int
dump_conditions(void *arg)
{
	int64_t span = 5 * PLX_SECOND;
	plx_task *c, *e;

	(void)arg;
	plx_spawn_named(NULL, "cancel", "f.c", 1, keep_one, &span, &c);
	plx_spawn_named(NULL, "expire", "f.c", 2, keep_one, &span, &e);
	plx_sleep(PLX_SECOND);
	plx_cancel(c);
	plx_sleep(2 * PLX_SECOND);
	cr_expect_eq(dump(plx_self_loop()), 5);
	expect_row(2, (struct row){"cancel", "waiting", "end of 1 task",
				   "3.000s", "-", "2 cancelled", NULL});
	expect_row(3, (struct row){"  deaf", "waiting", "sleep", "3.000s",
				   "2.000s", "1 shielded", NULL});
	expect_row(4, (struct row){"expire", "waiting", "end of 1 task",
				   "3.000s", "-", "2 expired", NULL});
	expect_row(5, (struct row){"  deaf", "waiting", "sleep", "3.000s",
				   "2.000s", "1 shielded", NULL});
	plx_join(c, NULL, PLX_NEVER);
	return plx_join(e, NULL, PLX_NEVER);
}
WITH_CLOCK(dump_tree, tells_why_waits_fail, dump_conditions)

/* Two nurseries and a scope, left by returning.  The inner one's task keeps the
   outer one from being cancelled yet. */
static int
leave_open(void *arg)
{
	static struct plx_scope scope;
	plx_nursery *outer, *inner;

	plx_scope_enter(&scope, in(PLX_SECOND));
	plx_nursery_open(NULL, &outer);
	plx_nursery_open(NULL, &inner);
	spawn_sleeper(outer, "outer");
	plx_spawn_named(inner, "inner", "f.c", 2, refuse_to_end, arg, NULL);
	return plx_checkpoint();
}

static struct plx_scope *in_static_scope;

static int
enter_and_sleep(void *arg)
{
	static struct plx_scope scope;
	int r;

	in_static_scope = &scope;
	plx_scope_enter(&scope, in(3 * PLX_SECOND));
	r = plx_sleep(*(const int64_t *)arg);
	return plx_scope_leave(&scope, r);
}

/* Another's scope is overwritten as if its function had returned. */
static void
dump_overwritten(plx_loop *loop)
{
	struct plx_scope saved = *in_static_scope;

	memset(in_static_scope, 0xa5, sizeof(saved));
	cr_expect_eq(dump(loop), 5);
	*in_static_scope = saved;
}

static int
dump_returned(void *arg)
{
	int64_t span = 5 * PLX_SECOND, short_span = 5 * PLX_SECOND / 2;
	int result = 0;
	plx_task *t;

	(void)arg;
	plx_spawn_named(NULL, "gone", "f.c", 3, leave_open, &span, &t);
	plx_spawn_named(NULL, "over", "f.c", 4, enter_and_sleep, &short_span,
			NULL);
	plx_sleep(2 * PLX_SECOND);
	dump_overwritten(plx_self_loop());
	expect_row(2, (struct row){"gone", "waiting", "end of 1 task", "2.000s",
				   "-", "-", NULL});
	expect_row(3, (struct row){"  outer", "waiting", "sleep", "2.000s", "-",
				   "-", NULL});
	expect_row(4, (struct row){"  #2 inner", "waiting", "sleep", "2.000s",
				   "3.000s", "1 shielded", NULL});
	expect_row(5, (struct row){"over", "waiting", "sleep", "2.000s",
				   "0.500s", "1", NULL});
	plx_join(t, &result, PLX_NEVER);
	cr_expect_eq(result, -EPROTO);
	return 0;
}

Test(dump_tree, scopes_that_are_gone_are_not_looked_at)
{
	cr_expect_eq(run_timed(dump_returned, NULL), -EPROTO);
}

static int
await_in_body(void *arg)
{
	(void)arg;
	return plx_sleep(PLX_SECOND);
}

static int
run_generator(void *arg)
{
	plx_gen *g;

	(void)arg;
	cr_expect_eq(plx_gen_new(await_in_body, NULL, &g), 0);
	cr_expect_eq(plx_gen_next(g, NULL), 0);
	plx_gen_free(&g);
	return 0;
}

static int
dump_generator(void *arg)
{
	plx_task *t;

	(void)arg;
	plx_spawn_named(NULL, "gen", "f.c", 1, run_generator, NULL, &t);
	plx_sleep(PLX_SECOND / 2);
	dump(plx_self_loop());
	expect_row(2, (struct row){"gen", "waiting", "sleep", "0.500s",
				   "0.500s", "-", "f.c:1"});
	return plx_join(t, NULL, PLX_NEVER);
}
WITH_CLOCK(dump_tree, a_wait_in_a_generator_is_its_tasks, dump_generator)
