/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hostile_resets.c: connections that end by a reset, in every state that they
 * can be in.
 *
 * Which state that is, is known by handshakes: an answer that has come, a list
 * of tasks, a socket that takes no more; and for who waits to be accepted by a
 * server that stands still.
 */
#include <config.h>

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>
#include "hostile.h"

#define N 20

static char noise[65536];

/* Sends until the server does not take any more. */
static void
stuff(struct storm *s, int fd)
{
	int full = 0;

	while (full < 2) {
		full = storm_push(fd, noise, sizeof(noise)) ? 0 : full + 1;
		s->round(s);
		s->rounds++;
	}
}

/* Reset before they have been accepted. */
static void
reset_in_the_queue(struct storm *s)
{
	int fd[N], i;

	cr_assert_eq(kill(s->e.pid, SIGSTOP), 0);
	for (i = 0; i < N; i++) {
		fd[i] = echod_connect(&s->e);
		if (i % 2)
			client_send(fd[i], "x\n", 2);
	}
	for (i = 0; i < N; i++)
		client_reset(fd[i]);
	cr_assert_eq(kill(s->e.pid, SIGCONT), 0);
}

/* With something under way to them, of which they have read nothing. */
static void
reset_after_a_question(struct storm *s, const char *question)
{
	int fd[N];
	size_t i;

	storm_connect_many(s, fd, N);
	for (i = 0; i < N; i++)
		storm_push(fd[i], question, strlen(question));
	storm_reset_many(s, fd, N);
}

/* With an answer that waits for them to take it. */
static void
reset_in_an_answer(struct storm *s)
{
	int fd = storm_connect(s);

	stuff(s, fd);
	client_reset(fd);
}

/* When they have ended their own side, and are owed the rest. */
static void
reset_after_their_end(struct storm *s)
{
	int fd[N];
	size_t i;

	storm_connect_many(s, fd, N);
	for (i = 0; i < N; i++) {
		storm_push(fd[i], noise, sizeof(noise));
		shutdown(fd[i], SHUT_WR);
	}
	storm_reset_many(s, fd, N);
}

static void
reset_everywhere(struct storm *s)
{
	size_t i, n = storm_size(2, 40);
	int fd[N];

	for (i = 0; i < n; i++) {
		reset_in_the_queue(s);
		storm_connect_many(s, fd, N);
		storm_reset_many(s, fd, N);
		reset_after_a_question(s, "half a line");
		reset_after_a_question(s, "a line\n");
		reset_in_an_answer(s);
		reset_after_their_end(s);
	}
}

static void
try_resets(const char *backend, const char *mode)
{
	const char *args[] = {mode, NULL};
	struct storm s;

	memset(noise, '\n', sizeof(noise));
	storm_begin(&s, backend, args);
	storm_settle(&s);
	storm_rage(&s, reset_everywhere);
	storm_end(&s, mode);
}

PLX_BACKENDS(resets, in_every_state_harm_nobody)
ParameterizedTest(struct backend_param *b, resets, in_every_state_harm_nobody)
{
	try_resets(b->name, "--mode=raw");
}

PLX_BACKENDS(resets, in_every_state_of_a_line_harm_nobody)
ParameterizedTest(struct backend_param *b, resets,
		  in_every_state_of_a_line_harm_nobody)
{
	try_resets(b->name, "--mode=line");
}

static void
reset_asleep(struct storm *s)
{
	int fd[N], i;

	for (i = 0; i < N; i++) {
		fd[i] = echod_connect(&s->e);
		client_ask(fd[i], "hello", "hello");
	}
	storm_expect_listed(s, " 20 hibernating");
	storm_reset_many(s, fd, N);
}

/* A nap is an eighth of the idle timeout. */
PLX_BACKENDS(resets, of_those_that_hibernate_harm_nobody)
ParameterizedTest(struct backend_param *b, resets,
		  of_those_that_hibernate_harm_nobody)
{
	static const char *const args[] = {"--idle-timeout=2", NULL};

	storm_play(b->name, args, reset_asleep, "reset while they hibernate");
}

/* One in each state; the stop comes while the server stands still, so that it
   finds all of it at once. */
PLX_BACKENDS(resets, during_a_stop_hold_nothing_up)
ParameterizedTest(struct backend_param *b, resets,
		  during_a_stop_hold_nothing_up)
{
	static const char *const args[] = {"--mode=line", "-v", NULL};
	struct storm s;
	int fd[N], i;

	memset(noise, '\n', sizeof(noise));
	storm_begin(&s, b->name, args);
	storm_settle(&s);
	storm_connect_many(&s, fd, N);
	for (i = 0; i < 4; i++)
		stuff(&s, fd[i]);
	for (; i < N; i += 2)
		storm_push(fd[i], "half a line", 11);
	echod_signal(&s.e, SIGTERM);
	echod_signal(&s.e, SIGUSR1);
	for (i = 0; i < N; i++)
		client_reset(fd[i]);
	for (i = 0; i < STORM_HONEST; i++) {
		client_expect_end(s.honest[i]);
		close(s.honest[i]);
	}
	cr_assert_eq(echod_wait(&s.e), 0, "%s", b->name);
	storm_say(&s, "reset during a stop");
	close(s.e.out);
	close(s.e.err);
	support_end(s.mark, b->name);
}
