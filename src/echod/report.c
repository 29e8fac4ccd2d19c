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
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "report.h"

/* Whoever writes holds it: one's lines stay together.  ThreadSanitizer does not
   know that flockfile is a lock. */
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static unsigned long lost; /* lines since the last one that was written */

/* Can standard error take as much as two lines now?  A pipe that nobody reads
   must not hold the service up, for it is clients who fill it. */
static int
has_room(void)
{
	struct pollfd p = {.fd = STDERR_FILENO, .events = POLLOUT};
	int r;

	do
		r = poll(&p, 1, 0);
	while (r < 0 && errno == EINTR);
	return r != 0;
}

/* Writes LINE, which ends in a newline, and before it what has become of
   earlier ones.  In TURN. */
static void
put_line(const char *line, size_t n)
{
	if (!has_room()) {
		lost++;
		return;
	}
	if (lost > 0)
		fprintf(stderr,
			"echod: %lu lines were lost here: nobody took them "
			"from standard error\n",
			lost);
	lost = 0;
	fwrite(line, 1, n, stderr);
}

void
report_lines(const char *text)
{
	const char *end;

	pthread_mutex_lock(&turn);
	for (; (end = strchr(text, '\n')); text = end + 1)
		put_line(text, (size_t)(end + 1 - text));
	pthread_mutex_unlock(&turn);
}

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
	line[head + n + 1] = '\0';
	report_lines(line);
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
