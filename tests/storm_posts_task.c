/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * storm_posts_task.c: the same from jobs of the pool, to tasks that get what is
 * posted from a queue, while others sleep, are cancelled and joined.
 */
#include <config.h>
#include <pollux/blocking.h>
#include "storm_senders.h"

/* Where posts put parcels into a queue. */
struct office {
	const char *name;
	struct plx_queue queue;
	int over;
	size_t slept, cancelled;
};

static void
put_parcel(void *arg)
{
	struct parcel *p = arg;
	struct office *o = p->sender->hall;

	plx_queue_put(&o->queue, &p->node);
}

static int
get_parcels(void *arg)
{
	struct office *o = arg;
	struct plx_queue_node *node;
	int r;

	while ((r = plx_queue_get(&o->queue, &node, PLX_NEVER)) > 0) {
		storm_note_arrival((struct parcel *)node);
		plx_queue_done(&o->queue);
	}
	return r;
}

/* A job that sends posts. */
static int
await_sender(void *arg)
{
	return plx_blocking(storm_send, arg, PLX_NEVER);
}

static int
sleep_a_little(void *arg)
{
	uint64_t *chance = arg;
	int64_t when = plx_after(storm_chance(chance, 50) * PLX_MICROSECOND);
	int r = plx_sleep_until(when);

	if (r == 0 && plx_now() < when)
		return -EPROTO;
	return r < 0 ? -r : 0;
}

/* Tasks that sleep come, and are cancelled or joined, until all is over. */
static int
trouble(void *arg)
{
	struct office *o = arg;
	uint64_t chance = 4;
	plx_task *t;
	int r, result;

	while (!o->over) {
		r = plx_spawn(NULL, sleep_a_little, &chance, &t);
		if (r < 0)
			return r;
		if (storm_chance(&chance, 2))
			plx_checkpoint();
		if (storm_chance(&chance, 2))
			plx_cancel(t);
		plx_join(t, &result, PLX_NEVER);
		o->slept += result == 0;
		o->cancelled += result == ECANCELED;
		if (result != 0 && result != ECANCELED)
			return -EPROTO;
	}
	return 0;
}

static int
run_office(void *arg)
{
	struct office o = {.name = arg};
	plx_task *job[SENDERS], *getter, *troubler;
	int result = -1;

	plx_queue_init(&o.queue);
	storm_set_senders(plx_self_loop(), storm_size(10000, 200000),
			  put_parcel, &o);
	plx_spawn(NULL, get_parcels, &o, &getter);
	plx_spawn(NULL, trouble, &o, &troubler);
	for (int i = 0; i < SENDERS; i++)
		plx_spawn(NULL, await_sender, &storm_sender[i], &job[i]);
	for (int i = 0; i < SENDERS; i++) {
		cr_expect_eq(plx_join(job[i], &result, PLX_NEVER), 0);
		cr_expect_eq(result, 0, "%s: %d", o.name, result);
	}
	plx_checkpoint();
	cr_expect_eq(plx_queue_join(&o.queue, PLX_NEVER), 0);
	while (storm_arrived() < SENDERS * storm_sender[0].posts)
		plx_sleep(0);
	o.over = 1;
	plx_queue_close(&o.queue);
	plx_join(getter, &result, PLX_NEVER);
	cr_expect_eq(result, 0, "%s: %d", o.name, result);
	plx_join(troubler, &result, PLX_NEVER);
	cr_expect_eq(result, 0, "%s: %d", o.name, result);
	figures_say("storm: %s: tasks: %zu posts, %zu sleeps, %zu cancelled",
		    o.name, storm_arrived(), o.slept, o.cancelled);
	return 0;
}

STORM(storm_posts, those_of_jobs_reach_tasks_once_and_in_order)
{
	struct fixture f = {.loop = NULL};

	memcpy(f.name, p->name, sizeof(f.name));
	cr_expect_eq(run_on(p->name, run_office, p->name), 0);
	storm_check_senders(&f);
}
