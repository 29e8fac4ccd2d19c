/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_monitor.c: who hears of ends and of lost messages.
 */
#include <config.h>
#include "actor_common.h"

static struct losses lost;

static const struct plx_actor_options one = {
	.capacity = 1,
	.discard = note_discard,
	.arg = &lost,
};

/* The next message is a PLX_DOWN of A with RESULT. */
static void
expect_down(struct plx_actor a, int64_t result)
{
	struct plx_message m = {.kind = 0};

	cr_expect_eq(plx_actor_receive(&m, PLX_NEVER), 0);
	cr_expect_eq(m.kind, PLX_DOWN);
	cr_expect_eq(m.value, result, "%d", (int)m.value);
	cr_expect_null(m.data);
	cr_expect_eq(m.from.id, a.id);
	cr_expect_eq(m.call.id, 0);
}

/* An actor that ends with the first number it is sent. */
static int
end_with(void *arg)
{
	(void)arg;
	return (int)receive_number(PLX_NEVER);
}

static int
watch(void *arg)
{
	struct plx_actor a = start_actor(NULL, end_with, NULL);
	struct plx_actor b = start_actor(NULL, end_with, NULL);

	(void)arg;
	cr_expect_eq(plx_actor_monitor(a), 0);
	cr_expect_eq(plx_actor_monitor(b), 0);
	cr_expect_eq(receive_number(0), -ETIMEDOUT, "they live");
	cr_expect_eq(send_number(b, 17, 0), 0);
	expect_down(b, 17);
	cr_expect_eq(plx_actor_cancel(a), 0);
	expect_down(a, -ECANCELED);
	cr_expect_eq(receive_number(0), -ETIMEDOUT, "once");
	return 0;
}
IN_AN_ACTOR(monitor, an_end_is_told_with_its_result, watch)

static int
watch_dead(void *arg)
{
	struct plx_actor dead = dead_actor(), nobody = {0, 0};

	(void)arg;
	cr_expect_eq(plx_actor_monitor(dead), 0);
	cr_expect_eq(plx_actor_monitor(nobody), 0);
	expect_down(dead, -ESRCH);
	expect_down(nobody, -ESRCH);
	cr_expect_eq(plx_actor_monitor(self()), -EDEADLK);
	return 0;
}
IN_AN_ACTOR(monitor, the_end_of_a_dead_one_is_told_at_once, watch_dead)

static int
talk_and_end(void *arg)
{
	const struct plx_actor *to = arg;

	for (int i = 1; i <= 3; i++)
		cr_expect_eq(send_number(*to, i, 0), 0);
	return 9;
}

static int
watch_talker(void *arg)
{
	struct plx_actor me = self();
	struct plx_actor a = start_actor(NULL, talk_and_end, &me);

	(void)arg;
	cr_expect_eq(plx_actor_monitor(a), 0);
	let_run(3);
	cr_expect_eq(send_number(me, 4, 0), 0);
	for (int i = 1; i <= 3; i++)
		cr_expect_eq(receive_number(0), i);
	expect_down(a, 9);
	cr_expect_eq(receive_number(0), 4, "in its place");
	return 0;
}
IN_AN_ACTOR(monitor, an_end_comes_after_the_last_words, watch_talker)

static int
watch_full(void *arg)
{
	const struct plx_message m = {.value = 1};
	struct plx_actor a = start_actor(NULL, end_with, NULL), b = a;

	(void)arg;
	for (int i = 0; i < 10; i++)
		cr_expect_eq(plx_actor_monitor(a), 0);
	for (int i = 0; i < 64; i++)
		cr_expect_eq(plx_actor_send(self(), &m, 0), 0);
	cr_expect_eq(send_number(a, 3, 0), 0);
	let_run(3);
	cr_expect_eq(plx_actor_cancel(b), -ESRCH);
	for (int i = 0; i < 64; i++)
		cr_expect_eq(receive_number(0), 1);
	for (int i = 0; i < 10; i++)
		expect_down(a, 3);
	return 0;
}
IN_AN_ACTOR(monitor, a_full_mailbox_loses_no_end, watch_full)

static int
change_mind(void *arg)
{
	struct plx_actor a = start_actor(NULL, end_with, NULL);

	(void)arg;
	cr_expect_eq(plx_actor_demonitor(a), -ENOENT);
	cr_expect_eq(plx_actor_monitor(a), 0);
	cr_expect_eq(plx_actor_monitor(a), 0);
	cr_expect_eq(plx_actor_demonitor(a), 0);
	cr_expect_eq(send_number(a, 3, 0), 0);
	let_run(3);
	cr_expect_eq(plx_actor_demonitor(a), 0, "it is in the mailbox");
	cr_expect_eq(plx_actor_demonitor(a), -ENOENT);
	cr_expect_eq(receive_number(0), -ETIMEDOUT);
	return 0;
}
IN_AN_ACTOR(monitor, it_can_be_taken_back, change_mind)

static int
watch_and_end(void *arg)
{
	const struct plx_actor *a = arg;

	cr_expect_eq(plx_actor_monitor(a[0]), 0);
	cr_expect_eq(plx_actor_monitor(a[1]), 0, "dead, not received");
	return 0;
}

static int
outlive_watcher(void *arg)
{
	struct plx_actor a[2] = {start_actor(NULL, end_with, NULL),
				 dead_actor()};

	(void)arg;
	start_actor(NULL, watch_and_end, a);
	let_run(3);
	return send_number(a[0], 1, 0);
}
IN_A_TASK(monitor, it_ends_with_the_watcher, outlive_watcher)

static int
watch_without_memory(void *arg)
{
	struct plx_actor a = start_actor(NULL, end_with, NULL);

	(void)arg;
	support_sys.fails = SUPPORT_RESIZE;
	support_sys.fail_at = 1;
	support_sys.fail_with = ENOMEM;
	cr_expect_eq(plx_actor_monitor(a), -ENOMEM);
	return send_number(a, 1, 0);
}
IN_AN_ACTOR(monitor, without_memory_it_is_refused, watch_without_memory)

static int
lose_letters(void *arg)
{
	struct plx_actor dead = dead_actor(), a, b;
	struct plx_actor_options o = one;

	(void)arg;
	cr_expect_eq(send_number(dead, 1, 0), -ESRCH, "nobody hears yet");
	cr_expect_eq(plx_actor_dead_letters(note_letter, &lost), 0);
	cr_expect_eq(send_number(dead, 2, 0), -ESRCH);
	cr_expect_eq(lost.letters[PLX_LETTER_REFUSED], 1);
	cr_expect_eq(lost.last_letter, 2);
	cr_expect_eq(lost.to.id, dead.id);
	cr_expect_eq(lost.discards, 0, "still the sender's");
	o.overflow = PLX_OVERFLOW_DROP_NEWEST;
	a = start_actor(&o, sleep_for_ever, NULL);
	cr_expect_eq(send_number(a, 3, 0), 0);
	cr_expect_eq(send_number(a, 4, 0), 1);
	cr_expect_eq(lost.letters[PLX_LETTER_DROPPED], 1);
	cr_expect_eq(lost.last_letter, 4);
	cr_expect_eq(lost.last_discard, 4);
	cr_expect_eq(plx_actor_cancel(a), 0);
	let_run(3);
	cr_expect_eq(lost.letters[PLX_LETTER_LEFT], 1);
	cr_expect_eq(lost.last_letter, 3);
	cr_expect_eq(lost.last_discard, 3);
	cr_expect_eq(lost.to.id, a.id);
	cr_expect_eq(lost.discards, 2);
	o.overflow = PLX_OVERFLOW_FAIL;
	b = start_actor(&o, take_one, NULL);
	cr_expect_eq(send_number(b, 5, 0), 0);
	cr_expect_eq(send_number(b, 6, 0), -ENOBUFS);
	cr_expect_eq(lost.letters[PLX_LETTER_DROPPED], 1, "the sender knows");
	cr_expect_eq(plx_actor_dead_letters(NULL, NULL), 0);
	cr_expect_eq(send_number(dead, 7, 0), -ESRCH);
	cr_expect_eq(lost.letters[PLX_LETTER_REFUSED], 1);
	return 0;
}
IN_A_TASK(dead_letters, each_is_told_and_then_discarded, lose_letters)

struct logger {
	struct plx_actor actor, dead;
	int calls;
};

static void
forward(struct plx_actor to, const struct plx_message *m, enum plx_letter why,
	void *arg)
{
	struct logger *l = arg;

	(void)to;
	(void)why;
	l->calls++;
	cr_expect_eq(send_number(l->dead, 1, PLX_NEVER), -ESRCH, "not told");
	cr_expect_leq(send_number(l->actor, m->value, PLX_NEVER), 0);
}

static int
log_letters(void *arg)
{
	struct numbers all = {.count = 0};
	struct logger l = {.dead = dead_actor()};
	const struct plx_actor_options o = {.capacity = 2};
	struct plx_message in, out = {.value = 4};
	struct plx_actor_awaitable receive, send;
	struct plx_awaitable *list[2] = {
		plx_actor_receive_awaitable(&receive, &in),
		plx_actor_send_awaitable(&send, l.dead, &out)};

	(void)arg;
	l.actor = start_actor(&o, take_numbers, &all);
	plx_actor_dead_letters(forward, &l);
	for (int i = 1; i <= 3; i++)
		cr_expect_eq(send_number(l.dead, i, PLX_NEVER), -ESRCH);
	cr_expect_eq(l.calls, 3, "one of them had no room and did not wait");
	let_run(3);
	EXPECT_NUMBERS(&all, 1, 2);
	cr_expect_eq(send_number(l.actor, 0, 0), 0);
	l.actor = self();
	cr_expect_eq(plx_await_any(list, 2, PLX_NEVER), 1);
	cr_expect_eq(plx_awaitable_result(list[1]), -ESRCH);
	cr_expect_eq(receive_number(0), 4, "sent in the middle of a wait");
	return 0;
}
IN_AN_ACTOR(dead_letters, they_can_be_forwarded, log_letters)
