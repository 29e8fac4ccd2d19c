/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_actor.c: actors, their names, references to them, their end.
 */
#include <config.h>
#include <pollux/gen.h>
#include "actor_common.h"

static int
do_nothing(void *arg)
{
	(void)arg;
	return 0;
}

Test(actor, outside_a_task_nothing_works)
{
	const struct plx_message m = {.value = 1};
	struct plx_message in, request = {.call = {1, 1}};
	struct plx_actor a = {1, 0};

	cr_expect_eq(plx_actor_spawn(NULL, NULL, do_nothing, NULL, &a), -EPERM);
	cr_expect_eq(plx_actor_self(&a), -EPERM);
	cr_expect_eq(plx_actor_find("x", &a), -EPERM);
	cr_expect_eq(plx_actor_cancel(a), -EPERM);
	cr_expect_eq(plx_actor_send(a, &m, 0), -EPERM);
	cr_expect_eq(plx_actor_receive(&in, 0), -EPERM);
	cr_expect_eq(plx_actor_call(a, &in, &in, 0), -EPERM);
	cr_expect_eq(plx_actor_reply(&request, &m), -EPERM);
	cr_expect_eq(plx_actor_monitor(a), -EPERM);
	cr_expect_eq(plx_actor_demonitor(a), -EPERM);
	cr_expect_eq(plx_actor_dead_letters(NULL, NULL), -EPERM);
}

static int
use_in_generator(void *arg)
{
	struct plx_message m = {.value = 1};
	struct plx_actor a = {1, 0};

	(void)arg;
	cr_expect_eq(plx_actor_send(a, &m, PLX_NEVER), -EPERM);
	cr_expect_eq(plx_actor_receive(&m, PLX_NEVER), -EPERM);
	cr_expect_eq(plx_actor_call(a, &m, &m, PLX_NEVER), -EPERM);
	return 0;
}

Test(actor, a_generator_without_a_task_is_refused)
{
	plx_gen *g = NULL;

	cr_assert_eq(plx_gen_new(use_in_generator, NULL, &g), 0);
	cr_assert_eq(plx_gen_next(g, NULL), 0);
	plx_gen_free(&g);
}

static int
be_no_actor(void *arg)
{
	struct plx_message m = {.kind = 0};
	struct plx_actor a = {7, 7};

	(void)arg;
	cr_expect_eq(plx_actor_self(&a), -ENOTSUP);
	cr_expect_eq(plx_actor_receive(&m, PLX_NEVER), -ENOTSUP);
	cr_expect_eq(plx_actor_monitor(a), -ENOTSUP);
	cr_expect_eq(plx_actor_demonitor(a), -ENOTSUP);
	cr_expect_eq(plx_actor_find("x", &a), -ENOENT);
	cr_expect_eq(plx_actor_send(a, &m, 0), -ESRCH);
	cr_expect_eq(plx_actor_cancel(a), -ESRCH);
	cr_expect_eq(a.id, 7);
	return 0;
}
IN_A_TASK(actor, a_task_that_is_none_has_no_mailbox, be_no_actor)

static int
misuse(void *arg)
{
	const struct plx_actor_options unknown = {
		.overflow = (enum plx_overflow)9,
	};
	const struct plx_actor_options huge = {.capacity = SIZE_MAX / 2};
	struct plx_actor a = self();
	struct plx_message m = {.kind = PLX_DOWN};

	(void)arg;
	cr_expect_eq(plx_actor_spawn(NULL, NULL, NULL, NULL, NULL), -EINVAL);
	cr_expect_eq(plx_actor_spawn(NULL, &unknown, do_nothing, NULL, NULL),
		     -EINVAL);
	cr_expect_eq(plx_actor_spawn(NULL, &huge, do_nothing, NULL, NULL),
		     -ENOMEM);
	cr_expect_eq(plx_actor_self(NULL), -EINVAL);
	cr_expect_eq(plx_actor_find(NULL, &a), -EINVAL);
	cr_expect_eq(plx_actor_find("x", NULL), -EINVAL);
	cr_expect_eq(plx_actor_send(a, &m, 0), -EINVAL);
	cr_expect_eq(plx_actor_send(a, NULL, 0), -EINVAL);
	cr_expect_eq(plx_actor_receive(NULL, 0), -EINVAL);
	cr_expect_eq(plx_actor_receive(&m, 0), -ETIMEDOUT, "nothing came");
	return 0;
}
IN_AN_ACTOR(actor, what_cannot_be_is_refused, misuse)

static int
receive_nothing(void *arg)
{
	struct plx_message m = {.value = 7};
	int64_t deadline = in(PLX_SECOND);

	(void)arg;
	cr_expect_eq(plx_actor_receive(&m, 0), -ETIMEDOUT);
	cr_expect_eq(plx_actor_receive(&m, deadline), -ETIMEDOUT);
	cr_expect_eq(in(0), deadline);
	cr_expect_eq(m.value, 7);
	cr_expect_eq(send_number(self(), 1, 0), 0);
	cr_expect_eq(receive_number(0), 1);
	return 0;
}
ACTOR_WITH_CLOCK(actor, a_deadline_ends_a_receive_that_gets_nothing,
		 receive_nothing)

static int
send_three(void *arg)
{
	struct numbers all = {.count = 0};
	struct plx_actor a = start_actor(NULL, take_numbers, &all);

	(void)arg;
	for (int i = 1; i <= 3; i++)
		cr_expect_eq(send_number(a, i, 0), 0, "it has not begun");
	let_run(2);
	EXPECT_NUMBERS(&all, 1, 2, 3);
	cr_expect_eq(send_number(a, 4, 0), 0, "it waits");
	cr_expect_eq(send_number(a, 5, 0), 0, "it has been woken");
	let_run(2);
	EXPECT_NUMBERS(&all, 1, 2, 3, 4, 5);
	cr_expect_eq(send_number(a, 0, 0), 0);
	return 0;
}
IN_A_TASK(actor, messages_come_in_the_order_they_were_sent, send_three)

static int
answer_sender(void *arg)
{
	struct plx_message m = {.kind = 0};

	cr_expect_eq(plx_actor_receive(&m, PLX_NEVER), 0);
	cr_expect_eq(m.from.id, 0, "a task that is no actor");
	cr_expect_eq(plx_actor_receive(&m, PLX_NEVER), 0);
	cr_expect_eq(m.kind, 5);
	cr_expect_eq(m.value, -1);
	cr_expect_eq(m.data, arg);
	cr_expect_eq(m.call.id, 0);
	return send_number(m.from, 17, 0);
}

static int
send_from_task(void *arg)
{
	return send_number(*(const struct plx_actor *)arg, 1, 0);
}

static int
ask(void *arg)
{
	int here;
	struct plx_actor a = start_actor(NULL, answer_sender, &here);
	const struct plx_message m = {
		.kind = 5,
		.value = -1,
		.data = &here,
		.from = {99, 99},
		.call = {99, 99},
	};
	plx_task *t;

	(void)arg;
	plx_spawn(NULL, send_from_task, &a, &t);
	cr_expect_eq(plx_join(t, NULL, PLX_NEVER), 0);
	cr_expect_eq(plx_actor_send(a, &m, 0), 0);
	cr_expect_eq(receive_number(PLX_NEVER), 17);
	return 0;
}
IN_AN_ACTOR(actor, a_message_tells_who_sent_it, ask)

static int
outlive(void *arg)
{
	struct plx_actor old = dead_actor();
	struct plx_actor a = start_actor(NULL, take_one, NULL);
	struct plx_actor forged = {a.id, 1000000};

	(void)arg;
	cr_expect_eq(a.slot, old.slot, "the place is used again");
	cr_expect_neq(a.id, old.id);
	cr_expect_eq(send_number(old, 1, PLX_NEVER), -ESRCH);
	cr_expect_eq(plx_actor_cancel(old), -ESRCH);
	cr_expect_eq(send_number(forged, 1, PLX_NEVER), -ESRCH);
	cr_expect_eq(send_number((struct plx_actor){0, a.slot}, 1, PLX_NEVER),
		     -ESRCH);
	cr_expect_eq(send_number(a, 1, PLX_NEVER), 0, "not the new one's");
	return 0;
}
IN_A_TASK(actor, a_reference_outlives_its_actor_and_stays_dead, outlive)

static struct plx_actor kept;

static int
keep_reference(void *arg)
{
	if (arg)
		cr_expect_eq(send_number(kept, 1, 0), -ESRCH);
	kept = start_actor(NULL, take_one, NULL);
	return send_number(kept, 1, 0);
}

Test(actor, a_reference_of_an_earlier_run_is_dead)
{
	cr_assert_eq(run_on(NULL, keep_reference, NULL), 0);
	cr_assert_eq(run_on(NULL, keep_reference, &kept), 0);
}

static int
use_names(void *arg)
{
	char name[] = "alice";
	const struct plx_actor_options o = {.name = name};
	struct plx_actor a = start_actor(&o, take_one, NULL), found;

	(void)arg;
	cr_expect_eq(plx_actor_spawn(NULL, &o, take_one, NULL, &found),
		     -EEXIST);
	name[0] = 'X';
	cr_expect_eq(plx_actor_find("Xlice", &found), -ENOENT, "a copy");
	cr_expect_eq(plx_actor_find("alice", &found), 0);
	cr_expect_eq(found.id, a.id);
	cr_expect_eq(send_number(found, 1, 0), 0);
	let_run(2);
	cr_expect_eq(plx_actor_find("alice", &found), -ENOENT, "it has ended");
	name[0] = 'a';
	a = start_actor(&o, take_one, NULL);
	cr_expect_eq(plx_actor_find("alice", &found), 0, "free again");
	cr_expect_eq(found.id, a.id);
	return send_number(a, 1, 0);
}
IN_A_TASK(actor, a_name_is_its_actors_while_it_lives, use_names)

static int
use_many_names(void *arg)
{
	struct plx_actor a[200], found;
	char name[16];
	const struct plx_actor_options o = {.name = name, .capacity = 1};

	(void)arg;
	for (int i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "actor %d", i);
		a[i] = start_actor(&o, take_one, NULL);
	}
	for (int i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "actor %d", i);
		cr_expect_eq(plx_actor_find(name, &found), 0);
		cr_expect_eq(found.id, a[i].id);
		cr_expect_eq(send_number(found, 1, 0), 0);
		if (i % 2)
			let_run(2);
	}
	let_run(2);
	for (int i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "actor %d", i);
		cr_expect_eq(plx_actor_find(name, &found), -ENOENT);
	}
	return 0;
}
IN_A_TASK(actor, many_names_are_told_apart, use_many_names)

static char dumped[4096];

static int
dump_one(void *arg)
{
	const struct plx_actor_options o = {.name = "alice"};
	struct plx_actor a = start_actor(&o, take_one, NULL);
	FILE *f = fmemopen(dumped, sizeof(dumped), "w");

	(void)arg;
	let_run(2);
	plx_dump(plx_self_loop(), f);
	fclose(f);
	cr_expect_not_null(strstr(dumped, "alice"), "%s", dumped);
	cr_expect_not_null(strstr(dumped, "message"), "%s", dumped);
	cr_expect_not_null(strstr(dumped, "actor_common.h"), "%s", dumped);
	return send_number(a, 1, 0);
}
IN_A_TASK(actor, a_dump_tells_its_name_and_that_it_waits, dump_one)

static int
note_result(void *arg)
{
	int64_t n = receive_number(PLX_NEVER);

	*(int64_t *)arg = n;
	return 0;
}

static int
cancel(void *arg)
{
	int64_t waiting = 0, fresh = 0;
	struct plx_actor a = start_actor(NULL, note_result, &waiting);
	struct plx_actor b;

	(void)arg;
	let_run(2);
	b = start_actor(NULL, note_result, &fresh);
	cr_expect_eq(plx_actor_cancel(a), 0);
	cr_expect_eq(plx_actor_cancel(b), 0);
	let_run(2);
	cr_expect_eq(waiting, -ECANCELED);
	cr_expect_eq(fresh, -ECANCELED);
	cr_expect_eq(plx_actor_cancel(a), -ESRCH);
	return 0;
}
IN_A_TASK(actor, a_cancel_ends_its_waits, cancel)

static struct plx_actor in_deferred;
static struct plx_scope left_open;

static void
note_self(void *arg)
{
	cr_expect_eq(plx_actor_self(arg), 0, "it still is an actor");
}

static int
leave_things_open(void *arg)
{
	plx_defer(note_self, &in_deferred);
	plx_scope_enter(&left_open, PLX_NEVER);
	(void)arg;
	return 3;
}

static int
watch_careless(void *arg)
{
	plx_nursery *n = NULL;
	struct plx_actor a = {0, 0};

	(void)arg;
	cr_expect_eq(plx_nursery_open(NULL, &n), 0);
	cr_expect_eq(plx_actor_spawn(n, NULL, leave_things_open, NULL, &a), 0);
	cr_expect_eq(plx_nursery_close(&n, 0), -EPROTO, "as of any task");
	cr_expect_eq(in_deferred.id, a.id);
	return 0;
}
IN_A_TASK(actor, its_end_is_that_of_a_task, watch_careless)

/* What was made for all actors stays, so the third failure is a second one. */
static int
spawn_short_of_memory(void *arg)
{
	static const long fail_at[] = {1, 2, 2, 3};
	const struct plx_actor_options o = {.name = "alice", .capacity = 4};
	struct plx_actor a = {0, 0};

	(void)arg;
	for (int i = 0; i < 4; i++) {
		support_sys.fails = SUPPORT_RESIZE;
		support_sys.fail_at = fail_at[i];
		support_sys.fail_with = ENOMEM;
		cr_expect_eq(plx_actor_spawn(NULL, &o, take_one, NULL, &a),
			     -ENOMEM, "%d", i);
		cr_expect_eq(support_sys.fail_at, 0, "%d", i);
		cr_expect_eq(plx_actor_find("alice", &a), -ENOENT);
	}
	support_sys.fails = SUPPORT_MAP;
	support_sys.fail_at = 1;
	cr_expect_eq(plx_actor_spawn(NULL, &o, take_one, NULL, &a), 0,
		     "a stack that is there already");
	return send_number(a, 1, 0);
}
IN_A_TASK(actor, a_spawn_without_memory_leaves_nothing, spawn_short_of_memory)
