/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * service.c: a server from the command line to SIGTERM.
 *
 * Signals are heard before the ready line is printed: who has read that may
 * already send one.  The first ends the server gracefully, the second at once.
 */
#include "service.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int
stop_when_told(void *arg)
{
	struct service *s = arg;
	struct plx_signals_awaitable term, intr;
	struct plx_awaitable *either[2];
	int64_t grace = SERVICE_GRACE;

	for (;; grace = 0) {
		either[0] = plx_signals_awaitable(&term, &s->term);
		either[1] = plx_signals_awaitable(&intr, &s->intr);
		int r = plx_await_any(either, 2, PLX_NEVER);
		if (r < 0)
			return r;
		plx_server_stop(s->server, grace);
	}
}

static void
say_ready(const struct service *s)
{
	char text[PLX_ADDRESS_TEXT] = "";
	struct plx_address at;

	if (plx_server_address(s->server, 0, &at) == 0)
		plx_address_format(&at, text, sizeof(text));
	printf("%s: listening on %s\n", s->name, text);
	fflush(stdout);
}

static int
serve(struct service *s)
{
	plx_nursery *n;
	int r = plx_signals_open(&s->term, SIGTERM);

	if (r == 0)
		r = plx_signals_open(&s->intr, SIGINT);
	if (r == 0 && (r = plx_nursery_open(NULL, &n)) == 0) {
		r = plx_spawn(n, stop_when_told, s, NULL);
		if (r == 0) {
			say_ready(s);
			r = plx_server_run(s->server);
		}
		plx_nursery_cancel(n);
		r = plx_nursery_close(&n, r);
	}
	plx_signals_close(&s->intr);
	plx_signals_close(&s->term);
	return r;
}

static int
open_and_serve(void *arg)
{
	struct service *s = arg;
	int r = plx_server_open(&s->options, &s->server);

	s->runs = 1;
	if (r < 0)
		return r;
	r = serve(s);
	plx_server_close(&s->server);
	return r;
}

static int
wrong(const struct service *s, const char *word, const char *why)
{
	fprintf(stderr, "%s: %s: %s; usage: %s %s\n", s->name, word, why,
		s->name, s->usage);
	return 2;
}

/* Is WORD "--option=N" with a good N?  Then N is where it belongs. */
static int
read_number(const struct service *s, const char *word)
{
	for (int i = 0; i < SERVICE_NUMBERS && s->numbers[i].option; i++) {
		const struct service_number *n = &s->numbers[i];
		size_t length = strlen(n->option);
		char *end;

		if (strncmp(word, n->option, length) != 0)
			continue;
		errno = 0;
		*n->value = strtoul(word + length, &end, 10);
		return word[length] >= '0' && word[length] <= '9' && !*end &&
		       !errno && *n->value >= n->least && *n->value <= n->most;
	}
	return 0;
}

/* No socket of ours is to be taken for an output that is closed, nor is an
   output that nobody reads to end us. */
static void
secure_outputs(void)
{
	int fd;

	signal(SIGPIPE, SIG_IGN);
	do
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

int
service_main(struct service *s, int argc, char **argv)
{
	struct plx_address at;
	int r, words = 0;

	secure_outputs();
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0)
			return printf("usage: %s %s\n%s", s->name, s->usage,
				      s->help) < 0;
		if (argv[i][0] == '-' && !read_number(s, argv[i]))
			return wrong(s, argv[i], "not an option or number");
		if (argv[i][0] != '-' && words == s->words)
			return wrong(s, argv[i], "one word too many");
		if (argv[i][0] != '-')
			s->word[words++] = argv[i];
	}
	if (words < s->words)
		return wrong(s, "too few words", "see --help");
	if (plx_address_parse(s->word[0], &at) < 0)
		return wrong(s, s->word[0],
			     "give 127.0.0.1:7007, [::1]:0 or unix:PATH");
	s->options.addresses = &at;
	s->options.naddresses = 1;
	r = plx_run(NULL, open_and_serve, s);
	if (r < 0)
		fprintf(stderr, "%s: %s: %s\n", s->name,
			s->runs ? s->word[0] : "no loop", strerror(-r));
	return r < 0;
}
