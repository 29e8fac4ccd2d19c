/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_dispatcher_send.c: the bytes that a dispatcher takes: none is lost
 * unseen, none is sent twice, and they cost what they must.
 */
#include <config.h>

#include <stdlib.h>
#include "dispatcher_stream.h"

LOOPS(dispatcher_send, goes_straight_to_the_kernel)
{
	struct fixture f;
	struct channel c;
	int peer;

	begin_map(&f, p);
	peer = adopt(&f, &c, 'c', &keeping);
	turn(&f);
	CHECK(&f, send_some(&f, &c.d, 100) == 100);
	CHECK(&f, support_calls(&support_sys, SUPPORT_SEND) == 1);
	CHECK(&f, plx_dispatcher_queued(&c.d) == 0);
	receive(&f, peer);
	CHECK(&f, received == 100);
	turns(&f, 2);
	CHECK(&f, support_calls(&support_sys, SUPPORT_SEND) == 1);
	plx_dispatcher_close(&c.d);
	close(peer);
	end_map(&f);
}

LOOPS(dispatcher_send, without_a_limit_keeps_nothing)
{
	struct fixture f;
	struct channel c;
	int peer;

	begin_map(&f, p);
	peer = adopt(&f, &c, 'c', &every);
	narrow(&c.d);
	stuff(&f, &c.d);
	CHECK(&f, plx_dispatcher_queued(&c.d) == 0);
	IS(&f, plx_dispatcher_send(&c.d, "x", 1), 0);
	receive(&f, peer);
	CHECK(&f, received == sent);
	turns(&f, 2);
	LOGGED(&f, "");
	plx_dispatcher_close(&c.d);
	close(peer);
	end_map(&f);
}

LOOPS(dispatcher_send, keeps_no_more_than_its_limit)
{
	struct fixture f;
	struct channel c;
	int peer;

	begin_map(&f, p);
	peer = adopt(&f, &c, 'c', &keeping);
	narrow(&c.d);
	stuff(&f, &c.d);
	CHECK(&f, plx_dispatcher_queued(&c.d) == LIMIT);
	IS(&f, plx_dispatcher_send(&c.d, "x", 1), 0);
	for (int i = 0; i < 50 && plx_dispatcher_queued(&c.d) > 0; i++) {
		receive(&f, peer);
		turn(&f);
	}
	receive(&f, peer);
	CHECK(&f, plx_dispatcher_queued(&c.d) == 0);
	CHECK(&f, received == sent);
	LOGGED(&f, "");
	plx_dispatcher_close(&c.d);
	close(peer);
	end_map(&f);
}

LOOPS(dispatcher_send, keeps_the_order_of_what_comes_in_pieces)
{
	struct fixture f;
	struct channel c;
	int peer;
	unsigned n = 1;

	begin_map(&f, p);
	peer = adopt(&f, &c, 'c', &keeping);
	narrow(&c.d);
	while (sent < TOTAL) {
		n = n * 1103515245 + 12345;
		send_some(&f, &c.d, n >> 16 & 4095);
		if (n & 1 << 15)
			turn(&f);
		if (plx_dispatcher_queued(&c.d) == LIMIT)
			receive(&f, peer);
	}
	while (plx_dispatcher_queued(&c.d) > 0) {
		receive(&f, peer);
		turn(&f);
	}
	receive(&f, peer);
	CHECK(&f, received == sent);
	plx_dispatcher_close(&c.d);
	close(peer);
	end_map(&f);
}

/* A send that takes as much as it is allowed to. */
static size_t allowed;

static ssize_t
send_sparingly(const struct plx_sys *sys, int fd, const void *buf, size_t n,
	       int flags)
{
	ssize_t r;

	(void)sys;
	if (allowed == 0)
		return -EAGAIN;
	r = plx__sys_real.send(&plx__sys_real, fd, buf,
			       n < allowed ? n : allowed, flags);
	allowed -= r > 0 ? (size_t)r : 0;
	return r;
}

/* What is kept begins in the middle of its memory, goes on at the front of
   it, and then outgrows it. */
LOOPS(dispatcher_send, keeps_the_order_while_it_needs_more_memory)
{
	struct fixture f;
	struct channel c;
	int peer;

	begin_map(&f, p);
	peer = adopt(&f, &c, 'c', &keeping);
	support_sys.sys.send = send_sparingly;
	CHECK(&f, send_some(&f, &c.d, 8000) == 8000);
	allowed = 5000;
	turn(&f);
	CHECK(&f, plx_dispatcher_queued(&c.d) == 3000);
	CHECK(&f, send_some(&f, &c.d, 5000) == 5000);
	CHECK(&f, c.d.ring.size == 8192 && c.d.ring.first == 5000);
	CHECK(&f, send_some(&f, &c.d, 1000) == 1000);
	CHECK(&f, c.d.ring.size == 16384);
	allowed = TOTAL;
	turn(&f);
	CHECK(&f, plx_dispatcher_queued(&c.d) == 0);
	receive(&f, peer);
	CHECK(&f, received == 14000);
	plx_dispatcher_close(&c.d);
	close(peer);
	end_map(&f);
}

LOOPS(dispatcher_send, sends_what_was_kept_before_the_handler_writes)
{
	struct fixture f;
	struct channel c;
	int peer;

	begin_map(&f, p);
	peer = adopt(&f, &c, 'c', &keeping);
	narrow(&c.d);
	c.wants = PLX_READ | PLX_WRITE;
	turn(&f);
	LOGGED(&f, "cw");
	stuff(&f, &c.d);
	turns(&f, 2);
	LOGGED(&f, "");
	while (plx_dispatcher_queued(&c.d) > 0) {
		receive(&f, peer);
		LOGGED(&f, "");
		turn(&f);
	}
	LOGGED(&f, "");
	receive(&f, peer);
	turn(&f);
	LOGGED(&f, "cw");
	plx_dispatcher_close(&c.d);
	close(peer);
	end_map(&f);
}

LOOPS(dispatcher_send, while_connecting_keeps_all)
{
	struct fixture f;
	struct channel l, c;
	struct plx_address at;
	int fd;

	begin_map(&f, p);
	listen_at(&f, &l, 'l', &at);
	l.wants = 0;
	prepare(&f, &c, 'c', &keeping);
	IS(&f, plx_dispatcher_create_socket(&c.d, AF_INET, SOCK_STREAM), 0);
	IS(&f, plx_dispatcher_connect(&c.d, &at), 0);
	CHECK(&f, send_some(&f, &c.d, 5000) == 5000);
	CHECK(&f, plx_dispatcher_queued(&c.d) == 5000);
	IS(&f, plx_dispatcher_close_when_sent(&c.d), 0);
	IS(&f, plx_dispatcher_send(&c.d, "x", 1), -ESHUTDOWN);
	turns(&f, 4);
	LOGGED(&f, "cccz");
	IS(&f, plx_dispatcher_accept(&l.d, &fd, NULL), 1);
	receive(&f, fd);
	CHECK(&f, received == 5000);
	close(fd);
	plx_dispatcher_close(&l.d);
	end_map(&f);
}

LOOPS(dispatcher_send, closes_when_all_is_sent_on_request)
{
	struct fixture f;
	struct channel c;
	int peer;

	begin_map(&f, p);
	peer = adopt(&f, &c, 'c', &keeping);
	narrow(&c.d);
	stuff(&f, &c.d);
	IS(&f, plx_dispatcher_close_when_sent(&c.d), 0);
	IS(&f, plx_dispatcher_send(&c.d, "x", 1), -ESHUTDOWN);
	say(&f, peer, "x");
	turns(&f, 3);
	LOGGED(&f, "");
	for (int i = 0; i < 50 && map.count > 0; i++) {
		receive(&f, peer);
		turn(&f);
	}
	LOGGED(&f, "cz");
	CHECK(&f, c.why == 0);
	receive(&f, peer);
	CHECK(&f, received == sent);
	close(peer);
	end_map(&f);
}

LOOPS(dispatcher_send, drops_what_is_kept_when_closed_now)
{
	struct fixture f;
	struct channel c;
	int peer;

	begin_map(&f, p);
	peer = adopt(&f, &c, 'c', &keeping);
	narrow(&c.d);
	stuff(&f, &c.d);
	plx_dispatcher_close(&c.d);
	CHECK(&f, plx_dispatcher_queued(&c.d) == 0);
	receive(&f, peer);
	CHECK(&f, received == sent - LIMIT);
	LOGGED(&f, "");
	close(peer);
	end_map(&f);
}

LOOPS(dispatcher_send, sends_what_is_kept_after_the_peers_end)
{
	struct fixture f;
	struct channel c;
	int peer;

	begin_map(&f, p);
	peer = adopt(&f, &c, 'c', &keeping);
	narrow(&c.d);
	stuff(&f, &c.d);
	shutdown(peer, SHUT_WR);
	turns(&f, 3);
	LOGGED(&f, "cr");
	for (int i = 0; i < 50 && map.count > 0; i++) {
		receive(&f, peer);
		turn(&f);
	}
	LOGGED(&f, "cz");
	receive(&f, peer);
	CHECK(&f, received == sent && c.why == 0);
	close(peer);
	end_map(&f);
}

LOOPS(dispatcher_send, tells_that_what_was_kept_cannot_be_sent)
{
	struct fixture f;
	struct channel c;
	int peer;

	begin_map(&f, p);
	peer = adopt(&f, &c, 'c', &keeping);
	narrow(&c.d);
	c.wants = 0;
	stuff(&f, &c.d);
	turn(&f);
	close(peer);
	turns(&f, 2);
	f.log[0] = f.log[0] == 'c' && f.log[1] == 'x' ? '-' : f.log[0];
	cr_assert(strcmp(f.log, "cecz") == 0 || strcmp(f.log, "-xcecz") == 0,
		  "%s: %s", f.name, f.log);
	CHECK(&f, c.error == -EPIPE || c.error == -ECONNRESET);
	end_map(&f);
}

LOOPS(dispatcher_send, without_memory_takes_what_the_kernel_took)
{
	struct fixture f;
	struct channel c;
	size_t before;
	int peer;

	begin_map(&f, p);
	peer = adopt(&f, &c, 'c', &keeping);
	narrow(&c.d);
	turn(&f);
	do {
		support_sys.fails = SUPPORT_RESIZE;
		support_sys.fail_at = 1;
		support_sys.fail_with = ENOMEM;
		before = sent;
		send_some(&f, &c.d, 8192);
	} while (sent - before == 8192);
	CHECK(&f, plx_dispatcher_queued(&c.d) == 0);
	while (support_sys.fail_at = 1,
	       plx_dispatcher_send(&c.d, &(char){byte_at(sent)}, 1) == 1)
		sent++;
	support_sys.fail_at = 1;
	IS(&f, plx_dispatcher_send(&c.d, "x", 1), -ENOMEM);
	support_sys.fail_at = 0;
	CHECK(&f, send_some(&f, &c.d, 100) == 100);
	receive(&f, peer);
	turns(&f, 2);
	receive(&f, peer);
	CHECK(&f, received == sent);
	plx_dispatcher_close(&c.d);
	close(peer);
	end_map(&f);
}

/* Fills C's buffer and has it sent. */
static void
fill_and_drain(struct fixture *f, struct channel *c, int peer)
{
	stuff(f, &c->d);
	while (plx_dispatcher_queued(&c->d) > 0) {
		receive(f, peer);
		turn(f);
	}
}

LOOPS(dispatcher_send, allocates_nothing_again_and_idle_holds_nothing)
{
	struct fixture f;
	struct channel c[3];
	unsigned long before;
	int peer[3];

	begin_map(&f, p);
	for (int i = 0; i < 3; i++) {
		peer[i] = adopt(&f, &c[i], 'c', &keeping);
		narrow(&c[i].d);
	}
	sent = received = 0;
	fill_and_drain(&f, &c[0], peer[0]);
	receive(&f, peer[0]);
	before = support_calls(&support_sys, SUPPORT_RESIZE);
	for (int i = 0; i < 9; i++) {
		fill_and_drain(&f, &c[i % 3], peer[i % 3]);
		receive(&f, peer[i % 3]);
	}
	CHECK(&f, support_calls(&support_sys, SUPPORT_RESIZE) == before);
	for (int i = 0; i < 3; i++) {
		CHECK(&f, c[i].d.ring.bytes == NULL);
		plx_dispatcher_close(&c[i].d);
		close(peer[i]);
	}
	CHECK(&f, map.spare.bytes == NULL);
	end_map(&f);
}

LOOPS(dispatcher_send, never_keeps_a_datagram)
{
	struct fixture f;
	struct channel c;
	char buf[100] = "";
	ssize_t n;
	int fd[2];

	begin_map(&f, p);
	cr_assert_eq(socketpair(AF_UNIX, SOCK_DGRAM, 0, fd), 0);
	prepare(&f, &c, 'c', &keeping);
	IS(&f, plx_dispatcher_set_socket(&c.d, fd[0]), 0);
	while ((n = plx_dispatcher_send(&c.d, buf, sizeof(buf))) > 0)
		CHECK(&f, n == sizeof(buf));
	CHECK(&f, n == 0 && plx_dispatcher_queued(&c.d) == 0);
	plx_dispatcher_close(&c.d);
	close(fd[1]);
	end_map(&f);
}
