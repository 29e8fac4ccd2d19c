/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * figures.c: sizes from the environment, figures into a file.
 */
#include <config.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "figures.h"
#include "support.h"

size_t
figures_size(const char *variable, size_t sample, size_t all)
{
	const char *which = getenv(variable);

	return which && strcmp(which, "all") == 0 ? all : sample;
}

void
figures_say(const char *format, ...)
{
	const char *file = getenv("PLX_FIGURES");
	char text[512];
	va_list args;
	size_t n;
	int fd;

	if (!file)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text) - 1, format, args);
	va_end(args);
	n = strlen(text);
	text[n++] = '\n';
	fd = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	cr_assert(fd >= 0, "%s: %s", file, strerror(errno));
	cr_expect_eq(write(fd, text, n), (ssize_t)n, "%s", strerror(errno));
	close(fd);
}
