/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * echod_driver.c: starting, watching and ending a real echod.
 *
 * Standard error goes to a file that has no name any more, so that nobody has
 * to read it for echod to go on.  Standard output is a pipe, whose end also
 * tells that the program has ended.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/resource.h>
#include <sys/wait.h>
#if defined(__linux__)
#include <sys/prctl.h>
#endif
#include <criterion/criterion.h>
#include "echod_driver.h"

#define ARGS_MAX 16

int echod_descriptor_limit;
int echod_signalled;
int echod_log;
struct echod_handed echod_handed;

/* The program whose BACKEND (may be NULL) is to be used. */
static const char *
program(const char *backend)
{
	const char *name = getenv("ECHOD");

	if (backend && !strcmp(backend, "kqueue") && getenv("ECHOD_KQUEUE"))
		name = getenv("ECHOD_KQUEUE");
	return name ? name : "./echod";
}

static int
nameless_file(void)
{
	char name[] = "/tmp/pollux-echod-XXXXXX";
	int fd = mkstemp(name);

	cr_assert(fd >= 0, "mkstemp: %s", strerror(errno));
	unlink(name);
	return fd;
}

/* By the convention of systemd. */
static void
take_handed(void)
{
	char pid[32];

	snprintf(pid, sizeof(pid), "%ld", (long)getpid());
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", echod_handed.count, 1);
	dup2(echod_handed.fd, 3);
	fcntl(3, F_SETFD, 0); /* it may have been 3 before */
}

/* What is held back when a program begins waits for that. */
static void
signal_itself(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, echod_signalled);
	sigprocmask(SIG_BLOCK, &set, NULL);
	raise(echod_signalled);
}

static void
become(const char **argv, int out, int err)
{
	struct rlimit r = {.rlim_cur = (rlim_t)echod_descriptor_limit,
			   .rlim_max = (rlim_t)echod_descriptor_limit};

#if defined(__linux__)
	prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
	if (echod_descriptor_limit)
		setrlimit(RLIMIT_NOFILE, &r);
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	if (echod_handed.count)
		take_handed();
	if (echod_signalled)
		signal_itself();
	execv(argv[0], (char *const *)(uintptr_t)argv);
	_exit(127);
}

/* Valgrind tells the program of the limit, but does not keep it. */
static void
skip_unkept_limit(void)
{
	if (echod_descriptor_limit && RUNNING_ON_VALGRIND)
		cr_skip_test("the limit does not hold under valgrind");
}

static struct echod
launch(const char *name, const char *const *args)
{
	const char *argv[ARGS_MAX] = {name};
	struct echod e = {.err = nameless_file()};
	int out[2], n;

	skip_unkept_limit();
	for (n = 0; args[n]; n++) {
		cr_assert(n + 2 < ARGS_MAX);
		argv[n + 1] = args[n];
	}
	cr_assert(pipe(out) == 0);
	fcntl(out[0], F_SETFD, FD_CLOEXEC);
	fcntl(out[1], F_SETFD, FD_CLOEXEC);
	fcntl(e.err, F_SETFD, FD_CLOEXEC);
	e.pid = fork();
	cr_assert(e.pid >= 0);
	if (e.pid == 0)
		become(argv, out[1], echod_log ? echod_log : e.err);
	close(out[1]);
	e.out = out[0];
	return e;
}

/* Reads what comes before DEADLINE, up to ROOM: bytes, or 0 at the end. */
static size_t
read_some(struct echod *e, char *data, size_t room, int64_t deadline)
{
	struct pollfd p = {.fd = e->out, .events = POLLIN};
	int64_t left = deadline - client_clock();
	ssize_t n;

	if (left <= 0 || poll(&p, 1, (int)left) != 1) {
		kill(e->pid, SIGKILL);
		waitpid(e->pid, NULL, 0);
		cr_assert(0, "echod neither wrote nor ended in time");
	}
	n = read(e->out, data, room);
	cr_assert(n >= 0);
	return (size_t)n;
}

void
echod_read_line(struct echod *e, char *line, size_t room)
{
	int64_t deadline = client_clock() + PATIENCE * 1000;
	size_t n = 0;

	while (n + 1 < room) {
		if (read_some(e, line + n, 1, deadline) == 0 || line[n] == '\n')
			break;
		n++;
	}
	line[n] = '\0';
}

void
echod_errors(struct echod *e, char *text, size_t room)
{
	ssize_t n = pread(e->err, text, room - 1, 0);

	text[n > 0 ? n : 0] = '\0';
}

void
echod_expect_error(struct echod *e, const char *text)
{
	int64_t deadline = client_clock() + PATIENCE * 1000;
	char all[ECHOD_TEXT * 4];

	do {
		echod_errors(e, all, sizeof(all));
		if (strstr(all, text))
			return;
		poll(NULL, 0, 5);
	} while (client_clock() < deadline);
	cr_assert(0, "'%s' is not in: %s", text, all);
}

int
echod_wait(struct echod *e)
{
	int64_t deadline = client_clock() + PATIENCE * 1000;
	struct rusage used;
	char rest[256];
	int status;

	while (read_some(e, rest, sizeof(rest), deadline) > 0)
		;
	cr_assert(wait4(e->pid, &status, 0, &used) == e->pid);
	e->cpu = (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
		 (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
	if (WIFSIGNALED(status))
		return 1000 + WTERMSIG(status);
	return WEXITSTATUS(status);
}

static void
expect_clean(const char *errors)
{
	cr_assert(!strstr(errors, "Sanitizer") &&
			  !strstr(errors, "runtime error"),
		  "%s", errors);
}

void
echod_signal(const struct echod *e, int signo)
{
	if (SUPPORT_TSAN)
		poll(NULL, 0, 100);
	cr_assert_eq(kill(e->pid, signo), 0, "%s", strerror(errno));
}

void
echod_stop(struct echod *e)
{
	char errors[ECHOD_TEXT * 4];
	int status;

	echod_signal(e, SIGTERM);
	status = echod_wait(e);
	echod_errors(e, errors, sizeof(errors));
	expect_clean(errors);
	cr_assert(status == 0, "status %d: %s", status, errors);
	close(e->out);
	close(e->err);
}

static struct echod_result
run(const char *name, const char *const *args)
{
	int64_t deadline = client_clock() + PATIENCE * 1000;
	struct echod_result r = {.status = 0};
	struct echod e = launch(name, args);
	size_t n = 0, more;

	do {
		more = read_some(&e, r.out + n, sizeof(r.out) - 1 - n,
				 deadline);
		n += more;
	} while (more > 0);
	r.status = echod_wait(&e);
	echod_errors(&e, r.err, sizeof(r.err));
	expect_clean(r.err);
	close(e.out);
	close(e.err);
	return r;
}

struct echod_result
echod_run(const char *const *args)
{
	return run(program(NULL), args);
}

struct support_mark
echod_begin(const char *backend)
{
	static const char *const args[] = {"--list-backends", NULL};
	struct echod_result r = run(program(backend), args);
	char name[32], use[8], *line;

	for (line = r.out; line && *line; line = strchr(line, '\n') + 1) {
		cr_assert(sscanf(line, "%31s %7s", name, use) == 2);
		if (strcmp(name, backend) || !strcmp(use, "yes"))
			continue;
		*strchr(line, '\n') = '\0';
		cr_skip_test("echod: %s", line);
	}
	return support_begin(NULL);
}

static int
says_where(const char *const *args)
{
	for (; args && *args; args++)
		if (!strncmp(*args, "--listen", 8) ||
		    !strncmp(*args, "--unix", 6))
			return 1;
	return 0;
}

static void
await_ready(struct echod *e, const char *backend)
{
	char errors[ECHOD_TEXT];

	echod_read_line(e, e->ready, sizeof(e->ready));
	if (sscanf(e->ready, "%*[a-z]: listening on %127s", e->address) == 1)
		return;
	echod_errors(e, errors, sizeof(errors));
	cr_assert(0, "%s: not ready: '%s' %s", backend, e->ready, errors);
}

struct echod
echod_start(const char *backend, const char *const *args)
{
	const char *argv[ARGS_MAX] = {0};
	struct echod e;
	char option[64];
	int n = 0, i;

	snprintf(option, sizeof(option), "--backend=%s", backend);
	argv[n++] = option;
	if (!says_where(args) && !echod_handed.count)
		argv[n++] = "--listen=127.0.0.1:0";
	for (i = 0; args && args[i]; i++) {
		cr_assert(n + 1 < ARGS_MAX);
		argv[n++] = args[i];
	}
	e = launch(program(backend), argv);
	await_ready(&e, backend);
	return e;
}

/* It is linked with the library itself, which may lack what echod can use. */
struct echod
echod_start_example(const char *name, const char *backend,
		    const char *const *args)
{
	const char *argv[ARGS_MAX] = {0}, *place = getenv("EXAMPLES");
	char path[64];
	struct echod e;
	int n = 0;

	for (; args && args[n]; n++) {
		cr_assert(n + 2 < ARGS_MAX);
		argv[n] = args[n];
	}
	argv[n] = "127.0.0.1:0";
	snprintf(path, sizeof(path), "%s/%s", place ? place : "./examples",
		 name);
	setenv("PLX_BACKEND", backend, 1);
	e = launch(path, argv);
	unsetenv("PLX_BACKEND");
	await_ready(&e, backend);
	return e;
}
