/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_dispatcher_echo.c: a server and a client made of dispatchers, whatever
 * the system refuses.
 */
#include <config.h>

#include "dispatcher_stream.h"

/* An echo server, and a client that has TOTAL bytes to tell it. */
static int
has_room(struct plx_dispatcher *d)
{
	return plx_dispatcher_queued(d) < LIMIT;
}

static int
echo(struct plx_dispatcher *d)
{
	char buf[LIMIT];
	ssize_t n =
		plx_dispatcher_recv(d, buf, LIMIT - plx_dispatcher_queued(d));

	if (n > 0 && plx_dispatcher_send(d, buf, (size_t)n) != n)
		return -EPROTO;
	return (int)n;
}

static const struct plx_dispatcher_ops echoing = {
	.readable = has_room,
	.handle_read = echo,
	.handle_error = handle_error,
	.handle_close = handle_close,
	.limit = LIMIT,
};

static int
take_echoing(struct channel *l, char kind)
{
	struct channel *c = l->other;
	int fd, r = kind == 'a' ? plx_dispatcher_accept(&l->d, &fd, NULL) : 0;

	if (r <= 0)
		return r;
	prepare(l->f, c, 's', &echoing);
	r = plx_dispatcher_set_socket(&c->d, fd);
	if (r < 0)
		close(fd);
	else
		narrow(&c->d);
	return r;
}

static int
talk(struct channel *c, char kind)
{
	char buf[4096];
	ssize_t n = 1;

	c->f->length = 0;
	if (kind == 'w' && send_some(c->f, &c->d, 8192) < 8192)
		return 0;
	if (kind == 'w' && sent >= TOTAL) {
		c->wants &= ~PLX_WRITE;
		shutdown(plx_dispatcher_fd(&c->d), SHUT_WR);
	}
	while (kind == 'r' && n > 0) {
		n = plx_dispatcher_recv(&c->d, buf, sizeof(buf));
		check_bytes(c->f, buf, n);
	}
	return kind == 'e' ? c->error : 0;
}

LOOPS(dispatcher_echo, returns_a_million_bytes_through_small_buffers)
{
	struct fixture f;
	struct channel l, s, c;
	struct plx_address at;

	begin_map(&f, p);
	listen_at(&f, &l, 'l', &at);
	l.other = &s;
	l.then = take_echoing;
	prepare(&f, &c, 'c', &every);
	IS(&f, plx_dispatcher_create_socket(&c.d, AF_INET, SOCK_STREAM), 0);
	narrow(&c.d);
	IS(&f, plx_dispatcher_connect(&c.d, &at), 0);
	c.wants = PLX_READ | PLX_WRITE;
	c.then = talk;
	for (int i = 0; i < 100000 && map.count > 1; i++)
		plx_dispatcher_loop(&map, 1, support_sys.now + PLX_SECOND);
	CHECK(&f, map.count == 1 && sent >= TOTAL && received == sent);
	CHECK(&f, c.why == 0 && s.why == 0 && c.error == 0 && s.error == 0);
	plx_dispatcher_close(&l.d);
	end_map(&f);
}

/* A server, a client, a conversation and their end, whatever is refused. */
static void
converse(struct fixture *f, long k, unsigned entries, int error)
{
	struct channel l, s, c;
	struct plx_address at;

	cr_assert_eq(plx_address_parse("127.0.0.1:0", &at), 0);
	prepare(f, &l, 'l', &every);
	prepare(f, &s, 's', &echoing);
	prepare(f, &c, 'c', &keeping);
	l.other = &s;
	l.then = take_echoing;
	sent = received = 0;
	support_sys.fails = entries;
	support_sys.fail_with = error;
	support_sys.fail_at = k;
	if (plx_dispatcher_create_socket(&l.d, AF_INET, SOCK_STREAM) == 0 &&
	    plx_dispatcher_bind(&l.d, &at) == 0 &&
	    plx_dispatcher_listen(&l.d, 0) == 0 &&
	    plx_local_address(plx_dispatcher_fd(&l.d), &at) == 0 &&
	    plx_dispatcher_create_socket(&c.d, AF_INET, SOCK_STREAM) == 0 &&
	    plx_dispatcher_connect(&c.d, &at) == 0 &&
	    plx_dispatcher_send(&c.d, "hello", 5) == 5)
		plx_dispatcher_close_when_sent(&c.d);
	for (int i = 0; i < 10; i++)
		plx_loop_run_once(f->loop, support_sys.now + PLX_SECOND);
	f->length = 0;
	plx_dispatcher_close_all(&map);
	f->length = 0;
}

LOOPS(dispatcher_echo, leaves_nothing_behind_whatever_fails)
{
	static const int errors[] = {ENOMEM, EINTR, EAGAIN, ENOBUFS,
				     ECONNRESET};
	unsigned entries = SUPPORT_RESIZE | SUPPORT_SOCKET | SUPPORT_ACCEPT |
			   SUPPORT_RECV | SUPPORT_SEND | SUPPORT_CHANGE;
	struct fixture f;
	struct support_mark mark;
	long k;

	begin_map(&f, p);
	/* The loop's tables grow now, and not later. */
	converse(&f, 1, SUPPORT_ACCEPT, ENFILE);
	for (int i = 0; i < 5; i++) {
		for (k = 1; k < 100; k++) {
			mark.fds = support_count_fds();
			mark.blocks = support_sys.blocks;
			converse(&f, k, entries, errors[i]);
			if (support_sys.fail_at > 0)
				break;
			cr_assert(map.count == 0 &&
					  mark.fds == support_count_fds() &&
					  mark.blocks == support_sys.blocks,
				  "%s: call %ld, %s", f.name, k,
				  strerror(errors[i]));
		}
		cr_assert(k > 10 && k < 100, "%s: %ld calls", f.name, k);
		support_sys.fail_at = 0;
	}
	end_map(&f);
}
