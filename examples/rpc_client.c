/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rpc_client ADDRESS NAME [PARAMS]: makes a call of rpcd's and prints the
 * answer.  With --repeat=N, in place of PARAMS, N calls with the numbers from 0
 * on, without waiting for answers; each has to bring its number back, in order.
 *
 * One task sends while another receives.  If one task did both, client and
 * server could both wait for the other to read.
 */
#include "rpc_frame.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIMIT (64u << 20)

static struct client {
	struct plx_stream stream;
	const char *address, *name;
	json_t *params;
	long repeat; /* 0: one call, with PARAMS */
	int bad;     /* the answer is an error, or the wrong one */
} client;

static int
call_many(void *arg)
{
	struct client *c = arg;
	int r = 0;

	for (long i = 0; r == 0 && i < c->repeat; i++)
		r = rpc_send(&c->stream,
			     json_pack("{s:s,s:I}", "in", c->name, "params",
				       (json_int_t)i),
			     PLX_NEVER);
	return r;
}

static int
hear_many(struct client *c)
{
	json_t *answer = NULL;
	long i, right = 0;
	int r = 1;

	for (i = 0; i < c->repeat; i++) {
		r = rpc_receive(&c->stream, LIMIT, &answer, PLX_NEVER);
		if (r <= 0)
			break;
		right += json_integer_value(
				 json_object_get(answer, "result")) == i &&
			 json_object_get(answer, "out");
		json_decref(answer);
	}
	printf("%ld calls, %ld right answers\n", c->repeat, right);
	c->bad = right != c->repeat;
	return r == 0 ? -ENODATA : r;
}

static int
repeat(struct client *c)
{
	plx_nursery *n;
	int r = plx_nursery_open(NULL, &n);

	if (r < 0)
		return r;
	r = plx_spawn(n, call_many, c, NULL);
	if (r == 0)
		r = hear_many(c);
	return plx_nursery_close(&n, r);
}

static int
call_once(struct client *c)
{
	json_t *answer = NULL;
	int r = rpc_send(
		&c->stream,
		json_pack("{s:s,s:O}", "in", c->name, "params", c->params),
		PLX_NEVER);

	if (r == 0)
		r = rpc_receive(&c->stream, LIMIT, &answer, PLX_NEVER);
	if (r <= 0)
		return r < 0 ? r : -ENODATA;
	if (!answer)
		return -EBADMSG;
	c->bad = !json_object_get(answer, "out");
	json_dumpf(answer, stdout, JSON_COMPACT | JSON_ENCODE_ANY);
	puts("");
	json_decref(answer);
	return 0;
}

static int
talk(void *arg)
{
	struct client *c = arg;
	int fd, r = plx_connect_text(c->address, NULL, &fd,
				     plx_after(10 * PLX_SECOND));

	if (r < 0)
		return r;
	r = plx_stream_open(&c->stream, fd, NULL);
	if (r < 0) {
		plx_close(fd);
		return r;
	}
	r = c->repeat ? repeat(c) : call_once(c);
	plx_stream_close(&c->stream, 0);
	return r < 0 ? r : 0;
}

/* 1, after a report, when what was printed has not arrived. */
static int
lost_output(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	fprintf(stderr, "rpc_client: standard output: %s\n", strerror(errno));
	return 1;
}

/* A string of JSON has to be UTF-8. */
static int
is_name(const char *text)
{
	json_t *name = json_string(text);

	json_decref(name);
	return name != NULL;
}

static int
usage(FILE *to)
{
	fputs("usage: rpc_client [--repeat=N] ADDRESS NAME [PARAMS as JSON]\n",
	      to);
	return 2;
}

int
main(int argc, char **argv)
{
	char rest;
	int i = 1, r;

	if (argc > 1 && strcmp(argv[1], "--help") == 0)
		return usage(stdout), lost_output();
	if (argc > 1 && argv[1][0] == '-' &&
	    (sscanf(argv[i++], "--repeat=%9ld%c", &client.repeat, &rest) != 1 ||
	     client.repeat < 1))
		return usage(stderr);
	if (argc - i < 2 || argc - i > (client.repeat ? 2 : 3))
		return usage(stderr);
	client.address = argv[i];
	client.name = argv[i + 1];
	client.params = argv[i + 2]
				? json_loads(argv[i + 2], JSON_DECODE_ANY, NULL)
				: json_null();
	if (!client.params || !is_name(client.name))
		return usage(stderr);
	r = plx_run(NULL, talk, &client);
	json_decref(client.params);
	if (r < 0)
		fprintf(stderr, "rpc_client: %s: %s\n", client.address,
			strerror(-r));
	return lost_output() || r < 0 || client.bad;
}
