/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_channel_order.c: who comes before whom: first come first served, no
 * overtaking, hand-overs in the same turn as a cancel or a deadline, and turns
 * for those who have nothing to do with it.
 */
#include <config.h>
#include "channel_common.h"

enum {
	MANY = 5
};

static int
receive_in_order(void *arg)
{
	plx_channel *c = open_channel(0);
	struct act r[MANY] = {0};
	int clock = 0;

	(void)arg;
	for (int i = 0; i < MANY; i++) {
		r[i].deadline = PLX_NEVER;
		r[i].clock = &clock;
		begin_recv(&r[i], c);
	}
	for (int i = 0; i < MANY; i++)
		cr_expect_eq(put(c, i), 0);
	for (int i = 0; i < MANY; i++) {
		cr_expect_eq(end_of(&r[i]), 1);
		cr_expect_eq(r[i].item, i);
		cr_expect_eq(r[i].ended, i + 1);
	}
	plx_channel_free(&c);
	return 0;
}
IN_A_TASK(channel_order, receivers_are_served_in_the_order_they_came,
	  receive_in_order)

static int
send_in_order(void *arg)
{
	(void)arg;
	for (size_t capacity = 0; capacity < 3; capacity++) {
		plx_channel *c = open_channel(capacity);
		int room = (int)capacity, clock = 0;
		struct act s[MANY] = {0};

		for (int i = 0; i < room; i++)
			put(c, i);
		for (int i = 0; i < MANY; i++) {
			s[i].deadline = PLX_NEVER;
			s[i].clock = &clock;
			begin_send(&s[i], c, room + i);
		}
		for (int i = 0; i < room + MANY; i++)
			cr_expect_eq(take(c), i, "capacity %d", room);
		for (int i = 0; i < MANY; i++) {
			cr_expect_eq(end_of(&s[i]), 0);
			cr_expect_eq(s[i].ended, i + 1);
		}
		plx_channel_free(&c);
	}
	return 0;
}
IN_A_TASK(channel_order, senders_are_served_in_the_order_they_came,
	  send_in_order)

static int
leave_the_middle(void *arg)
{
	plx_channel *c = open_channel(0);
	struct act s[MANY] = {0};

	(void)arg;
	for (int i = 0; i < MANY; i++) {
		s[i].deadline = PLX_NEVER;
		begin_send(&s[i], c, i);
	}
	for (int i = 0; i < MANY; i += 2) {
		plx_cancel(s[i].task);
		cr_expect_eq(end_of(&s[i]), -ECANCELED);
	}
	for (int i = 1; i < MANY; i += 2) {
		cr_expect_eq(take(c), i);
		cr_expect_eq(end_of(&s[i]), 0);
	}
	cr_expect_eq(take(c), EMPTY);
	plx_channel_free(&c);
	return 0;
}
IN_A_TASK(channel_order, who_leaves_the_line_does_not_disturb_it,
	  leave_the_middle)

static int
overtake_receiver(void *arg)
{
	(void)arg;
	for (size_t capacity = 0; capacity < 2; capacity++) {
		plx_channel *c = open_channel(capacity);
		struct act r = {.deadline = PLX_NEVER};

		begin_recv(&r, c);
		cr_expect_eq(put(c, 1), 0);
		cr_expect_eq(take(c), EMPTY, "it is the other's");
		cr_expect_eq(r.result, PENDING, "which has not gone on");
		cr_expect_eq(end_of(&r), 1);
		cr_expect_eq(r.item, 1);
		plx_channel_free(&c);
	}
	return 0;
}
IN_A_TASK(channel_order, a_newcomer_cannot_take_what_was_handed_over,
	  overtake_receiver)

static int
overtake_sender(void *arg)
{
	plx_channel *c = open_channel(1);
	struct act s = {.deadline = PLX_NEVER};

	(void)arg;
	put(c, 1);
	begin_send(&s, c, 2);
	cr_expect_eq(take(c), 1);
	cr_expect_eq(put(c, 3), -ETIMEDOUT, "the room is taken");
	cr_expect_eq(s.result, PENDING, "by one who has not gone on");
	cr_expect_eq(end_of(&s), 0);
	cr_expect_eq(take(c), 2);
	plx_channel_free(&c);
	return 0;
}
IN_A_TASK(channel_order, a_newcomer_cannot_take_the_room_of_a_sender,
	  overtake_sender)

/* How a wait can be ended beside a hand-over. */
enum way {
	CANCEL_FIRST,
	CANCEL_AFTER,
	WAYS
};

static void
race_receiver(size_t capacity, int select, enum way way)
{
	plx_channel *c = open_channel(capacity);
	struct act r = {.select = select, .deadline = PLX_NEVER};

	begin_recv(&r, c);
	if (way == CANCEL_FIRST)
		plx_cancel(r.task);
	cr_expect_eq(put(c, 1), 0);
	if (way == CANCEL_AFTER)
		plx_cancel(r.task);
	cr_expect_eq(plx_channel_len(c), 0);
	cr_expect_eq(end_of(&r), 1, "%zu %d %d: %d", capacity, select, way,
		     r.result);
	cr_expect_eq(r.item, 1);
	cr_expect_eq(take(c), EMPTY, "%zu %d %d", capacity, select, way);
	plx_channel_free(&c);
}

static void
race_sender(size_t capacity, int select, enum way way)
{
	plx_channel *c = open_channel(capacity);
	struct act s = {.select = select, .deadline = PLX_NEVER};
	int room = (int)capacity;

	for (int i = 0; i < room; i++)
		put(c, i);
	begin_send(&s, c, room);
	if (way == CANCEL_FIRST)
		plx_cancel(s.task);
	cr_expect_eq(take(c), 0);
	if (way == CANCEL_AFTER)
		plx_cancel(s.task);
	cr_expect_eq(end_of(&s), 0, "%zu %d %d: %d", capacity, select, way,
		     s.result);
	for (int i = 1; i <= room; i++)
		cr_expect_eq(take(c), i);
	cr_expect_eq(take(c), EMPTY, "%zu %d %d", capacity, select, way);
	plx_channel_free(&c);
}

static int
race_cancels(void *arg)
{
	(void)arg;
	for (int i = 0; i < 2 * 2 * WAYS; i++) {
		race_receiver((size_t)i % 2, i / 2 % 2, (enum way)(i / 4));
		race_sender((size_t)i % 2, i / 2 % 2, (enum way)(i / 4));
	}
	return 0;
}
IN_A_TASK(channel_order, what_was_handed_over_stays_so_when_cancelled,
	  race_cancels)

struct late {
	struct plx_call call;
	plx_channel *c;
	int sends;
	int got;
};

/* A timer that comes due in the same turn as a deadline. */
static void
be_late(void *arg)
{
	struct late *l = arg;

	if (l->sends)
		cr_expect_eq(put(l->c, 1), 0);
	else
		l->got = take(l->c);
}

static void
race_deadline(int sends, int select, int before)
{
	struct late l = {.c = open_channel(0), .sends = sends, .got = EMPTY};
	struct act a = {.select = select, .deadline = in(PLX_SECOND)};
	plx_loop *loop = plx_self_loop();

	if (before)
		plx_loop_call_at(loop, &l.call, a.deadline, be_late, &l);
	if (sends)
		begin_recv(&a, l.c);
	else
		begin_send(&a, l.c, 1);
	if (!before)
		plx_loop_call_at(loop, &l.call, a.deadline, be_late, &l);
	cr_expect_eq(end_of(&a), sends, "%d %d %d: %d", sends, select, before,
		     a.result);
	cr_expect_eq(sends ? a.item : l.got, 1);
	cr_expect_eq(take(l.c), EMPTY);
	plx_channel_free(&l.c);
}

static int
race_deadlines(void *arg)
{
	(void)arg;
	for (int i = 0; i < 8; i++)
		race_deadline(i % 2, i / 2 % 2, i / 4);
	return 0;
}
WITH_CLOCK(channel_order, what_was_handed_over_stays_so_at_the_deadline,
	   race_deadlines)

static int
count_turns(void *arg)
{
	int *turns = arg;

	while (plx_checkpoint() == 0)
		++*turns;
	return 0;
}

static int
receive_all(void *arg)
{
	plx_channel *c = arg;
	int item, n = 0;

	while (plx_channel_recv(c, &item, PLX_NEVER) > 0)
		n++;
	return n;
}

static void
share_turns(size_t capacity)
{
	plx_channel *c = open_channel(capacity);
	plx_task *third, *receiver;
	int turns = 0, n = 0;

	plx_spawn(NULL, count_turns, &turns, &third);
	plx_spawn(NULL, receive_all, c, &receiver);
	for (int i = 0; i < 10000; i++)
		cr_expect_eq(plx_channel_send(c, &i, PLX_NEVER), 0);
	plx_channel_close(c);
	plx_join(receiver, &n, PLX_NEVER);
	cr_expect_eq(n, 10000);
	cr_expect_geq(turns, 50, "capacity %zu: %d turns", capacity, turns);
	cr_expect_eq(stop_task(third), 0);
	plx_channel_free(&c);
}

static int
starve_third(void *arg)
{
	(void)arg;
	share_turns(0);
	share_turns(1);
	return 0;
}
IN_A_TASK(channel_order, a_pair_does_not_starve_a_third, starve_third)

/* A channel so large that neither side ever waits. */
static int
never_wait(void *arg)
{
	plx_channel *c = open_channel(10000);
	int turns = 0, item;
	plx_task *t;

	(void)arg;
	plx_spawn(NULL, count_turns, &turns, &t);
	for (int i = 0; i < 10000; i++)
		cr_expect_eq(plx_channel_send(c, &i, PLX_NEVER), 0);
	cr_expect_geq(turns, 50, "%d turns beside the sends", turns);
	turns = 0;
	for (int i = 0; i < 10000; i++)
		cr_expect_eq(plx_channel_recv(c, &item, PLX_NEVER), 1);
	cr_expect_geq(turns, 50, "%d turns beside the receives", turns);
	cr_expect_eq(stop_task(t), 0);
	plx_channel_free(&c);
	return 0;
}
IN_A_TASK(channel_order, who_never_waits_gives_way_now_and_then, never_wait)

static int
stand_still(void *arg)
{
	plx_channel *c = open_channel(1);
	int turns = 0;
	plx_task *t;

	(void)arg;
	plx_spawn(NULL, count_turns, &turns, &t);
	for (int i = 0; i < 1000; i++) {
		cr_expect_eq(plx_channel_send(c, &i, 0), 0);
		cr_expect_eq(plx_channel_send(c, &i, 0), -ETIMEDOUT);
		cr_expect_eq(take(c), i);
	}
	cr_expect_eq(turns, 0, "nobody else ran");
	cr_expect_eq(stop_task(t), 0);
	plx_channel_free(&c);
	return 0;
}
IN_A_TASK(channel_order, with_deadline_0_nobody_gives_way, stand_still)
