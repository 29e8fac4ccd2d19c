/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_nursery_room.c: waiting for room in nurseries that have no limit, are
 * cancelled or close meanwhile; and winners that nobody is told of.
 */
#include <config.h>
#include "task_common.h"

struct room {
	plx_nursery *nursery;
	int waited; /* what plx_nursery_room returned */
	plx_task *taken;
};

static int
wait_for_room(void *arg)
{
	struct room *room = arg;

	room->waited = 1;
	room->waited = plx_nursery_room(room->nursery, PLX_NEVER);
	return 0;
}

static int
find_room(void *arg)
{
	plx_nursery *n = NULL;

	(void)arg;
	cr_expect_eq(plx_nursery_open(NULL, &n), 0);
	plx_spawn(n, sleep_for_ever, NULL, NULL);
	cr_expect_eq(plx_nursery_room(n, 0), 0, "there is no limit");
	plx_nursery_cancel(n);
	cr_expect_eq(plx_nursery_close(&n, 0), 0);
	return 0;
}
IN_A_TASK(nursery_room, without_a_limit_there_is_room, find_room)

static int
cancel_the_full(void *arg)
{
	const struct plx_nursery_options o = {.max_tasks = 1};
	struct room early = {.nursery = NULL}, late;
	plx_task *t = NULL;

	(void)arg;
	cr_expect_eq(plx_nursery_open(&o, &early.nursery), 0);
	late = early;
	plx_spawn(early.nursery, sleep_for_ever, NULL, NULL);
	plx_spawn(NULL, wait_for_room, &early, NULL);
	let_run(2);
	cr_expect_eq(early.waited, 1, "it waits");
	plx_nursery_cancel(early.nursery);
	plx_spawn(NULL, wait_for_room, &late, &t);
	cr_expect_eq(plx_nursery_close(&early.nursery, 0), 0);
	cr_expect_eq(plx_join(t, NULL, PLX_NEVER), 0);
	cr_expect_eq(early.waited, -ECANCELED);
	cr_expect_eq(late.waited, -ECANCELED);
	return 0;
}
IN_A_TASK(nursery_room, in_a_cancelled_one_there_is_none, cancel_the_full)

static int
close_the_full(void *arg)
{
	const struct plx_nursery_options o = {.max_tasks = 1};
	struct room room = {.nursery = NULL};
	plx_task *t = NULL;

	(void)arg;
	cr_expect_eq(plx_nursery_open(&o, &room.nursery), 0);
	plx_spawn(room.nursery, sleep_for_ever, NULL, &t);
	plx_spawn(NULL, wait_for_room, &room, NULL);
	let_run(2);
	plx_cancel(t);
	cr_expect_eq(plx_nursery_close(&room.nursery, 0), 0);
	let_run(2);
	cr_expect(room.waited <= 0, "it is told one or the other");
	plx_join(t, NULL, PLX_NEVER);
	return 0;
}
IN_A_TASK(nursery_room, who_waits_while_it_closes_is_told, close_the_full)

/* Wins in a nursery that its opener does not close. */
static int
leave_winner(void *arg)
{
	const struct plx_nursery_options o = {
		.policy = PLX_FIRST_RESULT,
		.discard = NULL,
	};
	static int seven = 7;
	plx_nursery *n = NULL;

	(void)arg;
	cr_expect_eq(plx_nursery_open(&o, &n), 0);
	plx_spawn(n, return_arg, &seven, NULL);
	let_run(3);
	return 0;
}

static int
spawn_leaver(void *arg)
{
	const struct plx_nursery_options o = {.policy = PLX_COLLECT};
	plx_nursery *n = NULL;

	(void)arg;
	plx_nursery_open(&o, &n);
	plx_spawn(n, leave_winner, NULL, NULL);
	cr_expect_eq(plx_nursery_close(&n, 0), -EPROTO);
	return 0;
}
IN_A_TASK(nursery_room, a_winner_that_nobody_is_told_of, spawn_leaver)

static int
take_room(void *arg)
{
	struct room *room = arg;

	while (plx_nursery_live(room->nursery) > 0)
		plx_checkpoint();
	return plx_spawn(room->nursery, sleep_for_ever, NULL, &room->taken);
}

static int
end_later(void *arg)
{
	(void)arg;
	let_run(3);
	return 0;
}

/* Who waits is woken, and finds that somebody else was quicker. */
static int
lose_room(void *arg)
{
	const struct plx_nursery_options o = {.max_tasks = 1};
	struct room room = {.nursery = NULL};
	plx_task *taker = NULL, *waiter = NULL;

	(void)arg;
	cr_expect_eq(plx_nursery_open(&o, &room.nursery), 0);
	plx_spawn(NULL, wait_for_room, &room, &waiter);
	plx_spawn(room.nursery, end_later, NULL, NULL);
	plx_spawn(NULL, take_room, &room, &taker);
	cr_expect_eq(plx_join(taker, NULL, PLX_NEVER), 0);
	cr_expect_not_null(room.taken);
	let_run(4);
	cr_expect_eq(room.waited, 1, "%d: there is no room", room.waited);
	cr_expect_eq(stop_task(room.taken), -ECANCELED);
	cr_expect_eq(plx_join(waiter, NULL, PLX_NEVER), 0);
	cr_expect_eq(room.waited, 0, "%d", room.waited);
	plx_nursery_close(&room.nursery, 0);
	return 0;
}
IN_A_TASK(nursery_room, room_that_another_has_taken_is_waited_for_again,
	  lose_room)
