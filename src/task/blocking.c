/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * blocking.c: a job of the pool as something that a task waits for.
 *
 * The result is -ECANCELED from the beginning until the job has run, so that
 * it tells a loser of plx_await_any that never began from one that did.
 */
#include <config.h>
#include <string.h>
#include "pool.h"

static struct plx_job_awaitable *
job_of(struct plx_awaitable *a)
{
	return PLX_OF(a, struct plx_job_awaitable, awaitable);
}

static int
job_arm(struct plx_awaitable *a)
{
	struct plx_job_awaitable *j = job_of(a);

	j->result = -ECANCELED;
	return j->fn ? plx__pool_add(a->task->rt, j) : -EINVAL;
}

static int
job_disarm(struct plx_awaitable *a)
{
	struct plx_job_awaitable *j = job_of(a);
	int runs;
	int r = plx__pool_take_back(a->task->rt, j, &runs);

	if (runs && j->interrupt)
		j->interrupt(j->arg);
	return r;
}

static int
job_result(struct plx_awaitable *a)
{
	return job_of(a)->result;
}

static const struct plx_awaitable_ops job_ops = {
	.kind = "blocking",
	.arm = job_arm,
	.disarm = job_disarm,
	.result = job_result,
};

struct plx_awaitable *
plx_job_awaitable(struct plx_job_awaitable *j, plx_job_fn *fn, void *arg)
{
	memset(j, 0, sizeof(*j));
	j->awaitable.ops = &job_ops;
	j->fn = fn;
	j->arg = arg;
	j->result = -ECANCELED;
	return &j->awaitable;
}

int
plx_blocking(plx_job_fn *fn, void *arg, int64_t deadline)
{
	struct plx_job_awaitable j;

	if (!plx__current)
		return -EPERM;
	return plx_await(plx_job_awaitable(&j, fn, arg), deadline);
}
