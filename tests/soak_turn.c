/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * soak_turn.c: a turn of the soak: its server, its channels, its end.
 *
 * The server is stopped when all others have ended, so that nothing is
 * cut off which is to be checked.
 */
#include <config.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "soak.h"

#define NAP (2 * PLX_MILLISECOND)

unsigned
soak_chance(struct soak *s, unsigned n)
{
	s->seed = s->seed * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (unsigned)(s->seed >> 33) % n;
}

int
soak_goes_on(const struct soak *s)
{
	return !s->wrong[0] && plx_now() < s->until;
}

void
soak_wrong(struct soak *s, const char *fmt, ...)
{
	va_list args;

	if (s->wrong[0])
		return;
	va_start(args, fmt);
	vsnprintf(s->wrong, sizeof(s->wrong), fmt, args);
	va_end(args);
}

/* The handler of a connection. */
static int
echo(struct plx_stream *st, void *arg)
{
	struct soak *s = arg;
	char data[4096];
	ssize_t n;

	if (st->slept > 0 && st->data)
		s->counts.naps++;
	st->data = s;
	while ((n = plx_stream_read(st, data, sizeof(data), plx_after(NAP))) >
	       0)
		plx_stream_write(st, data, (size_t)n, PLX_NEVER);
	return n == -ETIMEDOUT ? PLX_HIBERNATE : (int)n;
}

struct pipeline {
	struct soak *soak;
	plx_channel *channel;
	unsigned long n;
};

static int
send_numbers(void *arg)
{
	struct pipeline *p = arg;
	unsigned long i;
	int r = 0;

	for (i = 0; r == 0 && i < p->n; i++)
		r = plx_channel_send(p->channel, &i, PLX_NEVER);
	plx_channel_close(p->channel);
	return r;
}

static int
receive_numbers(struct pipeline *p)
{
	unsigned long i, next;
	int r;

	for (next = 0;; next++) {
		r = plx_channel_recv(p->channel, &i, PLX_NEVER);
		if (r <= 0)
			break;
		if (i != next)
			soak_wrong(p->soak, "number %lu, not %lu", i, next);
	}
	if (r == 0 && next != p->n)
		soak_wrong(p->soak, "%lu numbers, not %lu", next, p->n);
	p->soak->counts.messages += next;
	return r;
}

/* One channel, from its opening to its end. */
static int
pass_numbers(struct soak *s)
{
	struct pipeline p = {.soak = s, .n = soak_chance(s, 300)};
	plx_nursery *n;
	int r = plx_channel_open(sizeof(p.n), soak_chance(s, 5), &p.channel);

	if (r < 0)
		return r;
	r = plx_nursery_open(NULL, &n);
	if (r == 0) {
		r = plx_spawn(n, send_numbers, &p, NULL);
		if (r == 0)
			r = receive_numbers(&p);
		r = plx_nursery_close(&n, r);
	}
	plx_channel_free(&p.channel);
	return r;
}

/* Sleeps in between, or there would be nothing but numbers. */
int
soak_channel(void *arg)
{
	struct soak *s = arg;
	int r = 0;

	while (r == 0 && soak_goes_on(s)) {
		r = pass_numbers(s);
		if (r == 0)
			r = plx_sleep(soak_chance(s, 4) * PLX_MILLISECOND);
	}
	if (r < 0)
		soak_wrong(s, "a channel: %s", strerror(-r));
	return 0;
}

static int
run_server(void *arg)
{
	struct soak *s = arg;

	return plx_server_run(s->server);
}

static plx_task_fn *const cast[] = {
	soak_client,	   soak_client,	      soak_client,  soak_client,
	soak_client,	   soak_client,	      soak_client,  soak_client,
	soak_hasty_client, soak_hasty_client, soak_channel, soak_channel,
	soak_canceller,
};

/* Runs all who are not the server, to their end. */
static int
perform(struct soak *s)
{
	plx_nursery *n;
	size_t i;
	int r = plx_nursery_open(NULL, &n);

	if (r < 0)
		return r;
	for (i = 0; r == 0 && i < sizeof(cast) / sizeof(*cast); i++)
		r = plx_spawn(n, cast[i], s, NULL);
	return plx_nursery_close(&n, r);
}

int
soak_turn(void *arg)
{
	struct soak *s = arg;
	const struct plx_server_options o = {.handler = echo,
					     .arg = s,
					     .addresses = &s->at,
					     .naddresses = 1};
	plx_nursery *n;
	int r = plx_address_parse("127.0.0.1:0", &s->at);

	if (r == 0)
		r = plx_server_open(&o, &s->server);
	if (r < 0)
		return r;
	plx_server_address(s->server, 0, &s->at);
	r = plx_nursery_open(NULL, &n);
	if (r == 0) {
		r = plx_spawn(n, run_server, s, NULL);
		if (r == 0)
			r = perform(s);
		plx_server_stop(s->server, PLX_SECOND);
		r = plx_nursery_close(&n, r);
	}
	plx_server_close(&s->server);
	return r;
}
