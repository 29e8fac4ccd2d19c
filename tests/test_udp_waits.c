/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_udp_waits.c: datagrams that are waited for, on every backend: who waits,
 * what ends it, and what is left then.
 */
#include <config.h>
#include <stdlib.h>
#include "udp_common.h"

static int
wait_for_one(void *arg)
{
	struct udp_pair p;
	struct mover m;
	plx_task *t;

	udp_open(&p);
	m = mover(p.fd[0], 8);
	t = start(receive_list, &m, arg);
	udp_queue(&p, 7, 1);
	plx_join(t, NULL, PLX_NEVER);
	cr_expect_eq(m.result, 1, "%s: %d", (char *)arg, m.result);
	udp_expect(&m.l, 1, 7, arg);
	udp_close(&p);
	udp_list_free(&m.l);
	return 0;
}
ON_BOTH(udp_waits, the_first_datagram_ends_the_wait, wait_for_one)

/* The calls made to receive. */
static unsigned long
receives(void)
{
	return support_calls(&support_sys, SUPPORT_RECV);
}

static int
wait_first(void *arg)
{
	unsigned long before;
	struct udp_pair p;
	struct mover m;
	plx_task *t;

	udp_open(&p);
	m = mover(p.fd[0], 8);
	udp_queue(&p, 0, 3);
	receive_list(&m);
	cr_expect_eq(m.result, 3, "%s: %d", (char *)arg, m.result);
	before = receives();
	t = start(receive_list, &m, arg);
	cr_expect_eq(receives(), before, "%s: it does not try", (char *)arg);
	udp_queue(&p, 0, 8);
	plx_join(t, NULL, PLX_NEVER);
	cr_expect_eq(m.result, 8, "%s: %d", (char *)arg, m.result);
	cr_expect_eq(receives(), before + 1, "%s", (char *)arg);
	t = start(receive_list, &m, arg);
	cr_expect_eq(receives(), before + 2, "%s: after a full list it does",
		     (char *)arg);
	stop_task(t);
	udp_close(&p);
	udp_list_free(&m.l);
	return 0;
}
ON_BACKENDS(udp_waits, a_list_that_was_not_filled_means_a_wait, wait_first)

static int
receive_twice(void *arg)
{
	struct udp_pair p;
	struct mover m;
	plx_task *t;

	udp_open(&p);
	m = mover(p.fd[0], 8);
	t = start(receive_list, &m, arg);
	cr_expect_eq(plx_recv_datagrams(p.fd[0], m.l.d, 1, PLX_NEVER), -EBUSY,
		     "%s", (char *)arg);
	cr_expect_eq(plx_recvfrom(p.fd[0], NULL, 0, NULL, PLX_NEVER), -EBUSY,
		     "%s", (char *)arg);
	cr_expect_eq(plx_recv(p.fd[0], m.l.text, 1, PLX_NEVER), -EBUSY,
		     "%s: the sides are those of io.h", (char *)arg);
	stop_task(t);
	cr_expect_eq(m.result, -ECANCELED, "%s: %d", (char *)arg, m.result);
	udp_queue(&p, 3, 1);
	receive_list(&m);
	cr_expect_eq(m.result, 1, "%s: nothing is lost", (char *)arg);
	udp_close(&p);
	udp_list_free(&m.l);
	return 0;
}
ON_BOTH(udp_waits, one_task_receives_and_a_cancel_ends_it, receive_twice)

static int
close_under_a_receiver(void *arg)
{
	struct udp_pair p;
	struct mover m;
	plx_task *t;

	udp_open(&p);
	m = mover(p.fd[0], 8);
	t = start(receive_list, &m, arg);
	udp_close(&p);
	plx_join(t, NULL, PLX_NEVER);
	cr_expect_eq(m.result, -ESHUTDOWN, "%s: %d", (char *)arg, m.result);
	udp_list_free(&m.l);
	return 0;
}
ON_BOTH(udp_waits, a_close_ends_the_wait, close_under_a_receiver)

static int
keep_deadlines(void *arg)
{
	int64_t deadline = in(PLX_SECOND);
	struct udp_list l = udp_list(4);
	struct udp_pair p;

	(void)arg;
	udp_open(&p);
	cr_expect_eq(plx_recv_datagrams(p.fd[0], l.d, 4, deadline), -ETIMEDOUT);
	cr_expect_eq(in(0), deadline);
	udp_queue(&p, 1, 1);
	cr_expect_eq(plx_recv_datagrams(p.fd[0], l.d, 4, 0), 1,
		     "one try, although the last call would have blocked");
	udp_queue(&p, 1, 1);
	cr_expect_eq(plx_recv_datagrams(p.fd[0], l.d, 4, deadline), 1,
		     "with one that has passed, too");
	udp_close(&p);
	udp_list_free(&l);
	return 0;
}
WITH_CLOCK(udp_waits, deadlines_are_kept, keep_deadlines)

/* The K-th call of ENTRY fails with ERROR, for every K of an exchange, and
   nobody but the calls knows. */
static void
disturb(unsigned entry, int error, const char *name)
{
	struct udp_pair p;
	struct mover m;
	plx_task *t;
	int sent;

	for (int k = 1; k < 10; k++) {
		udp_open(&p);
		m = mover(p.fd[0], 8);
		support_sys.fails = entry;
		support_sys.fail_with = error;
		support_sys.fail_at = k;
		t = start(receive_list, &m, name);
		sent = (int)plx_sendto(p.fd[1], "5", 1, &p.at[0], PLX_NEVER);
		cr_expect_eq(sent, 1, "%s: %d", name, sent);
		plx_join(t, NULL, PLX_NEVER);
		cr_expect_eq(m.result, 1, "%s: %d of %x: %d", name, k, entry,
			     m.result);
		udp_expect(&m.l, 1, 5, name);
		support_sys.fail_at = 0;
		udp_close(&p);
		udp_list_free(&m.l);
	}
}

static int
disturb_all(void *arg)
{
	disturb(SUPPORT_RECV, EINTR, arg);
	disturb(SUPPORT_SEND, EINTR, arg);
	disturb(SUPPORT_WAIT, EINTR, arg);
	disturb(SUPPORT_RECV, EAGAIN, arg);
	disturb(SUPPORT_SEND, EAGAIN, arg);
	return 0;
}
ON_BOTH(udp_waits, interrupted_calls_and_false_readiness_go_on, disturb_all)

static int
fail_at_each_call(void *arg)
{
	static const unsigned entries[] = {SUPPORT_RECV, SUPPORT_SEND,
					   SUPPORT_RESIZE, SUPPORT_CHANGE,
					   SUPPORT_FSTAT};
	struct udp_list l = udp_list(4);
	struct udp_pair p;
	int r;

	for (size_t i = 0; i < 5; i++) {
		for (int k = 1; k < 6; k++) {
			udp_open(&p);
			support_sys.fails = entries[i];
			support_sys.fail_with = ENOMEM;
			support_sys.fail_at = k;
			r = plx_recv_datagrams(p.fd[0], l.d, 4,
					       in(PLX_MILLISECOND));
			cr_expect(r == -ETIMEDOUT || r == -ENOMEM, "%s: %d",
				  (char *)arg, r);
			udp_number(&l, 0, &p.at[0]);
			r = plx_send_datagrams(p.fd[1], l.d, 4, PLX_NEVER);
			cr_expect(r > 0 || r == -ENOMEM, "%s: %d", (char *)arg,
				  r);
			support_sys.fail_at = 0;
			udp_close(&p);
		}
	}
	udp_list_free(&l);
	return 0;
}

ON_BOTH(udp_waits, whatever_fails_nothing_is_left, fail_at_each_call)

static int
count_turns(void *arg)
{
	int *turns = arg;

	do
		++*turns;
	while (plx_checkpoint() == 0);
	return 0;
}

static int
flood(void *arg)
{
	struct udp_list l = udp_list(64 * 150);
	struct udp_pair p;
	int turns = 0, n;
	plx_task *t;

	udp_open(&p);
	udp_queue(&p, 0, 150);
	plx_spawn(NULL, count_turns, &turns, &t);
	for (n = 0; n < 150; n++) {
		if (plx_recv_datagrams(p.fd[0], l.d, 1, PLX_NEVER) != 1)
			break;
	}
	cr_expect_eq(n, 150, "%s: %d", (char *)arg, n);
	cr_expect_gt(turns, 0, "%s: others run meanwhile", (char *)arg);
	turns = 0;
	udp_number(&l, 0, &p.at[0]);
	n = plx_send_datagrams(p.fd[1], l.d, l.n, PLX_NEVER);
	cr_expect_eq(n, l.n, "%s: %d", (char *)arg, n);
	cr_expect_gt(turns, 0, "%s: in the middle of a list, too", (char *)arg);
	stop_task(t);
	udp_close(&p);
	udp_list_free(&l);
	return 0;
}
ON_BACKENDS(udp_waits, a_flood_lets_others_run, flood)
