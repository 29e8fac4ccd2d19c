/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hostile_storm.c: a storm from its beginning to the calm behind it.
 *
 * Honest clients speak lines, which come back in either mode of echod, of many
 * lengths and of bytes that depend on how many there have been.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>
#include "hostile.h"

#define LONGEST 3000

/* A line of N bytes, by SEED. */
static void
make_line(char *line, size_t n, uint64_t seed)
{
	size_t i;

	client_noise(line, n, seed);
	for (i = 0; i < n; i++)
		if (line[i] == '\n')
			line[i] = 'n';
	line[n - 1] = '\n';
}

/* All ask before the first is answered. */
static void
round_of_lines(struct storm *s)
{
	char line[LONGEST];
	size_t n = (size_t)(1 + s->rounds * 997 % LONGEST);
	int i;

	for (i = 0; i < STORM_HONEST; i++) {
		make_line(line, n, s->rounds * STORM_HONEST + (uint64_t)i);
		client_send(s->honest[i], line, n);
	}
	for (i = 0; i < STORM_HONEST; i++) {
		make_line(line, n, s->rounds * STORM_HONEST + (uint64_t)i);
		client_expect(s->honest[i], s->prefix, strlen(s->prefix));
		client_expect(s->honest[i], line, n);
	}
}

static void
have_round(struct storm *s)
{
	s->round(s);
	s->rounds++;
}

void
storm_begin(struct storm *s, const char *backend, const char *const *args)
{
	*s = (struct storm){.backend = backend, .prefix = ""};
	s->mark = echod_begin(backend);
	s->round = round_of_lines;
	s->e = echod_start(backend, args);
}

void
storm_begin_example(struct storm *s, const char *backend, const char *name,
		    const char *const *args)
{
	*s = (struct storm){.backend = backend, .prefix = ""};
	s->mark = echod_begin(backend);
	s->e = echod_start_example(name, backend, args);
}

void
storm_settle(struct storm *s)
{
	int i;

	for (i = 0; i < STORM_HONEST; i++)
		s->honest[i] = echod_connect(&s->e);
	for (i = 0; i < 5; i++)
		have_round(s);
	s->fds = process_descriptors(s->e.pid);
	s->memory = s->most = process_memory(s->e.pid);
}

static long
look_at_memory(struct storm *s)
{
	long now = process_memory(s->e.pid);

	if (now > s->most)
		s->most = now;
	return now;
}

void
storm_act(struct storm *s)
{
	if (++s->deeds % STORM_PACE)
		return;
	have_round(s);
	look_at_memory(s);
}

int
storm_connect(struct storm *s)
{
	int fd = echod_connect(&s->e);

	fcntl(fd, F_SETFL, O_NONBLOCK);
	storm_act(s);
	return fd;
}

void
storm_connect_many(struct storm *s, int *fd, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		fd[i] = storm_connect(s);
}

size_t
storm_push(int fd, const void *data, size_t n)
{
	ssize_t sent = send(fd, data, n, MSG_NOSIGNAL | MSG_DONTWAIT);

	cr_assert(sent >= 0 || errno == EAGAIN || errno == ECONNRESET ||
			  errno == EPIPE,
		  "send: %s", strerror(errno));
	return sent > 0 ? (size_t)sent : 0;
}

void
storm_reset_many(struct storm *s, int *fd, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		client_reset(fd[i]);
		storm_act(s);
	}
}

void
storm_await_descriptors(struct storm *s, int more)
{
	int64_t deadline = client_clock() + PATIENCE * 1000;
	int now;

	while ((now = process_descriptors(s->e.pid)) != s->fds + more) {
		cr_assert(client_clock() < deadline,
			  "%s: %d descriptors, not %d", s->backend, now,
			  s->fds + more);
		poll(NULL, 0, 5);
	}
}

void
storm_expect_memory(struct storm *s, long room)
{
	long now = look_at_memory(s);

	if (s->memory < 0 || now < 0)
		return;
	cr_assert_leq(s->most - s->memory, room,
		      "%s: %ld bytes more, %ld are allowed", s->backend,
		      s->most - s->memory, room);
}

void
storm_expect_listed(struct storm *s, const char *text)
{
	int64_t deadline = client_clock() + PATIENCE * 1000;
	static char all[1 << 16];
	off_t from;
	ssize_t n;

	do {
		from = lseek(s->e.err, 0, SEEK_END);
		echod_signal(&s->e, SIGUSR1);
		have_round(s);
		n = pread(s->e.err, all, sizeof(all) - 1, from);
		all[n > 0 ? n : 0] = '\0';
		if (strstr(all, text))
			return;
		poll(NULL, 0, 20);
	} while (client_clock() < deadline);
	cr_assert(0, "%s: '%s' is not in: %s", s->backend, text, all);
}

/* One that spins takes 25 ticks, or what other programs leave of them. */
void
storm_expect_patience(struct storm *s)
{
	long before = process_ticks(s->e.pid), ticks;

	poll(NULL, 0, STORM_QUIET);
	ticks = process_ticks(s->e.pid) - before;
	cr_assert(s->memory < 0 || ticks <= 5, "%s: %ld ticks", s->backend,
		  ticks);
}

/* Does the server sleep for a while? */
static int
is_calm(struct storm *s)
{
	struct pollfd says = {.fd = s->e.out, .events = POLLIN};
	pid_t pid = s->e.pid;
	long ticks = process_ticks(pid), wakings = process_wakings(pid);

	cr_assert_eq(poll(&says, 1, STORM_QUIET), 0, "%s: it ended",
		     s->backend);
	return process_sleeps(pid) && process_ticks(pid) == ticks &&
	       process_wakings(pid) == wakings;
}

/* What is under way when it begins to be looked at may end; an instrumented
   server has threads that never sleep. */
static void
expect_calm(struct storm *s)
{
	int i;

	for (i = 0; s->memory >= 0 && !is_calm(s); i++)
		cr_assert_lt(i, 12, "%s: it does not come to rest", s->backend);
}

void
storm_say(const struct storm *s, const char *name)
{
	figures_say("hostile: %s: %s: %lu deeds, %llu honest rounds, memory "
		    "%ld KiB before, %ld at most, %ld after",
		    s->backend, name, s->deeds, (unsigned long long)s->rounds,
		    s->memory / 1024, s->most / 1024, s->after / 1024);
}

/* One storm; how much the server holds then. */
static long
rage_once(struct storm *s, void (*rage)(struct storm *s))
{
	rage(s);
	have_round(s);
	storm_await_descriptors(s, 0);
	have_round(s);
	return look_at_memory(s);
}

void
storm_rage(struct storm *s, void (*rage)(struct storm *s))
{
	long before;
	int i;

	s->after = rage_once(s, rage);
	for (i = 1; i < STORM_TRIES; i++) {
		before = s->after;
		s->after = rage_once(s, rage);
		if (s->after <= before + STORM_REST)
			return;
	}
	cr_assert(0, "%s: each storm costs %ld bytes", s->backend,
		  s->after - before);
}

void
storm_end(struct storm *s, const char *name)
{
	int i;

	for (i = 0; i < STORM_HONEST; i++)
		close(s->honest[i]);
	storm_await_descriptors(s, -STORM_HONEST);
	expect_calm(s);
	storm_say(s, name);
	echod_stop(&s->e);
	support_end(s->mark, s->backend);
}

void
storm_play(const char *backend, const char *const *args,
	   void (*rage)(struct storm *s), const char *name)
{
	struct storm s;

	storm_begin(&s, backend, args);
	storm_settle(&s);
	storm_rage(&s, rage);
	storm_end(&s, name);
}
