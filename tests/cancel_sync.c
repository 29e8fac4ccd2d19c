/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cancel_sync.c: cancels at every wait for locks, semaphores, conditions,
 * barriers and events.
 *
 * In the end nobody holds anything and nobody stands in line.
 */
#include <config.h>
#include <pollux/sync.h>
#include "cancel_everywhere.h"

static struct plx_lock lock;
static struct plx_semaphore semaphore;
static struct plx_condition condition;
static struct plx_barrier barrier;
static struct plx_event event;
static int inside, stock;

static void
release_lock(void *arg)
{
	(void)arg;
	inside--;
	cr_expect_eq(plx_lock_release(&lock), 0);
}

static int
hold_lock(void)
{
	int r = plx_lock_acquire(&lock, in(PLX_SECOND));

	if (r < 0)
		return r;
	cr_expect_eq(inside++, 0);
	r = plx_sleep(PLX_MILLISECOND);
	release_lock(NULL);
	return r;
}

static int
hold_permit(void)
{
	int r = plx_semaphore_acquire(&semaphore, in(PLX_SECOND));

	if (r < 0)
		return r;
	r = plx_sleep(PLX_MILLISECOND);
	plx_semaphore_release(&semaphore);
	return r;
}

/* Lock or permit, whichever comes first. */
static int
hold_either(void)
{
	struct plx_sync_awaitable w[2];
	struct plx_awaitable *list[2] = {
		plx_lock_awaitable(&w[0], &lock),
		plx_semaphore_awaitable(&w[1], &semaphore),
	};
	int which = plx_await_any(list, 2, in(PLX_SECOND));
	int r = which < 0 ? which : plx_sleep(PLX_MILLISECOND);

	if (which == 0)
		plx_lock_release(&lock);
	if (which == 1)
		plx_semaphore_release(&semaphore);
	return r;
}

static int
share(void *arg)
{
	int r = 0;

	(void)arg;
	cleans_up();
	for (int i = 0; r == 0 && i < 2; i++) {
		r = hold_lock();
		if (r == 0)
			r = hold_permit();
		if (r == 0)
			r = hold_either();
	}
	return r == -ETIMEDOUT ? 0 : r;
}

static int
spawn_five(plx_task_fn *fn)
{
	plx_nursery *n;

	memset(&lock, 0, sizeof(lock));
	memset(&event, 0, sizeof(event));
	plx_semaphore_init(&semaphore, 2, 2);
	plx_condition_init(&condition, &lock);
	plx_barrier_init(&barrier, 5);
	inside = stock = 0;
	if (plx_nursery_open(NULL, &n) < 0)
		return -ENOMEM;
	for (intptr_t i = 0; i < 5; i++)
		plx_spawn(n, fn, (void *)i, NULL);
	return plx_nursery_close(&n, 0);
}

static void
check_all_free(const char *where)
{
	cr_expect_eq(lock.owner, 0, "%s", where);
	cr_expect_null(lock.line.first, "%s", where);
	cr_expect_eq(inside, 0, "%s", where);
	cr_expect_eq(plx_semaphore_value(&semaphore), 2, "%s: %d", where,
		     plx_semaphore_value(&semaphore));
	cr_expect_null(semaphore.line.first, "%s", where);
	cr_expect_null(condition.line.first, "%s", where);
	cr_expect_null(barrier.line.first, "%s", where);
	cr_expect_eq(barrier.waiting, 0, "%s: %d", where, barrier.waiting);
	cr_expect_null(event.line.first, "%s", where);
}

static int
share_among_five(void *arg)
{
	(void)arg;
	return spawn_five(share);
}
CANCEL_EVERYWHERE(locks_and_semaphores, .fn = share_among_five,
		  .check = check_all_free)

/* Two bring, three take; each waits with the lock in hand. */
static int
take_from_stock(void)
{
	int r = plx_lock_acquire(&lock, in(PLX_SECOND));

	if (r < 0)
		return r;
	inside++;
	while (r == 0 && stock == 0) {
		inside--;
		r = plx_condition_wait(&condition, in(PLX_SECOND));
		inside++;
	}
	if (r == 0)
		stock--;
	release_lock(NULL);
	return r;
}

static int
bring_to_stock(void)
{
	int r = plx_lock_acquire(&lock, in(PLX_SECOND));

	if (r < 0)
		return r;
	cr_expect_eq(inside++, 0);
	r = plx_sleep(PLX_MILLISECOND);
	stock += 3;
	plx_condition_notify(&condition, 3);
	release_lock(NULL);
	return r;
}

static int
bring_or_take(void *arg)
{
	int brings = (intptr_t)arg < 2;
	int r = 0;

	cleans_up();
	for (int i = 0; r == 0 && i < 2; i++)
		r = brings ? bring_to_stock() : take_from_stock();
	return r == -ETIMEDOUT ? 0 : r;
}

static int
trade_among_five(void *arg)
{
	(void)arg;
	return spawn_five(bring_or_take);
}
CANCEL_EVERYWHERE(a_condition, .fn = trade_among_five, .check = check_all_free)

static int
meet_and_go_on(void *arg)
{
	int r;

	cleans_up();
	r = plx_sleep((intptr_t)arg * PLX_MILLISECOND);
	if (r == 0)
		r = plx_barrier_wait(&barrier, in(PLX_SECOND));
	if (r == 0)
		plx_event_set(&event);
	else if (r > 0)
		r = plx_event_wait(&event, in(PLX_SECOND));
	if (r == 0)
		r = plx_barrier_wait(&barrier, in(PLX_SECOND));
	return r == -ETIMEDOUT || r > 0 ? 0 : r;
}

static int
meet_five(void *arg)
{
	(void)arg;
	return spawn_five(meet_and_go_on);
}
CANCEL_EVERYWHERE(a_barrier_and_an_event, .fn = meet_five,
		  .check = check_all_free)
