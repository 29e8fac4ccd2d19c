/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * harness_options.c: what the command line of a question says.
 */
#include <config.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/resource.h>
#include "harness.h"

enum {
	ROUNDS = 5,
	ROUNDS_FULL = 15,
	SPARE_FILES = 64,
};

long
bench_files(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) < 0)
		return 1024 - SPARE_FILES;
	if (r.rlim_cur > 1000000)
		return 1000000;
	return (long)r.rlim_cur - SPARE_FILES;
}

static void
raise_limit(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) < 0)
		return;
	r.rlim_cur = r.rlim_max;
	setrlimit(RLIMIT_NOFILE, &r);
}

static void
help(const struct bench *b, const char *what)
{
	printf("Usage: bench_%s [OPTION]...\n%s\n\n"
	       "  --rounds=N        how often each contender runs at a point "
	       "(%d)\n"
	       "  --time=SECONDS    CPU time of a sample, about (0.05)\n"
	       "  --seed=N          of the order of the contenders (1)\n"
	       "  --series=NAME     this series only\n"
	       "  --contender=PART  those only whose name has PART in it\n"
	       "  --full            every point, and %d rounds\n"
	       "  --list            names the series and their contenders\n"
	       "  --help            this\n\n"
	       "Lines are separated by tabs; bench/harness.h tells what they "
	       "say.\n",
	       b->question, what, ROUNDS, ROUNDS_FULL);
	exit(0);
}

static _Noreturn void
refuse(const struct bench *b, const char *option, const char *value)
{
	fprintf(stderr,
		"bench_%s: %s: '%s' will not do; --help tells what will\n",
		b->question, option, value);
	exit(2);
}

static double
number(const struct bench *b, const char *option, double least, double most)
{
	char *end;
	double value = strtod(optarg, &end);

	if (end == optarg || *end || !(value >= least && value <= most))
		refuse(b, option, optarg);
	return value;
}

static void
take_option(struct bench *b, int option, const char *what)
{
	switch (option) {
	case 'r':
		b->given = 1;
		b->rounds = (int)number(b, "--rounds", 1, BENCH_ROUNDS_MAX);
		break;
	case 't':
		b->time = number(b, "--time", 0, 60);
		break;
	case 's':
		b->seed = (uint64_t)number(b, "--seed", 0, 9007199254740992.0);
		break;
	case 'n':
		b->only = optarg;
		break;
	case 'c':
		b->which = optarg;
		break;
	case 'f':
		b->full = 1;
		break;
	case 'l':
		b->list = 1;
		break;
	case 'h':
		help(b, what);
		break;
	default:
		exit(2);
	}
}

void
bench_begin(struct bench *b, int argc, char **argv, const char *question,
	    const char *what)
{
	static const struct option options[] = {
		{"rounds", required_argument, NULL, 'r'},
		{"time", required_argument, NULL, 't'},
		{"seed", required_argument, NULL, 's'},
		{"series", required_argument, NULL, 'n'},
		{"contender", required_argument, NULL, 'c'},
		{"full", no_argument, NULL, 'f'},
		{"list", no_argument, NULL, 'l'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int option;

	*b = (struct bench){.question = question, .time = 0.05, .seed = 1};
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		take_option(b, option, what);
	if (optind < argc)
		refuse(b, "what it is to do", argv[optind]);
	if (!b->rounds)
		b->rounds = b->full ? ROUNDS_FULL : ROUNDS;
	raise_limit();
	setvbuf(stdout, NULL, _IOLBF, 0);
}

int
bench_wants(const struct bench *b, const char *series, const char *contender)
{
	if (b->only && strcmp(b->only, series) != 0)
		return 0;
	return !contender || !b->which || strstr(contender, b->which);
}
