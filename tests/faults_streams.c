/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * faults_streams.c: bytes both ways, with all faults.
 *
 * Two streams send to each other at once, through small queues and a socket of
 * little room; the same for plx_send and plx_recv, and for datagrams, which
 * come whole or not at all.  Every byte that comes is the one that was sent
 * there.
 */
#include <config.h>
#include <sys/socket.h>
#include <pollux/await.h>
#include <pollux/connect.h>
#include <pollux/net.h>
#include <pollux/scope.h>
#include <pollux/stream.h>
#include <pollux/udp.h>
#include "faults_task.h"

enum {
	SIZE = 3000,
	PIECE = 700,
	WIDE = 300
};

static struct end {
	int fd;
	struct plx_stream s;
	size_t taken, came;
	int ended; /* the reader has seen the end of the other */
} ends[2];
static int tcp;

static char
byte_at(const struct end *e, size_t i)
{
	return i % 50 == 49 ? '\n' : (char)('a' + (i * 7 + (e == ends)) % 26);
}

static struct end *
other(struct end *e)
{
	return e == ends ? &ends[1] : ends;
}

static size_t
fill(const struct end *e, char piece[PIECE])
{
	size_t n = SIZE - e->taken < PIECE ? SIZE - e->taken : PIECE;

	for (size_t i = 0; i < n; i++)
		piece[i] = byte_at(e, e->taken + i);
	return n;
}

/* What comes to E was taken from the other. */
static void
look_at(struct end *e, const char *piece, ssize_t n)
{
	for (ssize_t i = 0; i < n; i++) {
		if (piece[i] != byte_at(other(e), e->came++))
			faults_finding("another byte at %zu", e->came - 1);
	}
}

static int
write_stream(void *arg)
{
	struct end *e = arg;
	char piece[PIECE];
	ssize_t n = 1;

	while (n > 0 && e->taken < SIZE) {
		n = plx_stream_write(&e->s, piece, fill(e, piece), PLX_NEVER);
		e->taken += n > 0 ? (size_t)n : 0;
	}
	return n < 0 ? (int)n : plx_stream_write_eof(&e->s, PLX_NEVER);
}

static ssize_t
read_piece(struct end *e, char *piece, int turn)
{
	ssize_t n;

	if (turn % 3 == 0)
		return plx_stream_read(&e->s, piece, WIDE, PLX_NEVER);
	if (turn % 3 == 1)
		return plx_stream_readline(&e->s, piece, WIDE, PLX_NEVER);
	n = plx_stream_readexactly(&e->s, piece, 90, PLX_NEVER);
	if (n == -ENODATA)
		n = plx_stream_read(&e->s, piece, WIDE, PLX_NEVER);
	return n;
}

static int
read_stream(void *arg)
{
	struct end *e = arg;
	char piece[WIDE];
	ssize_t n = 1;

	for (int turn = 0; n > 0; turn++) {
		n = read_piece(e, piece, turn);
		look_at(e, piece, n);
	}
	e->ended = n == 0;
	return (int)n;
}

/* READER and WRITER at each end. */
static int
exchange(plx_task_fn *reader, plx_task_fn *writer)
{
	plx_nursery *n;
	int r = plx_nursery_open(NULL, &n);

	if (r < 0)
		return r;
	for (int i = 0; r == 0 && i < 2; i++) {
		r = plx_spawn(n, reader, &ends[i], NULL);
		if (r == 0)
			r = plx_spawn(n, writer, &ends[i], NULL);
	}
	return plx_nursery_close(&n, r);
}

static void
make_ends(void)
{
	int fd[2], small = 1;

	memset(ends, 0, sizeof(ends));
	if (tcp)
		support_tcp_pair(fd);
	else
		support_unix_pair(fd);
	for (int i = 0; i < 2; i++) {
		ends[i].fd = fd[i];
		setsockopt(fd[i], SOL_SOCKET, SO_SNDBUF, &small, sizeof(int));
	}
}

static int
use_streams(void *arg)
{
	const struct plx_stream_options o = {.high_water = 900};
	int open = 0, r = 0;

	(void)arg;
	while (open < 2 && r == 0) {
		r = plx_stream_open(&ends[open].s, ends[open].fd, &o);
		open += r == 0;
	}
	if (r == 0)
		r = exchange(read_stream, write_stream);
	for (int i = 0; i < 2; i++) {
		if (r < 0 && i < open)
			plx_stream_abort(&ends[i].s);
		else if (r < 0)
			plx_close(ends[i].fd);
		else
			r = plx_stream_close(&ends[i].s, PLX_NEVER);
	}
	return r;
}

static int
look_at_ends(int r)
{
	for (int i = 0; i < 2; i++) {
		struct end *e = &ends[i];

		if (e->came > other(e)->taken)
			faults_finding("%zu of %zu came", e->came,
				       other(e)->taken);
		if (r == 0 && (e->came != SIZE || !e->ended))
			faults_finding("all is well, but %zu came", e->came);
	}
	return r;
}

static int begun;

static int
begin_streams(void *arg)
{
	begun = 1;
	return use_streams(arg);
}

/* FN closes the ends, if the run comes to begin it. */
static int
run_ends(const char *backend, plx_task_fn *fn)
{
	int r;

	begun = 0;
	make_ends();
	r = faults_run(backend, fn);
	for (int i = 0; !begun && i < 2; i++)
		close(ends[i].fd);
	return look_at_ends(r);
}

static int
play_streams(const char *backend)
{
	tcp = 0;
	return run_ends(backend, begin_streams);
}
FAULTS(streams, .play = play_streams)

static int
play_streams_tcp(const char *backend)
{
	tcp = 1;
	return run_ends(backend, begin_streams);
}
FAULTS(streams_tcp, .play = play_streams_tcp)

/* The same without streams: what is not taken is offered again. */
static int
send_all(void *arg)
{
	struct end *e = arg;
	char piece[PIECE];
	ssize_t n = 1;

	while (n > 0 && e->taken < SIZE) {
		n = plx_send(e->fd, piece, fill(e, piece), PLX_NEVER);
		e->taken += n > 0 ? (size_t)n : 0;
	}
	if (n > 0)
		shutdown(e->fd, SHUT_WR);
	return n < 0 ? (int)n : 0;
}

static int
recv_all(void *arg)
{
	struct end *e = arg;
	char piece[WIDE];
	ssize_t n;

	do {
		n = plx_recv(e->fd, piece, sizeof(piece), PLX_NEVER);
		look_at(e, piece, n);
	} while (n > 0);
	e->ended = n == 0;
	return (int)n;
}

static int
use_sockets(void *arg)
{
	int r, closed;

	(void)arg;
	begun = 1;
	r = exchange(recv_all, send_all);
	for (int i = 0; i < 2; i++) {
		closed = plx_close(ends[i].fd);
		r = r ? r : closed;
	}
	return r;
}

static int
play_sockets(const char *backend)
{
	tcp = 0;
	return run_ends(backend, use_sockets);
}
FAULTS(sockets, .play = play_sockets)
