/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hostile_slow.c: clients that are slow on purpose, and lines that never end.
 *
 * echod has no time for a line as a whole: who sends a byte now and then stays,
 * and is held by the length of a line only.  Who stops is cut after the idle
 * timeout; what is looked at here is that all of them are, not when.
 */
#include <config.h>

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include "hostile.h"

#define N 200

static void
set_pushy(int fd)
{
	int on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

/* Waits until the server has ended FD, in order or by a reset; honest clients,
   which it would end as well, go on talking. */
static void
expect_cut(struct storm *s, int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	int64_t deadline = client_clock() + PATIENCE * 1000;
	char byte;

	while (poll(&p, 1, 20) == 0) {
		cr_assert_lt(client_clock(), deadline, "%s: it is not cut",
			     s->backend);
		s->round(s);
		s->rounds++;
	}
	cr_assert_leq(recv(fd, &byte, 1, 0), 0, "%s: an answer", s->backend);
	client_reset(fd);
}

/* A quarter has not even begun one. */
static void
stop_in_a_line(struct storm *s)
{
	int fd[N], i, k;

	storm_connect_many(s, fd, N);
	for (k = 0; k < 20; k++) {
		for (i = N / 4; i < N; i++) {
			/* On a busy machine it has been cut by now. */
			(void)storm_push(fd[i], "x", 1);
			storm_act(s);
		}
	}
	for (i = 0; i < N; i++) {
		expect_cut(s, fd[i]);
		storm_act(s);
	}
}

PLX_BACKENDS(slow, unfinished_lines_are_cut_by_the_idle_timeout)
ParameterizedTest(struct backend_param *b, slow,
		  unfinished_lines_are_cut_by_the_idle_timeout)
{
	static const char *const args[] = {"--mode=line", "--idle-timeout=0.7",
					   NULL};

	storm_play(b->name, args, stop_in_a_line, "stop in a line");
}

/* They never pause for as long as the timeout. */
PLX_BACKENDS(slow, a_byte_at_a_time_ends_at_the_limit_of_a_line)
ParameterizedTest(struct backend_param *b, slow,
		  a_byte_at_a_time_ends_at_the_limit_of_a_line)
{
	static const char *const args[] = {"--mode=line", "--max-line=100",
					   "--idle-timeout=30", NULL};
	const size_t n = storm_size(50, 400);
	struct storm s;
	int fd[400];
	size_t i, k;

	storm_begin(&s, b->name, args);
	s.round = NULL;
	for (i = 0; i < n; i++) {
		fd[i] = echod_connect(&s.e);
		set_pushy(fd[i]);
	}
	for (k = 0; k <= 100; k++)
		for (i = 0; i < n; i++)
			client_send(fd[i], "x", 1);
	for (i = 0; i < n; i++) {
		client_expect_end(fd[i]);
		client_reset(fd[i]);
	}
	echod_stop(&s.e);
	support_end(s.mark, b->name);
}

#define PUSHY 20

static void
send_single_bytes(struct storm *s)
{
	size_t n = storm_size(500, 20000), i, k;
	char sent[PUSHY], byte;
	int fd[PUSHY];

	for (k = 0; k < PUSHY; k++) {
		fd[k] = echod_connect(&s->e);
		set_pushy(fd[k]);
	}
	for (i = 0; i < n; i++) {
		client_noise(sent, sizeof(sent), i);
		for (k = 0; k < PUSHY; k++)
			client_send(fd[k], &sent[k], 1);
		for (k = 0; k < PUSHY; k++) {
			cr_assert_eq(recv(fd[k], &byte, 1, 0), 1, "%s",
				     s->backend);
			cr_assert_eq(byte, sent[k], "%s", s->backend);
		}
		storm_act(s);
	}
	storm_expect_memory(s, (256L << 10) + PUSHY * (24L << 10));
	for (k = 0; k < PUSHY; k++)
		client_reset(fd[k]);
}

PLX_BACKENDS(slow, one_byte_a_packet_comes_back_as_it_came)
ParameterizedTest(struct backend_param *b, slow,
		  one_byte_a_packet_comes_back_as_it_came)
{
	storm_play(b->name, NULL, send_single_bytes, "a byte a packet");
}

/* Sends until it is cut, LEFT bytes at most: how many. */
static size_t
send_without_end(struct storm *s, int fd, size_t left)
{
	static char data[65536];
	size_t sent = 0;
	ssize_t n = 1;

	memset(data, 'x', sizeof(data));
	while (n > 0 && sent < left) {
		n = send(fd, data, sizeof(data), MSG_NOSIGNAL);
		sent += n > 0 ? (size_t)n : 0;
		storm_act(s);
	}
	cr_assert(n > 0 || errno == ECONNRESET || errno == EPIPE, "%s",
		  strerror(errno));
	return sent;
}

/* What still comes of it is thrown away for a second; so that all is sent it
   comes back. */
static void
never_end_a_line(struct storm *s)
{
	size_t n = storm_size((size_t)16 << 20, (size_t)1 << 30), sent = 0;
	int fd;

	do {
		fd = echod_connect(&s->e);
		sent += send_without_end(s, fd, n - sent);
		client_reset(fd);
	} while (sent < n);
	echod_expect_error(&s->e, "closed: line too long\n");
	storm_expect_memory(s, 256L << 10);
}

PLX_BACKENDS(slow, a_line_without_end_takes_no_memory)
ParameterizedTest(struct backend_param *b, slow,
		  a_line_without_end_takes_no_memory)
{
	static const char *const args[] = {"--mode=line", "-v", NULL};

	storm_play(b->name, args, never_end_a_line, "a line without end");
}
