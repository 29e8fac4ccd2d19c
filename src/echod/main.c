/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * main.c: echod, an echo server (RFC 862) on pollux.
 *
 * Begins with what must be so for the rest: descriptors 0 to 2 are open, so
 * that no socket of ours is taken for standard output; writing to a closed
 * pipe is an error and not a signal; as many descriptors as the system lets
 * us have.
 */
#include <config.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
#include <sys/resource.h>
#include "backends.h"
#include "options.h"
#include "report.h"
#include "server.h"

/* Opened the wrong way round, so that using one still is an error. */
static void
fill_standard_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDONLY);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

static void
raise_descriptor_limit(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) < 0 || r.rlim_cur == r.rlim_max)
		return;
	r.rlim_cur = r.rlim_max;
	setrlimit(RLIMIT_NOFILE, &r);
}

static int
act(const struct options *o)
{
	int status;

	switch (o->action) {
	case ACTION_LIST:
		backends_list();
		break;
	case ACTION_HELP:
		options_help();
		break;
	case ACTION_VERSION:
		printf("echod (pollux) %s\n", plx_version());
		break;
	default:
		status = backends_check(o->backend);
		return status ? status : server_run(o);
	}
	return report_flush() == 0 ? EXIT_STOPPED : EXIT_FAILED;
}

int
main(int argc, char **argv)
{
	struct options o;
	int status;

	fill_standard_descriptors();
	signal(SIGPIPE, SIG_IGN);
	raise_descriptor_limit();
	status = options_read(&o, argc, argv);
	if (!status)
		status = act(&o);
	options_free(&o);
	return status;
}
