/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pipeline [N]: the first N primes.  Each stage takes a prime from the stage
 * before it and lets pass what that does not divide; the last one closes its
 * channel, which ends the others one after the other.
 */
#include <pollux.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

struct stage {
	plx_channel *in; /* NULL: all numbers */
	int prime;
	int left; /* primes still to be found */
};

static int
get(struct stage *s, int *x)
{
	return s->in ? plx_channel_recv(s->in, x, PLX_NEVER) : ++*x;
}

static int
let_pass(struct stage *s, plx_channel *out)
{
	int x = 1, r;

	while ((r = get(s, &x)) > 0)
		if (x % s->prime && plx_channel_send(out, &x, PLX_NEVER) < 0)
			break;
	if (s->in)
		plx_channel_close(s->in);
	plx_channel_close(out);
	return r < 0 ? r : 0;
}

static int
work(void *stage)
{
	struct stage *s = stage, next = {.left = s->left - 1};
	plx_nursery *n;
	int r = 0;

	if (s->in && (r = get(s, &s->prime)) > 0)
		printf("%d\n", s->prime);
	if ((s->in && r <= 0) || s->left == 0) {
		plx_channel_close(s->in); /* or the stage before it waits */
		return r < 0 ? r : 0;
	}
	r = plx_channel_open(sizeof(int), 0, &next.in);
	if (r == 0 && (r = plx_nursery_open(NULL, &n)) == 0) {
		r = plx_spawn(n, work, &next, NULL);
		if (r == 0)
			r = let_pass(s, next.in);
		r = plx_nursery_close(&n, r);
	}
	plx_channel_free(&next.in);
	return r;
}

int
main(int argc, char **argv)
{
	struct stage first = {
		.prime = INT_MAX,
		.left = argc > 1 ? atoi(argv[1]) : 10,
	};

	return first.left < 1 || plx_run(NULL, work, &first) < 0;
}
