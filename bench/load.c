/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * load.c: a load generator for echo servers that believes no byte.
 *
 * Opens all connections, lets the active ones exchange messages while the
 * others stand idle, then has each of them echo one more message, to show that
 * it is alive.  Every message has a content of its own and every byte is
 * compared.  One thread, one selector.
 */
#include <config.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include "load.h"

#define READY 256

/* How many connections prove at the same time that they are alive. */
#define PROVING 64

static const char usage[] =
	"usage: load [--connect=HOST:PORT | --unix=PATH] [--connections=N]\n"
	"            [--active=N] [--messages=N] [--size=BYTES] "
	"[--pipeline=N]\n"
	"            [--timeout=SECONDS] [--report]\n";

void
load_fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("load: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(1);
}

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
	{"report", no_argument, NULL, 'r'},
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
	case 'u':
		set_address(o, optarg, "unix:");
		break;
	case 'o':
		set_address(o, optarg, "");
		break;
	case 'r':
		o->report = 1;
		break;
	case 'h':
		fputs(usage, stdout);
		exit(0);
	default:
		fputs(usage, stderr);
		exit(2);
	}
}

static void
parse(struct load_options *o, int argc, char **argv)
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
}

static void
allow_descriptors(long n)
{
	struct rlimit limit;
	rlim_t needed = (rlim_t)n + 32;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= needed)
		return;
	limit.rlim_cur = needed;
	if (limit.rlim_max < needed)
		limit.rlim_max = needed;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		load_fail("%ld descriptors are not allowed (ulimit -n)", n);
}

static void
prepare(struct load *l)
{
	int ret;

	allow_descriptors(l->options.connections);
	l->deadline = plx_after(l->options.timeout * PLX_SECOND);
	l->connections = calloc((size_t)l->options.connections,
				sizeof(l->connections[0]));
	l->content = malloc(LOAD_PIECE + 16);
	l->input = malloc(LOAD_PIECE);
	if (!l->connections || !l->content || !l->input)
		load_fail("out of memory");
	ret = plx_selector_open(NULL, &l->selector);
	if (ret < 0)
		load_fail("selector: %s", strerror(-ret));
}

/* Serves what is ready until as many messages are back as were wanted. */
static void
exchange(struct load *l, long target)
{
	struct plx_ready ready[READY];

	while (l->completed < target) {
		int n = plx_selector_select(l->selector, ready, READY,
					    l->deadline);

		if (n < 0)
			load_fail("select: %s", strerror(-n));
		if (n == 0 || plx_now() >= l->deadline)
			load_fail("timeout: %ld of %ld messages are back",
				  l->completed, l->wanted);
		for (int i = 0; i < n; i++) {
			if (ready[i].events & PLX_READ)
				load_receive(l, ready[i].data);
			if (ready[i].events & PLX_WRITE)
				load_pump(l, ready[i].data);
		}
	}
}

static void
run_active(struct load *l)
{
	l->wanted = l->options.messages;
	l->window = l->options.pipeline;
	for (long i = 0; i < l->options.active; i++)
		load_pump(l, &l->connections[i]);
	exchange(l, l->wanted);
}

/* One message each; the window of 1 keeps the pump from sending more. */
static void
prove_alive(struct load *l)
{
	long n = l->options.connections;

	l->window = 1;
	l->completed = l->started = l->wanted = 0;
	for (long i = 0; i < n; i++) {
		l->wanted++;
		load_pump(l, &l->connections[i]);
		if (l->wanted - l->completed >= PROVING)
			exchange(l, l->wanted);
	}
	exchange(l, n);
}

static double
cpu_seconds(void)
{
	struct rusage r;

	getrusage(RUSAGE_SELF, &r);
	return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) +
	       (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
}

int
main(int argc, char **argv)
{
	struct load l = {0};
	double seconds, cpu;
	int64_t begin;

	parse(&l.options, argc, argv);
	prepare(&l);
	load_connect(&l);
	cpu = cpu_seconds();
	begin = plx_now();
	run_active(&l);
	seconds = (double)(plx_now() - begin) / 1e9;
	cpu = cpu_seconds() - cpu;
	prove_alive(&l);
	if (l.options.report)
		puts("connections\tactive\tmessages\tsize\tseconds\t"
		     "cpu-seconds\tmessages/s");
	printf("%ld\t%ld\t%ld\t%ld\t%.3f\t%.3f\t%.0f\n", l.options.connections,
	       l.options.active, l.options.messages, l.options.size, seconds,
	       cpu, (double)l.options.messages / seconds);
	plx_selector_close(&l.selector);
	free(l.connections);
	free(l.content);
	free(l.input);
	return 0;
}
