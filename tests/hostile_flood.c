/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hostile_flood.c: more clients than there is room for, and clients that take
 * without giving: they say nothing, or hear nothing.
 *
 * A client that hears nothing makes echod hold what it is owed.  How much that
 * is at most is known: in either mode the queue of the stream, 64 KiB; in line
 * mode also the rest of one input and an unfinished line, 64 KiB each.  The
 * stack and what the allocator adds are in DEAF_REST.
 */
#include <config.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>
#include "hostile.h"

#define DEAF_REST (24L << 10)

/* What one that says nothing may cost; tables of the library double. */
#define SILENT 400L

static int *
make_room(size_t n)
{
	int *fd = calloc(n, sizeof(*fd));

	cr_assert(fd);
	if (!support_want_fds((int)n + 100))
		cr_skip_test("the limit of descriptors is below %zu", n + 100);
	return fd;
}

/* So many can wait in the queue of a socket: no connect is held up. */
static void
crowd(struct storm *s)
{
	size_t n = storm_size(600, 4000), i;
	int *fd = make_room(n), late;

	for (i = 0; i < n; i++) {
		fd[i] = storm_connect(s);
		if (i % 2)
			storm_push(fd[i], "x", 1);
	}
	echod_expect_error(&s->e, "cannot accept: ");
	cr_assert_lt(process_descriptors(s->e.pid) - s->fds, 64, "%s",
		     s->backend);
	storm_expect_patience(s);
	late = echod_connect(&s->e);
	client_send(late, "late", 4);
	storm_reset_many(s, fd, n);
	client_expect(late, "late", 4);
	close(late);
	free(fd);
}

PLX_BACKENDS(flood, beyond_the_descriptors_it_pauses_and_goes_on)
ParameterizedTest(struct backend_param *b, flood,
		  beyond_the_descriptors_it_pauses_and_goes_on)
{
	struct storm s;

	echod_descriptor_limit = 64;
	storm_begin(&s, b->name, NULL);
	storm_settle(&s);
	storm_rage(&s, crowd);
	storm_end(&s, "connect beyond the descriptors");
}

/* On kqueue that is the stand-in, whose knotes are memory of the process. */
static void
say_nothing(struct storm *s)
{
	size_t n = storm_size(1500, 12000);
	int *fd = make_room(n);

	storm_connect_many(s, fd, n);
	storm_await_descriptors(s, (int)n);
	if (strcmp(s->backend, "kqueue"))
		storm_expect_memory(s, (64L << 10) + (long)n * SILENT);
	storm_reset_many(s, fd, n);
	free(fd);
}

PLX_BACKENDS(flood, silent_clients_cost_next_to_nothing)
ParameterizedTest(struct backend_param *b, flood,
		  silent_clients_cost_next_to_nothing)
{
	storm_play(b->name, NULL, say_nothing, "say nothing");
}

static void
vanish(struct storm *s)
{
	size_t n = storm_size(900, 6000), i;
	int fd;

	for (i = 0; i < n; i++) {
		fd = storm_connect(s);
		if (i % 3 == 1)
			shutdown(fd, SHUT_WR);
		if (i % 3 == 2)
			client_reset(fd);
		else
			close(fd);
	}
}

PLX_BACKENDS(flood, who_vanishes_without_a_byte_is_forgotten)
ParameterizedTest(struct backend_param *b, flood,
		  who_vanishes_without_a_byte_is_forgotten)
{
	storm_play(b->name, NULL, vanish, "vanish without a byte");
}

/* A client that offers little room to its peer. */
static int
connect_deaf(struct storm *s)
{
	int fd = storm_connect(s), small = 2048;

	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	return fd;
}

/* Fills the way to the server for each of FD until none of them takes any
   more, though honest clients are served in between, eight times. */
static void
fill(struct storm *s, const int *fd, size_t n, const void *data, size_t size)
{
	int full = 0;
	size_t i, sent;

	while (full < 8) {
		for (i = sent = 0; i < n; i++) {
			sent += storm_push(fd[i], data, size);
			storm_act(s);
		}
		s->round(s);
		s->rounds++;
		full = sent ? 0 : full + 1;
	}
}

static void
go_deaf(struct storm *s, const void *data, size_t size, long each)
{
	size_t n = storm_size(60, 600), i;
	int *fd = make_room(n);

	for (i = 0; i < n; i++)
		fd[i] = connect_deaf(s);
	fill(s, fd, n, data, size);
	storm_expect_memory(s, (256L << 10) + (long)n * (each + DEAF_REST));
	storm_reset_many(s, fd, n);
	free(fd);
}

static void
go_deaf_to_echoes(struct storm *s)
{
	static char data[16384];

	go_deaf(s, data, sizeof(data), 64L << 10);
}

PLX_BACKENDS(deaf, clients_are_owed_64_kib_at_most)
ParameterizedTest(struct backend_param *b, deaf,
		  clients_are_owed_64_kib_at_most)
{
	storm_play(b->name, NULL, go_deaf_to_echoes, "never read");
}

/* A byte from here is worth four thousand from there. */
static void
go_deaf_to_lines(struct storm *s)
{
	static char data[8192];

	memset(data, '\n', sizeof(data));
	go_deaf(s, data, sizeof(data), 192L << 10);
}

PLX_BACKENDS(deaf, clients_of_long_answers_hold_192_kib_at_most)
ParameterizedTest(struct backend_param *b, deaf,
		  clients_of_long_answers_hold_192_kib_at_most)
{
	static char prefix[4097], option[4200] = "--prefix=";
	const char *args[] = {"--mode=line", option, NULL};
	struct storm s;

	memset(prefix, '>', sizeof(prefix) - 1);
	strcat(option, prefix);
	storm_begin(&s, b->name, args);
	s.prefix = prefix;
	storm_settle(&s);
	storm_rage(&s, go_deaf_to_lines);
	storm_end(&s, "never read long answers");
}
