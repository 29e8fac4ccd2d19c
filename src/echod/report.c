/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report.c: lines for people, on standard error, and the check that what was
 * meant for standard output arrived there.
 *
 * A line is put together first and written at once; one that is longer than
 * its room is cut, never split, whatever it quotes.
 */
#include <config.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "report.h"

void
report(const char *fmt, ...)
{
	char line[1024] = "echod: ";
	const size_t head = strlen(line), room = sizeof(line) - head - 1;
	va_list ap;
	size_t n;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(line + head, room, fmt, ap);
	va_end(ap);
	if (len < 0)
		return;
	n = (size_t)len < room ? (size_t)len : room - 1;
	report_clean(line);
	line[head + n] = '\n';
	fwrite(line, 1, head + n + 1, stderr);
}

void
report_clean(char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			*text = '?';
}

int
report_flush(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	report("cannot write to standard output: %s", strerror(errno));
	return -1;
}
