/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_actor_call.c: requests, replies, and what becomes of either when the
 * other side is gone.
 */
#include <config.h>
#include "actor_common.h"

static struct losses lost;
static struct plx_message kept;

/* Answers every request with its number doubled; one of 0 ends it. */
static int
double_numbers(void *arg)
{
	struct plx_message m, reply = {.kind = 2};
	int r;

	(void)arg;
	while ((r = plx_actor_receive(&m, PLX_NEVER)) == 0) {
		reply.value = 2 * m.value;
		reply.data = m.data;
		cr_expect_eq(plx_actor_reply(&m, &reply),
			     m.call.id ? 0 : -EINVAL);
		if (m.value == 0)
			break;
	}
	return r;
}

/* Keeps the first request, and sleeps. */
static int
keep_request(void *arg)
{
	int r = plx_actor_receive(&kept, PLX_NEVER);

	(void)arg;
	return r < 0 ? r : sleep_for_ever(NULL);
}

static const struct plx_actor_options small = {
	.capacity = 1,
	.discard = note_discard,
	.arg = &lost,
};

/* The reply's number, or an error. */
static int64_t
call_number(struct plx_actor to, int64_t n, int64_t deadline)
{
	struct plx_message request = {.value = n}, reply = {.value = -99};
	int r = plx_actor_call(to, &request, &reply, deadline);

	cr_expect(r == 0 || reply.value == -99);
	return r < 0 ? r : reply.value;
}

static int
call(void *arg)
{
	struct plx_actor a = start_actor(NULL, double_numbers, NULL);
	struct plx_message request = {.value = 4, .data = &a}, reply;

	(void)arg;
	cr_expect_eq(plx_actor_call(a, &request, &reply, PLX_NEVER), 0);
	cr_expect_null(request.data, "it has changed hands");
	cr_expect_eq(reply.kind, 2);
	cr_expect_eq(reply.value, 8);
	cr_expect_eq(reply.data, &a);
	cr_expect_eq(reply.from.id, a.id);
	cr_expect_eq(reply.call.id, 0);
	cr_expect_eq(send_number(a, 5, 0), 0, "a message is no call");
	cr_expect_eq(call_number(a, 6, PLX_NEVER), 12);
	cr_expect_eq(call_number(a, 0, PLX_NEVER), 0);
	return 0;
}
IN_A_TASK(call, a_task_calls_an_actor, call)
IN_AN_ACTOR(call, an_actor_calls_another, call)

static int
call_nobody(void *arg)
{
	struct plx_actor dead = dead_actor();
	struct plx_message request = {.data = &dead}, reply;
	struct plx_message down = {.kind = PLX_DOWN};

	(void)arg;
	cr_expect_eq(plx_actor_call(dead, &request, &reply, PLX_NEVER), -ESRCH);
	cr_expect_eq(request.data, &dead, "still the caller's");
	cr_expect_eq(plx_actor_call(self(), &request, &reply, PLX_NEVER),
		     -EDEADLK);
	cr_expect_eq(plx_actor_call(dead, NULL, &reply, 0), -EINVAL);
	cr_expect_eq(plx_actor_call(dead, &request, NULL, 0), -EINVAL);
	cr_expect_eq(plx_actor_call(dead, &down, &reply, 0), -EINVAL);
	cr_expect_eq(plx_actor_reply(NULL, &reply), -EINVAL);
	cr_expect_eq(plx_actor_reply(&request, &reply), -EINVAL, "no call");
	return 0;
}
IN_AN_ACTOR(call, what_cannot_be_called_is_refused, call_nobody)

static int
call_too_long(void *arg)
{
	struct plx_actor a = start_actor(NULL, keep_request, NULL);
	int64_t deadline = in(PLX_SECOND);
	const struct plx_message reply = {.value = 5};

	(void)arg;
	plx_actor_dead_letters(note_letter, &lost);
	cr_expect_eq(call_number(a, 1, deadline), -ETIMEDOUT);
	cr_expect_eq(in(0), deadline);
	cr_expect_neq(kept.call.id, 0);
	cr_expect_eq(plx_actor_reply(&kept, &reply), -ESRCH);
	cr_expect_eq(lost.letters[PLX_LETTER_REFUSED], 1);
	cr_expect_eq(lost.last_letter, 5);
	cr_expect_eq(lost.to.id, 0);
	return plx_actor_cancel(a);
}
WITH_CLOCK(call, a_late_reply_is_a_dead_letter, call_too_long)

struct caller {
	struct plx_actor to;
	int64_t result;
};

static int
call_in_task(void *arg)
{
	struct caller *c = arg;

	c->result = call_number(c->to, 1, PLX_NEVER);
	return 0;
}

static int
reply_twice(void *arg)
{
	struct caller c = {start_actor(NULL, keep_request, NULL), 0};
	const struct plx_message reply = {.value = 7};
	struct plx_message wrong = {.kind = PLX_DOWN};
	plx_task *t;

	(void)arg;
	plx_spawn(NULL, call_in_task, &c, &t);
	let_run(3);
	cr_expect_eq(plx_actor_reply(&kept, &wrong), -EINVAL);
	cr_expect_eq(plx_actor_reply(&kept, NULL), -EINVAL);
	cr_expect_eq(plx_actor_reply(&kept, &reply), 0, "anyone may");
	cr_expect_eq(plx_actor_reply(&kept, &reply), -ESRCH);
	cr_expect_eq(plx_join(t, NULL, PLX_NEVER), 0);
	cr_expect_eq(c.result, 7);
	return plx_actor_cancel(c.to);
}
IN_A_TASK(call, there_is_one_reply, reply_twice)

static int
die_called(void *arg)
{
	struct caller c[2] = {{start_actor(NULL, keep_request, NULL), 0}};
	struct plx_message request = {.data = &kept}, reply;
	plx_task *t[2];

	(void)arg;
	c[1].to = c[0].to;
	for (int i = 0; i < 2; i++)
		plx_spawn(NULL, call_in_task, &c[i], &t[i]);
	let_run(3);
	cr_expect_eq(plx_actor_cancel(c[0].to), 0);
	cr_expect_eq(plx_actor_call(c[0].to, &request, &reply, PLX_NEVER),
		     -ECONNRESET);
	cr_expect_null(request.data);
	for (int i = 0; i < 2; i++) {
		cr_expect_eq(plx_join(t[i], NULL, PLX_NEVER), 0);
		cr_expect_eq(c[i].result, -ECONNRESET, "received or not");
	}
	return 0;
}
IN_A_TASK(call, the_end_of_the_callee_is_told_to_its_callers, die_called)

static int
call_full(void *arg)
{
	struct plx_actor a = start_actor(&small, double_numbers, NULL);
	struct plx_message request = {.value = 3, .data = &a}, reply;

	(void)arg;
	cr_expect_eq(send_number(a, 1, 0), 0);
	cr_expect_eq(plx_actor_call(a, &request, &reply, 0), -ETIMEDOUT);
	cr_expect_eq(request.data, &a, "it was not accepted");
	cr_expect_eq(plx_actor_call(a, &request, &reply, PLX_NEVER), 0);
	cr_expect_eq(reply.value, 6);
	cr_expect_null(request.data);
	return send_number(a, 0, 0);
}
IN_A_TASK(call, a_call_waits_for_room_and_then_for_the_reply, call_full)

static int
die_full(void *arg)
{
	struct plx_actor a = start_actor(&small, sleep_for_ever, NULL);
	struct caller c = {a, 0};
	plx_task *t;

	(void)arg;
	plx_actor_dead_letters(note_letter, &lost);
	cr_expect_eq(send_number(a, 1, 0), 0);
	plx_spawn(NULL, call_in_task, &c, &t);
	let_run(2);
	cr_expect_eq(plx_actor_cancel(a), 0);
	cr_expect_eq(plx_join(t, NULL, PLX_NEVER), 0);
	cr_expect_eq(c.result, -ESRCH, "not accepted");
	cr_expect_eq(lost.letters[PLX_LETTER_REFUSED], 1);
	cr_expect_eq(lost.letters[PLX_LETTER_LEFT], 1);
	cr_expect_eq(lost.discards, 1);
	return 0;
}
IN_A_TASK(call, a_call_that_waits_for_room_is_refused_at_the_end, die_full)

static int
double_late(void *arg)
{
	let_run(3);
	return double_numbers(arg);
}

static int
drop_calls(void *arg)
{
	struct plx_actor_options o = small;
	struct caller c = {.result = 0};
	plx_task *t;

	(void)arg;
	o.overflow = PLX_OVERFLOW_DROP_OLDEST;
	c.to = start_actor(&o, double_late, NULL);
	plx_spawn(NULL, call_in_task, &c, &t);
	plx_checkpoint();
	cr_expect_eq(call_number(c.to, 1, PLX_NEVER), -ENOBUFS, "full");
	cr_expect_eq(lost.discards, 0);
	cr_expect_eq(send_number(c.to, 0, 0), 2, "in its place");
	cr_expect_eq(plx_join(t, NULL, PLX_NEVER), 0);
	cr_expect_eq(c.result, -ENOBUFS, "dropped");
	cr_expect_eq(lost.discards, 1);
	return 0;
}
IN_A_TASK(call, a_call_that_is_dropped_fails, drop_calls)

/* Passes every request on to *ARG. */
static int
delegate(void *arg)
{
	struct plx_message m;
	int r;

	while ((r = plx_actor_receive(&m, PLX_NEVER)) == 0 && m.value) {
		kept = m;
		r = send_number(*(struct plx_actor *)arg, m.value, PLX_NEVER);
		cr_expect_eq(r, 0);
	}
	return r;
}

static int
answer_kept(void *arg)
{
	int64_t n = receive_number(PLX_NEVER);
	const struct plx_message reply = {.value = n + 100};

	(void)arg;
	cr_expect_eq(plx_actor_reply(&kept, &reply), 0);
	return 0;
}

static int
call_delegate(void *arg)
{
	struct plx_actor worker = start_actor(NULL, answer_kept, NULL);
	struct plx_actor a = start_actor(NULL, delegate, &worker);

	(void)arg;
	cr_expect_eq(call_number(a, 5, PLX_NEVER), 105);
	return send_number(a, 0, 0);
}
IN_A_TASK(call, another_may_reply, call_delegate)

static int
call_any(void *arg)
{
	struct plx_actor slow = start_actor(NULL, keep_request, NULL);
	struct plx_actor fast = start_actor(NULL, double_numbers, NULL);
	struct plx_message request = {.value = 3}, reply[2];
	struct plx_actor_awaitable w[2];
	struct plx_awaitable *list[2] = {
		plx_actor_call_awaitable(&w[0], slow, &request, &reply[0]),
		plx_actor_call_awaitable(&w[1], fast, &request, &reply[1])};
	const struct plx_message late = {.value = 9};

	(void)arg;
	cr_expect_eq(plx_await_any(list, 2, PLX_NEVER), 1);
	cr_expect_eq(plx_awaitable_result(list[1]), 0);
	cr_expect_eq(reply[1].value, 6);
	cr_expect_eq(plx_actor_reply(&kept, &late), -ESRCH, "it has lost");
	cr_expect_eq(plx_await_any(list, 2, PLX_NEVER), 1, "once more");
	plx_actor_cancel(slow);
	let_run(2);
	cr_expect_eq(plx_await_any(list, 2, PLX_NEVER), 0);
	cr_expect_eq(plx_awaitable_result(list[0]), -ESRCH);
	return send_number(fast, 0, 0);
}
IN_A_TASK(call, the_first_of_several_calls_is_answered, call_any)

static int
reply_and_cancel(void *arg)
{
	struct caller c[2] = {{start_actor(NULL, keep_request, NULL), 0},
			      {start_actor(NULL, keep_request, NULL), 0}};
	const struct plx_message reply = {.value = 7};

	for (int i = 0; i < 2; i++) {
		plx_task *t;

		plx_spawn(NULL, call_in_task, &c[i], &t);
		let_run(3);
		if (i == 0)
			plx_cancel(t);
		cr_expect_eq(plx_actor_reply(&kept, &reply), 0);
		plx_cancel(t);
		cr_expect_eq(plx_join(t, NULL, PLX_NEVER), 0);
		cr_expect_eq(c[i].result, 7, "it has come");
		plx_actor_cancel(c[i].to);
	}
	(void)arg;
	return 0;
}
IN_A_TASK(call, a_reply_beside_a_cancel_is_kept, reply_and_cancel)

static int
call_without_memory(void *arg)
{
	struct plx_actor a = start_actor(NULL, double_numbers, NULL);

	(void)arg;
	support_sys.fails = SUPPORT_RESIZE;
	support_sys.fail_at = 1;
	support_sys.fail_with = ENOMEM;
	cr_expect_eq(call_number(a, 1, PLX_NEVER), -ENOMEM);
	cr_expect_eq(call_number(a, 1, PLX_NEVER), 2);
	return send_number(a, 0, 0);
}
IN_A_TASK(call, without_memory_nothing_is_sent, call_without_memory)

static int
sleep_then_end(void *arg)
{
	(void)arg;
	return plx_sleep(PLX_SECOND);
}

/* The call of a refused message cannot be answered, now or later. */
static void
answer_letter(struct plx_actor to, const struct plx_message *m,
	      enum plx_letter why, void *arg)
{
	const struct plx_message reply = {.kind = 7};

	(void)to;
	(void)why;
	cr_expect_eq(plx_actor_reply(m, &reply), -EINVAL);
	++*(int *)arg;
}

static int
call_for_room(void *arg)
{
	const struct plx_message m = {.kind = 1};
	struct plx_actor a;
	int letters = 0;

	(void)arg;
	plx_actor_dead_letters(answer_letter, &letters);
	plx_actor_spawn(NULL, &small, sleep_then_end, NULL, &a);
	plx_actor_send(a, &m, PLX_NEVER);
	cr_expect_eq(call_number(a, 5, PLX_NEVER), -ESRCH);
	cr_expect_eq(letters, 2, "the call, and what was in the mailbox");
	plx_actor_dead_letters(NULL, NULL);
	return 0;
}
WITH_CLOCK(actor_call, one_refused_for_want_of_room_is_over, call_for_room)
