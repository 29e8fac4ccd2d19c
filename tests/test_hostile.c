/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_hostile.c: all at once, and how long an honest client waits meanwhile.
 *
 * The wait is counted in answers that the others get: they ask again as soon as
 * they have one, and the server cannot answer them without a look at who else
 * has asked.  Its siblings hostile_*.c each have a kind of harm of their own;
 * see hostile.h.
 */
#include <config.h>

#include <poll.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>
#include "hostile.h"

#define GREEDY 40
#define PIECE 20000

static char noise[PIECE];

/* Takes what has come for P; a full answer is followed by the next question.
   1: there was one. */
static int
go_on(struct pollfd *p, size_t *got)
{
	static char data[PIECE];
	ssize_t n;

	if (!p->revents)
		return 0;
	n = recv(p->fd, data, PIECE - *got, MSG_DONTWAIT);
	cr_assert_gt(n, 0);
	cr_assert_arr_eq(data, noise + *got, (size_t)n);
	*got += (size_t)n;
	if (*got < PIECE)
		return 0;
	*got = 0;
	client_send(p->fd, noise, PIECE);
	return 1;
}

/* How many answers others get before the client of P[0] has its own. */
static int
count_wait(struct pollfd *p, size_t *got)
{
	int i, n = 0;

	client_send(p[0].fd, "is it my turn?", 14);
	for (;;) {
		cr_assert(poll(p, GREEDY + 1, PATIENCE * 1000) > 0);
		if (p[0].revents)
			break;
		for (i = 1; i <= GREEDY; i++)
			n += go_on(&p[i], &got[i]);
	}
	client_expect(p[0].fd, "is it my turn?", 14);
	return n;
}

/* A turn may have begun when the question comes, and have one more before. */
static void
ask_all_the_time(struct storm *s)
{
	struct pollfd p[GREEDY + 1] = {{.fd = -1}};
	size_t got[GREEDY + 1] = {0}, i, n = storm_size(200, 10000);
	int wait;

	for (i = 0; i <= GREEDY; i++) {
		p[i].fd = echod_connect(&s->e);
		p[i].events = POLLIN;
	}
	for (i = 1; i <= GREEDY; i++)
		client_send(p[i].fd, noise, PIECE);
	for (i = 0; i < n; i++) {
		wait = count_wait(p, got);
		cr_assert_leq(wait, 3 * GREEDY, "%s: %d answers", s->backend,
			      wait);
		s->deeds += (unsigned long)wait;
	}
	for (i = 0; i <= GREEDY; i++)
		client_reset(p[i].fd);
}

PLX_BACKENDS(fair, nobody_waits_for_more_than_three_answers_of_each_other)
ParameterizedTest(struct backend_param *b, fair,
		  nobody_waits_for_more_than_three_answers_of_each_other)
{
	struct storm s;

	client_noise(noise, PIECE, 1);
	storm_begin(&s, b->name, NULL);
	storm_settle(&s);
	storm_rage(&s, ask_all_the_time);
	storm_end(&s, "ask all the time");
}

#define CROWD 200

/* What client I does next, by chance: *FD is its socket, or -1. */
static void
misbehave(struct storm *s, int *fd, unsigned chance)
{
	static char data[65536];

	if (*fd < 0) {
		*fd = storm_connect(s);
		return;
	}
	storm_act(s);
	switch (chance % 8) {
	case 0:
		storm_push(*fd, "a", 1);
		return;
	case 1:
		storm_push(*fd, "one\ntwo\n\n", 9);
		return;
	case 2:
		storm_push(*fd, data, sizeof(data));
		return;
	case 3:
		shutdown(*fd, SHUT_WR);
		return;
	case 4:
		while (recv(*fd, data, 4096, MSG_DONTWAIT) > 0)
			continue;
		memset(data, 'x', 4096);
		return;
	case 5:
		close(*fd);
		break;
	default:
		client_reset(*fd);
	}
	*fd = -1;
}

static void
mix(struct storm *s)
{
	size_t n = storm_size(3000, 60000), i;
	unsigned char chance[2];
	int fd[CROWD];

	for (i = 0; i < CROWD; i++)
		fd[i] = -1;
	for (i = 0; i < n; i++) {
		client_noise(chance, sizeof(chance), i);
		misbehave(s, &fd[i * 7919 % CROWD], chance[1]);
	}
	storm_expect_memory(s, (256L << 10) + CROWD * (216L << 10));
	for (i = 0; i < CROWD; i++)
		if (fd[i] >= 0)
			client_reset(fd[i]);
}

PLX_BACKENDS(mixed, harm_of_all_kinds_in_raw_mode)
ParameterizedTest(struct backend_param *b, mixed, harm_of_all_kinds_in_raw_mode)
{
	static const char *const args[] = {"--workers=2", NULL};

	storm_play(b->name, args, mix, "all of it, raw");
}

PLX_BACKENDS(mixed, harm_of_all_kinds_in_line_mode)
ParameterizedTest(struct backend_param *b, mixed,
		  harm_of_all_kinds_in_line_mode)
{
	static const char *const args[] = {"--mode=line",
					   "--prefix=GOT:", NULL};
	struct storm s;

	storm_begin(&s, b->name, args);
	s.prefix = "GOT:";
	storm_settle(&s);
	storm_rage(&s, mix);
	storm_end(&s, "all of it, lines");
}
