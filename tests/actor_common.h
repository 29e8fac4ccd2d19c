/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * actor_common.h: what the tests of actors share: bodies that are actors, and
 * messages that are numbers.
 */
#ifndef PLX_ACTOR_COMMON_H
#define PLX_ACTOR_COMMON_H

#include <pollux/actor.h>
#include <pollux/supervisor.h>
#include "task_common.h"

static inline struct plx_actor
start_actor(const struct plx_actor_options *o, plx_task_fn *fn, void *arg)
{
	struct plx_actor a = {0, 0};

	cr_expect_eq(plx_actor_spawn(NULL, o, fn, arg, &a), 0);
	return a;
}

static inline int
send_number(struct plx_actor to, int64_t n, int64_t deadline)
{
	const struct plx_message m = {.value = n};

	return plx_actor_send(to, &m, deadline);
}

/* The number of the next message, or an error. */
static inline int64_t
receive_number(int64_t deadline)
{
	struct plx_message m = {.value = 0};
	int r = plx_actor_receive(&m, deadline);

	return r < 0 ? r : m.value;
}

static inline struct plx_actor
self(void)
{
	struct plx_actor a = {0, 0};

	cr_expect_eq(plx_actor_self(&a), 0);
	return a;
}

/* What an actor has received, in order. */
struct numbers {
	int64_t n[32];
	int count;
};

/* An actor that takes numbers into *ARG until one is 0. */
static inline int
take_numbers(void *arg)
{
	struct numbers *all = arg;
	int64_t n;

	while ((n = receive_number(PLX_NEVER)) > 0)
		all->n[all->count++ % 32] = n;
	return (int)n;
}

static inline void
expect_numbers(const struct numbers *all, int count, const int64_t *n)
{
	cr_expect_eq(all->count, count, "%d", all->count);
	for (int i = 0; i < count && i < all->count; i++)
		cr_expect_eq(all->n[i], n[i], "[%d] %d", i, (int)all->n[i]);
}

#define EXPECT_NUMBERS(ALL, ...)                                           \
	expect_numbers(                                                    \
		ALL,                                                       \
		(int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), \
		(const int64_t[]){__VA_ARGS__})

/* An actor that ends at its first message. */
static inline int
take_one(void *arg)
{
	int64_t n = receive_number(PLX_NEVER);

	(void)arg;
	return n < 0 ? (int)n : 0;
}

/* Puts a dead actor's reference into *OUT. */
static inline struct plx_actor
dead_actor(void)
{
	struct plx_actor a = start_actor(NULL, take_one, NULL);

	cr_expect_eq(send_number(a, 1, 0), 0);
	let_run(3);
	return a;
}

struct actor_body {
	plx_task_fn *fn;
};

static inline int
run_as_actor(void *arg)
{
	const struct actor_body *b = arg;

	return plx_actor_spawn_named(NULL, NULL, "body", __FILE__, __LINE__,
				     b->fn, NULL, NULL);
}

/* As IN_A_TASK and WITH_CLOCK, with a body that is an actor. */
#define IN_AN_ACTOR(SUITE, NAME, BODY)                          \
	Test(SUITE, NAME)                                       \
	{                                                       \
		struct actor_body b = {BODY};                   \
		int r = run_on(NULL, run_as_actor, &b);         \
		cr_expect_eq(r, 0, "the run ended with %d", r); \
	}

#define ACTOR_WITH_CLOCK(SUITE, NAME, BODY)                     \
	Test(SUITE, NAME)                                       \
	{                                                       \
		struct actor_body b = {BODY};                   \
		int r = run_timed(run_as_actor, &b);            \
		cr_expect_eq(r, 0, "the run ended with %d", r); \
	}

/* Counts what is told it of dead letters and of discards. */
struct losses {
	int letters[3]; /* by enum plx_letter */
	int discards;
	int64_t last_letter, last_discard;
	struct plx_actor to;
};

static inline void
note_letter(struct plx_actor to, const struct plx_message *m,
	    enum plx_letter why, void *arg)
{
	struct losses *l = arg;

	l->letters[why]++;
	l->last_letter = m->value;
	l->to = to;
}

static inline void
note_discard(const struct plx_message *m, void *arg)
{
	struct losses *l = arg;

	l->discards++;
	l->last_discard = m->value;
}

#endif
