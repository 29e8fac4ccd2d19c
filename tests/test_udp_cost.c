/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_udp_cost.c: what an echoed datagram costs in system calls and memory.
 *
 * A server receives what is there and sends it back.  Whenever it has, the
 * client, whose calls nobody counts, reads the answers and sends the next
 * round.  Per round there is one receive, one send and one wait.
 */
#include <config.h>
#include <stdlib.h>
#include "udp_common.h"

enum {
	ROUND = 32,
	WARM_UP = 10,
	ROUNDS = 100
};

struct cost {
	unsigned long calls, memory;
};

/* The calls made since the last time; the clock is no call. */
static void
count(struct cost *c)
{
	const unsigned m = SUPPORT_RESIZE | SUPPORT_MAP;

	c->memory = support_calls(&support_sys, m) - c->memory;
	c->calls = support_calls(&support_sys, ~m & ~(unsigned)SUPPORT_CLOCK) -
		   c->calls;
}

static void
check_answers(const struct udp_pair *p, int from, const char *backend)
{
	char text[TEXT_ROOM] = {0}, wanted[TEXT_ROOM];

	for (int i = 0; i < ROUND; i++) {
		ssize_t n = recv(p->fd[1], text, sizeof(text) - 1, 0);

		cr_expect_gt(n, 0, "%s: %d is missing", backend, from + i);
		if (n <= 0)
			return;
		text[n] = '\0';
		snprintf(wanted, sizeof(wanted), "%d", from + i);
		cr_expect_str_eq(text, wanted, "%s", backend);
	}
}

static struct cost
echo_rounds(const char *backend, int at_once)
{
	struct udp_list l = udp_list(at_once);
	struct cost c = {0, 0};
	struct udp_pair p;
	int n, r, i;

	udp_open(&p);
	for (i = 0; i < WARM_UP + ROUNDS; i++) {
		if (i == WARM_UP)
			count(&c);
		udp_queue(&p, i * ROUND, ROUND);
		for (n = 0; n < ROUND; n += r) {
			r = plx_recv_datagrams(p.fd[0], l.d, l.n, PLX_NEVER);
			cr_expect_gt(r, 0, "%s: %d", backend, r);
			if (r <= 0)
				goto end;
			plx_send_datagrams(p.fd[0], l.d, r, PLX_NEVER);
		}
		check_answers(&p, i * ROUND, backend);
	}
	count(&c);
end:
	udp_close(&p);
	udp_list_free(&l);
	return c;
}

static int
echo_batches(void *arg)
{
	struct cost c = echo_rounds(arg, 64);
	double each = (double)c.calls / (ROUND * ROUNDS);

	cr_expect_leq(c.calls, 3 * ROUNDS + 3, "%s: %lu calls", (char *)arg,
		      c.calls);
	cr_expect_geq(c.calls, 2 * ROUNDS, "%s: they are counted", (char *)arg);
	cr_expect_leq(each, 0.2, "%s: %.3f calls each", (char *)arg, each);
	cr_expect_eq(c.memory, 0, "%s: %lu for memory", (char *)arg, c.memory);
	return 0;
}
ON_BACKENDS(udp_cost, a_round_is_one_receive_one_send_and_a_wait, echo_batches)

/* A list that was filled says nothing of the rest, so no wait comes between;
   but now and then the others have their turn, which costs a look. */
static int
echo_by_eights(void *arg)
{
	struct cost c = echo_rounds(arg, 8);

	cr_expect_leq(c.calls, (ROUND / 8) * 2 * ROUNDS + ROUNDS / 4,
		      "%s: %lu calls", (char *)arg, c.calls);
	cr_expect_eq(c.memory, 0, "%s: %lu for memory", (char *)arg, c.memory);
	return 0;
}
ON_BACKENDS(udp_cost, full_lists_do_not_wait, echo_by_eights)

/* The plural calls say that there are none, which does not count: what counts
   is a receive and a send for each, one more receive and a wait. */
static int
echo_singly(void *arg)
{
	struct cost c;

	udp_singly();
	c = echo_rounds(arg, 64);
	cr_expect_leq(c.calls, (2 * ROUND + 2) * ROUNDS + 3, "%s: %lu calls",
		      (char *)arg, c.calls);
	cr_expect_geq(c.calls, 2 * ROUND * ROUNDS, "%s: they are counted",
		      (char *)arg);
	cr_expect_eq(c.memory, 0, "%s: %lu for memory", (char *)arg, c.memory);
	return 0;
}
ON_BACKENDS(udp_cost, without_plural_calls_there_are_two_for_each, echo_singly)
