/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_mailbox.c: mailboxes that are full, and waits for them that are lost.
 */
#include <config.h>
#include "actor_common.h"

static struct losses lost;

static const struct plx_actor_options fails = {
	.capacity = 2,
	.overflow = PLX_OVERFLOW_FAIL,
	.discard = note_discard,
	.arg = &lost,
};
static const struct plx_actor_options drops_newest = {
	.capacity = 2,
	.overflow = PLX_OVERFLOW_DROP_NEWEST,
	.discard = note_discard,
	.arg = &lost,
};
static const struct plx_actor_options drops_oldest = {
	.capacity = 2,
	.overflow = PLX_OVERFLOW_DROP_OLDEST,
	.discard = note_discard,
	.arg = &lost,
};
static const struct plx_actor_options waits = {
	.capacity = 2,
	.discard = note_discard,
	.arg = &lost,
};

static int
overflow_fails(void *arg)
{
	struct numbers all = {.count = 0};
	struct plx_actor a = start_actor(&fails, take_numbers, &all);

	(void)arg;
	cr_expect_eq(send_number(a, 1, PLX_NEVER), 0);
	cr_expect_eq(send_number(a, 2, PLX_NEVER), 0);
	cr_expect_eq(send_number(a, 3, PLX_NEVER), -ENOBUFS);
	let_run(2);
	EXPECT_NUMBERS(&all, 1, 2);
	cr_expect_eq(send_number(a, 0, PLX_NEVER), 0, "there is room again");
	cr_expect_eq(lost.discards, 0, "3 is still the sender's");
	return 0;
}
IN_A_TASK(mailbox, a_full_one_may_fail, overflow_fails)

static int
overflow_drops_newest(void *arg)
{
	struct numbers all = {.count = 0};
	struct plx_actor a = start_actor(&drops_newest, take_numbers, &all);

	(void)arg;
	cr_expect_eq(send_number(a, 1, PLX_NEVER), 0);
	cr_expect_eq(send_number(a, 2, PLX_NEVER), 0);
	cr_expect_eq(send_number(a, 3, PLX_NEVER), 1);
	cr_expect_eq(lost.discards, 1);
	cr_expect_eq(lost.last_discard, 3);
	let_run(2);
	EXPECT_NUMBERS(&all, 1, 2);
	return send_number(a, 0, PLX_NEVER);
}
IN_A_TASK(mailbox, a_full_one_may_drop_the_newest, overflow_drops_newest)

static int
overflow_drops_oldest(void *arg)
{
	struct numbers all = {.count = 0};
	struct plx_actor a = start_actor(&drops_oldest, take_numbers, &all);

	(void)arg;
	cr_expect_eq(send_number(a, 1, PLX_NEVER), 0);
	cr_expect_eq(send_number(a, 2, PLX_NEVER), 0);
	cr_expect_eq(send_number(a, 3, PLX_NEVER), 2);
	cr_expect_eq(lost.last_discard, 1);
	cr_expect_eq(send_number(a, 4, PLX_NEVER), 2);
	cr_expect_eq(lost.last_discard, 2);
	cr_expect_eq(lost.discards, 2);
	let_run(2);
	EXPECT_NUMBERS(&all, 3, 4);
	return send_number(a, 0, PLX_NEVER);
}
IN_A_TASK(mailbox, a_full_one_may_drop_the_oldest, overflow_drops_oldest)

struct sender {
	struct plx_actor to;
	int64_t n;
	int64_t deadline;
	int result;
};

static int
send_one(void *arg)
{
	struct sender *s = arg;

	s->result = send_number(s->to, s->n, s->deadline);
	return 0;
}

/* An actor whose mailbox of two is full of 1 and 2. */
static struct plx_actor
start_full(plx_task_fn *fn, void *arg)
{
	struct plx_actor a = start_actor(&waits, fn, arg);

	cr_expect_eq(send_number(a, 1, 0), 0);
	cr_expect_eq(send_number(a, 2, 0), 0);
	return a;
}

/* Waits for *ARG turns, then takes numbers. */
struct late {
	struct numbers all;
	int turns;
};

static int
take_late(void *arg)
{
	struct late *l = arg;

	let_run(l->turns);
	return take_numbers(&l->all);
}

static int
overflow_waits(void *arg)
{
	struct late l = {.turns = 3};
	struct plx_actor a = start_full(take_late, &l);
	struct sender s[3] = {{a, 3, PLX_NEVER, 1},
			      {a, 4, PLX_NEVER, 1},
			      {a, 5, PLX_NEVER, 1}};

	(void)arg;
	cr_expect_eq(send_number(a, 9, 0), -ETIMEDOUT);
	for (int i = 0; i < 3; i++)
		plx_spawn(NULL, send_one, &s[i], NULL);
	plx_checkpoint();
	cr_expect_eq(l.all.count, 0);
	cr_expect_eq(send_number(a, 6, PLX_NEVER), 0, "last in line");
	let_run(3);
	EXPECT_NUMBERS(&l.all, 1, 2, 3, 4, 5, 6);
	cr_expect_eq(lost.discards, 0);
	return send_number(a, 0, PLX_NEVER);
}
IN_A_TASK(mailbox, a_full_one_lets_senders_wait_in_line, overflow_waits)

static struct numbers overtaken;

static int
take_one_and_let_overtake(void *arg)
{
	struct plx_actor a = self();

	(void)arg;
	let_run(2);
	for (int i = 0; i < 2; i++) {
		overtaken.n[overtaken.count++] = receive_number(0);
		cr_expect_eq(send_number(a, 9, PLX_NEVER), -EDEADLK,
			     "the room is the waiting one's");
	}
	return take_numbers(&overtaken);
}

static int
try_to_overtake(void *arg)
{
	struct plx_actor a = start_full(take_one_and_let_overtake, NULL);
	struct sender s[2] = {{a, 3, PLX_NEVER, 1}, {a, 4, PLX_NEVER, 1}};

	(void)arg;
	for (int i = 0; i < 2; i++)
		plx_spawn(NULL, send_one, &s[i], NULL);
	let_run(5);
	EXPECT_NUMBERS(&overtaken, 1, 2, 3, 4);
	return send_number(a, 0, PLX_NEVER);
}
IN_A_TASK(mailbox, nobody_overtakes_who_waits_for_room, try_to_overtake)

static int
time_out(void *arg)
{
	struct late l = {.turns = 20};
	struct plx_actor a = start_full(take_late, &l);
	int64_t deadline = in(PLX_SECOND);
	struct plx_actor sleeper = start_actor(&waits, sleep_for_ever, NULL);

	(void)arg;
	send_number(sleeper, 1, 0);
	send_number(sleeper, 2, 0);
	cr_expect_eq(send_number(sleeper, 3, deadline), -ETIMEDOUT);
	cr_expect_eq(in(0), deadline);
	cr_expect_eq(lost.discards, 0);
	plx_actor_cancel(sleeper);
	let_run(2);
	cr_expect_eq(lost.discards, 2, "1 and 2 only");
	return send_number(a, 0, PLX_NEVER);
}
WITH_CLOCK(mailbox, a_deadline_ends_a_wait_for_room, time_out)

static int
cancel_sender(void *arg)
{
	struct late l = {.turns = 5};
	struct plx_actor a = start_full(take_late, &l);
	struct sender s[2] = {{a, 3, PLX_NEVER, 1}, {a, 4, PLX_NEVER, 1}};
	plx_task *t[2];

	(void)arg;
	for (int i = 0; i < 2; i++)
		plx_spawn(NULL, send_one, &s[i], &t[i]);
	plx_checkpoint();
	cr_expect_eq(stop_task(t[0]), 0);
	cr_expect_eq(s[0].result, -ECANCELED);
	cr_expect_eq(plx_join(t[1], NULL, PLX_NEVER), 0);
	let_run(3);
	EXPECT_NUMBERS(&l.all, 1, 2, 4);
	return send_number(a, 0, PLX_NEVER);
}
IN_A_TASK(mailbox, a_cancelled_wait_for_room_has_sent_nothing, cancel_sender)

/* Receives one and cancels the sender in the same turn, or the other way. */
struct clash {
	plx_task *sender;
	int cancel_first;
	int turns;
};

static int
receive_and_cancel(void *arg)
{
	struct clash *c = arg;
	int64_t got[3] = {0, 0, 0};

	let_run(2);
	if (c->cancel_first)
		plx_cancel(c->sender);
	got[0] = receive_number(0);
	if (!c->cancel_first)
		plx_cancel(c->sender);
	let_run(3);
	got[1] = receive_number(0);
	got[2] = receive_number(0);
	cr_expect_eq(got[0], 1);
	cr_expect_eq(got[1], 2);
	return got[2] < 0 ? 0 : (int)got[2];
}

static int
clash(int cancel_first)
{
	struct clash c = {.cancel_first = cancel_first};
	struct plx_actor a = start_full(receive_and_cancel, &c);
	struct sender s = {a, 3, PLX_NEVER, 1};

	plx_spawn(NULL, send_one, &s, &c.sender);
	cr_expect_eq(plx_join(c.sender, NULL, PLX_NEVER), 0);
	return s.result;
}

static int
cancel_in_the_same_turn(void *arg)
{
	(void)arg;
	cr_expect_eq(clash(0), 0, "it was sent");
	let_run(5);
	cr_expect_eq(clash(1), 0, "room and cancel at once: sent");
	let_run(5);
	cr_expect_eq(lost.discards, 0, "the third was received, too");
	return 0;
}
IN_A_TASK(mailbox, room_that_came_beside_a_cancel_is_used,
	  cancel_in_the_same_turn)

static int
die_full(void *arg)
{
	struct plx_actor a = start_full(sleep_for_ever, NULL);
	struct sender s[2] = {{a, 3, PLX_NEVER, 1}, {a, 4, PLX_NEVER, 1}};
	plx_task *t[2];

	(void)arg;
	for (int i = 0; i < 2; i++)
		plx_spawn(NULL, send_one, &s[i], &t[i]);
	plx_checkpoint();
	plx_actor_cancel(a);
	for (int i = 0; i < 2; i++) {
		cr_expect_eq(plx_join(t[i], NULL, PLX_NEVER), 0);
		cr_expect_eq(s[i].result, -ESRCH);
	}
	cr_expect_eq(lost.discards, 2);
	cr_expect_eq(lost.last_discard, 2);
	return 0;
}
IN_A_TASK(mailbox, the_end_of_its_actor_is_told_to_who_waits_for_room, die_full)

static int
fill_own(void *arg)
{
	struct plx_message in, out = {.value = 65};
	struct plx_actor_awaitable send, receive;
	struct plx_awaitable *list[2] = {
		plx_actor_send_awaitable(&send, self(), &out),
		plx_actor_receive_awaitable(&receive, &in)};

	(void)arg;
	for (int i = 1; i <= 64; i++)
		cr_expect_eq(send_number(self(), i, PLX_NEVER), 0);
	cr_expect_eq(send_number(self(), 66, PLX_NEVER), -EDEADLK);
	cr_expect_eq(plx_await_any(list, 2, PLX_NEVER), 1);
	cr_expect_eq(in.value, 1);
	for (int i = 2; i <= 64; i++)
		cr_expect_eq(receive_number(0), i);
	cr_expect_eq(receive_number(0), -ETIMEDOUT, "65 was not sent");
	return 0;
}
IN_AN_ACTOR(mailbox, nobody_waits_for_room_in_his_own_alone, fill_own)

static int
send_self_while_receiving(void *arg)
{
	struct plx_message in = {.value = 0}, out = {.value = 1};
	struct plx_actor_awaitable send, receive;
	struct plx_awaitable *list[2] = {
		plx_actor_receive_awaitable(&receive, &in),
		plx_actor_send_awaitable(&send, self(), &out)};

	(void)arg;
	cr_expect_eq(plx_await_any(list, 2, PLX_NEVER), 1);
	cr_expect_eq(in.value, 0);
	cr_expect_eq(plx_awaitable_result(list[1]), 0);
	cr_expect_eq(receive_number(0), 1);
	list[1] = list[0];
	cr_expect_eq(plx_await_any(list, 2, PLX_NEVER), -EBUSY);
	return 0;
}
IN_AN_ACTOR(mailbox, a_wait_does_not_meet_itself, send_self_while_receiving)
