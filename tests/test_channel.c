/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_channel.c: opening, sending, receiving.
 *
 * The ends of a channel are test_channel_close.c's, who comes before whom is
 * test_channel_order.c's, choosing between channels test_channel_select.c's,
 * chance and large numbers are test_channel_model.c's.
 */
#include <config.h>
#include "channel_common.h"

static int
find_nothing(void *arg)
{
	plx_channel *c[2] = {open_channel(0), open_channel(2)};
	int item = EMPTY;

	(void)arg;
	for (int i = 0; i < 2; i++) {
		cr_expect_eq(plx_channel_recv(c[i], &item, 0), -ETIMEDOUT);
		cr_expect_eq(plx_channel_recv(c[i], &item, in(PLX_SECOND)),
			     -ETIMEDOUT);
		cr_expect_eq(plx_channel_recv(c[i], &item, in(0)), -ETIMEDOUT);
		cr_expect_eq(item, EMPTY);
		cr_expect_eq(plx_channel_len(c[i]), 0);
		cr_expect_not(plx_channel_is_closed(c[i]));
		plx_channel_free(&c[i]);
		cr_expect_null(c[i]);
	}
	return 0;
}
WITH_CLOCK(channel, a_new_one_is_empty, find_nothing)

static int
send_without_room(void *arg)
{
	plx_channel *c = open_channel(0);
	struct act s = {.deadline = PLX_NEVER};
	int item = 5;

	(void)arg;
	cr_expect_eq(plx_channel_send(c, &item, 0), -ETIMEDOUT);
	begin_send(&s, c, 42);
	let_run(3);
	cr_expect_eq(s.result, PENDING, "nobody has received");
	cr_expect_eq(plx_channel_len(c), 0);
	cr_expect_eq(plx_channel_recv(c, &item, PLX_NEVER), 1);
	cr_expect_eq(item, 42);
	cr_expect_eq(end_of(&s), 0);
	plx_channel_free(&c);
	return 0;
}
IN_A_TASK(channel, an_unbuffered_send_ends_when_it_was_received,
	  send_without_room)

static int
recv_before_send(void *arg)
{
	plx_channel *c = open_channel(0);
	struct act r = {.deadline = PLX_NEVER};
	int item = 42;

	(void)arg;
	begin_recv(&r, c);
	cr_expect_eq(r.result, PENDING);
	cr_expect_eq(plx_channel_send(c, &item, 0), 0);
	item = 43;
	cr_expect_eq(plx_channel_send(c, &item, 0), -ETIMEDOUT, "only once");
	cr_expect_eq(end_of(&r), 1);
	cr_expect_eq(r.item, 42);
	plx_channel_free(&c);
	return 0;
}
IN_A_TASK(channel, a_receiver_that_waits_is_handed_the_item, recv_before_send)

static int
fill(void *arg)
{
	plx_channel *c = open_channel(3);
	struct act s = {.deadline = PLX_NEVER};

	(void)arg;
	cr_expect_eq(plx_channel_capacity(c), 3);
	for (int round = 0; round < 5; round++) {
		for (int i = 0; i < 3; i++) {
			cr_expect_eq(plx_channel_send(c, &i, PLX_NEVER), 0);
			cr_expect_eq(plx_channel_len(c), (size_t)i + 1);
		}
		begin_send(&s, c, 3);
		cr_expect_eq(s.result, PENDING, "it is full");
		cr_expect_eq(take(c), 0);
		cr_expect_eq(plx_channel_len(c), 3, "the next has moved up");
		cr_expect_eq(end_of(&s), 0);
		for (int i = 1; i <= 3; i++)
			cr_expect_eq(take(c), i, "in order");
		put(c, 9);
		cr_expect_eq(take(c), 9);
	}
	cr_expect_eq(take(c), EMPTY);
	plx_channel_free(&c);
	return 0;
}
IN_A_TASK(channel, a_buffered_one_takes_what_it_has_room_for, fill)

static int
copy_sizes(void *arg)
{
	static const size_t sizes[] = {1, 3, 4, 8, 16, 100};
	unsigned char from[100], to[100];
	plx_channel *c;

	(void)arg;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		cr_expect_eq(plx_channel_open(sizes[i], 2, &c), 0);
		memset(from, 0xa5, sizeof(from));
		memset(to, 0, sizeof(to));
		for (int k = 0; k < 2; k++)
			cr_expect_eq(plx_channel_send(c, from, PLX_NEVER), 0);
		memset(from, 0, sizeof(from));
		cr_expect_eq(plx_channel_recv(c, to, PLX_NEVER), 1);
		for (size_t k = 0; k < sizeof(to); k++)
			cr_expect_eq(to[k], k < sizes[i] ? 0xa5 : 0);
		plx_channel_free(&c);
	}
	return 0;
}
IN_A_TASK(channel, an_item_is_copied_whole_and_no_more, copy_sizes)

static int
signal_only(void *arg)
{
	plx_channel *c;

	(void)arg;
	cr_expect_eq(plx_channel_open(0, 2, &c), 0);
	cr_expect_eq(plx_channel_send(c, NULL, PLX_NEVER), 0);
	cr_expect_eq(plx_channel_send(c, NULL, PLX_NEVER), 0);
	cr_expect_eq(plx_channel_send(c, NULL, 0), -ETIMEDOUT);
	cr_expect_eq(plx_channel_recv(c, NULL, PLX_NEVER), 1);
	cr_expect_eq(plx_channel_len(c), 1);
	plx_channel_free(&c);
	cr_expect_eq(plx_channel_open(0, SIZE_MAX, &c), 0);
	cr_expect_eq(plx_channel_send(c, NULL, 0), 0);
	plx_channel_free(&c);
	return 0;
}
IN_A_TASK(channel, items_may_be_mere_signals, signal_only)

static int
misuse(void *arg)
{
	struct plx_channel_awaitable w;
	plx_channel *c = open_channel(1);
	int item = 1;

	(void)arg;
	cr_expect_eq(plx_channel_send(NULL, &item, 0), -EINVAL);
	cr_expect_eq(plx_channel_recv(NULL, &item, 0), -EINVAL);
	cr_expect_eq(plx_channel_send(c, NULL, 0), -EINVAL);
	cr_expect_eq(plx_channel_recv(c, NULL, 0), -EINVAL);
	cr_expect_eq(plx_channel_try_send(c, NULL), -EINVAL);
	cr_expect_eq(plx_channel_try_recv(NULL, &item), -EINVAL);
	cr_expect_eq(plx_await(plx_channel_send_awaitable(&w, c, NULL), 0),
		     -EINVAL);
	cr_expect_eq(plx_await(plx_channel_recv_awaitable(&w, NULL, &item), 0),
		     -EINVAL);
	plx_channel_close(NULL);
	plx_channel_on_discard(NULL, NULL, NULL);
	cr_expect_eq(plx_channel_len(NULL), 0);
	plx_channel_free(&c);
	plx_channel_free(&c);
	return 0;
}
IN_A_TASK(channel, misuse_is_refused, misuse)

static int
run_short_of_memory(void *arg)
{
	plx_channel *c = NULL;

	(void)arg;
	support_sys.fails = SUPPORT_RESIZE;
	support_sys.fail_with = ENOMEM;
	support_sys.fail_at = 1;
	cr_expect_eq(plx_channel_open(4, 4, &c), -ENOMEM);
	support_sys.fails = 0;
	cr_expect_eq(plx_channel_open(4, SIZE_MAX / 4, &c), -ENOMEM);
	cr_expect_eq(plx_channel_open(SIZE_MAX, 2, &c), -ENOMEM);
	cr_expect_eq(plx_channel_open(2, SIZE_MAX / 2 + 2, &c), -ENOMEM,
		     "the product wraps to 2");
	cr_expect_null(c, "written only on success");
	cr_expect_eq(plx_channel_open(4, 4, NULL), -EINVAL);
	return 0;
}
IN_A_TASK(channel, what_memory_cannot_hold_is_refused, run_short_of_memory)

static int
wait_without_timer(void *arg)
{
	plx_channel *c = open_channel(0);
	int item = 1, r;

	(void)arg;
	support_sys.fails = SUPPORT_RESIZE;
	support_sys.fail_with = ENOMEM;
	support_sys.fail_at = 1;
	r = plx_channel_recv(c, &item, in(PLX_SECOND));
	support_sys.fails = 0;
	cr_expect_eq(r, -ENOMEM, "%d", r);
	cr_expect_eq(put(c, 2), -ETIMEDOUT, "nobody is left in line");
	plx_channel_free(&c);
	return 0;
}
WITH_CLOCK(channel, a_wait_that_gets_no_timer_leaves_the_line,
	   wait_without_timer)

/* The deadline is the scope's alone: the wait has to look at both. */
static int
end_with_scope(void *arg)
{
	plx_channel *c = open_channel(0);
	int64_t deadline = in(PLX_SECOND);
	struct plx_scope s;
	int item = EMPTY;

	(void)arg;
	cr_expect_eq(plx_scope_enter(&s, deadline), 0);
	cr_expect_eq(plx_channel_recv(c, &item, PLX_NEVER), -ECANCELED);
	cr_expect_eq(plx_channel_send(c, &item, PLX_NEVER), -ECANCELED);
	cr_expect_eq(in(0), deadline);
	cr_expect_eq(plx_scope_leave(&s, -ECANCELED), -ETIMEDOUT);
	cr_expect_eq(plx_channel_recv(c, &item, 0), -ETIMEDOUT);
	cr_expect_eq(put(c, 1), -ETIMEDOUT, "nobody is left in line");
	plx_channel_free(&c);
	return 0;
}
WITH_CLOCK(channel, the_deadline_of_a_scope_ends_a_wait, end_with_scope)

static int
cancel_receiver(void *arg)
{
	plx_channel *c = open_channel(0);
	struct act r = {.deadline = PLX_NEVER};

	(void)arg;
	begin_recv(&r, c);
	plx_cancel(r.task);
	cr_expect_eq(end_of(&r), -ECANCELED);
	cr_expect_eq(put(c, 1), -ETIMEDOUT, "nobody is in line");
	plx_channel_free(&c);
	return 0;
}
IN_A_TASK(channel, a_cancelled_receiver_takes_nothing, cancel_receiver)

static int
cancel_sender(void *arg)
{
	plx_channel *c = open_channel(0);
	struct act s = {.deadline = PLX_NEVER};

	(void)arg;
	begin_send(&s, c, 5);
	plx_cancel(s.task);
	cr_expect_eq(end_of(&s), -ECANCELED);
	cr_expect_eq(take(c), EMPTY);
	plx_channel_free(&c);
	return 0;
}
IN_A_TASK(channel, a_cancelled_sender_keeps_its_item, cancel_sender)

static int
drain_when_cancelled(void *arg)
{
	plx_channel *c = open_channel(2);
	int item = 1;

	(void)arg;
	put(c, 1);
	plx_cancel(plx_self());
	cr_expect_eq(plx_channel_recv(c, &item, PLX_NEVER), -ECANCELED);
	cr_expect_eq(plx_channel_send(c, &item, 0), -ECANCELED);
	cr_expect_eq(plx_channel_len(c), 1);
	cr_expect_eq(put(c, 2), 0);
	cr_expect_eq(take(c), 1);
	cr_expect_eq(take(c), 2);
	plx_channel_free(&c);
	return 0;
}
IN_A_TASK(channel, a_cancelled_task_can_still_try, drain_when_cancelled)

static void
feed(void *arg)
{
	plx_channel *c = arg;

	cr_expect_null(plx_self());
	cr_expect_eq(put(c, 42), 0);
	cr_expect_eq(put(c, 43), 0);
	cr_expect_eq(put(c, 44), -ETIMEDOUT);
	cr_expect_eq(plx_channel_send(c, &(int){1}, PLX_NEVER), -EPERM);
	cr_expect_eq(plx_channel_recv(c, &(int){1}, PLX_NEVER), -EPERM);
}

static int
recv_from_loop(void *arg)
{
	plx_channel *c = open_channel(1);
	struct plx_call call = {0};
	int item = EMPTY;

	(void)arg;
	plx_loop_call_soon(plx_self_loop(), &call, feed, c);
	cr_expect_eq(plx_channel_recv(c, &item, PLX_NEVER), 1);
	cr_expect_eq(item, 42, "handed over");
	cr_expect_eq(take(c), 43);
	plx_channel_free(&c);
	return 0;
}
IN_A_TASK(channel, a_callback_of_the_loop_may_try, recv_from_loop)

static int
echo_items(void *arg)
{
	plx_channel *const *c = arg;
	int item;

	while (plx_channel_recv(c[0], &item, PLX_NEVER) > 0)
		plx_channel_send(c[1], &item, PLX_NEVER);
	return 0;
}

static int
count_allocations(void *arg)
{
	plx_channel *c[2] = {open_channel(0), open_channel(2)};
	unsigned long before;
	plx_task *t;
	int item = 0;

	(void)arg;
	plx_spawn(NULL, echo_items, c, &t);
	plx_checkpoint();
	before = support_calls(&support_sys, SUPPORT_RESIZE | SUPPORT_MAP);
	for (int i = 0; i < 1000; i++) {
		plx_channel_send(c[0], &i, PLX_NEVER);
		plx_channel_recv(c[1], &item, PLX_NEVER);
		cr_expect_eq(item, i);
	}
	cr_expect_eq(support_calls(&support_sys, SUPPORT_RESIZE | SUPPORT_MAP),
		     before);
	plx_channel_close(c[0]);
	plx_join(t, NULL, PLX_NEVER);
	plx_channel_free(&c[0]);
	plx_channel_free(&c[1]);
	return 0;
}
IN_A_TASK(channel, a_message_allocates_nothing, count_allocations)

static int
dump_waiters(void *arg)
{
	plx_channel *c = open_channel(0);
	struct act r = {.deadline = PLX_NEVER};
	char text[4096] = "";
	FILE *f = fmemopen(text, sizeof(text), "w");

	(void)arg;
	begin_recv(&r, c);
	cr_expect_eq(plx_dump(plx_self_loop(), f), 2);
	fclose(f);
	cr_expect(strstr(text, "channel recv"), "%s", text);
	plx_channel_free(&c);
	cr_expect_eq(end_of(&r), 0);
	return 0;
}
IN_A_TASK(channel, a_dump_names_the_wait, dump_waiters)
