/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * echod_inside.c: main.c and report.c of echod, as tests have them.
 */
#include <config.h>
#include <signal.h>
#include "echod_inside.h"
#include "options.h"
#include "report.h"
#include "server.h"

void
report(const char *fmt, ...)
{
	(void)fmt;
}

void
report_lines(const char *text)
{
	(void)text;
}

void
report_clean(char *text)
{
	(void)text;
}

int
report_flush(void)
{
	return 0;
}

int
echod_inside(int argc, char **argv)
{
	struct options o;
	int status;

	signal(SIGTERM, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGUSR1, SIG_IGN);
	status = options_read(&o, argc, argv);
	if (status != 0)
		return status;
	status = server_run(&o);
	options_free(&o);
	return status;
}
