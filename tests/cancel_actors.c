/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cancel_actors.c: cancels at every wait of actors and supervisors.
 */
#include <config.h>
#include "actor_common.h"
#include "cancel_everywhere.h"

static int
answer(void *arg)
{
	struct plx_message m;
	int r;

	(void)arg;
	cleans_up();
	while ((r = plx_actor_receive(&m, PLX_NEVER)) == 0 && m.value != 0) {
		if (m.kind != PLX_DOWN)
			r = plx_sleep(PLX_MILLISECOND);
		if (r == 0 && m.call.id != 0)
			plx_actor_reply(&m, &m);
	}
	return r;
}

/* Fills the mailbox, calls, and hears of the end. */
static int
talk(void *arg)
{
	const struct plx_actor_options o = {.name = "it", .capacity = 1};
	struct plx_message m = {.value = 1};
	struct plx_actor a;
	int r;

	(void)arg;
	cleans_up();
	r = plx_actor_spawn(NULL, &o, answer, NULL, &a);
	if (r < 0)
		return r;
	r = plx_actor_monitor(a);
	for (int i = 0; r == 0 && i < 3; i++)
		r = plx_actor_send(a, &m, PLX_NEVER);
	if (r == 0)
		r = plx_actor_call(a, &m, &m, in(PLX_SECOND));
	plx_actor_cancel(a);
	return r < 0 ? r : plx_actor_receive(&m, PLX_NEVER);
}

static int
talk_as_actor(void *arg)
{
	cleans_up();
	return plx_actor_spawn(NULL, NULL, talk, arg, NULL);
}
CANCEL_EVERYWHERE(actors, .fn = talk_as_actor)

static int
sleep_and_fail(void *arg)
{
	int r;

	(void)arg;
	cleans_up();
	r = plx_sleep(3 * PLX_MILLISECOND);
	return r < 0 ? r : -EIO;
}

static int
supervise(void *arg)
{
	static const struct plx_child children[] = {
		{.actor.name = "first", .fn = answer},
		{.fn = sleep_and_fail},
		{.actor.name = "last", .fn = answer},
	};
	const struct plx_supervise_options o = {
		.strategy = PLX_ONE_FOR_ALL,
		.intensity = 2,
		.period = PLX_SECOND,
	};

	int r;

	(void)arg;
	cleans_up();
	r = plx_supervise(children, 3, &o);
	return r == -EIO ? 0 : r;
}
CANCEL_EVERYWHERE(supervisors, .fn = supervise)
