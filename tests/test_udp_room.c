/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_udp_room.c: datagrams for which there is no room at their receiver's:
 * those of Unix sockets, which lose none.
 */
#include <config.h>
#include <stdlib.h>
#include "udp_common.h"

/* Two Unix sockets of datagrams that are connected. */
static void
unix_pair(int fd[2])
{
	support_datagram_pair(fd);
}

static int
send_into_a_full_queue(void *arg)
{
	struct udp_list in = udp_list(64);
	struct mover m;
	plx_task *t;
	int fd[2], got = 0, r;

	unix_pair(fd);
	m = mover(fd[0], 1000);
	udp_number(&m.l, 0, NULL);
	t = start(send_list, &m, arg);
	cr_expect_eq(plx_sendto(fd[0], "x", 1, NULL, PLX_NEVER), -EBUSY, "%s",
		     (char *)arg);
	while (got < 1000) {
		r = plx_recv_datagrams(fd[1], in.d, in.n, PLX_NEVER);
		if (r < 0)
			break;
		udp_expect(&in, r, got, arg);
		got += r;
	}
	cr_expect_eq(got, 1000, "%s: %d", (char *)arg, got);
	plx_join(t, NULL, PLX_NEVER);
	cr_expect_eq(m.result, 1000, "%s: %d", (char *)arg, m.result);
	plx_close(fd[0]);
	plx_close(fd[1]);
	udp_list_free(&m.l);
	udp_list_free(&in);
	return 0;
}
ON_BOTH(udp_room, a_full_queue_is_waited_for, send_into_a_full_queue)

/* How many datagrams lie at FD. */
static int
drain(int fd)
{
	char c[TEXT_ROOM];
	int n = 0;

	while (plx_recvfrom(fd, c, sizeof(c), NULL, 0) > 0)
		n++;
	return n;
}

static int
give_up_sending(void *arg)
{
	struct mover m;
	plx_task *t;
	int fd[2], r;

	unix_pair(fd);
	m = mover(fd[0], 1000);
	udp_number(&m.l, 0, NULL);
	t = start(send_list, &m, arg);
	stop_task(t);
	cr_expect_gt(m.result, 0, "%s: %d", (char *)arg, m.result);
	r = plx_send_datagrams(fd[0], m.l.d, m.l.n, 0);
	cr_expect_eq(r, -ETIMEDOUT, "%s: %d", (char *)arg, r);
	r = drain(fd[1]);
	cr_expect_eq(r, m.result, "%s: %d came", (char *)arg, r);
	t = start(send_list, &m, arg);
	plx_close(fd[0]);
	plx_join(t, NULL, PLX_NEVER);
	cr_expect_eq(m.result, -ESHUTDOWN, "%s: some went before: %d",
		     (char *)arg, m.result);
	plx_close(fd[1]);
	udp_list_free(&m.l);
	return 0;
}

ON_BOTH(udp_room, what_went_before_a_cancel_is_told, give_up_sending)

/* A bound socket for datagrams of which few have room, and one that is not
   connected to it. */
static void
unconnected_pair(struct udp_pair *p)
{
	struct plx_address a;

	plx_address_parse("unix:test_udp_room.0", &a);
	unlink("test_udp_room.0");
	cr_expect_eq(plx_udp_open(&a, NULL, &p->fd[0]), 0);
	p->at[0] = a;
	plx_address_parse("unix:test_udp_room.1", &a);
	unlink("test_udp_room.1");
	cr_expect_eq(plx_udp_open(&a, NULL, &p->fd[1]), 0);
}

static int
crowd_a_unix_socket(void *arg)
{
	int64_t deadline = in(3 * PLX_SECOND);
	struct udp_pair p;
	struct mover m;
	unsigned long waits;
	int first, r;
	plx_task *t;

	(void)arg;
	unconnected_pair(&p);
	m = mover(p.fd[1], 1000);
	udp_number(&m.l, 0, &p.at[0]);
	m.deadline = deadline;
	waits = support_calls(&support_sys, SUPPORT_WAIT);
	send_list(&m);
	first = m.result;
	cr_expect_gt(first, 0, "%d", first);
	cr_expect_lt(first, 1000);
	cr_expect_eq(in(0), deadline);
	waits = support_calls(&support_sys, SUPPORT_WAIT) - waits;
	cr_expect_leq(waits, 400, "%lu: it does not spin", waits);
	m.deadline = PLX_NEVER;
	plx_spawn(NULL, send_list, &m, &t);
	plx_sleep(PLX_SECOND);
	for (r = 0; r < first + 1000; r += drain(p.fd[0]))
		plx_sleep(PLX_SECOND);
	plx_join(t, NULL, PLX_NEVER);
	cr_expect_eq(m.result, 1000, "%d", m.result);
	plx_spawn(NULL, send_list, &m, &t);
	plx_sleep(PLX_SECOND);
	plx_close(p.fd[1]);
	plx_join(t, NULL, PLX_NEVER);
	cr_expect_eq(m.result, -ESHUTDOWN, "closed while it sleeps: %d",
		     m.result);
	plx_close(p.fd[0]);
	unlink("test_udp_room.0");
	unlink("test_udp_room.1");
	udp_list_free(&m.l);
	return 0;
}
WITH_CLOCK(udp_room, the_full_queue_of_a_stranger_is_tried_again,
	   crowd_a_unix_socket)
