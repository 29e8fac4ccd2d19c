/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * runner.c: runs the registered tests one after another, each in a child, and
 * prints the Test Anything Protocol.
 *
 * Usage: PROGRAM [TEXT]: only the tests whose suite/name contains TEXT.
 * A child passes by exiting with its test's exit_code or by dying of its
 * signal; 77 stands for a skip.  A test that takes longer than its timeout
 * (PLAIN_TIMEOUT seconds in the environment, else 300) is killed.
 * PLAIN_SKIP names a file of tests that are skipped, one a line: suite/name,
 * a blank and the reason, which is printed; other lines begin with a `#'.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/syscall.h>
#endif
#include "criterion/criterion.h"

#define SKIPPED 77

static struct plain_test *first;
static struct plain_test **last = &first;
static int failed;

void
plain_register(struct plain_test *test)
{
	*last = test;
	last = &test->next;
}

int
plain_check(int holds, int fatal, const char *file, int line, const char *what,
	    const char *format, ...)
{
	va_list args;

	if (holds)
		return 1;
	failed = 1;
	fprintf(stdout, "# %s:%d: %s:", file, line, what);
	va_start(args, format);
	vfprintf(stdout, format, args);
	va_end(args);
	fputc('\n', stdout);
	fflush(stdout);
	if (fatal)
		exit(1);
	return 0;
}

void
plain_skip(const char *format, ...)
{
	va_list args;

	fputs("# skipped:", stdout);
	va_start(args, format);
	vfprintf(stdout, format, args);
	va_end(args);
	fputc('\n', stdout);
	fflush(stdout);
	exit(SKIPPED);
}

static _Noreturn void
child(const struct plain_test *t, void *param)
{
	if (t->options.init)
		t->options.init();
	if (t->params)
		t->run_with(param);
	else
		t->run();
	if (t->options.fini)
		t->options.fini();
	exit(failed);
}

/* Waits for PID, killing it after SECONDS where the system can tell. */
static int
await_child(pid_t pid, double seconds)
{
	int status = 0;

	(void)seconds;
#ifdef SYS_pidfd_open
	struct pollfd p = {
		.fd = (int)syscall(SYS_pidfd_open, pid, 0),
		.events = POLLIN,
	};

	if (p.fd >= 0) {
		if (poll(&p, 1, (int)(seconds * 1000)) == 0)
			kill(pid, SIGKILL);
		close(p.fd);
	}
#endif
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	return status;
}

static double
time_limit(const struct plain_test *t)
{
	const char *text = getenv("PLAIN_TIMEOUT");

	if (text)
		return atof(text);
	return t->options.timeout > 0 ? t->options.timeout * 10 : 300;
}

/* Runs T once: 1 passed, 0 failed. */
static int
run_one(const struct plain_test *t, void *param, size_t number, size_t index)
{
	int status, good, skipped;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0)
		child(t, param);
	status = await_child(pid, time_limit(t));
	skipped = WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED;
	if (t->options.signal)
		good = WIFSIGNALED(status) &&
		       WTERMSIG(status) == t->options.signal;
	else
		good = WIFEXITED(status) &&
		       WEXITSTATUS(status) == t->options.exit_code;
	if (!good && !skipped && WIFSIGNALED(status))
		printf("# died of signal %d\n", WTERMSIG(status));
	printf("%sok %zu - %s::%s", good || skipped ? "" : "not ", number,
	       t->suite, t->name);
	if (t->params)
		printf("[%zu]", index);
	puts(skipped ? " # SKIP" : "");
	return good || skipped;
}

static int
wanted(const struct plain_test *t, const char *text)
{
	char full[256];

	snprintf(full, sizeof(full), "%s/%s", t->suite, t->name);
	return !t->options.disabled && (!text || strstr(full, text));
}

/* Looks T up in the file that PLAIN_SKIP names: 1, and the reason in LINE. */
static int
to_be_skipped(const struct plain_test *t, char *line, int size, char **reason)
{
	const char *path = getenv("PLAIN_SKIP");
	FILE *f = path ? fopen(path, "r") : NULL;
	int found = 0;
	char full[256];
	size_t n;

	if (!f)
		return 0;
	n = (size_t)snprintf(full, sizeof(full), "%s/%s", t->suite, t->name);
	while (!found && fgets(line, size, f))
		found = strncmp(line, full, n) == 0 && line[n] == ' ';
	fclose(f);
	*reason = line + n + 1;
	return found;
}

static int
skip(const struct plain_test *t, size_t number)
{
	char line[512], *reason;

	if (!to_be_skipped(t, line, sizeof(line), &reason))
		return 0;
	printf("ok %zu - %s::%s # SKIP %s", number, t->suite, t->name, reason);
	return 1;
}

int
main(int argc, char **argv)
{
	const char *text = argc > 1 ? argv[1] : NULL;
	struct criterion_test_params params;
	const struct plain_test *t;
	size_t number = 0, bad = 0, i;

	for (t = first; t; t = t->next) {
		if (!wanted(t, text))
			continue;
		if (skip(t, number + 1)) {
			number++;
			continue;
		}
		params = (struct criterion_test_params){.length = 1};
		if (t->params)
			params = t->params();
		for (i = 0; i < params.length; i++)
			bad += !run_one(t,
					(char *)params.params + i * params.size,
					++number, i);
	}
	printf("1..%zu\n", number);
	return bad != 0;
}
