/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * faults_tasks.c: trees of tasks and channels, with all faults.
 *
 * Who is told of an error hands it on, and it becomes the result of the run.  A
 * run that says 0 has done everything.
 */
#include <config.h>
#include <pollux/channel.h>
#include <pollux/queue.h>
#include <pollux/scope.h>
#include <pollux/sync.h>
#include "faults_task.h"

int
faults_run(const char *backend, plx_task_fn *fn)
{
	const struct plx_run_options o = {
		.backend = backend,
		.sys = &support_sys.sys,
	};

	return plx_run(&o, fn, (void *)backend);
}

int64_t
faults_in(int64_t duration)
{
	return support_sys.now + duration;
}

static struct {
	int begun, ended, cleaned;
	int leaves, cancelled, late;
} tree;

static void
clean(void *arg)
{
	(void)arg;
	tree.cleaned++;
}

/* Whatever the faults do, who has begun ends and cleans up. */
static int
enter(void)
{
	int r = plx_defer(clean, NULL);

	if (r == 0)
		tree.begun++;
	return r;
}

static int
leaf(void *arg)
{
	int r = enter();

	if (r == 0)
		r = plx_sleep((intptr_t)arg * PLX_MILLISECOND);
	tree.leaves += r == 0;
	return r;
}

/* Sleeps for ever, until it is cancelled. */
static int
stay(void *arg)
{
	int r = enter();

	(void)arg;
	if (r == 0)
		r = plx_sleep_until(PLX_NEVER);
	tree.cancelled += r == -ECANCELED;
	return r == -ECANCELED ? 0 : r;
}

/* A scope's own deadline is told by it alone. */
static int
be_late(void *arg)
{
	struct plx_scope x;
	int r = enter();

	(void)arg;
	if (r < 0)
		return r;
	plx_scope_enter(&x, faults_in(5 * PLX_MILLISECOND));
	r = plx_sleep(PLX_SECOND);
	r = plx_scope_leave(&x, r);
	tree.late += r == -ETIMEDOUT;
	return r == -ETIMEDOUT ? 0 : r;
}

static int
branch(void *arg)
{
	plx_nursery *n;
	plx_task *t;
	int r = enter();

	(void)arg;
	if (r == 0)
		r = plx_nursery_open(NULL, &n);
	if (r < 0)
		return r;
	for (intptr_t i = 0; r == 0 && i < 3; i++)
		r = plx_spawn(n, leaf, (void *)i, NULL);
	if (r == 0)
		r = plx_spawn(n, be_late, NULL, NULL);
	if (r == 0)
		r = plx_spawn(n, stay, NULL, &t);
	if (r == 0) {
		r = plx_sleep(PLX_MILLISECOND);
		plx_cancel(t);
		if (r == 0)
			r = plx_join(t, NULL, faults_in(PLX_SECOND));
		else
			plx_detach(t);
	}
	return plx_nursery_close(&n, r);
}

static int
grow_tree(void *arg)
{
	plx_nursery *n;
	int r = enter();

	(void)arg;
	if (r == 0)
		r = plx_nursery_open(NULL, &n);
	if (r < 0)
		return r;
	for (int i = 0; r == 0 && i < 2; i++)
		r = plx_spawn(n, branch, NULL, NULL);
	return plx_nursery_close(&n, r);
}

static int
play_tasks(const char *backend)
{
	int r;

	memset(&tree, 0, sizeof(tree));
	r = faults_run(backend, grow_tree);
	if (tree.begun != tree.cleaned)
		faults_finding("%d began, %d cleaned up", tree.begun,
			       tree.cleaned);
	if (r == 0 &&
	    (tree.leaves != 6 || tree.cancelled != 2 || tree.late != 2))
		faults_finding("%d leaves, %d cancelled, %d late", tree.leaves,
			       tree.cancelled, tree.late);
	return r;
}
FAULTS(tasks, .play = play_tasks)

#define ITEMS 12

struct work {
	struct plx_queue_node node;
	int number;
};

static struct {
	plx_channel *narrow, *wide;
	struct plx_queue queue;
	struct plx_lock lock;
	struct work work[ITEMS];
	int sum, sent, done;
} market;

static int
produce(void *arg)
{
	int r = 0, i;

	for (i = 1; r == 0 && i <= ITEMS; i++) {
		r = plx_channel_send(arg, &i, faults_in(PLX_SECOND));
		market.sent += r == 0 ? i : 0;
	}
	plx_channel_close(arg);
	return r;
}

/* Takes from both channels, whichever has something; each ends once. */
static int
consume(void *arg)
{
	plx_channel *c[2] = {market.narrow, market.wide};
	struct plx_channel_awaitable w[2];
	struct plx_awaitable *list[2];
	int item[2], left = 2, r;

	(void)arg;
	while (left > 0) {
		for (int i = 0; i < left; i++)
			list[i] = plx_channel_recv_awaitable(&w[i], c[i],
							     &item[i]);
		r = plx_await_any(list, left, faults_in(PLX_SECOND));
		if (r < 0)
			return r;
		if (plx_awaitable_result(list[r]) > 0) {
			market.sum += item[r];
		} else {
			c[0] = c[1 - r];
			left--;
		}
	}
	return 0;
}

static int
do_work(void *arg)
{
	struct plx_queue_node *n;
	int r;

	(void)arg;
	while ((r = plx_queue_get(&market.queue, &n, faults_in(PLX_SECOND))) >
	       0) {
		r = plx_lock_acquire(&market.lock, faults_in(PLX_SECOND));
		if (r < 0)
			break;
		market.done++;
		r = plx_sleep(PLX_MICROSECOND);
		plx_lock_release(&market.lock);
		plx_queue_done(&market.queue);
		if (r < 0)
			break;
	}
	return r;
}

static int
trade(plx_nursery *n)
{
	int r = plx_spawn(n, produce, market.narrow, NULL);

	if (r == 0)
		r = plx_spawn(n, produce, market.wide, NULL);
	if (r == 0)
		r = plx_spawn(n, consume, NULL, NULL);
	for (int i = 0; r == 0 && i < 2; i++)
		r = plx_spawn(n, do_work, NULL, NULL);
	for (int i = 0; r == 0 && i < ITEMS; i++) {
		market.work[i].number = i;
		plx_queue_put(&market.queue, &market.work[i].node);
	}
	if (r == 0)
		r = plx_queue_join(&market.queue, faults_in(PLX_SECOND));
	plx_queue_close(&market.queue);
	return r;
}

static int
open_market(void *arg)
{
	plx_nursery *n;
	int r = plx_channel_open(sizeof(int), 0, &market.narrow);

	(void)arg;
	if (r == 0)
		r = plx_channel_open(sizeof(int), 3, &market.wide);
	if (r == 0)
		r = plx_nursery_open(NULL, &n);
	if (r == 0)
		r = plx_nursery_close(&n, trade(n));
	plx_channel_free(&market.narrow);
	plx_channel_free(&market.wide);
	return r;
}

static int
play_channels(const char *backend)
{
	int r;

	memset(&market, 0, sizeof(market));
	plx_queue_init(&market.queue);
	r = faults_run(backend, open_market);
	if (r == 0 &&
	    (market.sum != ITEMS * (ITEMS + 1) || market.done != ITEMS))
		faults_finding("%d of %d taken, %d done", market.sum,
			       market.sent, market.done);
	return r;
}
FAULTS(channels, .play = play_channels)
