/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options.c: the command line.
 *
 * A wrong one costs exactly one line on standard error, which says what is
 * wrong and what to type instead; the first mistake found is the one told.
 * getopt_long's own messages are switched off for that.
 *
 * Traps of getopt_long: after an unknown long option optopt is 0, after a
 * value that an option does not take it is that option's letter, and which
 * word it was must be looked up at optind - 1.
 */
#include <config.h>

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "activation.h"
#include "options.h"
#include "report.h"

enum {
	OPT_BACKEND = 256,
	OPT_LISTEN,
	OPT_UNIX,
	OPT_UDP,
	OPT_MODE,
	OPT_PREFIX,
	OPT_WORKERS,
	OPT_MAX_CONNECTIONS,
	OPT_IDLE_TIMEOUT,
	OPT_MAX_LINE,
	OPT_LIST_BACKENDS,
	OPT_HELP,
	OPT_VERSION,
};

static const struct option known[] = {
	{"backend", required_argument, NULL, OPT_BACKEND},
	{"listen", required_argument, NULL, OPT_LISTEN},
	{"unix", required_argument, NULL, OPT_UNIX},
	{"udp", no_argument, NULL, OPT_UDP},
	{"mode", required_argument, NULL, OPT_MODE},
	{"prefix", required_argument, NULL, OPT_PREFIX},
	{"workers", required_argument, NULL, OPT_WORKERS},
	{"max-connections", required_argument, NULL, OPT_MAX_CONNECTIONS},
	{"idle-timeout", required_argument, NULL, OPT_IDLE_TIMEOUT},
	{"max-line", required_argument, NULL, OPT_MAX_LINE},
	{"list-backends", no_argument, NULL, OPT_LIST_BACKENDS},
	{"help", no_argument, NULL, OPT_HELP},
	{"version", no_argument, NULL, OPT_VERSION},
	{NULL, 0, NULL, 0},
};

/* The name of the option that getopt_long knows as VAL. */
static const char *
name_of(int val)
{
	const struct option *o = known;

	while (o->name && o->val != val)
		o++;
	return o->name ? o->name : "?";
}

static int
read_number(int val, const char *text, long min, long max, long *out)
{
	const char *digit = text;
	long n;

	errno = 0;
	n = strtol(text, NULL, 10);
	while (*digit >= '0' && *digit <= '9')
		digit++;
	if (digit == text || *digit || errno || n < min || n > max) {
		report("--%s=%s: give a whole number from %ld to %ld",
		       name_of(val), text, min, max);
		return EXIT_USAGE;
	}
	*out = n;
	return 0;
}

/* Digits with at most one point among them. */
static int
is_decimal(const char *text)
{
	size_t n = strspn(text, "0123456789");
	size_t m = text[n] == '.' ? strspn(text + n + 1, "0123456789") : 0;

	return n + m > 0 && text[n + (text[n] == '.') + m] == '\0';
}

static int
read_seconds(const char *text, int64_t *out)
{
	const double most = 1e9;
	double seconds = is_decimal(text) ? strtod(text, NULL) : -1;

	if (seconds < 0 || seconds > most) {
		report("--idle-timeout=%s: give seconds from 0 (never) to "
		       "1000000000, such as 30 or 0.5",
		       text);
		return EXIT_USAGE;
	}
	*out = (int64_t)(seconds * (double)PLX_SECOND);
	if (seconds > 0 && *out == 0)
		*out = 1;
	return 0;
}

static int
read_mode(struct options *o, const char *text)
{
	if (strcmp(text, "raw") == 0) {
		o->mode = MODE_RAW;
	} else if (strcmp(text, "line") == 0) {
		o->mode = MODE_LINE;
	} else {
		report("--mode=%s: give raw or line", text);
		return EXIT_USAGE;
	}
	return 0;
}

static int
read_prefix(struct options *o, const char *text)
{
	o->prefix = text;
	o->prefix_length = strlen(text);
	if (o->prefix_length <= PREFIX_MAX)
		return 0;
	report("--prefix: %zu bytes are too many: give at most %d",
	       o->prefix_length, PREFIX_MAX);
	return EXIT_USAGE;
}

static int
check_unix(struct target *t, const char *option)
{
	const char *path = t->text + strlen("unix:");
	int err = plx_address_parse(t->text, &t->address);

	if (!err)
		return 0;
	report("--%s=%s: %s", option, path,
	       err == -ERANGE ? "the path is too long: give a shorter one"
			      : "give the path of a socket");
	return EXIT_USAGE;
}

/* A name and its port, the port alone being an address that can be read. */
static int
read_name(const char *text, struct plx_address *port)
{
	const char *colon = strchr(text, ':');

	if (!colon || colon == text || *text == '[' || strchr(colon + 1, ':'))
		return -EINVAL;
	return plx_address_parse(colon, port);
}

static int
check_tcp(struct target *t)
{
	int err = plx_address_parse(t->text, &t->address);

	if (err == -EINVAL) {
		err = read_name(t->text, &t->address);
		t->is_name = !err;
	}
	if (!err)
		return 0;
	report("--listen=%s: %s", t->text,
	       err == -ERANGE ? "give a port from 0 to 65535"
			      : "give HOST:PORT, such as 127.0.0.1:7007, "
				"[::1]:7007 or *:7007");
	return EXIT_USAGE;
}

static int
add_target(struct options *o, const char *text, int is_unix)
{
	const char *head = is_unix ? "unix:" : "";
	size_t room = strlen(head) + strlen(text) + 1;
	struct target *t, *more;

	more = realloc(o->targets, (o->ntargets + 1) * sizeof(*t));
	if (!more)
		goto fail;
	o->targets = more;
	t = &more[o->ntargets];
	memset(t, 0, sizeof(*t));
	t->text = malloc(room);
	if (!t->text)
		goto fail;
	snprintf(t->text, room, "%s%s", head, text);
	o->ntargets++;
	if (is_unix || strncmp(text, "unix:", 5) == 0)
		return check_unix(t, is_unix ? "unix" : "listen");
	return check_tcp(t);
fail:
	report("out of memory");
	return EXIT_FAILED;
}

/* An option with a number. */
static int
read_count(struct options *o, int val, const char *text)
{
	long n = 0;
	int status;

	switch (val) {
	case OPT_WORKERS:
		status = read_number(val, text, 1, 1024, &n);
		o->workers = (int)n;
		return status;
	case OPT_MAX_CONNECTIONS:
		status = read_number(val, text, 0, 1000000000, &n);
		o->max_connections = (int)n;
		return status;
	default:
		status = read_number(val, text, 1, 1 << 30, &n);
		o->max_line = (size_t)n;
		return status;
	}
}

/* The first of --list-backends, --help and --version counts. */
static int
act(struct options *o, enum action action)
{
	if (o->action == ACTION_SERVE)
		o->action = action;
	return 0;
}

static int
complain(int code, char **argv)
{
	const char *word = argv[optind - 1];

	if (code == ':')
		report("--%s needs a value: see echod --help", name_of(optopt));
	else if (optopt >= OPT_BACKEND)
		report("--%s takes no value: see echod --help",
		       name_of(optopt));
	else if (optopt)
		report("unknown option '-%c': see echod --help", optopt);
	else
		report("unknown option '%s': see echod --help", word);
	return EXIT_USAGE;
}

static int
read_option(struct options *o, int val, char **argv)
{
	switch (val) {
	case 'q':
		o->quiet = 1;
		return 0;
	case 'v':
		o->verbose = 1;
		return 0;
	case OPT_BACKEND:
		o->backend = optarg;
		return 0;
	case OPT_LISTEN:
	case OPT_UNIX:
		return add_target(o, optarg, val == OPT_UNIX);
	case OPT_UDP:
		o->udp = 1;
		return 0;
	case OPT_MODE:
		return read_mode(o, optarg);
	case OPT_PREFIX:
		return read_prefix(o, optarg);
	case OPT_IDLE_TIMEOUT:
		return read_seconds(optarg, &o->idle);
	case OPT_LIST_BACKENDS:
		return act(o, ACTION_LIST);
	case OPT_HELP:
		return act(o, ACTION_HELP);
	case OPT_VERSION:
		return act(o, ACTION_VERSION);
	case ':':
	case '?':
		return complain(val, argv);
	default:
		return read_count(o, val, optarg);
	}
}

/* Is one of the addresses one for datagrams? */
static int
has_inet_target(const struct options *o)
{
	size_t i;

	for (i = 0; i < o->ntargets; i++)
		if (o->targets[i].address.storage.ss_family != AF_UNIX)
			return 1;
	return o->ntargets == 0 && o->handed == 0;
}

/* What only makes sense together, or not at all. */
static int
check(const struct options *o, const char *left_over)
{
	const char *what = NULL;

	if (left_over)
		report("unexpected argument '%s': addresses are given with "
		       "--listen=HOST:PORT or --unix=PATH",
		       left_over);
	else if (o->quiet && o->verbose)
		report("-q and -v contradict each other: give one of them");
	else if (o->udp && !has_inet_target(o))
		report("--udp needs an address: add --listen=HOST:PORT");
	else if (o->mode == MODE_RAW && o->prefix)
		what = "prefix";
	else if (o->mode == MODE_RAW && o->max_line)
		what = "max-line";
	else
		return 0;
	if (what)
		report("--%s is about lines: add --mode=line", what);
	return EXIT_USAGE;
}

int
options_read(struct options *o, int argc, char **argv)
{
	int val, status = 0;

	*o = (struct options){.workers = 1};
	opterr = 0;
	while (!status) {
		val = getopt_long(argc, argv, ":qv", known, NULL);
		if (val == -1)
			break;
		status = read_option(o, val, argv);
	}
	if (!status && o->action == ACTION_SERVE)
		o->handed = activation_take();
	if (o->handed < 0)
		status = EXIT_USAGE;
	if (!status)
		status = check(o, argv[optind]);
	if (!o->prefix)
		o->prefix = "";
	if (!o->max_line)
		o->max_line = 65536;
	if (!status && o->ntargets == 0 && o->handed == 0)
		status = add_target(o, OPTIONS_DEFAULT_TARGET, 0);
	return status;
}

void
options_free(struct options *o)
{
	size_t i;

	for (i = 0; i < o->ntargets; i++)
		free(o->targets[i].text);
	free(o->targets);
}
