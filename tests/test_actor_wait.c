/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_actor_wait.c: what waits for messages cost, lose and keep.
 */
#include <config.h>
#include "actor_common.h"

struct receiver {
	int64_t n[2];
};

static int
receive_two(void *arg)
{
	struct receiver *r = arg;

	for (int i = 0; i < 2; i++)
		r->n[i] = receive_number(PLX_NEVER);
	return 0;
}

static int
send_and_cancel(void *arg)
{
	struct receiver r[2] = {{{0, 0}}, {{0, 0}}};
	struct plx_actor a[2];

	(void)arg;
	for (int i = 0; i < 2; i++)
		a[i] = start_actor(NULL, receive_two, &r[i]);
	let_run(2);
	cr_expect_eq(send_number(a[0], 1, 0), 0);
	cr_expect_eq(plx_actor_cancel(a[0]), 0);
	cr_expect_eq(plx_actor_cancel(a[1]), 0);
	cr_expect_eq(send_number(a[1], 1, 0), 0);
	let_run(3);
	for (int i = 0; i < 2; i++) {
		cr_expect_eq(r[i].n[0], 1, "it was there");
		cr_expect_eq(r[i].n[1], -ECANCELED);
	}
	return 0;
}
IN_A_TASK(actor_wait, a_message_beside_a_cancel_is_kept, send_and_cancel)

static int
send_too_late(void *arg)
{
	const struct plx_actor *to = arg;

	plx_sleep(PLX_SECOND);
	return send_number(*to, 1, 0);
}

static int
receive_at_deadline(void *arg)
{
	struct plx_actor me = self();
	int64_t n;

	(void)arg;
	plx_spawn(NULL, send_too_late, &me, NULL);
	n = receive_number(in(PLX_SECOND));
	if (n == -ETIMEDOUT)
		n = receive_number(PLX_NEVER);
	cr_expect_eq(n, 1, "in the wait, or in the mailbox");
	cr_expect_eq(receive_number(0), -ETIMEDOUT);
	return 0;
}
ACTOR_WITH_CLOCK(actor_wait, a_message_beside_a_deadline_is_not_lost,
		 receive_at_deadline)

/* Sends to ARG twice. */
static int
send_two(void *arg)
{
	const struct plx_actor *to = arg;

	cr_expect_eq(send_number(*to, 1, 0), 0);
	cr_expect_eq(send_number(*to, 2, 0), 0);
	return 0;
}

static int
receive_or_send(void *arg)
{
	const struct plx_actor_options o = {.capacity = 1};
	static struct receiver r;
	struct plx_actor other = start_actor(&o, receive_two, &r);
	struct plx_actor me = self();
	struct plx_message in = {.value = 0}, out = {.value = 3};
	struct plx_actor_awaitable receive, send;
	struct plx_awaitable *list[2] = {
		plx_actor_receive_awaitable(&receive, &in),
		plx_actor_send_awaitable(&send, other, &out)};

	(void)arg;
	cr_expect_eq(send_number(other, 1, 0), 0, "full");
	plx_spawn(NULL, send_two, &me, NULL);
	cr_expect_eq(plx_await_any(list, 2, PLX_NEVER), 1, "room comes first");
	cr_expect_eq(plx_awaitable_result(list[1]), 0);
	cr_expect_eq(in.value, 0, "nothing was taken");
	cr_expect_eq(plx_await_any(list, 2, PLX_NEVER), 0);
	cr_expect_eq(in.value, 1);
	cr_expect_eq(plx_await_any(list, 2, PLX_NEVER), 0);
	cr_expect_eq(in.value, 2);
	return 0;
}
IN_AN_ACTOR(actor_wait, the_first_of_a_receive_and_a_send_wins, receive_or_send)

static int
echo_numbers(void *arg)
{
	struct plx_message m;
	int r;

	(void)arg;
	while ((r = plx_actor_receive(&m, PLX_NEVER)) == 0 && m.value) {
		if (m.call.id)
			r = plx_actor_reply(&m, &m);
		else
			r = send_number(m.from, m.value, PLX_NEVER);
		cr_expect_eq(r, 0);
	}
	return r;
}

static int
exchange(struct plx_actor a, int n)
{
	struct plx_message m = {.value = 1}, reply;
	int r = 0;

	for (int i = 0; r == 0 && i < n; i++) {
		r = send_number(a, 1, PLX_NEVER);
		if (r == 0)
			r = plx_actor_receive(&reply, PLX_NEVER);
		if (r == 0)
			r = plx_actor_call(a, &m, &reply, PLX_NEVER);
	}
	return r;
}

static int
count_memory(void *arg)
{
	const unsigned memory = SUPPORT_RESIZE | SUPPORT_MAP;
	struct plx_actor a = start_actor(NULL, echo_numbers, NULL);
	unsigned long before;

	(void)arg;
	cr_expect_eq(exchange(a, 1), 0);
	before = support_calls(&support_sys, memory);
	cr_expect_eq(exchange(a, 1000), 0);
	cr_expect_eq(support_calls(&support_sys, memory), before);
	return send_number(a, 0, 0);
}
IN_AN_ACTOR(actor_wait, messages_and_calls_allocate_nothing, count_memory)

static int
count_rounds(void *arg)
{
	while (plx_checkpoint() == 0)
		++*(int *)arg;
	return 0;
}

static int
send_endlessly(void *arg)
{
	int rounds = 0;
	plx_task *t;

	(void)arg;
	plx_spawn(NULL, count_rounds, &rounds, &t);
	for (int i = 1; i <= 10000; i++) {
		cr_expect_eq(send_number(self(), i, PLX_NEVER), 0);
		cr_expect_eq(receive_number(PLX_NEVER), i);
	}
	cr_expect_geq(rounds, 100, "others ran %d times", rounds);
	cr_expect_eq(stop_task(t), 0);
	return 0;
}
IN_AN_ACTOR(actor_wait, one_that_never_waits_yields_now_and_then,
	    send_endlessly)

static int
list_two_waits(void *arg)
{
	struct plx_actor_awaitable w[2];
	struct plx_message m[2];
	struct plx_awaitable *list[2];

	(void)arg;
	for (int i = 0; i < 2; i++)
		list[i] = plx_actor_receive_awaitable(&w[i], &m[i]);
	cr_expect_eq(plx_await_any(list, 2, PLX_NEVER), -EBUSY);
	cr_expect_eq(send_number(self(), 7, 0), 0);
	cr_expect_eq(receive_number(PLX_NEVER), 7);
	return 0;
}
IN_AN_ACTOR(actor_wait, one_list_waits_for_one_message, list_two_waits)

static int
fail_untidily(void *arg)
{
	struct plx_scope s;

	(void)arg;
	plx_scope_enter(&s, PLX_NEVER);
	return -EIO;
}

static int
fail_with_a_scope(void *arg)
{
	plx_nursery *n = NULL;

	(void)arg;
	cr_expect_eq(plx_nursery_open(NULL, &n), 0);
	cr_expect_eq(plx_actor_spawn(n, NULL, fail_untidily, NULL, NULL), 0);
	cr_expect_eq(plx_nursery_close(&n, 0), -EIO, "why it failed counts");
	return 0;
}
IN_A_TASK(actor_wait, who_fails_with_a_scope_open_has_failed, fail_with_a_scope)

/* Neither a letter box nor a call is there in a run without actors. */
static int
be_without_actors(void *arg)
{
	const struct plx_message kept = {.call = {.id = 77}};
	const struct plx_message reply = {.value = 1};

	(void)arg;
	cr_expect_eq(plx_actor_reply(&kept, &reply), -ESRCH);
	support_sys.fails = SUPPORT_RESIZE;
	support_sys.fail_with = ENOMEM;
	support_sys.fail_at = 1;
	cr_expect_eq(plx_actor_dead_letters(NULL, NULL), -ENOMEM);
	cr_expect_eq(support_sys.fail_at, 0);
	cr_expect_eq(plx_actor_reply(&kept, &reply), -ESRCH);
	cr_expect_eq(plx_actor_dead_letters(NULL, NULL), 0);
	return 0;
}
IN_A_TASK(actor_wait, a_reply_from_another_run_reaches_nobody,
	  be_without_actors)
