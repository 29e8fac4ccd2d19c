/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * semaphore.c: a number of permits.
 *
 * While a permit is free nobody in line could be claimed, since a release
 * serves the line first; so an arm that sees one free passes nobody.
 */
#include <config.h>
#include <limits.h>
#include <pollux/sync.h>
#include "line.h"

int
plx_semaphore_init(struct plx_semaphore *s, int value, int max)
{
	if (max == 0)
		max = INT_MAX;
	if (value < 0 || value > max)
		return -EINVAL;
	*s = (struct plx_semaphore){.value = value, .max = max};
	return 0;
}

static int
semaphore_arm(struct plx_awaitable *a)
{
	struct plx_waiter *w = plx__waiter_of(a);
	struct plx_semaphore *s = w->of;

	if (s->value == 0) {
		plx__line_join(&s->line, w);
		return 0;
	}
	if (plx_awaitable_ready(a))
		s->value--;
	return 1;
}

static const struct plx_awaitable_ops semaphore_ops = {
	.kind = "semaphore",
	.arm = semaphore_arm,
	.disarm = plx__waiter_disarm,
	.result = plx__waiter_result,
};

struct plx_awaitable *
plx_semaphore_awaitable(struct plx_sync_awaitable *w, struct plx_semaphore *s)
{
	return plx__waiter_fill(&w->waiter, &semaphore_ops, s);
}

int
plx_semaphore_acquire(struct plx_semaphore *s, int64_t deadline)
{
	struct plx_task *t = plx__current;
	int r = plx__begin(t);

	if (r < 0)
		return r;
	if (s->value == 0)
		r = plx__line_stand(t, &s->line, &semaphore_ops, deadline);
	else
		s->value--;
	plx__end(t, deadline);
	return r;
}

int
plx_semaphore_release(struct plx_semaphore *s)
{
	if (s->value == s->max)
		return -EOVERFLOW;
	if (!plx__line_claim(&s->line))
		s->value++;
	return 0;
}

int
plx_semaphore_value(const struct plx_semaphore *s)
{
	return s->value;
}
