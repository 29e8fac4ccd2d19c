/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hostile_chat.c: chatd, where what one says is owed to all.
 *
 * Its honest clients take turns in saying a line, which each of them must hear
 * behind the speaker's address, as the server has it, and nothing else: those
 * who mean harm never end a line here.
 */
#include <config.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>
#include <pollux/net.h>
#include "hostile.h"

/* For each that takes part: its stack with a line in it, its own input. */
#define MEMBER (32L << 10)

#define QUEUE (64L << 10)

static void
round_of_chat(struct storm *s)
{
	int speaker = s->honest[s->rounds % STORM_HONEST], i;
	char said[1200], heard[1400], name[PLX_ADDRESS_TEXT];
	struct plx_address here = {.length = sizeof(here.storage)};
	int n = 1 + (int)(s->rounds * 97 % 1100), k;

	memset(said, 'a' + (int)(s->rounds % 26), sizeof(said));
	snprintf(said + n, sizeof(said) - (size_t)n, "%llu\n",
		 (unsigned long long)s->rounds);
	getsockname(speaker, (struct sockaddr *)&here.storage, &here.length);
	cr_assert_gt(plx_address_format(&here, name, sizeof(name)), 0);
	k = snprintf(heard, sizeof(heard), "%s\n%.*s\r\n", name,
		     (int)strlen(said) - 1, said);
	client_send(speaker, said, strlen(said));
	for (i = 0; i < STORM_HONEST; i++)
		client_expect(s->honest[i], heard, (size_t)k);
}

static int
count(struct storm *s, const char *text)
{
	static char all[1 << 20];
	const char *p;
	int n = 0;

	echod_errors(&s->e, all, sizeof(all));
	for (p = all; (p = strstr(p, text)); p++)
		n++;
	return n;
}

/* All must have been accepted before one speaks. */
static void
first_round(struct storm *s)
{
	int64_t deadline = client_clock() + PATIENCE * 1000;

	while (count(s, "came\n") < STORM_HONEST) {
		cr_assert_lt(client_clock(), deadline, "%s", s->backend);
		poll(NULL, 0, 2);
	}
	s->round = round_of_chat;
	round_of_chat(s);
}

static void
begin(struct storm *s, const char *backend)
{
	static const char *const args[] = {"--queue=65536", NULL};

	if (strcmp(backend, "kqueue") == 0 && getenv("ECHOD_KQUEUE"))
		cr_skip_test("kqueue: chatd has the system's only");
	storm_begin_example(s, backend, "chatd", args);
	s->round = first_round;
	storm_settle(s);
}

static int
connect_deaf(struct storm *s)
{
	int fd = storm_connect(s), small = 2048;

	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	return fd;
}

static void
never_read(struct storm *s)
{
	size_t n = storm_size(10, 100), i;
	int fd[100], dropped = count(s, " dropped: ") + (int)n;

	for (i = 0; i < n; i++)
		fd[i] = connect_deaf(s);
	for (i = 0; count(s, " dropped: ") < dropped; i++) {
		cr_assert_lt(i, 50000, "%s: a queue without end", s->backend);
		do
			storm_act(s);
		while (s->deeds % STORM_PACE);
	}
	storm_expect_memory(s, (256L << 10) + (long)n * (MEMBER + QUEUE));
	storm_reset_many(s, fd, n);
}

PLX_BACKENDS(chat, members_that_never_read_are_dropped)
ParameterizedTest(struct backend_param *b, chat,
		  members_that_never_read_are_dropped)
{
	struct storm s;

	begin(&s, b->name);
	storm_rage(&s, never_read);
	storm_end(&s, "chat, never read");
}

static void
crowd(struct storm *s)
{
	size_t n = storm_size(300, 4000), i;
	int *fd = calloc(n, sizeof(*fd));

	cr_assert(fd);
	for (i = 0; i < n; i++) {
		fd[i] = storm_connect(s);
		if (i % 2)
			storm_push(fd[i], "half a line", 11);
	}
	cr_assert_lt(process_descriptors(s->e.pid) - s->fds, 64, "%s",
		     s->backend);
	storm_expect_patience(s);
	storm_expect_memory(s, (256L << 10) + 64 * MEMBER);
	storm_reset_many(s, fd, n);
	free(fd);
}

PLX_BACKENDS(chat, a_crowd_beyond_the_descriptors_waits)
ParameterizedTest(struct backend_param *b, chat,
		  a_crowd_beyond_the_descriptors_waits)
{
	struct storm s;

	if (!support_want_fds((int)storm_size(400, 4100)))
		cr_skip_test("the limit of descriptors is too low");
	echod_descriptor_limit = 64;
	begin(&s, b->name);
	storm_rage(&s, crowd);
	storm_end(&s, "chat, a crowd");
}

/* Many times as much as it may have of a line. */
static void
say_without_end(struct storm *s)
{
	static char data[65536];
	int fd = storm_connect(s), i;

	memset(data, 'x', sizeof(data));
	for (i = 0; i < 4; i++)
		storm_push(fd, data, sizeof(data));
	client_reset(fd);
}

static void
reset_in_a_line(struct storm *s)
{
	int fd = storm_connect(s);

	storm_push(fd, "half a line", 11);
	client_reset(fd);
}

/* With something under way from all the others. */
static void
reset_while_told(struct storm *s)
{
	int fd = connect_deaf(s), i;

	for (i = 0; i < 3; i++) {
		s->round(s);
		s->rounds++;
	}
	client_reset(fd);
}

static void
disturb(struct storm *s)
{
	size_t n = storm_size(100, 4000), i;

	for (i = 0; i < n; i++) {
		client_reset(storm_connect(s));
		say_without_end(s);
		reset_in_a_line(s);
		reset_while_told(s);
	}
	storm_expect_memory(s, (256L << 10) + STORM_PACE * MEMBER);
}

PLX_BACKENDS(chat, resets_and_endless_lines_disturb_no_talk)
ParameterizedTest(struct backend_param *b, chat,
		  resets_and_endless_lines_disturb_no_talk)
{
	struct storm s;

	begin(&s, b->name);
	storm_rage(&s, disturb);
	cr_assert_gt(count(&s, strerror(EMSGSIZE)), 0, "%s", b->name);
	storm_end(&s, "chat, resets and endless lines");
}
