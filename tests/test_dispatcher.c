/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_dispatcher.c: how dispatchers come by their sockets and connections,
 * and which handler is called for what.
 */
#include <config.h>

#include <netinet/in.h>
#include <stdio.h>
#include "dispatcher_fixture.h"

LOOPS(dispatcher, with_a_new_socket_is_quiet)
{
	struct fixture f;
	struct channel c;
	int fd;

	begin_map(&f, p);
	prepare(&f, &c, 'c', &every);
	CHECK(&f, plx_dispatcher_fd(&c.d) == -1 && map.count == 0);
	IS(&f, plx_dispatcher_create_socket(&c.d, AF_INET, SOCK_STREAM), 0);
	fd = plx_dispatcher_fd(&c.d);
	CHECK(&f, fd >= 0 && map.count == 1);
	CHECK(&f, fcntl(fd, F_GETFL) & O_NONBLOCK);
	CHECK(&f, fcntl(fd, F_GETFD) & FD_CLOEXEC);
	turns(&f, 3);
	LOGGED(&f, "");
	CHECK(&f, stats_of(&f).interest_changes == 0);
	plx_dispatcher_close(&c.d);
	plx_dispatcher_close(&c.d);
	CHECK(&f, plx_dispatcher_fd(&c.d) == -1 && map.count == 0);
	LOGGED(&f, "");
	end_map(&f);
}

LOOPS(dispatcher, misuse_is_refused)
{
	static const struct plx_dispatcher_ops none;
	struct fixture f;
	struct channel c;
	struct plx_address at;
	int fd[2], out = 4711;
	char b;

	begin_map(&f, p);
	prepare(&f, &c, 'c', &none);
	cr_assert_eq(plx_address_parse("127.0.0.1:0", &at), 0);
	IS(&f, plx_dispatcher_set_socket(&c.d, -1), -EBADF);
	support_pipe(fd);
	IS(&f, plx_dispatcher_set_socket(&c.d, fd[0]), -ENOTSOCK);
	close(fd[0]);
	close(fd[1]);
	IS(&f, plx_dispatcher_set_reuse_addr(&c.d), -EBADF);
	IS(&f, plx_dispatcher_bind(&c.d, &at), -EBADF);
	IS(&f, plx_dispatcher_connect(&c.d, &at), -EBADF);
	IS(&f, plx_dispatcher_accept(&c.d, &out, NULL), -EBADF);
	IS(&f, plx_dispatcher_recv(&c.d, &b, 1), -EBADF);
	IS(&f, plx_dispatcher_send(&c.d, "b", 1), -EBADF);
	IS(&f, plx_dispatcher_close_when_sent(&c.d), -EBADF);
	IS(&f, plx_dispatcher_listen(&c.d, 0), -EINVAL);
	CHECK(&f, out == 4711 && map.count == 0);
	plx_dispatcher_changed(&c.d);
	IS(&f, plx_listen(&at, NULL, &fd[0]), 0);
	IS(&f, plx_dispatcher_set_socket(&c.d, fd[0]), -EINVAL);
	close(fd[0]);
	IS(&f, plx_dispatcher_create_socket(&c.d, AF_INET, SOCK_STREAM), 0);
	IS(&f, plx_dispatcher_create_socket(&c.d, AF_INET, SOCK_STREAM),
	   -EBUSY);
	IS(&f, plx_dispatcher_set_socket(&c.d, 0), -EBUSY);
	IS(&f, plx_dispatcher_send(&c.d, "b", (size_t)-1), -EINVAL);
	turns(&f, 2);
	plx_dispatcher_close(&c.d);
	end_map(&f);
}

static int
accept_all(struct channel *c, char kind)
{
	int fd, r;

	while ((r = plx_dispatcher_accept(&c->d, &fd, NULL)) > 0)
		close(fd);
	return kind == 'e' ? c->error : r;
}

LOOPS(dispatcher, accepts_a_pair_or_nothing)
{
	struct fixture f;
	struct channel l;
	struct plx_address at, peer, own;
	int client, fd = 4711;

	begin_map(&f, p);
	listen_at(&f, &l, 'l', &at);
	turns(&f, 2);
	LOGGED(&f, "");
	IS(&f, plx_dispatcher_accept(&l.d, &fd, &peer), 0);
	IS(&f, plx_dispatcher_error(&l.d), 0);
	CHECK(&f, fd == 4711);
	client = connect_plainly(&f, &at);
	turn(&f);
	LOGGED(&f, "la");
	IS(&f, plx_dispatcher_accept(&l.d, &fd, &peer), 1);
	IS(&f, plx_local_address(client, &own), 0);
	CHECK(&f, peer.length == own.length);
	CHECK(&f, memcmp(&peer.storage, &own.storage, own.length) == 0);
	CHECK(&f, fcntl(fd, F_GETFL) & O_NONBLOCK);
	CHECK(&f, fcntl(fd, F_GETFD) & FD_CLOEXEC);
	turn(&f);
	LOGGED(&f, "");
	close(fd);
	close(client);
	plx_dispatcher_close(&l.d);
	end_map(&f);
}

LOOPS(dispatcher, may_be_given_a_socket_that_listens)
{
	struct fixture f;
	struct channel l;
	struct plx_address at;
	int fd, client;

	begin_map(&f, p);
	cr_assert_eq(plx_address_parse("127.0.0.1:0", &at), 0);
	IS(&f, plx_listen(&at, NULL, &fd), 0);
	IS(&f, plx_local_address(fd, &at), 0);
	prepare(&f, &l, 'l', &every);
	l.then = accept_all;
	IS(&f, plx_dispatcher_set_socket(&l.d, fd), 0);
	client = connect_plainly(&f, &at);
	turns(&f, 2);
	LOGGED(&f, "la");
	close(client);
	plx_dispatcher_close(&l.d);
	end_map(&f);
}

LOOPS(dispatcher, bound_to_any_address_takes_v4)
{
	struct fixture f;
	struct channel l;
	struct plx_address at, v4;
	char text[PLX_ADDRESS_TEXT];
	int client, fd;

	begin_map(&f, p);
	cr_assert_eq(plx_address_parse("*:0", &at), 0);
	prepare(&f, &l, 'l', &every);
	if (plx_dispatcher_create_socket(&l.d, AF_INET6, SOCK_STREAM) < 0)
		cr_skip_test("no IPv6 here");
	IS(&f, plx_dispatcher_bind(&l.d, &at), 0);
	IS(&f, plx_dispatcher_listen(&l.d, 0), 0);
	fd = plx_dispatcher_fd(&l.d);
	IS(&f, plx_local_address(fd, &at), 0);
	snprintf(text, sizeof(text), "127.0.0.1:%d",
		 ntohs(((struct sockaddr_in6 *)&at.storage)->sin6_port));
	cr_assert_eq(plx_address_parse(text, &v4), 0);
	client = connect_plainly(&f, &v4);
	close(client);
	plx_dispatcher_close(&l.d);
	end_map(&f);
}

LOOPS(dispatcher, connects)
{
	struct fixture f;
	struct channel l, c;
	struct plx_address at;

	begin_map(&f, p);
	listen_at(&f, &l, 'l', &at);
	l.then = accept_all;
	prepare(&f, &c, 'c', &every);
	IS(&f, plx_dispatcher_create_socket(&c.d, AF_INET, SOCK_STREAM), 0);
	turn(&f);
	IS(&f, plx_dispatcher_connect(&c.d, &at), 0);
	LOGGED(&f, "");
	l.wants = 0;
	plx_dispatcher_changed(&l.d);
	turns(&f, 3);
	LOGGED(&f, "cc");
	l.wants = PLX_READ;
	plx_dispatcher_changed(&l.d);
	turns(&f, 3);
	/* Closed there; read here. */
	LOGGED(&f, "lacrcz");
	CHECK(&f, c.why == 0);
	plx_dispatcher_close(&l.d);
	end_map(&f);
}

LOOPS(dispatcher, is_told_that_it_was_refused)
{
	struct fixture f;
	struct channel l, c;
	struct plx_address at;

	begin_map(&f, p);
	listen_at(&f, &l, 'l', &at);
	plx_dispatcher_close(&l.d);
	prepare(&f, &c, 'c', &every);
	IS(&f, plx_dispatcher_create_socket(&c.d, AF_INET, SOCK_STREAM), 0);
	IS(&f, plx_dispatcher_connect(&c.d, &at), 0);
	LOGGED(&f, "");
	turns(&f, 3);
	LOGGED(&f, "cecz");
	CHECK(&f, c.error == -ECONNREFUSED && c.why == -ECONNREFUSED);
	end_map(&f);
}

static int
go_on(struct channel *c, char kind)
{
	(void)c;
	(void)kind;
	return 0;
}

LOOPS(dispatcher, may_connect_again_after_it_was_refused)
{
	struct fixture f;
	struct channel l, c;
	struct plx_address at;

	begin_map(&f, p);
	listen_at(&f, &l, 'l', &at);
	plx_dispatcher_close(&l.d);
	prepare(&f, &c, 'c', &every);
	c.then = go_on;
	IS(&f, plx_dispatcher_create_socket(&c.d, AF_INET, SOCK_STREAM), 0);
	IS(&f, plx_dispatcher_connect(&c.d, &at), 0);
	turns(&f, 5);
	LOGGED(&f, "ce");
	plx_dispatcher_close(&c.d);
	listen_at(&f, &l, 'l', &at);
	l.wants = 0;
	IS(&f, plx_dispatcher_create_socket(&c.d, AF_INET, SOCK_STREAM), 0);
	IS(&f, plx_dispatcher_connect(&c.d, &at), 0);
	turns(&f, 3);
	LOGGED(&f, "cc");
	plx_dispatcher_close(&c.d);
	plx_dispatcher_close(&l.d);
	end_map(&f);
}

LOOPS(dispatcher, refused_at_once_tells_nobody_else)
{
	struct fixture f;
	struct channel c;
	struct plx_address at;

	begin_map(&f, p);
	cr_assert_eq(plx_address_parse("unix:/tmp/pollux-none/s", &at), 0);
	prepare(&f, &c, 'c', &every);
	IS(&f, plx_dispatcher_create_socket(&c.d, AF_UNIX, SOCK_STREAM), 0);
	IS(&f, plx_dispatcher_connect(&c.d, &at), -ENOENT);
	turns(&f, 3);
	LOGGED(&f, "");
	plx_dispatcher_close(&c.d);
	end_map(&f);
}

LOOPS(dispatcher, reads_and_writes_as_its_predicates_say)
{
	struct fixture f;
	struct channel c;
	int peer;

	begin_map(&f, p);
	peer = adopt(&f, &c, 'c', &every);
	turns(&f, 2);
	LOGGED(&f, "");
	say(&f, peer, "x");
	turns(&f, 2);
	LOGGED(&f, "cr");
	c.wants = 0;
	plx_dispatcher_changed(&c.d);
	say(&f, peer, "x");
	turns(&f, 3);
	LOGGED(&f, "");
	c.wants = PLX_READ | PLX_WRITE;
	plx_dispatcher_changed(&c.d);
	turn(&f);
	LOGGED(&f, "crcw");
	c.wants = PLX_WRITE;
	plx_dispatcher_changed(&c.d);
	turns(&f, 2);
	LOGGED(&f, "cwcw");
	plx_dispatcher_close(&c.d);
	close(peer);
	end_map(&f);
}

LOOPS(dispatcher, is_told_of_the_end_and_closed)
{
	struct fixture f;
	struct channel c;
	int peer;
	char b;

	begin_map(&f, p);
	peer = adopt(&f, &c, 'c', &every);
	say(&f, peer, "last");
	close(peer);
	turns(&f, 3);
	LOGGED(&f, "crcz");
	CHECK(&f, c.why == 0);
	IS(&f, plx_dispatcher_recv(&c.d, &b, 1), -EBADF);
	end_map(&f);
}

LOOPS(dispatcher, that_may_be_half_open_stays_at_the_end)
{
	static const struct plx_dispatcher_ops half = {
		HANDLERS,
		.flags = PLX_DISPATCHER_HALF_OPEN,
	};
	struct fixture f;
	struct channel c;
	int peer;
	char b;

	begin_map(&f, p);
	peer = adopt(&f, &c, 'c', &half);
	shutdown(peer, SHUT_WR);
	turns(&f, 4);
	LOGGED(&f, "cr");
	IS(&f, plx_dispatcher_recv(&c.d, &b, 1), 0);
	IS(&f, plx_dispatcher_send(&c.d, "x", 1), 1);
	CHECK(&f, read(peer, &b, 1) == 1 && b == 'x');
	c.wants |= PLX_WRITE;
	plx_dispatcher_changed(&c.d);
	turn(&f);
	LOGGED(&f, "cw");
	plx_dispatcher_close(&c.d);
	CHECK(&f, read(peer, &b, 1) == 0);
	close(peer);
	end_map(&f);
}

LOOPS(dispatcher, of_datagrams_has_no_end)
{
	struct fixture f;
	struct channel c;
	int fd[2];
	char b;

	begin_map(&f, p);
	support_udp_pair(fd);
	prepare(&f, &c, 'c', &every);
	IS(&f, plx_dispatcher_set_socket(&c.d, fd[0]), 0);
	c.then = go_on;
	CHECK(&f, send(fd[1], "", 0, 0) == 0);
	turn(&f);
	LOGGED(&f, "cr");
	IS(&f, plx_dispatcher_recv(&c.d, &b, 1), 0);
	IS(&f, plx_dispatcher_recv(&c.d, &b, 1), -EAGAIN);
	IS(&f, plx_dispatcher_send(&c.d, "x", 1), 1);
	turns(&f, 2);
	LOGGED(&f, "");
	plx_dispatcher_close(&c.d);
	close(fd[1]);
	end_map(&f);
}

/* The peer of a TCP connection is gone, with a reset. */
static void
reset(struct fixture *f, int fd)
{
	struct linger at_once = {.l_onoff = 1};

	CHECK(f, setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once,
			    sizeof(at_once)) == 0);
	close(fd);
}

LOOPS(dispatcher, is_told_of_an_error_before_it_meets_it)
{
	struct fixture f;
	struct channel c;
	int fd[2];

	begin_map(&f, p);
	support_tcp_pair(fd);
	prepare(&f, &c, 'c', &every);
	c.wants |= PLX_WRITE;
	IS(&f, plx_dispatcher_set_socket(&c.d, fd[0]), 0);
	turn(&f);
	LOGGED(&f, "cw");
	reset(&f, fd[1]);
	turn(&f);
	if (strcmp(f.name, "select") == 0) {
		LOGGED(&f, "crcecz");
	} else {
		LOGGED(&f, "cxcrcecz");
	}
	CHECK(&f, c.error == -ECONNRESET && c.why == -ECONNRESET);
	end_map(&f);
}

static int
read_to_the_end(struct channel *c, char kind)
{
	char b;

	if (kind != 'x')
		return 0;
	CHECK(c->f, plx_dispatcher_recv(&c->d, &b, 1) == -ECONNRESET);
	CHECK(c->f, plx_dispatcher_recv(&c->d, &b, 1) == 0);
	return 0;
}

LOOPS(dispatcher, that_met_the_end_early_is_not_asked_to_read)
{
	struct fixture f;
	struct channel c;
	int fd[2];

	if (strcmp(p->name, "select") == 0)
		cr_skip_test("select never tells");
	begin_map(&f, p);
	support_tcp_pair(fd);
	prepare(&f, &c, 'c', &every);
	c.then = read_to_the_end;
	IS(&f, plx_dispatcher_set_socket(&c.d, fd[0]), 0);
	reset(&f, fd[1]);
	turns(&f, 2);
	LOGGED(&f, "cxcz");
	CHECK(&f, c.why == 0);
	end_map(&f);
}
