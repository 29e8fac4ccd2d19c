/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cancel_nurseries.c: cancels at every wait in and around nurseries.
 */
#include <config.h>
#include "cancel_everywhere.h"

static int
open_and_linger(void *arg)
{
	int64_t span = (intptr_t)arg * PLX_MILLISECOND;
	int fd[2], r;

	cleans_up();
	support_unix_pair(fd);
	plx_close(fd[1]);
	r = plx_sleep(span);
	if (r < 0 || span > 4 * PLX_MILLISECOND)
		plx_close(fd[0]);
	if (r < 0)
		return r;
	return span > 4 * PLX_MILLISECOND ? -EIO : fd[0];
}

static void
close_result(int fd, void *arg)
{
	(void)arg;
	plx_close(fd);
}

static int
race(enum plx_policy policy)
{
	const struct plx_nursery_options o = {
		.policy = policy,
		.discard = close_result,
	};
	plx_nursery *n;
	int r;

	cleans_up();
	if (plx_nursery_open(&o, &n) < 0)
		return -ENOMEM;
	for (intptr_t i = 0; i < 4; i++)
		plx_spawn(n, open_and_linger, (void *)(2 + i % 3), NULL);
	r = plx_nursery_close(&n, 0);
	if (r >= 0)
		plx_close(r);
	return r < 0 ? r : 0;
}

static int
take_first_result(void *arg)
{
	(void)arg;
	return race(PLX_FIRST_RESULT);
}
CANCEL_EVERYWHERE(the_first_of_many_results, .fn = take_first_result)

static int
sleep_or_fail(void *arg)
{
	intptr_t i = (intptr_t)arg;
	int r = 0;

	cleans_up();
	for (int n = 0; r == 0 && n < 3; n++)
		r = plx_sleep((i + 1) * PLX_MILLISECOND);
	return r < 0 ? r : i == 2 ? -EIO : 0;
}

static int
fail_in(enum plx_policy policy)
{
	const struct plx_nursery_options o = {.policy = policy, .max_tasks = 2};
	plx_nursery *n;
	int r = 0;

	cleans_up();
	if (plx_nursery_open(&o, &n) < 0)
		return -ENOMEM;
	for (intptr_t i = 0; r == 0 && i < 5; i++) {
		r = plx_nursery_room(n, in(PLX_SECOND));
		if (r == 0)
			r = plx_spawn(n, sleep_or_fail, (void *)i, NULL);
	}
	r = plx_nursery_close(&n, r);
	return r == -EIO ? 0 : r;
}

static int
fail_in_both(void *arg)
{
	int r = fail_in(PLX_FAIL_FAST);

	(void)arg;
	return r < 0 ? r : fail_in(PLX_COLLECT);
}
CANCEL_EVERYWHERE(nurseries_with_room_for_two, .fn = fail_in_both)

static int
nest(void *arg)
{
	intptr_t depth = (intptr_t)arg;
	plx_nursery *n;
	int r;

	cleans_up();
	if (depth == 0)
		return plx_sleep(PLX_SECOND);
	if (plx_nursery_open(NULL, &n) < 0)
		return -ENOMEM;
	cleans_up();
	plx_spawn(n, nest, (void *)(depth - 1), NULL);
	plx_spawn(n, nest, (void *)(depth - 1), NULL);
	r = plx_sleep(PLX_SECOND);
	return plx_nursery_close(&n, r);
}

static int
nest_nurseries(void *arg)
{
	(void)arg;
	return nest((void *)(intptr_t)3);
}
CANCEL_EVERYWHERE(nurseries_in_nurseries, .fn = nest_nurseries)
