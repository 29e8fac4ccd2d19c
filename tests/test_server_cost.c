/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_server_cost.c: what one echoed message costs in system calls and memory.
 *
 * The server runs on the counting table.  Its fifty clients are TCP connections
 * played with calls that nobody counts, by whichever handler has sent the last
 * answer of a round: all clients receive, and all send again.
 */
#include <config.h>

#include "server_common.h"

#define CLIENTS 50
#define WARM_UP 20
#define ROUNDS 200

struct play {
	struct scene scene;
	int client[CLIENTS];
	int answers; /* in this round */
	int round;
	unsigned long calls, memory;
};

static struct play play;

static void
ask_all(void)
{
	int i;

	for (i = 0; i < CLIENTS; i++)
		cr_expect_eq(write(play.client[i], "sixteen bytes ok", 16), 16);
}

/* The calls made so far, those for memory apart; the clock is no call. */
static void
count(void)
{
	const unsigned m = SUPPORT_RESIZE | SUPPORT_MAP;

	play.memory = support_calls(&support_sys, m) - play.memory;
	play.calls =
		support_calls(&support_sys, ~m & ~(unsigned)SUPPORT_CLOCK) -
		play.calls;
}

static void
end_round(void)
{
	char back[64];
	int i;

	for (i = 0; i < CLIENTS; i++)
		cr_expect_eq(read(play.client[i], back, sizeof(back)), 16);
	play.answers = 0;
	play.round++;
	if (play.round == WARM_UP || play.round == WARM_UP + ROUNDS)
		count();
	if (play.round < WARM_UP + ROUNDS) {
		ask_all();
		return;
	}
	for (i = 0; i < CLIENTS; i++)
		close(play.client[i]);
	plx_server_stop(play.scene.server, PLX_SECOND);
}

static ssize_t
answer(struct plx_stream *st)
{
	char buf[256];
	ssize_t n = plx_stream_read(st, buf, sizeof(buf), PLX_NEVER);

	if (n <= 0)
		return n;
	n = plx_stream_write(st, buf, (size_t)n, PLX_NEVER);
	if (++play.answers == CLIENTS)
		end_round();
	return n;
}

static int
stay(struct plx_stream *st, void *arg)
{
	ssize_t n;

	(void)arg;
	do
		n = answer(st);
	while (n > 0);
	return (int)n;
}

static int
go(struct plx_stream *st, void *arg)
{
	ssize_t n = answer(st);

	(void)arg;
	return n > 0 ? PLX_HIBERNATE : (int)n;
}

static int
play_all(void *arg)
{
	struct scene *s = &play.scene;
	int i;

	(void)arg;
	open_server(s);
	for (i = 0; i < CLIENTS; i++)
		play.client[i] = client(s);
	ask_all();
	i = plx_server_run(s->server);
	cr_expect_eq(i, 0, "%s: %d", s->name, i);
	plx_server_close(&s->server);
	return 0;
}

/* Per message of HANDLER. */
static double
cost(const char *backend, plx_handler_fn *handler)
{
	memset(&play, 0, sizeof(play));
	set_scene(&play.scene, backend, handler);
	play.scene.options.note = NULL;
	cr_assert_eq(run_on(backend, play_all, NULL), 0, "%s", backend);
	cr_assert_eq(play.round, WARM_UP + ROUNDS, "%s", backend);
	cr_assert_eq(play.memory, 0, "%s: %lu calls for memory", backend,
		     play.memory);
	return (double)play.calls / (CLIENTS * ROUNDS);
}

PLX_BACKENDS(server_cost, a_message_is_two_calls_and_part_of_a_wait)
ParameterizedTest(struct backend_param *p, server_cost,
		  a_message_is_two_calls_and_part_of_a_wait)
{
	double calls = cost(p->name, stay);

	cr_assert_geq(calls, 2.0, "%s: %.3f", p->name, calls);
	cr_assert_leq(calls, 2.03, "%s: %.3f calls a message", p->name, calls);
}

PLX_BACKENDS(server_cost, to_sleep_in_between_costs_no_memory)
ParameterizedTest(struct backend_param *p, server_cost,
		  to_sleep_in_between_costs_no_memory)
{
	double calls = cost(p->name, go);

	cr_assert_geq(calls, 2.0, "%s: %.3f", p->name, calls);
	cr_assert_leq(calls, 2.03, "%s: %.3f calls a message", p->name, calls);
}
