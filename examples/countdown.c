/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * countdown [FROM [TO]]: generators that take turns, without a loop.  A queue
 * of them: the first is advanced once and put back at the end, or leaves.
 */
#include <pollux.h>
#include <stdio.h>
#include <stdlib.h>

#define QUEUE 4u

struct queue {
	plx_gen *gens[QUEUE];
	unsigned first, n;
};

static int
count_down(void *arg)
{
	int r = 0;

	for (int n = *(const int *)arg; r == 0 && n > 0; n--) {
		printf("T-minus %d\n", n);
		r = plx_yield(NULL, NULL);
	}
	if (r == 0)
		puts("Blastoff!");
	return r;
}

static int
count_up(void *arg)
{
	int r = 0;

	for (int x = 0; r == 0 && x < *(const int *)arg; x++) {
		printf("Counting up %d\n", x);
		r = plx_yield(NULL, NULL);
	}
	return r;
}

static void
put(struct queue *q, plx_gen *g)
{
	q->gens[(q->first + q->n++) % QUEUE] = g;
}

static void
run(struct queue *q)
{
	while (q->n > 0) {
		plx_gen *g = q->gens[q->first++ % QUEUE];

		q->n--;
		if (plx_gen_next(g, NULL) == 1)
			put(q, g);
		else
			plx_gen_free(&g);
	}
}

int
main(int argc, char **argv)
{
	int from = argc > 1 ? atoi(argv[1]) : 5;
	int to = argc > 2 ? atoi(argv[2]) : 6;
	struct queue q = {.n = 0};
	plx_gen *down, *up;

	if (plx_gen_new(count_down, &from, &down) < 0 ||
	    plx_gen_new(count_up, &to, &up) < 0) {
		fputs("countdown: no memory for a stack\n", stderr);
		return 1;
	}
	put(&q, down);
	put(&q, up);
	run(&q);
	return 0;
}
