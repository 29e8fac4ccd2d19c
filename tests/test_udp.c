/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_udp.c: what datagrams arrive as, on every backend; and once with a
 * system that has no calls for many of them.
 */
#include <config.h>
#include <stdlib.h>
#include "udp_common.h"

static int
same_address(const struct plx_address *a, const struct plx_address *b)
{
	char one[PLX_ADDRESS_TEXT], other[PLX_ADDRESS_TEXT];

	plx_address_format(a, one, sizeof(one));
	plx_address_format(b, other, sizeof(other));
	return strcmp(one, other) == 0;
}

static int
receive_many(void *arg)
{
	struct udp_list l = udp_list(100);
	struct udp_pair p;
	int r;

	udp_open(&p);
	cr_expect_eq(plx_recv_datagrams(p.fd[0], l.d, l.n, 0), -ETIMEDOUT,
		     "%s: nothing is there", (char *)arg);
	udp_queue(&p, 0, 100);
	r = plx_recv_datagrams(p.fd[0], l.d, l.n, PLX_NEVER);
	cr_expect_eq(r, 64, "%s: %d", (char *)arg, r);
	udp_expect(&l, 64, 0, arg);
	cr_expect(same_address(&l.d[63].peer, &p.at[1]), "%s", (char *)arg);
	r = plx_recv_datagrams(p.fd[0], l.d, l.n, PLX_NEVER);
	cr_expect_eq(r, 36, "%s: %d", (char *)arg, r);
	udp_expect(&l, 36, 64, arg);
	udp_queue(&p, 200, 3);
	r = plx_recv_datagrams(p.fd[0], l.d, 2, PLX_NEVER);
	cr_expect_eq(r, 2, "%s: no more than asked for: %d", (char *)arg, r);
	r = plx_recv_datagrams(p.fd[0], l.d, 2, PLX_NEVER);
	cr_expect_eq(r, 1, "%s: %d", (char *)arg, r);
	udp_expect(&l, 1, 202, arg);
	udp_close(&p);
	udp_list_free(&l);
	return 0;
}
ON_BOTH(udp, what_is_there_comes_together, receive_many)

static int
send_many(void *arg)
{
	struct udp_list out = udp_list(100), in = udp_list(64);
	struct udp_pair p;
	int r, got = 0;

	udp_open(&p);
	udp_number(&out, 0, &p.at[0]);
	r = plx_send_datagrams(p.fd[1], out.d, out.n, PLX_NEVER);
	cr_expect_eq(r, 100, "%s: %d", (char *)arg, r);
	while (got < 100) {
		r = plx_recv_datagrams(p.fd[0], in.d, in.n, 0);
		if (r < 0)
			break;
		udp_expect(&in, r, got, arg);
		got += r;
	}
	cr_expect_eq(got, 100, "%s: %d", (char *)arg, got);
	udp_close(&p);
	udp_list_free(&out);
	udp_list_free(&in);
	return 0;
}
ON_BOTH(udp, a_list_goes_in_order, send_many)

static int
cut_short(void *arg)
{
	struct udp_list l = udp_list(3);
	struct udp_pair p;
	int r;

	udp_open(&p);
	for (int i = 0; i < 3; i++)
		plx_sendto(p.fd[1], "eight ch", 8, &p.at[0], PLX_NEVER);
	l.d[0].room = 3;
	l.d[1].room = 0;
	l.d[2].room = 8;
	r = plx_recv_datagrams(p.fd[0], l.d, 3, PLX_NEVER);
	cr_expect_eq(r, 3, "%s: %d", (char *)arg, r);
	cr_expect_eq(l.d[0].length, 3, "%s", (char *)arg);
	cr_expect_eq(l.d[0].flags, PLX_DATAGRAM_CUT, "%s", (char *)arg);
	cr_expect_eq(l.d[1].length, 0, "%s", (char *)arg);
	cr_expect_eq(l.d[1].flags, PLX_DATAGRAM_CUT, "%s", (char *)arg);
	cr_expect_eq(l.d[2].length, 8, "%s", (char *)arg);
	cr_expect_eq(l.d[2].flags, 0, "%s: it fits", (char *)arg);
	cr_expect_str_eq(l.text[0], "eig", "%s", (char *)arg);
	udp_close(&p);
	udp_list_free(&l);
	return 0;
}
ON_BOTH(udp, what_does_not_fit_is_marked, cut_short)

static int
exchange_nothing(void *arg)
{
	struct udp_list l = udp_list(3);
	struct plx_address peer;
	struct udp_pair p;
	char c = 'c';
	int r;

	udp_open(&p);
	cr_expect_eq(plx_sendto(p.fd[1], NULL, 0, &p.at[0], PLX_NEVER), 0);
	r = (int)plx_recvfrom(p.fd[0], &c, 1, &peer, PLX_NEVER);
	cr_expect_eq(r, 0, "%s: %d", (char *)arg, r);
	cr_expect(same_address(&peer, &p.at[1]), "%s", (char *)arg);
	for (int i = 0; i < 3; i++)
		l.d[i].peer = p.at[0];
	r = plx_send_datagrams(p.fd[1], l.d, 3, PLX_NEVER);
	cr_expect_eq(r, 3, "%s: %d", (char *)arg, r);
	r = plx_recv_datagrams(p.fd[0], l.d, 3, PLX_NEVER);
	cr_expect_eq(r, 3, "%s: %d", (char *)arg, r);
	for (int i = 0; i < 3; i++)
		cr_expect_eq(l.d[i].length + l.d[i].flags, 0, "%s: %d",
			     (char *)arg, i);
	r = (int)plx_recvfrom(p.fd[0], &c, 1, NULL, 0);
	cr_expect_eq(r, -ETIMEDOUT, "%s: no more", (char *)arg);
	udp_close(&p);
	udp_list_free(&l);
	return 0;
}
ON_BOTH(udp, an_empty_datagram_is_one, exchange_nothing)

static int
exchange_one(void *arg)
{
	struct plx_udp_options o = {.peer = NULL};
	struct plx_address peer;
	struct udp_pair p;
	char text[8] = {0};
	int fd = -1, r;

	udp_open(&p);
	o.peer = &p.at[0];
	cr_expect_eq(plx_udp_open(NULL, &o, &fd), 0);
	cr_expect_eq(plx_sendto(fd, "hello", 5, NULL, PLX_NEVER), 5);
	r = (int)plx_recvfrom(p.fd[0], text, sizeof(text), &peer, PLX_NEVER);
	cr_expect_eq(r, 5, "%s: %d", (char *)arg, r);
	cr_expect_str_eq(text, "hello", "%s", (char *)arg);
	plx_sendto(p.fd[1], "stranger", 8, &peer, PLX_NEVER);
	plx_sendto(p.fd[0], "answer", 6, &peer, PLX_NEVER);
	r = (int)plx_recvfrom(fd, text, sizeof(text), &peer, PLX_NEVER);
	cr_expect_eq(r, 6, "%s: not the stranger's: %d", (char *)arg, r);
	cr_expect(same_address(&peer, &p.at[0]), "%s", (char *)arg);
	plx_close(fd);
	udp_close(&p);
	return 0;
}
ON_BOTH(udp, a_connected_socket_hears_its_peer_alone, exchange_one)

static int
skip_a_bad_peer(void *arg)
{
	struct udp_list l = udp_list(3);
	struct udp_pair p;
	int r;

	udp_open(&p);
	udp_number(&l, 0, &p.at[0]);
	l.d[1].peer.length = 1;
	r = plx_send_datagrams(p.fd[1], l.d, 3, PLX_NEVER);
	cr_expect_eq(r, 1, "%s: %d", (char *)arg, r);
	r = plx_send_datagrams(p.fd[1], l.d + 1, 2, PLX_NEVER);
	cr_expect_eq(r, -EINVAL, "%s: %d", (char *)arg, r);
	r = plx_send_datagrams(p.fd[1], l.d + 2, 1, PLX_NEVER);
	cr_expect_eq(r, 1, "%s: %d", (char *)arg, r);
	r = plx_recv_datagrams(p.fd[0], l.d, 3, PLX_NEVER);
	cr_expect_eq(r, 2, "%s: %d", (char *)arg, r);
	udp_close(&p);
	udp_list_free(&l);
	return 0;
}
ON_BOTH(udp, an_error_is_about_the_first_that_did_not_go, skip_a_bad_peer)

static int
hear_of_refusal(void *arg)
{
	struct plx_udp_options o = {.peer = NULL};
	struct udp_list l = udp_list(2);
	struct udp_pair p;
	int fd = -1, r;

	udp_open(&p);
	plx_close(p.fd[0]);
	o.peer = &p.at[0];
	cr_expect_eq(plx_udp_open(NULL, &o, &fd), 0);
	cr_expect_eq(plx_sendto(fd, "x", 1, NULL, PLX_NEVER), 1);
	r = plx_recv_datagrams(fd, l.d, 2, PLX_NEVER);
	cr_expect_eq(r, -ECONNREFUSED, "%s: %d", (char *)arg, r);
	r = plx_recv_datagrams(fd, l.d, 2, 0);
	cr_expect_eq(r, -ETIMEDOUT, "%s: it is told once: %d", (char *)arg, r);
	cr_expect_eq(plx_sendto(fd, "x", 1, NULL, PLX_NEVER), 1);
	r = (int)plx_sendto(fd, "x", 1, NULL, PLX_NEVER);
	cr_expect_eq(r, -ECONNREFUSED, "%s: %d", (char *)arg, r);
	plx_sendto(p.fd[1], "x", 1, &p.at[0], PLX_NEVER);
	r = plx_recv_datagrams(p.fd[1], l.d, 2, 0);
	cr_expect_eq(r, -ETIMEDOUT, "%s: a server hears nothing of it: %d",
		     (char *)arg, r);
	plx_close(fd);
	plx_close(p.fd[1]);
	udp_list_free(&l);
	return 0;
}
ON_BOTH(udp, a_refused_datagram_does_not_harm_the_socket, hear_of_refusal)

/* Whatever the list has been used for before. */
static int
hear_of_no_name(void *arg)
{
	const char *name = arg;
	struct udp_list l = udp_list(2);
	char text[PLX_ADDRESS_TEXT];
	int fd[2], r, n;

	plx_address_parse("127.0.0.1:7", &l.d[1].peer);
	cr_expect_eq(socketpair(AF_UNIX, SOCK_DGRAM, 0, fd), 0);
	for (n = 0; n < 2; n++)
		cr_expect_eq(plx_sendto(fd[1], "x", 1, NULL, PLX_NEVER), 1);
	r = plx_recv_datagrams(fd[0], l.d, 2, PLX_NEVER);
	cr_expect_eq(r, 2, "%s: %d", name, r);
	for (n = 0; n < r; n++) {
		cr_expect_eq(l.d[n].peer.length, 0, "%s: %d", name, n);
		plx_address_format(&l.d[n].peer, text, sizeof(text));
		cr_expect_str_eq(text, "unix:", "%s: %d: %s", name, n, text);
	}
	plx_close(fd[0]);
	plx_close(fd[1]);
	udp_list_free(&l);
	return 0;
}
ON_BOTH(udp, who_has_no_name_is_told_as_such, hear_of_no_name)

static int
refuse_nonsense(void *arg)
{
	static const char too_long[1 << 20];
	struct udp_list l = udp_list(2);
	struct udp_pair p;

	(void)arg;
	udp_open(&p);
	cr_expect_eq(plx_recv_datagrams(p.fd[0], l.d, 0, PLX_NEVER), 0);
	cr_expect_eq(plx_send_datagrams(p.fd[0], l.d, 0, PLX_NEVER), 0);
	cr_expect_eq(plx_recv_datagrams(p.fd[0], l.d, -1, PLX_NEVER), -EINVAL);
	cr_expect_eq(plx_send_datagrams(p.fd[0], l.d, -1, PLX_NEVER), -EINVAL);
	cr_expect_eq(plx_recv_datagrams(-1, l.d, 2, PLX_NEVER), -EBADF);
	cr_expect_eq(plx_send_datagrams(-1, l.d, 2, PLX_NEVER), -EBADF);
	cr_expect_eq(plx_recvfrom(-1, NULL, 0, NULL, PLX_NEVER), -EBADF);
	cr_expect_eq(plx_sendto(-1, NULL, 0, NULL, PLX_NEVER), -EBADF);
	cr_expect_eq(plx_sendto(p.fd[0], too_long, sizeof(too_long), &p.at[1],
				PLX_NEVER),
		     -EMSGSIZE);
	udp_close(&p);
	udp_list_free(&l);
	return 0;
}
IN_A_TASK(udp, nonsense_is_refused, refuse_nonsense)

Test(udp, outside_a_task_it_is_refused)
{
	struct plx_datagram d = {.length = 0};

	cr_expect_eq(plx_recv_datagrams(0, &d, 1, 0), -EPERM);
	cr_expect_eq(plx_send_datagrams(0, &d, 1, 0), -EPERM);
	cr_expect_eq(plx_recvfrom(0, NULL, 0, NULL, 0), -EPERM);
	cr_expect_eq(plx_sendto(0, NULL, 0, NULL, 0), -EPERM);
}
