/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_dispatcher_rare.c: handlers that do what few do: close their channel
 * from a handler inside of a handler, free the map while it is being closed,
 * ask again although they were told to rest, forgive what others end for.
 */
#include <config.h>
#include <stdio.h>
#include <stdlib.h>
#include "dispatcher_stream.h"

/* Gives up its channel, and with it the memory of it. */
static void
go(struct channel *c)
{
	plx_dispatcher_close(&c->d);
	scrap(c, sizeof(*c));
}

/* To forget a descriptor calls handle_error, in which the channel goes. */
static int
go_two_deep(struct channel *c, char kind)
{
	if (kind == 'e') {
		go(c);
		return 0;
	}
	plx_loop_forget(c->f->loop, plx_dispatcher_fd(&c->d), -EIO);
	return -EPROTO;
}

LOOPS(dispatcher_rare, a_channel_may_go_two_handlers_deep)
{
	struct fixture f;
	struct channel *c = malloc(sizeof(*c));
	int peer;

	begin_map(&f, p);
	peer = adopt(&f, c, 'c', &every);
	c->then = go_two_deep;
	say(&f, peer, "x");
	turns(&f, 3);
	LOGGED(&f, "crce");
	CHECK(&f, map.count == 0);
	close(peer);
	end_map(&f);
}

static struct plx_dispatcher_map *own_map;

/* The first closes all again; with the last of them the map is freed. */
static int
close_all_again(struct channel *c, char kind)
{
	(void)kind;
	if (c->name == '0')
		plx_dispatcher_close_all(own_map);
	if (c->name == '2')
		scrap(own_map, sizeof(*own_map));
	return 0;
}

LOOPS(dispatcher_rare, a_map_may_be_freed_while_it_is_closed_two_deep)
{
	struct fixture f;
	struct channel c[3];
	int peer[3];

	begin_map(&f, p);
	own_map = malloc(sizeof(*own_map));
	plx_dispatcher_map_init(own_map, f.loop);
	for (int i = 0; i < 3; i++) {
		int fd[2];

		support_unix_pair(fd);
		prepare(&f, &c[i], (char)('0' + i), &every);
		c[i].then = close_all_again;
		plx_dispatcher_init(&c[i].d, own_map, &every);
		IS(&f, plx_dispatcher_set_socket(&c[i].d, fd[0]), 0);
		peer[i] = fd[1];
	}
	plx_dispatcher_close_all(own_map);
	LOGGED(&f, "0z1z2z");
	for (int i = 0; i < 3; i++)
		close(peer[i]);
	end_map(&f);
}

static int short_of;

static int
accept_nobody(const struct plx_sys *sys, int fd, struct sockaddr *sa,
	      socklen_t *len)
{
	return short_of ? -short_of : plx__sys_real.accept(sys, fd, sa, len);
}

static int
ask_twice(struct channel *c, char kind)
{
	int fd;

	for (int i = 0; i < 2; i++) {
		if (kind == 'a' && plx_dispatcher_accept(&c->d, &fd, NULL) > 0)
			close(fd);
	}
	return 0;
}

LOOPS(dispatcher_rare, who_asks_in_a_shortage_again_rests_all_the_same)
{
	struct plx_address at;
	struct fixture f;
	struct channel l;
	int client;

	begin_map(&f, p);
	listen_at(&f, &l, 'l', &at);
	l.then = ask_twice;
	support_sys.sys.accept = accept_nobody;
	short_of = EMFILE;
	client = connect_plainly(&f, &at);
	turns(&f, 5);
	LOGGED(&f, "la");
	short_of = 0;
	support_sys.now += PLX_SECOND;
	turns(&f, 3);
	LOGGED(&f, "la");
	plx_dispatcher_close(&l.d);
	close(client);
	end_map(&f);
}

static int
read_nothing(struct channel *c, char kind)
{
	char b;

	if (kind == 'r' && c->why++ == 0)
		return (int)plx_dispatcher_recv(&c->d, &b, 0);
	return plain(c, kind);
}

LOOPS(dispatcher_rare, to_read_into_no_room_is_no_end)
{
	struct fixture f;
	struct channel c;
	int peer;

	begin_map(&f, p);
	peer = adopt(&f, &c, 'c', &keeping);
	c.then = read_nothing;
	say(&f, peer, "x");
	turns(&f, 3);
	LOGGED(&f, "crcr");
	CHECK(&f, plx_dispatcher_fd(&c.d) >= 0);
	plx_dispatcher_close(&c.d);
	close(peer);
	end_map(&f);
}

/* What is_odd says next. */
static int answer;

static int
is_odd(struct plx_dispatcher *d)
{
	int said = answer;

	(void)d;
	answer = 1;
	return said;
}

static int
forgive(struct channel *c, char kind)
{
	return kind == 'e' ? 0 : plain(c, kind);
}

LOOPS(dispatcher_rare, a_predicate_that_fails_is_asked_again_when_forgiven)
{
	static const struct plx_dispatcher_ops odd = {
		.readable = is_odd,
		.handle_read = handle_read,
		.handle_error = handle_error,
	};
	struct fixture f;
	struct channel c;
	int peer;

	begin_map(&f, p);
	answer = -EAGAIN;
	peer = adopt(&f, &c, 'c', &odd);
	c.then = forgive;
	say(&f, peer, "x");
	turns(&f, 3);
	LOGGED(&f, "");
	answer = -EPROTO;
	plx_dispatcher_changed(&c.d);
	turns(&f, 3);
	LOGGED(&f, "cecr");
	CHECK(&f, c.error == -EPROTO);
	plx_dispatcher_close(&c.d);
	close(peer);
	end_map(&f);
}

LOOPS(dispatcher_rare, who_has_no_handler_for_reading_is_not_asked)
{
	static const struct plx_dispatcher_ops writer = {
		.readable = is_readable,
		.writable = is_writable,
		.handle_write = handle_write,
	};
	struct fixture f;
	struct channel c;
	int peer;

	begin_map(&f, p);
	peer = adopt(&f, &c, 'c', &writer);
	c.wants = PLX_READ | PLX_WRITE;
	say(&f, peer, "x");
	turns(&f, 2);
	LOGGED(&f, "cwcw");
	CHECK(&f, c.asked == 0);
	plx_dispatcher_close(&c.d);
	close(peer);
	end_map(&f);
}

LOOPS(dispatcher_rare, what_cannot_be_sent_is_kept_when_that_is_forgiven)
{
	struct fixture f;
	struct channel c;
	int peer;

	begin_map(&f, p);
	sent = received = 0;
	peer = adopt(&f, &c, 'c', &keeping);
	c.then = forgive;
	narrow(&c.d);
	stuff(&f, &c.d);
	receive(&f, peer);
	support_sys.fails = SUPPORT_SEND;
	support_sys.fail_at = 1;
	support_sys.fail_with = ENOBUFS;
	turn(&f);
	LOGGED(&f, "ce");
	CHECK(&f, c.error == -ENOBUFS);
	for (int i = 0; i < 50 && plx_dispatcher_queued(&c.d) > 0; i++) {
		turn(&f);
		receive(&f, peer);
	}
	CHECK(&f, plx_dispatcher_queued(&c.d) == 0 && received == sent);
	plx_dispatcher_close(&c.d);
	close(peer);
	end_map(&f);
}

/* How often handle_expt was called. */
static int
count_told(const struct fixture *f)
{
	int n = 0;

	for (size_t i = 0; i < f->length; i++)
		n += f->log[i] == 'x';
	return n;
}

static void
reset(int peer)
{
	const struct linger none = {.l_onoff = 1};

	cr_assert_eq(
		setsockopt(peer, SOL_SOCKET, SO_LINGER, &none, sizeof(none)),
		0);
	close(peer);
}

static int
stay(struct channel *c, char kind)
{
	(void)c;
	(void)kind;
	return 0;
}

LOOPS(dispatcher_rare, a_reader_and_writer_is_told_once_of_an_error)
{
	struct fixture f;
	struct channel c;
	int fd[2], told = strcmp(p->name, "select") != 0;

	begin_map(&f, p);
	support_tcp_pair(fd);
	prepare(&f, &c, 'c', &every);
	c.then = stay;
	c.wants = PLX_READ | PLX_WRITE;
	IS(&f, plx_dispatcher_set_socket(&c.d, fd[0]), 0);
	turn(&f);
	f.length = 0;
	reset(fd[1]);
	turn(&f);
	CHECK(&f, f.length >= 2);
	CHECK(&f, count_told(&f) == told);
	plx_dispatcher_close(&c.d);
	end_map(&f);
}

LOOPS(dispatcher_rare, who_is_closing_is_told_by_the_bytes_that_cannot_go)
{
	struct fixture f;
	struct channel c;
	int fd[2];

	begin_map(&f, p);
	sent = received = 0;
	support_tcp_pair(fd);
	prepare(&f, &c, 'c', &keeping);
	IS(&f, plx_dispatcher_set_socket(&c.d, fd[0]), 0);
	narrow(&c.d);
	while (plx_dispatcher_queued(&c.d) == 0)
		send_some(&f, &c.d, 8192);
	IS(&f, plx_dispatcher_close_when_sent(&c.d), 0);
	turn(&f);
	f.length = 0;
	reset(fd[1]);
	turns(&f, 3);
	LOGGED(&f, "cecz");
	CHECK(&f, c.why == c.error && c.error < 0);
	end_map(&f);
}

LOOPS(dispatcher_rare, a_path_is_connected_at_once_and_told_of_later)
{
	char text[PLX_ADDRESS_TEXT];
	struct plx_address at;
	struct fixture f;
	struct channel c;
	int listener;

	begin_map(&f, p);
	snprintf(text, sizeof(text), "unix:test_dispatcher_rare.%ld",
		 (long)getpid());
	IS(&f, plx_address_parse(text, &at), 0);
	IS(&f, plx_listen(&at, NULL, &listener), 0);
	prepare(&f, &c, 'c', &every);
	IS(&f, plx_dispatcher_create_socket(&c.d, AF_UNIX, SOCK_STREAM), 0);
	IS(&f, plx_dispatcher_connect(&c.d, &at), 0);
	LOGGED(&f, "");
	turns(&f, 2);
	LOGGED(&f, "cc");
	plx_dispatcher_close(&c.d);
	close(listener);
	unlink(text + 5);
	end_map(&f);
}
