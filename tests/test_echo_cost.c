/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_echo_cost.c: what one echoed message costs in system calls and memory.
 *
 * An echo server of the plainest kind, a task per connection that receives
 * and sends, runs on the counting table.  Its fifty clients are the other
 * ends of TCP connections, played with calls that nobody counts by whichever
 * task has sent the last answer of a round: all clients receive, and all send
 * again.  So per message there must be one receive, one send and a fiftieth
 * of a wait, and nothing else.
 */
#include <config.h>

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <pollux/io.h>
#include <pollux/task.h>
#include "support.h"

#define CLIENTS 50
#define WARM_UP 20
#define ROUNDS 200

struct scene {
	int server[CLIENTS], client[CLIENTS];
	int answers; /* in this round */
	int round;
	unsigned long calls, memory;
};

static struct scene scene;

static void
ask(void)
{
	char text[64];
	int i;

	memset(text, 'a' + scene.round % 26, sizeof(text));
	for (i = 0; i < CLIENTS; i++)
		cr_assert_eq(write(scene.client[i], text, sizeof(text)), 64);
}

static void
check_answers(void)
{
	char text[64], back[64];
	int i;

	memset(text, 'a' + scene.round % 26, sizeof(text));
	for (i = 0; i < CLIENTS; i++) {
		cr_assert_eq(read(scene.client[i], back, sizeof(back)), 64);
		cr_assert_eq(memcmp(text, back, sizeof(text)), 0);
	}
}

/* The calls made so far, those for memory apart; the clock is no call. */
static void
count(unsigned long *calls, unsigned long *memory)
{
	const unsigned m = SUPPORT_RESIZE | SUPPORT_MAP;

	*memory = support_calls(&support_sys, m) - *memory;
	*calls = support_calls(&support_sys, ~m & ~(unsigned)SUPPORT_CLOCK) -
		 *calls;
}

/* All clients have an answer on its way. */
static void
end_round(void)
{
	int i;

	check_answers();
	scene.answers = 0;
	scene.round++;
	if (scene.round == WARM_UP || scene.round == WARM_UP + ROUNDS)
		count(&scene.calls, &scene.memory);
	if (scene.round < WARM_UP + ROUNDS) {
		ask();
		return;
	}
	for (i = 0; i < CLIENTS; i++)
		close(scene.client[i]);
}

static int
serve(void *arg)
{
	int fd = scene.server[(intptr_t)arg];
	char buf[256];
	ssize_t n;

	while ((n = plx_recv(fd, buf, sizeof(buf), PLX_NEVER)) > 0) {
		if (plx_send(fd, buf, (size_t)n, PLX_NEVER) != n)
			return -EIO;
		if (++scene.answers == CLIENTS)
			end_round();
	}
	plx_close(fd);
	return (int)n;
}

static int
play(void *arg)
{
	intptr_t i;

	(void)arg;
	for (i = 0; i < CLIENTS; i++)
		cr_assert_eq(plx_spawn(NULL, serve, (void *)i, NULL), 0);
	ask();
	return 0;
}

PLX_BACKENDS(echo_cost, a_message_is_one_receive_one_send_and_part_of_a_wait)
ParameterizedTest(struct backend_param *b, echo_cost,
		  a_message_is_one_receive_one_send_and_part_of_a_wait)
{
	struct support_mark mark = support_begin(b->name);
	struct plx_run_options o = {.backend = b->name,
				    .sys = &support_sys.sys};
	double messages = CLIENTS * ROUNDS;
	int i, pair[2];

	for (i = 0; i < CLIENTS; i++) {
		support_tcp_pair(pair);
		scene.server[i] = pair[0];
		scene.client[i] = pair[1];
	}
	cr_assert_eq(plx_run(&o, play, NULL), 0, "%s", b->name);
	cr_assert_geq((double)scene.calls / messages, 2.0, "%s", b->name);
	cr_assert_leq((double)scene.calls / messages, 2.03,
		      "%s: %.3f system calls a message", b->name,
		      (double)scene.calls / messages);
	cr_assert_eq(scene.memory, 0, "%s: %lu calls for memory", b->name,
		     scene.memory);
	support_end(mark, b->name);
}
