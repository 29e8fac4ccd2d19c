/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_channel_select.c: waiting for one of several sends and receives.
 *
 * What matters is what did not happen: everything that plx_await_any does not
 * return has moved nothing.
 */
#include <config.h>
#include "channel_common.h"

/* One task that waits for a receive from A and a send to B, both at once. */
struct choice {
	plx_channel *a, *b;
	int got, given;
	int64_t deadline;
	int index;  /* PENDING until the wait has ended */
	int result; /* of the awaitable */
	plx_task *task;
};

static int
choose(void *arg)
{
	struct choice *h = arg;
	struct plx_channel_awaitable w[2];
	struct plx_awaitable *list[2] = {
		plx_channel_recv_awaitable(&w[0], h->a, &h->got),
		plx_channel_send_awaitable(&w[1], h->b, &h->given),
	};

	h->index = plx_await_any(list, 2, h->deadline);
	if (h->index >= 0)
		h->result = plx_awaitable_result(list[h->index]);
	return 0;
}

static void
begin_choice(struct choice *h, plx_channel *a, plx_channel *b)
{
	*h = (struct choice){
		.a = a,
		.b = b,
		.got = EMPTY,
		.given = 7,
		.deadline = PLX_NEVER,
		.index = PENDING,
	};
	cr_expect_eq(plx_spawn(NULL, choose, h, &h->task), 0);
	plx_checkpoint();
}

static void
end_choice(struct choice *h)
{
	cr_expect_eq(plx_join(h->task, NULL, PLX_NEVER), 0);
}

static int
choose_receive(void *arg)
{
	plx_channel *a = open_channel(0), *b = open_channel(0);
	struct choice h;

	(void)arg;
	begin_choice(&h, a, b);
	cr_expect_eq(h.index, PENDING);
	cr_expect_eq(put(a, 1), 0);
	cr_expect_eq(take(b), EMPTY, "it has lost before it could be told");
	cr_expect_eq(put(a, 2), -ETIMEDOUT, "one item is enough");
	end_choice(&h);
	cr_expect_eq(h.index, 0);
	cr_expect_eq(h.result, 1);
	cr_expect_eq(h.got, 1);
	cr_expect_eq(take(b), EMPTY);
	plx_channel_free(&a);
	plx_channel_free(&b);
	return 0;
}
IN_A_TASK(channel_select, a_receive_wins_and_nothing_was_sent, choose_receive)

static int
choose_send(void *arg)
{
	plx_channel *a = open_channel(0), *b = open_channel(0);
	struct choice h;

	(void)arg;
	begin_choice(&h, a, b);
	cr_expect_eq(take(b), 7);
	cr_expect_eq(take(b), EMPTY, "one item is enough");
	cr_expect_eq(put(a, 1), -ETIMEDOUT, "it has lost");
	end_choice(&h);
	cr_expect_eq(h.index, 1);
	cr_expect_eq(h.result, 0);
	cr_expect_eq(h.got, EMPTY);
	plx_channel_free(&a);
	plx_channel_free(&b);
	return 0;
}
IN_A_TASK(channel_select, a_send_wins_and_nothing_was_received, choose_send)

static int
choose_at_once(void *arg)
{
	plx_channel *a = open_channel(1), *b = open_channel(1);
	struct choice h;

	(void)arg;
	put(a, 1);
	begin_choice(&h, a, b);
	cr_expect_eq(h.index, 0, "the first of what is ready");
	cr_expect_eq(h.got, 1);
	cr_expect_eq(plx_channel_len(b), 0);
	end_choice(&h);
	begin_choice(&h, a, b);
	cr_expect_eq(h.index, 1);
	cr_expect_eq(plx_channel_len(b), 1);
	end_choice(&h);
	begin_choice(&h, a, b);
	cr_expect_eq(h.index, PENDING, "one is empty, the other full");
	cr_expect_eq(take(b), 7);
	cr_expect_eq(plx_channel_len(b), 1, "the next has moved up");
	end_choice(&h);
	cr_expect_eq(h.index, 1);
	plx_channel_free(&a);
	plx_channel_free(&b);
	return 0;
}
IN_A_TASK(channel_select, what_is_ready_at_once_is_taken, choose_at_once)

static int
pass_by_losers(void *arg)
{
	plx_channel *a = open_channel(0), *b = open_channel(0);
	struct act r = {.deadline = PLX_NEVER};
	struct choice h[3];

	(void)arg;
	for (int i = 0; i < 3; i++)
		begin_choice(&h[i], a, b);
	begin_recv(&r, a);
	for (int i = 0; i < 3; i++) {
		cr_expect_eq(take(b), 7);
		cr_expect_eq(h[i].index, PENDING, "has not gone on");
	}
	cr_expect_eq(put(a, 1), 0);
	cr_expect_eq(end_of(&r), 1, "three have lost, the fourth is served");
	cr_expect_eq(r.item, 1);
	for (int i = 0; i < 3; i++) {
		end_choice(&h[i]);
		cr_expect_eq(h[i].index, 1);
	}
	plx_channel_free(&a);
	plx_channel_free(&b);
	return 0;
}
IN_A_TASK(channel_select, who_has_lost_is_passed_by, pass_by_losers)

static int
meet_oneself(void *arg)
{
	(void)arg;
	for (size_t capacity = 0; capacity < 2; capacity++) {
		plx_channel *c = open_channel(capacity);
		struct choice h;

		if (capacity == 0) {
			begin_choice(&h, c, c);
			cr_expect_eq(h.index, PENDING);
			cr_expect_eq(take(c), 7, "another may have it");
			end_choice(&h);
			cr_expect_eq(h.index, 1);
			begin_choice(&h, c, c);
			cr_expect_eq(put(c, 1), 0, "and may give");
			end_choice(&h);
			cr_expect_eq(h.index, 0);
			cr_expect_eq(h.got, 1);
		} else {
			begin_choice(&h, c, c);
			cr_expect_eq(h.index, 1, "there was room");
			end_choice(&h);
			cr_expect_eq(h.got, EMPTY);
			cr_expect_eq(take(c), 7);
		}
		cr_expect_eq(take(c), EMPTY);
		cr_expect_eq(put(c, 1) < 0, capacity == 0);
		plx_channel_free(&c);
	}
	return 0;
}
IN_A_TASK(channel_select, a_task_does_not_receive_from_itself, meet_oneself)

/* Send first, receive second, to the same full channel. */
static int
receive_own_place(void *arg)
{
	plx_channel *c = open_channel(1);
	struct plx_channel_awaitable w[2];
	int given = 2, got = EMPTY;
	struct plx_awaitable *list[2] = {
		plx_channel_send_awaitable(&w[0], c, &given),
		plx_channel_recv_awaitable(&w[1], c, &got),
	};
	struct act s = {.deadline = PLX_NEVER};

	(void)arg;
	put(c, 1);
	cr_expect_eq(plx_await_any(list, 2, PLX_NEVER), 1);
	cr_expect_eq(got, 1);
	cr_expect_eq(plx_channel_len(c), 0, "it did not move up itself");
	put(c, 1);
	begin_send(&s, c, 3);
	cr_expect_eq(plx_await_any(list, 2, PLX_NEVER), 1);
	cr_expect_eq(take(c), 3, "another one did");
	cr_expect_eq(end_of(&s), 0);
	plx_channel_free(&c);
	return 0;
}
IN_A_TASK(channel_select, its_own_send_makes_way_for_its_receive,
	  receive_own_place)

static int
meet_another(void *arg)
{
	plx_channel *c = open_channel(0);
	struct choice h[2];

	(void)arg;
	begin_choice(&h[0], c, c);
	begin_choice(&h[1], c, c);
	end_choice(&h[0]);
	end_choice(&h[1]);
	cr_expect_eq(h[1].index, 0, "its receive found the other's send");
	cr_expect_eq(h[1].got, 7);
	cr_expect_eq(h[0].index, 1);
	cr_expect_eq(h[0].got, EMPTY);
	plx_channel_free(&c);
	return 0;
}
IN_A_TASK(channel_select, two_that_do_both_find_each_other, meet_another)

static int
choose_closed(void *arg)
{
	plx_channel *a = open_channel(0), *b = open_channel(0);
	struct choice h;

	(void)arg;
	begin_choice(&h, a, b);
	plx_channel_close(b);
	plx_channel_close(a);
	end_choice(&h);
	cr_expect_eq(h.index, 1, "the first to close");
	cr_expect_eq(h.result, -EPIPE);
	begin_choice(&h, a, b);
	end_choice(&h);
	cr_expect_eq(h.index, 0);
	cr_expect_eq(h.result, 0);
	cr_expect_eq(h.got, EMPTY);
	plx_channel_free(&a);
	a = open_channel(0);
	begin_choice(&h, a, b);
	end_choice(&h);
	cr_expect_eq(h.index, 1, "closed before");
	cr_expect_eq(h.result, -EPIPE);
	plx_channel_free(&a);
	plx_channel_free(&b);
	return 0;
}
IN_A_TASK(channel_select, a_closed_one_is_ready_and_its_result_tells,
	  choose_closed)

static int
free_losers(void *arg)
{
	plx_channel *a = open_channel(0), *b = open_channel(0);
	struct choice h;

	(void)arg;
	begin_choice(&h, a, b);
	cr_expect_eq(put(a, 1), 0);
	plx_channel_free(&b);
	plx_channel_free(&a);
	end_choice(&h);
	cr_expect_eq(h.index, 0);
	cr_expect_eq(h.result, 1);
	cr_expect_eq(h.got, 1);
	return 0;
}
IN_A_TASK(channel_select, a_freed_loser_and_winner_are_not_touched, free_losers)

static int
choose_again(void *arg)
{
	plx_channel *a = open_channel(1), *b = open_channel(1);
	struct plx_channel_awaitable w[2];
	int got = EMPTY, given = 7;
	struct plx_awaitable *list[2] = {
		plx_channel_recv_awaitable(&w[0], a, &got),
		plx_channel_send_awaitable(&w[1], b, &given),
	};

	(void)arg;
	for (int i = 0; i < 300; i++) {
		cr_expect_eq(plx_await_any(list, 2, PLX_NEVER), 1);
		cr_expect_eq(plx_await_any(list, 2, 0), -ETIMEDOUT);
		put(a, i);
		cr_expect_eq(plx_await_any(list, 2, PLX_NEVER), 0);
		cr_expect_eq(got, i);
		cr_expect_eq(take(b), 7);
	}
	cr_expect_eq(plx_await_any(list + 1, 1, PLX_NEVER), 0);
	cr_expect_eq(plx_await(list[1], 0), -ETIMEDOUT);
	cr_expect_eq(take(b), 7);
	cr_expect_eq(plx_await(list[1], 0), 0);
	cr_expect_eq(plx_await_any(list, 2, in(PLX_SECOND)), -ETIMEDOUT);
	plx_channel_free(&a);
	plx_channel_free(&b);
	return 0;
}
WITH_CLOCK(channel_select, an_awaitable_can_be_waited_for_again, choose_again)

static int
cancel_choice(void *arg)
{
	plx_channel *a = open_channel(0), *b = open_channel(0);
	struct choice h;

	(void)arg;
	begin_choice(&h, a, b);
	plx_cancel(h.task);
	end_choice(&h);
	cr_expect_eq(h.index, -ECANCELED);
	cr_expect_eq(put(a, 1), -ETIMEDOUT);
	cr_expect_eq(take(b), EMPTY);
	for (int first = 0; first < 2; first++) {
		begin_choice(&h, a, b);
		if (first)
			plx_cancel(h.task);
		cr_expect_eq(take(b), 7);
		if (!first)
			plx_cancel(h.task);
		cr_expect_eq(put(a, 1), -ETIMEDOUT, "it has something else");
		end_choice(&h);
		cr_expect_eq(h.index, 1);
		cr_expect_eq(h.result, 0);
	}
	plx_channel_free(&a);
	plx_channel_free(&b);
	return 0;
}
IN_A_TASK(channel_select, a_cancel_beside_a_hand_over_loses_nothing,
	  cancel_choice)
