/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * echo_cost.h: fifty clients of an echo server on the counting table.
 *
 * They are the other ends of TCP connections, played with calls that nobody
 * counts by whichever task has sent the last answer of a round: all clients
 * receive, and all send again.  So what is counted is the server's, and per
 * message there must be one receive, one send and a fiftieth of a wait.
 */
#ifndef PLX_ECHO_COST_H
#define PLX_ECHO_COST_H

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
	plx_task_fn *serve;
	int server[CLIENTS], client[CLIENTS];
	int answers; /* in this round */
	int round;
	unsigned long calls, memory;
};

static struct scene scene;

/* A line, another one in each round. */
static inline void
make_text(char text[64])
{
	memset(text, 'a' + scene.round % 26, 63);
	text[63] = '\n';
}

static inline void
ask(void)
{
	char text[64];
	int i;

	make_text(text);
	for (i = 0; i < CLIENTS; i++)
		cr_assert_eq(write(scene.client[i], text, sizeof(text)), 64);
}

static inline void
check_answers(void)
{
	char text[64], back[64];
	int i;

	make_text(text);
	for (i = 0; i < CLIENTS; i++) {
		cr_assert_eq(read(scene.client[i], back, sizeof(back)), 64);
		cr_assert_eq(memcmp(text, back, sizeof(text)), 0);
	}
}

/* The calls made so far, those for memory apart; the clock is no call. */
static inline void
count(unsigned long *calls, unsigned long *memory)
{
	const unsigned m = SUPPORT_RESIZE | SUPPORT_MAP;

	*memory = support_calls(&support_sys, m) - *memory;
	*calls = support_calls(&support_sys, ~m & ~(unsigned)SUPPORT_CLOCK) -
		 *calls;
}

/* All clients have an answer on its way: the next round, or the end. */
static inline void
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

/* A task has sent an answer. */
static inline void
answered(void)
{
	if (++scene.answers == CLIENTS)
		end_round();
}

static inline int
play(void *arg)
{
	intptr_t i;

	(void)arg;
	for (i = 0; i < CLIENTS; i++)
		cr_assert_eq(plx_spawn(NULL, scene.serve, (void *)i, NULL), 0);
	ask();
	return 0;
}

/* SERVE, given its number, is the task that serves scene.server[number]. */
static inline void
check_cost(plx_task_fn *serve, const char *name)
{
	struct support_mark mark = support_begin(name);
	struct plx_run_options o = {.backend = name, .sys = &support_sys.sys};
	double messages = CLIENTS * ROUNDS;
	int i, pair[2];

	scene.serve = serve;
	for (i = 0; i < CLIENTS; i++) {
		support_tcp_pair(pair);
		scene.server[i] = pair[0];
		scene.client[i] = pair[1];
	}
	cr_assert_eq(plx_run(&o, play, NULL), 0, "%s", name);
	cr_assert_geq((double)scene.calls / messages, 2.0, "%s", name);
	cr_assert_leq((double)scene.calls / messages, 2.03,
		      "%s: %.3f system calls a message", name,
		      (double)scene.calls / messages);
	cr_assert_eq(scene.memory, 0, "%s: %lu calls for memory", name,
		     scene.memory);
	support_end(mark, name);
}

#endif
