/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * load_options.c: the command line of the load generator.
 */
#include <config.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include "load.h"

static const char usage[] =
	"usage: load [--connect=HOST:PORT | --unix=PATH] [--connections=N]\n"
	"            [--active=N] [--messages=N] [--size=BYTES]\n"
	"            [--pipeline=N] [--timeout=SECONDS] [--room=BYTES]\n"
	"            [--reconnect] [--steps] [--report]\n"
	"Each active connection sends a message, or --pipeline of them,\n"
	"waits for the echo and compares it.\n"
	"  --room       what the system may hold of answers for a connection:\n"
	"               with little, servers cannot send all at once\n"
	"  --reconnect  a connection for each message\n"
	"  --steps      numbers of messages come from standard input, a line\n"
	"               each; \"all\": one message on each connection\n"
	"  --report     a line of names first\n"
	"Each run writes a line: connections, active ones, messages, bytes,\n"
	"seconds, seconds of CPU, messages a second, and in nanoseconds what\n"
	"50, 90, 99 and 99.9 percent of the echoes took at most, and all.\n";

_Noreturn static void
usage_error(const char *why, const char *what)
{
	fprintf(stderr, "load: %s: %s\n%s", why, what, usage);
	exit(2);
}

static long
number(const char *text, long least, long most)
{
	char *rest;
	long n;

	errno = 0;
	n = strtol(text, &rest, 10);
	if (*text == '\0' || *rest != '\0' || errno || n < least || n > most)
		usage_error("not a number in the range allowed", text);
	return n;
}

static void
set_address(struct load_options *o, const char *text, const char *prefix)
{
	char full[256];
	int n = snprintf(full, sizeof(full), "%s%s", prefix, text);

	if (n < 0 || (size_t)n >= sizeof(full) ||
	    plx_address_parse(full, &o->server) < 0)
		usage_error("not an address", text);
}

static const struct option options[] = {
	{"connections", required_argument, NULL, 'c'},
	{"active", required_argument, NULL, 'a'},
	{"messages", required_argument, NULL, 'm'},
	{"size", required_argument, NULL, 's'},
	{"pipeline", required_argument, NULL, 'p'},
	{"timeout", required_argument, NULL, 't'},
	{"unix", required_argument, NULL, 'u'},
	{"connect", required_argument, NULL, 'o'},
	{"room", required_argument, NULL, 'R'},
	{"report", no_argument, NULL, 'r'},
	{"steps", no_argument, NULL, 'e'},
	{"reconnect", no_argument, NULL, 'n'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

static void
take_option(struct load_options *o, int which)
{
	switch (which) {
	case 'c':
		o->connections = number(optarg, 1, 10000000);
		break;
	case 'a':
		o->active = number(optarg, 0, 10000000);
		break;
	case 'm':
		o->messages = number(optarg, 0, LONG_MAX);
		break;
	case 's':
		o->size = number(optarg, 1, 1 << 24);
		break;
	case 'p':
		o->pipeline = number(optarg, 1, 1000000);
		break;
	case 't':
		o->timeout = number(optarg, 1, 1000000);
		break;
	case 'R':
		o->room = number(optarg, 1, 1 << 30);
		break;
	case 'u':
		set_address(o, optarg, "unix:");
		break;
	case 'o':
		set_address(o, optarg, "");
		break;
	case 'r':
		o->report = 1;
		break;
	case 'e':
		o->steps = 1;
		break;
	case 'n':
		o->reconnect = 1;
		break;
	case 'h':
		fputs(usage, stdout);
		exit(0);
	default:
		fputs(usage, stderr);
		exit(2);
	}
}

void
load_parse(struct load_options *o, int argc, char **argv)
{
	int which;

	*o = (struct load_options){
		.connections = 50,
		.active = -1,
		.messages = 100000,
		.size = 64,
		.pipeline = 1,
		.timeout = 60,
	};
	set_address(o, "127.0.0.1:7007", "");
	while ((which = getopt_long(argc, argv, "h", options, NULL)) != -1)
		take_option(o, which);
	if (optind < argc)
		usage_error("unexpected argument", argv[optind]);
	if (o->active < 0 || o->active > o->connections)
		o->active = o->connections;
	if (o->active == 0)
		o->messages = 0;
	if (o->reconnect && o->pipeline > 1)
		usage_error("not with --pipeline", "--reconnect");
}
