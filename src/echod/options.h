/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options.h: the command line, read and checked.
 */
#ifndef ECHOD_OPTIONS_H
#define ECHOD_OPTIONS_H

#include <stddef.h>
#include <pollux/net.h>

/* Where to listen when nobody says. */
#define OPTIONS_DEFAULT_TARGET "127.0.0.1:7007"

/* The longest --prefix. */
#define PREFIX_MAX 4096

enum mode {
	MODE_RAW,
	MODE_LINE
};

enum action {
	ACTION_SERVE,
	ACTION_LIST,
	ACTION_HELP,
	ACTION_VERSION
};

/*
 * Where to listen.  A name is yet to be looked up; ADDRESS then has the port
 * of TEXT and no more.
 */
struct target {
	char *text;
	int is_name;
	struct plx_address address;
};

struct options {
	enum action action;
	const char *backend; /* NULL: the best */
	struct target *targets;
	size_t ntargets;
	int handed; /* descriptors, by who started us: activation.h */
	int udp;    /* datagrams too, where TCP is served */
	enum mode mode;
	const char *prefix;
	size_t prefix_length;
	int workers;
	int max_connections; /* 0: no limit */
	int64_t idle;	     /* nanoseconds; 0: for ever */
	size_t max_line;
	int quiet;
	int verbose;
};

/* 0, or the exit status after a report of what is wrong. */
int options_read(struct options *o, int argc, char **argv);
void options_free(struct options *o);

/* The text of --help, on standard output (help.c). */
void options_help(void);

#endif
