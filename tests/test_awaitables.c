/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_awaitables.c: timers and the ends of tasks as awaitables, and all
 * kinds in one wait.  Descriptors have test_await_fd.c.
 */
#include <config.h>
#include <stdlib.h>
#include "task_common.h"

static int seven = 7, eight = 8;

static int
await_time(void *arg)
{
	struct plx_timer_awaitable t;
	struct plx_awaitable *a = plx_timer_awaitable(&t, in(3 * PLX_SECOND));
	int64_t start = in(0);

	(void)arg;
	cr_expect_eq(plx_await(a, in(PLX_SECOND)), -ETIMEDOUT, "not early");
	cr_expect_eq(plx_await(a, 0), -ETIMEDOUT);
	cr_expect_eq(plx_await(a, PLX_NEVER), 0);
	cr_expect_eq(in(0), start + 3 * PLX_SECOND);
	cr_expect_eq(plx_await(a, 0), 0, "it has passed");
	cr_expect_eq(plx_await(plx_timer_awaitable(&t, 0), 0), 0);
	cr_expect_eq(in(0), start + 3 * PLX_SECOND);
	plx_timer_awaitable(&t, PLX_NEVER);
	cr_expect_eq(plx_await(&t.base, in(PLX_SECOND)), -ETIMEDOUT);
	return 0;
}
WITH_CLOCK(awaitables, a_timer_is_ready_when_its_time_has_come, await_time)

static int
count_turns(void *arg)
{
	int *turns = arg;

	while (plx_checkpoint() == 0)
		++*turns;
	return 0;
}

static int
await_past(void *arg)
{
	struct plx_timer_awaitable t;
	int turns = 0;
	plx_task *other;

	(void)arg;
	plx_spawn(NULL, count_turns, &turns, &other);
	cr_expect_eq(plx_await(plx_timer_awaitable(&t, in(0)), PLX_NEVER), 0);
	cr_expect_eq(turns, 0);
	return stop_task(other);
}
WITH_CLOCK(awaitables, a_timer_that_has_passed_does_not_park, await_past)

static int
await_as_time_goes_by(void *arg)
{
	struct plx_timer_awaitable t;

	(void)arg;
	plx_timer_awaitable(&t, in(PLX_SECOND));
	cr_expect_eq(plx_await(&t.base, 0), -ETIMEDOUT);
	support_sys.now += PLX_SECOND; /* this turn goes on */
	cr_expect_eq(plx_await(&t.base, 0), 0);
	return 0;
}
WITH_CLOCK(awaitables, a_timer_comes_to_a_task_that_only_looks,
	   await_as_time_goes_by)

static int
first_timer(void *arg)
{
	struct plx_loop_stats before, after;
	struct plx_timer_awaitable t[3];
	struct plx_awaitable *list[3];
	int64_t start = in(0);

	(void)arg;
	for (int i = 0; i < 3; i++)
		list[i] = plx_timer_awaitable(&t[i], in((3 - i) * PLX_SECOND));
	plx_loop_stats(plx_self_loop(), &before);
	cr_expect_eq(plx_await_any(list, 3, PLX_NEVER), 2);
	cr_expect_eq(plx_awaitable_result(list[2]), 0);
	cr_expect_eq(in(0), start + PLX_SECOND);
	plx_sleep(10 * PLX_SECOND);
	plx_loop_stats(plx_self_loop(), &after);
	cr_expect_eq(after.calls - before.calls, 2u, "the losers are gone");
	return 0;
}
WITH_CLOCK(awaitables, of_several_timers_the_earliest_wins, first_timer)

static int
time_without_memory(void *arg)
{
	struct plx_timer_awaitable t;

	(void)arg;
	plx_timer_awaitable(&t, in(PLX_SECOND));
	support_sys.fails = SUPPORT_RESIZE;
	support_sys.fail_with = ENOMEM;
	support_sys.fail_at = 1;
	cr_expect_eq(plx_await(&t.base, PLX_NEVER), -ENOMEM);
	support_sys.fail_at = 0;
	cr_expect_eq(plx_await(&t.base, PLX_NEVER), 0);
	return 0;
}
WITH_CLOCK(awaitables, a_timer_without_memory_is_refused, time_without_memory)

static int
join_first(void *arg)
{
	struct plx_join_awaitable j[3];
	struct plx_awaitable *list[3];
	plx_task *t[3];
	int result = 0;

	(void)arg;
	for (int i = 0; i < 3; i++) {
		plx_spawn(NULL, i == 1 ? return_arg : sleep_for_ever, &seven,
			  &t[i]);
		list[i] = plx_join_awaitable(&j[i], t[i]);
	}
	cr_expect_eq(plx_await_any(list, 3, 0), -ETIMEDOUT, "silence first");
	cr_expect_eq(plx_await_any(list, 3, PLX_NEVER), 1);
	cr_expect_eq(plx_awaitable_result(list[1]), 7);
	cr_expect_eq(plx_join(t[1], &result, 0), 0, "the handle has stayed");
	cr_expect_eq(result, 7);
	cr_expect_eq(stop_task(t[0]), -ECANCELED, "and the losers'");
	plx_cancel(t[2]);
	plx_detach(t[2]);
	return 0;
}
IN_A_TASK(awaitables, the_first_task_that_ends_is_told_with_its_result,
	  join_first)

static int
join_ended(void *arg)
{
	struct plx_join_awaitable j;
	plx_task *t;

	(void)arg;
	plx_spawn(NULL, return_arg, &seven, &t);
	plx_checkpoint();
	cr_expect_eq(plx_await(plx_join_awaitable(&j, t), 0), 7);
	cr_expect_eq(plx_await(plx_join_awaitable(&j, t), PLX_NEVER), 7);
	plx_detach(t);
	return 0;
}
IN_A_TASK(awaitables, a_task_that_has_ended_can_be_asked_again, join_ended)

static int
join_wrongly(void *arg)
{
	struct plx_join_awaitable j;

	(void)arg;
	plx_join_awaitable(&j, plx_self());
	cr_expect_eq(plx_await(&j.base, PLX_NEVER), -EDEADLK);
	plx_join_awaitable(&j, NULL);
	cr_expect_eq(plx_await(&j.base, PLX_NEVER), -EINVAL);
	return 0;
}
IN_A_TASK(awaitables, a_join_that_makes_no_sense_is_an_error, join_wrongly)

static int
await_end(void *task)
{
	struct plx_join_awaitable j;

	return plx_await(plx_join_awaitable(&j, task), PLX_NEVER);
}

static int
join_plainly(void *task)
{
	int result = -1;
	int r = plx_join(task, &result, PLX_NEVER);

	return r < 0 ? r : result;
}

static int
join_beside(void *arg)
{
	plx_task *t, *joiner;

	(void)arg;
	plx_spawn(NULL, sleep_for_ever, NULL, &t);
	plx_spawn(NULL, await_end, t, &joiner);
	plx_checkpoint();
	cr_expect_eq(await_end(t), -EBUSY);
	cr_expect_eq(join_plainly(t), -EBUSY);
	plx_detach(t);
	cr_expect_eq(stop_task(joiner), -ECANCELED);
	plx_spawn(NULL, join_plainly, t, &joiner);
	plx_checkpoint();
	cr_expect_eq(await_end(t), -EBUSY, "the detach did nothing");
	plx_cancel(t);
	cr_expect_eq(join_plainly(joiner), -ECANCELED);
	return 0;
}
IN_A_TASK(awaitables, one_task_at_a_time_waits_for_an_end, join_beside)

/* T ends in this turn, JOINER goes on in the next, the caller is between. */
static int
join_in_between(void *arg)
{
	plx_task *t, *joiner;
	int result = 0;

	(void)arg;
	plx_spawn(NULL, return_arg, &seven, &t);
	plx_spawn(NULL, await_end, t, &joiner);
	plx_checkpoint();
	plx_detach(joiner);
	plx_spawn(NULL, return_arg, &eight, &t);
	plx_spawn(NULL, await_end, t, &joiner);
	plx_checkpoint();
	cr_expect_eq(join_plainly(t), 8);
	cr_expect_eq(join_plainly(joiner), 8);
	plx_spawn(NULL, sleep_for_ever, NULL, &t);
	plx_spawn(NULL, await_end, t, &joiner);
	plx_checkpoint();
	plx_cancel(t);
	plx_checkpoint();
	cr_expect_eq(plx_join(joiner, NULL, 0), -ETIMEDOUT, "not yet on");
	cr_expect_eq(plx_join(t, &result, 0), 0);
	cr_expect_eq(result, -ECANCELED);
	cr_expect_eq(join_plainly(joiner), -ECANCELED, "told although freed");
	return 0;
}
IN_A_TASK(awaitables, a_task_may_be_freed_before_the_winner_goes_on,
	  join_in_between)

static int
join_in_turn(void *arg)
{
	plx_task *t, *joiner;

	(void)arg;
	plx_spawn(NULL, sleep_for_ever, NULL, &t);
	plx_spawn(NULL, join_plainly, t, &joiner);
	plx_checkpoint();
	plx_cancel(t);
	plx_checkpoint();
	cr_expect_eq(plx_join(joiner, NULL, 0), -ETIMEDOUT, "not yet on");
	cr_expect_eq(plx_join(t, NULL, 0), -EBUSY, "it is the joiner's");
	cr_expect_eq(join_plainly(joiner), -ECANCELED);
	return 0;
}
IN_A_TASK(awaitables, an_ended_task_is_kept_for_its_joiner, join_in_turn)

struct kinds {
	int fd;
	plx_task *task;
};

/* Waits for one of each kind. */
static int
await_all_kinds(void *arg)
{
	const struct kinds *k = arg;
	struct plx_timer_awaitable t;
	struct plx_join_awaitable j;
	struct plx_fd_awaitable f;
	struct plx_awaitable *const list[3] = {
		plx_fd_awaitable(&f, k->fd, PLX_READ),
		plx_timer_awaitable(&t, in(PLX_SECOND)),
		plx_join_awaitable(&j, k->task),
	};
	int i = plx_await_any(list, 3, PLX_NEVER);

	return i < 0 ? i : 10 * i + plx_awaitable_result(list[i]);
}

static int
mix(void *arg)
{
	struct kinds k;
	int fd[2];
	plx_task *t;

	(void)arg;
	support_unix_pair(fd);
	k.fd = fd[0];
	plx_spawn(NULL, sleep_for_ever, NULL, &k.task);
	plx_spawn(NULL, await_all_kinds, &k, &t);
	plx_checkpoint();
	cr_expect_eq(stop_task(t), -ECANCELED, "a cancel takes all back");
	cr_expect_eq(await_all_kinds(&k), 10);
	cr_expect_eq(write(fd[1], "x", 1), 1);
	cr_expect_eq(await_all_kinds(&k), PLX_READ);
	support_drain(fd[0]);
	plx_cancel(k.task);
	cr_expect_eq(await_all_kinds(&k), 20 - ECANCELED);
	cr_expect_eq(stop_task(k.task), -ECANCELED);
	plx_close(fd[0]);
	close(fd[1]);
	return 0;
}
WITH_CLOCK(awaitables, one_wait_takes_all_kinds, mix)

static int
dump_kinds(void *arg)
{
	struct kinds k;
	char *text = NULL;
	size_t size;
	FILE *f;
	int fd[2];
	plx_task *t;

	(void)arg;
	support_unix_pair(fd);
	k.fd = fd[0];
	plx_spawn(NULL, sleep_for_ever, NULL, &k.task);
	plx_spawn(NULL, await_all_kinds, &k, &t);
	plx_spawn(NULL, await_end, t, NULL);
	plx_checkpoint();
	f = open_memstream(&text, &size);
	plx_dump(plx_self_loop(), f);
	fclose(f);
	cr_expect_not_null(strstr(text, "first of 3: readable f"), "%s", text);
	cr_expect_not_null(strstr(text, "join await_all_kinds"), "%s", text);
	free(text);
	plx_cancel(t);
	plx_cancel(k.task);
	let_run(3);
	plx_detach(t);
	plx_detach(k.task);
	plx_close(fd[0]);
	close(fd[1]);
	return 0;
}
IN_A_TASK(awaitables, the_dump_names_what_is_waited_for, dump_kinds)
