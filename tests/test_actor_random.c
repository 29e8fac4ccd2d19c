/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_actor_random.c: actors that do whatever comes into their heads, and an
 * account of every message: each is received, discarded or still its sender's,
 * once.  PLX_SEED chooses another course.
 */
#include <config.h>
#include <stdlib.h>
#include "actor_common.h"

#define ACTORS 8
#define TOKENS 4096
#define STEPS 100

enum {
	FREE,
	SENT
};

static unsigned char token[TOKENS];
static int received, discarded, refused, downs, ended;
static struct plx_actor refs[4 * ACTORS]; /* some of them dead */
static uint64_t state;

static unsigned
chance(unsigned n)
{
	state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (unsigned)(state >> 33) % n;
}

static void *
take_token(void)
{
	for (int i = 0; i < TOKENS; i++) {
		if (token[i] == FREE) {
			token[i] = SENT;
			return &token[i];
		}
	}
	cr_expect(0, "no token is free");
	return NULL;
}

static void
end_token(void *t, int *how)
{
	unsigned char *mine = t;

	cr_expect_not_null(t);
	if (!t)
		return;
	cr_expect_eq(*mine, SENT, "it has ended twice");
	*mine = FREE;
	++*how;
}

static void
discard_token(const struct plx_message *m, void *arg)
{
	(void)arg;
	end_token(m->data, &discarded);
}

static int64_t
soon(void)
{
	return chance(3) ? in(chance(4) * PLX_MILLISECOND) : 0;
}

static void
take_message(const struct plx_message *m)
{
	struct plx_message reply = {.kind = 0};

	if (m->kind == PLX_DOWN) {
		cr_expect_null(m->data);
		downs++;
		return;
	}
	end_token(m->data, &received);
	if (m->call.id == 0 || chance(4) == 0)
		return;
	reply.data = take_token();
	if (plx_actor_reply(m, &reply) < 0)
		end_token(reply.data, &refused);
}

static void
send_step(struct plx_actor to)
{
	const struct plx_message m = {.data = take_token()};
	int r = plx_actor_send(to, &m, soon());

	if (r < 0)
		end_token(m.data, &refused);
}

static void
call_step(struct plx_actor to)
{
	struct plx_message m = {.data = take_token()}, reply;
	int r = plx_actor_call(to, &m, &reply, soon());

	if (m.data)
		end_token(m.data, &refused);
	if (r == 0)
		end_token(reply.data, &received);
}

/* Waits for a message, room and a reply at once. */
static void
any_step(struct plx_actor to, struct plx_actor other)
{
	struct plx_actor_awaitable w[3];
	const struct plx_message m = {.data = take_token()};
	struct plx_message in, request = {.data = take_token()}, reply;
	struct plx_awaitable *list[3] = {
		plx_actor_call_awaitable(&w[0], to, &request, &reply),
		plx_actor_send_awaitable(&w[1], other, &m),
		plx_actor_receive_awaitable(&w[2], &in)};
	unsigned first = to.id == self().id ? 1 : chance(2);
	int won = plx_await_any(&list[first], 3 - (int)first, soon());
	int r = won < 0 ? won : plx_awaitable_result(list[won + (int)first]);

	won += (int)first;
	if (won == 0 && r == 0)
		end_token(reply.data, &received);
	if (won == 2 && r == 0)
		take_message(&in);
	if (won != 1 || r < 0)
		end_token(m.data, &refused);
	if (request.data)
		end_token(request.data, &refused);
}

static struct plx_actor
some(void)
{
	return refs[chance(sizeof(refs) / sizeof(*refs))];
}

static void
step(void)
{
	struct plx_message m;

	switch (chance(8)) {
	case 0:
	case 1:
		send_step(some());
		break;
	case 2:
		call_step(some());
		break;
	case 3:
		any_step(some(), some());
		break;
	case 4:
		plx_actor_monitor(some());
		break;
	case 5:
		plx_actor_demonitor(some());
		break;
	default:
		if (plx_actor_receive(&m, soon()) == 0)
			take_message(&m);
		break;
	}
}

static int
live(void *arg)
{
	(void)arg;
	for (int i = 0; i < STEPS; i++)
		step();
	ended++;
	return 0;
}

static void
replace_some(struct plx_actor *a)
{
	const struct plx_actor_options o = {
		.capacity = 1 + chance(3),
		.overflow = (enum plx_overflow)chance(4),
		.discard = discard_token,
	};

	if (chance(4))
		*a = start_actor(&o, live, NULL);
	else
		plx_actor_cancel(*a);
}

static int
live_together(void *arg)
{
	const char *seed = getenv("PLX_SEED");

	(void)arg;
	state = seed ? strtoull(seed, NULL, 0) : 1;
	for (int i = 0; i < 2000; i++) {
		if (i % 4 == 0)
			replace_some(&refs[chance(4 * ACTORS)]);
		plx_sleep((int64_t)chance(3) * PLX_MILLISECOND);
	}
	return 0;
}

Test(actor_random, every_message_has_one_end)
{
	cr_assert_eq(run_timed(live_together, NULL), 0);
	for (int i = 0; i < TOKENS; i++)
		cr_assert_eq(token[i], FREE, "message %d has no end", i);
	cr_assert_gt(ended, 10, "%d", ended);
	cr_assert_gt(received, 100, "%d", received);
	cr_assert_gt(discarded, 10, "%d", discarded);
	cr_assert_gt(refused, 100, "%d", refused);
	cr_assert_gt(downs, 10, "%d", downs);
}
