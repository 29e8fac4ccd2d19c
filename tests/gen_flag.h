/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gen_flag.h: a scene for bodies that wait where no task is.
 *
 * What is waited for is a flag with a value.  Nobody arms it: whoever is told
 * of it is the scheduler.
 */
#ifndef PLX_GEN_FLAG_H
#define PLX_GEN_FLAG_H

#include "gen_common.h"

struct flag {
	struct plx_awaitable awaitable;
	int touched; /* by arm or disarm */
	int value;
};

static inline int
flag_touch(struct plx_awaitable *a)
{
	PLX_OF(a, struct flag, awaitable)->touched++;
	return 1;
}

static inline int
flag_result(struct plx_awaitable *a)
{
	return PLX_OF(a, struct flag, awaitable)->value;
}

static const struct plx_awaitable_ops flag_ops = {
	.kind = "flag",
	.arm = flag_touch,
	.disarm = flag_touch,
	.result = flag_result,
};

/* A body of a generator, and what happens to it. */
struct scene {
	struct support_mark mark;
	struct flag flag;
	plx_gen *gen;
	int64_t deadline;
	int awaits;	/* how often it waits, whatever comes of it */
	int got;	/* from the last wait */
	intptr_t sent;	/* to its last yield */
	plx_gen *inner; /* what it delegates to */
	int cleaned;
};

static struct scene scene;

/* Waits, and ends with what came of it. */
static inline int
wait_once(void *arg)
{
	(void)arg;
	scene.got = plx_await(&scene.flag.awaitable, scene.deadline);
	scene.cleaned++;
	return scene.got;
}

static inline void
begin(plx_gen_fn *body)
{
	memset(&scene, 0, sizeof(scene));
	scene.mark = support_begin(NULL);
	scene.flag.awaitable.ops = &flag_ops;
	scene.deadline = 12345;
	scene.gen = gen_of(body, NULL);
}

/* Frees the generator; its body must have come to an end by then. */
static inline void
end(void)
{
	plx_gen_free(&scene.gen);
	cr_expect_null(scene.gen);
	cr_expect_eq(scene.flag.touched, 0, "that is the caller's to do");
	support_end(scene.mark, NULL);
}

/* R is a resume of the scene's that has stopped at its flag. */
static inline void
expect_told(int r, void *value)
{
	cr_expect_eq(r, PLX_GEN_AWAITS);
	cr_expect_eq(value, &scene.flag.awaitable);
}

static inline void
expect_next_told(plx_gen *g)
{
	void *value = NULL;
	int r = plx_gen_next(g, &value);

	expect_told(r, value);
}

static inline void
expect_send_told(plx_gen *g, intptr_t sent)
{
	void *value = NULL;
	int r = plx_gen_send(g, number(sent), &value);

	expect_told(r, value);
}

static inline void
expect_throw_told(plx_gen *g, int error)
{
	void *value = NULL;
	int r = plx_gen_throw(g, error, &value);

	expect_told(r, value);
}

#endif
