/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options.c: command lines of echod and of the load generator; the input's
 * lines are the words.
 *
 * What echod refuses costs one line, clean and not too long, and status 2; what
 * it takes costs none, and is in range.  The load generator ends with 2 as
 * well, or with 0 and nothing on standard error for --help.
 */
#include <config.h>

#include "fuzz.h"

#include <getopt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include "load.h"
#include "options.h"
#include "report.h"

enum {
	WORDS = 16
};

static struct {
	char said[4096];
	size_t length;
	int status; /* of the exit */
	jmp_buf out;
} scene;

size_t
fuzz_fwrite(const void *data, size_t size, size_t n, FILE *to)
{
	FUZZ_SO(to == stderr && size == 1);
	FUZZ_SO(n < sizeof(scene.said) - scene.length);
	memcpy(scene.said + scene.length, data, n);
	scene.length += n;
	return n;
}

int
fuzz_print(const char *format, ...)
{
	size_t room = sizeof(scene.said) - scene.length;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(scene.said + scene.length, room, format, args);
	va_end(args);
	FUZZ_SO(n >= 0);
	scene.length += (size_t)n < room ? (size_t)n : room - 1;
	return n;
}

void
fuzz_exit(int status)
{
	scene.status = status;
	longjmp(scene.out, 1);
}

/* One line of echod's. */
static void
check_line(void)
{
	FUZZ_SO(scene.length > strlen("echod: \n"));
	FUZZ_SO(scene.length <= 1024);
	FUZZ_SO(memcmp(scene.said, "echod: ", 7) == 0);
	FUZZ_SO(scene.said[scene.length - 1] == '\n');
	for (size_t i = 0; i + 1 < scene.length; i++)
		FUZZ_SO(scene.said[i] >= ' ' && scene.said[i] <= '~');
}

static void
check_options(const struct options *o)
{
	FUZZ_SO(scene.length == 0);
	FUZZ_SO(o->workers >= 1 && o->workers <= 1024);
	FUZZ_SO(o->max_connections >= 0);
	FUZZ_SO(o->max_line >= 1 && o->max_line <= 1 << 30);
	FUZZ_SO(o->idle >= 0 && o->idle <= 1000000000 * PLX_SECOND);
	FUZZ_SO(o->prefix && o->prefix_length == strlen(o->prefix));
	FUZZ_SO(o->prefix_length <= PREFIX_MAX);
	FUZZ_SO(o->ntargets > 0 && o->handed == 0);
	FUZZ_SO(!(o->quiet && o->verbose));
	for (size_t i = 0; i < o->ntargets; i++)
		FUZZ_SO(o->targets[i].address.length > 0);
}

static void
try_echod(int argc, char **argv)
{
	struct options o;
	int status = options_read(&o, argc, argv);

	FUZZ_SO(status == 0 || status == EXIT_USAGE);
	if (status)
		check_line();
	else
		check_options(&o);
	options_free(&o);
}

static void
try_load(int argc, char **argv)
{
	struct load_options o;

	scene.status = -1;
	opterr = 0;
	if (setjmp(scene.out) == 0) {
		load_parse(&o, argc, argv);
		FUZZ_SO(scene.length == 0);
		FUZZ_SO(o.connections >= 1 && o.active <= o.connections);
		FUZZ_SO(o.messages >= 0 && o.size >= 1 && o.pipeline >= 1);
		return;
	}
	FUZZ_SO(scene.status == 0 || scene.status == 2);
	FUZZ_SO(scene.length > 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *argv[WORDS + 1], *text = malloc(size + 1), *end;
	char *at = text;
	int argc = 0;

	FUZZ_SO(text);
	memset(&scene, 0, sizeof(scene));
	memcpy(text, data, size);
	text[size] = '\0';
	while (at && argc < WORDS) {
		end = strchr(at, '\n');
		if (end)
			*end++ = '\0';
		argv[argc++] = at;
		at = end;
	}
	argv[argc] = NULL;
	optind = 0; /* begins anew */
	if (strcmp(argv[0], "load") == 0)
		try_load(argc, argv);
	else
		try_echod(argc, argv);
	free(text);
	return 0;
}
