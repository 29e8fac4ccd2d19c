/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_channel_close.c: closing and freeing, with items inside and tasks in
 * line, before, during and after a run.
 */
#include <config.h>
#include "channel_common.h"

static int
iterate(void *arg)
{
	plx_channel *c = open_channel(4);
	int item, r, sum = 0;

	(void)arg;
	for (int i = 1; i <= 3; i++)
		put(c, i);
	plx_channel_close(c);
	plx_channel_close(c);
	cr_expect(plx_channel_is_closed(c));
	cr_expect_eq(plx_channel_send(c, &sum, PLX_NEVER), -EPIPE);
	cr_expect_eq(plx_channel_try_send(c, &sum), -EPIPE);
	while ((r = plx_channel_recv(c, &item, PLX_NEVER)) > 0)
		sum += item;
	cr_expect_eq(r, 0);
	cr_expect_eq(sum, 6);
	cr_expect_eq(plx_channel_recv(c, &item, 0), 0, "for good");
	cr_expect_eq(plx_channel_try_recv(c, &item), 0);
	plx_channel_free(&c);
	return 0;
}
IN_A_TASK(channel, what_is_in_a_closed_one_can_still_be_received, iterate)

static void
close_with(void (*end)(plx_channel **c), int select)
{
	plx_channel *c[2] = {open_channel(1), open_channel(0)};
	struct act s[2] = {{.select = select, .deadline = PLX_NEVER},
			   {.select = select, .deadline = in(PLX_SECOND)}};
	struct act r[2] = {s[0], s[1]};

	put(c[0], 1);
	for (int i = 0; i < 2; i++)
		begin_send(&s[i], c[0], 7 + i);
	for (int i = 0; i < 2; i++)
		begin_recv(&r[i], c[1]);
	end(&c[0]);
	end(&c[1]);
	for (int i = 0; i < 2; i++) {
		cr_expect_eq(end_of(&s[i]), -EPIPE);
		cr_expect_eq(s[i].item, 7 + i);
		cr_expect_eq(end_of(&r[i]), 0);
		cr_expect_eq(r[i].item, EMPTY);
	}
	for (int i = 0; i < 2; i++)
		plx_channel_free(&c[i]);
}

static void
only_close(plx_channel **c)
{
	plx_channel_close(*c);
}

static int
close_under_waiters(void *arg)
{
	(void)arg;
	close_with(only_close, 0);
	close_with(only_close, 1);
	return 0;
}
WITH_CLOCK(channel, a_close_ends_all_waits, close_under_waiters)

static int
free_under_waiters(void *arg)
{
	(void)arg;
	close_with(plx_channel_free, 0);
	close_with(plx_channel_free, 1);
	return 0;
}
WITH_CLOCK(channel, those_who_wait_outlive_the_channel, free_under_waiters)

struct kept {
	int n;
	int item[4];
};

static void
keep(void *item, void *arg)
{
	struct kept *k = arg;

	memcpy(&k->item[k->n++ % 4], item, sizeof(int));
}

static int
discard(void *arg)
{
	plx_channel *c = open_channel(3);
	struct kept k = {.n = 0};
	struct act s = {.deadline = PLX_NEVER};

	(void)arg;
	plx_channel_on_discard(c, keep, &k);
	for (int i = 0; i < 3; i++)
		put(c, i);
	cr_expect_eq(take(c), 0);
	put(c, 3);
	begin_send(&s, c, 4);
	plx_channel_close(c);
	cr_expect_eq(k.n, 0, "a close discards nothing");
	plx_channel_free(&c);
	cr_expect_eq(k.n, 3, "the sender has its own");
	for (int i = 0; i < 3; i++)
		cr_expect_eq(k.item[i], i + 1, "in order, round the end");
	cr_expect_eq(end_of(&s), -EPIPE);
	return 0;
}
IN_A_TASK(channel, what_is_left_is_discarded_in_order, discard)

static int
recv_sent_before(void *arg)
{
	plx_channel *c = arg;
	int item = EMPTY;

	cr_expect_eq(plx_channel_recv(c, &item, PLX_NEVER), 1);
	cr_expect_eq(put(c, item + 1), 0);
	return 0;
}

Test(channel, it_may_begin_before_a_run_and_outlast_it)
{
	plx_channel *c = open_channel(1);

	cr_expect_eq(put(c, 1), 0);
	cr_expect_eq(run_on(NULL, recv_sent_before, c), 0);
	cr_expect_eq(take(c), 2);
	plx_channel_free(&c);
}
