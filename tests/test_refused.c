/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_refused.c: what is asked of nothing, outside a task or of another
 * task's is refused with the error that the manual names, and changes nothing.
 *
 * Most calls have this beside their own tests; here is the rest, since every
 * one needs the same three lines around it.
 */
#include <config.h>
#include <limits.h>
#include <pollux/await.h>
#include <pollux/channel.h>
#include <pollux/gen.h>
#include <pollux/hibernate.h>
#include <pollux/process.h>
#include <pollux/queue.h>
#include "task_common.h"

static void
do_nothing(void *arg)
{
	(void)arg;
}

Test(refused, what_needs_a_task_and_has_none)
{
	plx_nursery *n = NULL;
	struct plx_scope s = {.deadline = PLX_NEVER};
	struct plx_hibernation h = {.fn = NULL};

	cr_expect_eq(plx_nursery_open(NULL, &n), -EPERM);
	cr_expect_null(n);
	cr_expect_eq(plx_nursery_close(&n, 0), -EPERM);
	cr_expect_eq(plx_nursery_room(n, 0), -EPERM);
	cr_expect_eq(plx_nursery_live(NULL), 0);
	plx_nursery_cancel(NULL);
	cr_expect_eq(plx_scope_shield(&s, PLX_NEVER, -1), -EPERM);
	cr_expect_eq(plx_scope_leave(&s, 0), -EPERM);
	cr_expect_eq(plx_undefer(do_nothing, NULL, 0), -EPERM);
	cr_expect_eq(plx_hibernate(&h, NULL, 0, sleep_for_ever, NULL), -EPERM);
	cr_expect_eq(plx_checkpoint(), -EPERM);
}

Test(refused, what_is_asked_of_nothing)
{
	struct plx_awaitable none = {.ops = NULL};
	struct plx_queue_node node = {.queue = NULL}, *got = &node;
	struct plx_queue q;

	plx_queue_init(&q);
	cr_expect_eq(plx_queue_try_get(NULL, &got), -EINVAL);
	cr_expect_eq(plx_queue_try_get(&q, NULL), -EINVAL);
	cr_expect_eq(plx_queue_remove(NULL, &node), -EINVAL);
	cr_expect_eq(plx_queue_remove(&q, NULL), -EINVAL);
	cr_expect_eq(got, &node);
	cr_expect_eq(plx_channel_capacity(NULL), 0);
	cr_expect_eq(plx_channel_is_closed(NULL), 0);
	cr_expect_eq(plx_scope_status(NULL), 0);
	cr_expect_eq(plx_scope_set_deadline(NULL, 0), 0);
	cr_expect_eq(plx_awaitable_result(NULL), -EINVAL);
	cr_expect_eq(plx_awaitable_result(&none), -EINVAL);
	cr_expect_eq(plx_awaitable_ready(NULL), 0);
	plx_scope_cancel(NULL);
	plx_detach(NULL);
}

static int
ask_for_nothing(void *arg)
{
	static const struct plx_awaitable_ops no_result = {.kind = "mute"};
	struct plx_awaitable mute = {.ops = &no_result};
	const struct plx_nursery_options odd = {.policy = (enum plx_policy)9};
	struct plx_process_awaitable process;
	struct plx_process ended = {.child = NULL};
	struct plx_queue_awaitable w;
	struct plx_fd_awaitable f;
	struct plx_queue q;
	plx_nursery *n = NULL;
	int status;

	(void)arg;
	plx_queue_init(&q);
	cr_expect_eq(plx_nursery_open(&odd, &n), -EINVAL);
	cr_expect_eq(plx_nursery_close(NULL, 0), -EINVAL);
	cr_expect_eq(plx_nursery_room(NULL, 0), -EINVAL);
	cr_expect_eq(plx_scope_shield(NULL, PLX_NEVER, -1), -EINVAL);
	cr_expect_eq(plx_spawn(NULL, NULL, NULL, NULL), -EINVAL);
	cr_expect_eq(plx_await(plx_queue_get_awaitable(&w, NULL, NULL), 0),
		     -EINVAL);
	cr_expect_eq(plx_await(plx_queue_get_awaitable(&w, &q, NULL), 0),
		     -EINVAL);
	cr_expect_eq(plx_await(plx_queue_join_awaitable(&w, NULL), 0), -EINVAL);
	cr_expect_eq(
		plx_await(plx_process_awaitable(&process, NULL, &status), 0),
		-EINVAL);
	cr_expect_eq(plx_process_wait(&ended, &status, 0), -EINVAL);
	cr_expect_eq(plx_awaitable_result(&mute), -EINVAL);
	cr_expect_eq(plx_await_fd(-1, PLX_READ, PLX_NEVER), -EBADF);
	cr_expect_eq(plx_await(plx_fd_awaitable(&f, -1, PLX_READ), PLX_NEVER),
		     -EBADF);
	return 0;
}
IN_A_TASK(refused, what_a_task_asks_of_nothing, ask_for_nothing)

static void
count_call(void *arg)
{
	++*(int *)arg;
}

static int
undefer_wrongly(void *arg)
{
	int calls = 0;

	(void)arg;
	cr_expect_eq(plx_defer(do_nothing, &calls), 0);
	cr_expect_eq(plx_defer(count_call, &calls), 0);
	cr_expect_eq(plx_undefer(do_nothing, NULL, 1), -ENOENT);
	cr_expect_eq(plx_undefer(count_call, NULL, 1), -ENOENT);
	cr_expect_eq(plx_undefer(do_nothing, &calls, 1), 0);
	cr_expect_eq(calls, 0);
	cr_expect_eq(plx_undefer(count_call, &calls, 1), 0);
	cr_expect_eq(calls, 1);
	return 0;
}
IN_A_TASK(refused, to_take_back_what_was_not_deferred, undefer_wrongly)

static int
hibernate_wrongly(void *arg)
{
	struct plx_hibernation h = {.fn = NULL};
	plx_nursery *n = NULL;
	int fd[2];

	(void)arg;
	support_unix_pair(fd);
	cr_expect_eq(plx_hibernate(NULL, NULL, fd[0], sleep_for_ever, NULL),
		     -EINVAL);
	cr_expect_eq(plx_hibernate(&h, NULL, fd[0], NULL, NULL), -EINVAL);
	cr_expect_eq(plx_nursery_open(NULL, &n), 0);
	cr_expect_eq(plx_hibernate(&h, n, fd[0], sleep_for_ever, NULL), 0);
	cr_expect_eq(plx_nursery_live(n), 1);
	cr_expect_eq(plx_hibernate_wake(&h, 1), -EINVAL);
	cr_expect_eq(plx_hibernate_wake(&h, SHRT_MIN - 1), -EINVAL);
	cr_expect_eq(plx_hibernate_cancel(&h), 0, "it sleeps all the same");
	cr_expect_eq(plx_nursery_close(&n, 0), 0);
	plx_close(fd[0]);
	plx_close(fd[1]);
	return 0;
}
IN_A_TASK(refused, hibernations_of_nothing, hibernate_wrongly)

struct owned {
	plx_nursery *nursery;
	struct plx_scope scope;
};

static int
meddle(void *arg)
{
	struct owned *o = arg;

	cr_expect_eq(plx_nursery_close(&o->nursery, 0), -EINVAL);
	cr_expect_not_null(o->nursery);
	cr_expect_eq(plx_scope_leave(&o->scope, 0), -EINVAL);
	return 0;
}

static int
own(void *arg)
{
	struct owned o = {.nursery = NULL};
	plx_task *t = NULL;
	int r = -1;

	(void)arg;
	plx_scope_enter(&o.scope, PLX_NEVER);
	cr_expect_eq(plx_nursery_open(NULL, &o.nursery), 0);
	cr_expect_eq(plx_spawn(NULL, meddle, &o, &t), 0);
	cr_expect_eq(plx_join(t, &r, PLX_NEVER), 0);
	cr_expect_eq(r, 0);
	cr_expect_eq(plx_nursery_live(NULL), 1, "of the root there is this");
	cr_expect_eq(plx_nursery_close(&o.nursery, 3), 3);
	cr_expect_eq(plx_scope_leave(&o.scope, 4), 4);
	return 0;
}
IN_A_TASK(refused, another_task_s_nursery_and_scope, own)

struct pair {
	plx_task *joined, *joiner;
};

static int
return_later(void *arg)
{
	let_run(3);
	return *(const int *)arg;
}

static int
join_it(void *arg)
{
	struct pair *p = arg;
	int r = 0;

	cr_expect_eq(plx_join(p->joined, &r, PLX_NEVER), 0);
	return r;
}

static int
detach_joined(void *arg)
{
	struct pair p = {.joined = NULL};
	int five = 5, r = -1;

	(void)arg;
	cr_expect_eq(plx_spawn(NULL, return_later, &five, &p.joined), 0);
	cr_expect_eq(plx_spawn(NULL, join_it, &p, &p.joiner), 0);
	let_run(1);
	plx_detach(p.joined);
	cr_expect_eq(plx_join(p.joiner, &r, PLX_NEVER), 0);
	cr_expect_eq(r, 5, "who joins it gets it");
	return 0;
}
IN_A_TASK(refused, to_detach_a_task_that_is_joined, detach_joined)

/* Another run, from a callback of the first one's loop. */
static struct {
	plx_loop *loop;
	plx_nursery *nursery;
	plx_task *task;
	int done;
} first;

static int
meddle_from_afar(void *arg)
{
	struct plx_hibernation h = {.fn = NULL};
	struct plx_stats stats = {.spawned = 0};

	(void)arg;
	cr_expect_eq(plx_stats(first.loop, &stats), 0);
	cr_expect_geq(stats.spawned, 1, "it may look, though");
	cr_expect_eq(plx_spawn(first.nursery, sleep_for_ever, NULL, NULL),
		     -EINVAL);
	cr_expect_eq(plx_hibernate(&h, first.nursery, 0, sleep_for_ever, NULL),
		     -EINVAL);
	cr_expect_eq(plx_join(first.task, NULL, 0), -EINVAL);
	first.done++;
	return 0;
}

static void
run_another(void *arg)
{
	const struct plx_run_options o = {.sys = &support_sys.sys};

	(void)arg;
	cr_expect_eq(plx_defer(do_nothing, NULL), -EPERM, "it is no task");
	cr_expect_eq(plx_run(&o, meddle_from_afar, NULL), 0);
}

static int
run_two(void *arg)
{
	static struct plx_call call;

	(void)arg;
	first.loop = plx_self_loop();
	cr_expect_eq(plx_nursery_open(NULL, &first.nursery), 0);
	cr_expect_eq(plx_spawn(NULL, sleep_for_ever, NULL, &first.task), 0);
	cr_expect_eq(plx_loop_call_soon(first.loop, &call, run_another, NULL),
		     0);
	while (!first.done)
		plx_checkpoint();
	cr_expect_eq(plx_nursery_live(first.nursery), 0);
	cr_expect_eq(plx_nursery_close(&first.nursery, 0), 0);
	cr_expect_eq(stop_task(first.task), -ECANCELED);
	return 0;
}
IN_A_TASK(refused, what_belongs_to_another_run, run_two)

static int
wait_for_idle(void *arg)
{
	struct plx_queue_node node = {.queue = NULL}, *got = NULL;
	struct plx_queue_awaitable w;
	struct plx_queue q;

	(void)arg;
	plx_queue_init(&q);
	cr_expect_eq(plx_await(plx_queue_join_awaitable(&w, &q), 0), 0,
		     "it is idle, so there is nothing to wait for");
	cr_expect_eq(plx_queue_put(&q, &node), 0);
	cr_expect_eq(plx_await(plx_queue_get_awaitable(&w, &q, &got), 0), 1);
	cr_expect_eq(got, &node);
	cr_expect_eq(plx_queue_done(&q), 0);
	return 0;
}
IN_A_TASK(refused, no_wait_for_what_is_so_already, wait_for_idle)

static struct late {
	plx_nursery *nursery;
	struct plx_hibernation h;
	int fd[2], result;
} late;

static void
hibernate_late(void *arg)
{
	(void)arg;
	late.result = plx_hibernate(&late.h, late.nursery, late.fd[0],
				    sleep_for_ever, NULL);
}

/* It closes already, and would wait for ever for one more. */
static int
hibernate_in_what_closes(void *arg)
{
	(void)arg;
	support_unix_pair(late.fd);
	late.result = 1;
	cr_expect_eq(plx_nursery_open(NULL, &late.nursery), 0);
	cr_expect_eq(plx_defer(hibernate_late, NULL), 0);
	cr_expect_eq(plx_nursery_close(&late.nursery, 0), 0);
	cr_expect_eq(late.result, -EINVAL, "%d", late.result);
	close(late.fd[0]);
	close(late.fd[1]);
	return 0;
}
IN_A_TASK(refused, to_hibernate_in_a_nursery_that_closes,
	  hibernate_in_what_closes)
