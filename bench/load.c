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
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include "load.h"

#define READY 256

/* From this share of a CPU on the load may be what is measured. */
#define BUSY 0.9

/* How many connections prove at the same time that they are alive. */
#define PROVING 64

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
	l->stamps = calloc((size_t)l->options.connections,
			   (size_t)l->options.pipeline * sizeof(*l->stamps));
	l->content = malloc(LOAD_PIECE + 32);
	l->input = malloc(LOAD_PIECE);
	if (!l->connections || !l->stamps || !l->content || !l->input)
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
begin_phase(struct load *l, long wanted, long window)
{
	l->started = l->completed = 0;
	l->wanted = wanted;
	l->window = window;
	l->deadline = plx_after(l->options.timeout * PLX_SECOND);
	load_latency_clear(&l->latency);
}

static void
run_active(struct load *l, long messages)
{
	begin_phase(l, messages, l->options.pipeline);
	for (long i = 0; i < l->options.active; i++)
		load_pump(l, &l->connections[i]);
	exchange(l, l->wanted);
}

/* One message each; the window of 1 keeps the pump from sending more. */
static void
prove_alive(struct load *l)
{
	long n = l->options.connections;

	begin_phase(l, 0, 1);
	for (long i = 0; i < n; i++) {
		l->wanted++;
		load_pump(l, &l->connections[i]);
		if (l->wanted - l->completed >= PROVING)
			exchange(l, l->wanted - PROVING / 2);
	}
	exchange(l, n);
}

static double
cpu_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
say(const struct load *l, long messages, double seconds, double cpu)
{
	static const double shares[] = {0.5, 0.9, 0.99, 0.999};
	const struct load_options *o = &l->options;

	printf("%ld\t%ld\t%ld\t%ld\t%.6f\t%.6f\t%.0f", o->connections,
	       o->active, messages, o->size, seconds, cpu,
	       (double)messages / seconds);
	for (size_t i = 0; i < sizeof(shares) / sizeof(shares[0]); i++)
		printf("\t%llu", (unsigned long long)load_latency_at(
					 &l->latency, shares[i]));
	printf("\t%llu\n", (unsigned long long)l->latency.most);
	fflush(stdout);
	if (!o->steps && cpu > BUSY * seconds)
		fprintf(stderr,
			"load: used %.0f %% of its CPU: a faster server would "
			"not have been faster\n",
			100 * cpu / seconds);
}

/* MESSAGES of the active connections, or one of each when it is negative. */
static void
run(struct load *l, long messages)
{
	double cpu = cpu_seconds();
	int64_t begin = plx_now();

	if (messages >= 0)
		run_active(l, messages);
	else
		prove_alive(l);
	say(l, messages < 0 ? l->options.connections : messages,
	    (double)(plx_now() - begin) / 1e9, cpu_seconds() - cpu);
}

static void
run_steps(struct load *l)
{
	char line[32];

	while (fgets(line, sizeof(line), stdin)) {
		char *rest;
		long n = strtol(line, &rest, 10);

		if (strcmp(line, "all\n") == 0)
			n = -1;
		else if (rest == line || *rest != '\n' || n < 0)
			load_fail("not a number of messages: %s", line);
		if (l->options.active == 0 && n > 0)
			load_fail("no connection is active");
		run(l, n);
	}
}

int
main(int argc, char **argv)
{
	static struct load l;

	load_parse(&l.options, argc, argv);
	prepare(&l);
	load_connect(&l);
	if (l.options.report)
		puts("connections\tactive\tmessages\tsize\tseconds\t"
		     "cpu-seconds\tmessages/s\tp50\tp90\tp99\tp99.9\tmax");
	if (l.options.steps)
		run_steps(&l);
	else
		run(&l, l.options.messages);
	prove_alive(&l);
	plx_selector_close(&l.selector);
	free(l.connections);
	free(l.stamps);
	free(l.content);
	free(l.input);
	return 0;
}
