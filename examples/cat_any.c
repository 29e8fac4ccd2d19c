/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cat_any [SOURCE]...: copies files, fifos, terminals, "-" (standard input) and
 * sockets (unix:PATH, HOST:PORT) to standard output, all by the same code.
 *
 * A stream makes its descriptor non-blocking, which everybody notices who
 * shares the open file, the shell for one; its close undoes that.  So signals
 * end this program like any other, but not before the streams are closed.
 */
#include <pollux.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct plx_stream out;
static int stdin_fd, stdout_fd; /* copies, which are ours to close */
static int failed;		/* 1: one of the sources, at least */
static int fatal;		/* a signal to end by */

#define ENDS 4
static const int ends[ENDS] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT};
static struct plx_signals heard[ENDS];
static int numbers[ENDS], nheard; /* those of HEARD */

/* The reading end of a fifo opens at once, and ends at once: until there has
   been a writer, nothing is to be read of it. */
static int
open_file(const char *name)
{
	int fd = open(name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC), r;
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0 || !S_ISFIFO(st.st_mode))
		return fd;
	r = plx_await_fd(fd, PLX_READ, PLX_NEVER);
	if (r < 0)
		plx_close(fd);
	return r < 0 ? r : fd;
}

static int
copy_of(int fd)
{
	fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	return fd < 0 ? -errno : fd;
}

static int
open_source(const char *name)
{
	int fd, r;

	if (strcmp(name, "-") == 0)
		return copy_of(stdin_fd);
	fd = open_file(name);
	if (fd != -ENOENT || !strchr(name, ':'))
		return fd;
	r = plx_connect_text(name, NULL, &fd, PLX_NEVER);
	if (r < 0)
		return r == -EINVAL ? -ENOENT : r;
	return fd;
}

/* Returns an error of the output; those of NAME are told here. */
static int
copy(const char *name)
{
	static char piece[65536];
	struct plx_stream in;
	int fd = open_source(name), r = 0;
	ssize_t n = fd < 0 ? fd : plx_stream_open(&in, fd, NULL);

	if (fd >= 0 && n < 0)
		plx_close(fd);
	if (n == 0) {
		while (r == 0 && (n = plx_stream_read(&in, piece, sizeof(piece),
						      PLX_NEVER)) > 0)
			r = plx_stream_write_all(&out, piece, (size_t)n, NULL,
						 PLX_NEVER);
		plx_stream_close(&in, 0);
	}
	if (n < 0 && n != -ECANCELED) {
		fprintf(stderr, "cat_any: %s: %s\n", name, strerror((int)-n));
		failed = 1;
	}
	return n == -ECANCELED ? -ECANCELED : r;
}

static int
end_by_signal(void *arg)
{
	struct plx_signals_awaitable w[ENDS];
	struct plx_awaitable *any[ENDS];
	int r;

	(void)arg;
	for (int i = 0; i < nheard; i++)
		any[i] = plx_signals_awaitable(&w[i], &heard[i]);
	r = plx_await_any(any, nheard, PLX_NEVER);
	if (r >= 0)
		fatal = numbers[r];
	return r < 0 ? r : -EINTR;
}

/* One that we were started to ignore, as by nohup(1), is none to end by. */
static int
hear_signals(void)
{
	struct sigaction old;
	int r = 0;

	for (int i = 0; r == 0 && i < ENDS; i++)
		if (sigaction(ends[i], NULL, &old) < 0 ||
		    old.sa_handler != SIG_IGN) {
			r = plx_signals_open(&heard[nheard], ends[i]);
			numbers[nheard] = ends[i];
			nheard += r == 0;
		}
	return r;
}

static int
copy_all(char **names)
{
	plx_nursery *n;
	int r = hear_signals();

	if (r == 0 && (r = plx_nursery_open(NULL, &n)) == 0) {
		if (nheard > 0)
			r = plx_spawn(n, end_by_signal, NULL, NULL);
		while (r == 0 && *names)
			r = copy(*names++);
		if (r == 0)
			r = plx_stream_flush(&out, PLX_NEVER);
		plx_nursery_cancel(n);
		r = plx_nursery_close(&n, r);
	}
	while (nheard > 0)
		plx_signals_close(&heard[--nheard]);
	return r;
}

static int
cat(void *names)
{
	int r = plx_stream_open(&out, stdout_fd, NULL);

	if (r < 0)
		return r;
	r = copy_all(names);
	plx_stream_close(&out, 0);
	return r;
}

int
main(int argc, char **argv)
{
	char dash[] = "-", *input[] = {dash, NULL};
	void (*piped)(int) = signal(SIGPIPE, SIG_IGN);
	int r;

	if (argc > 1 && argv[1][0] == '-' && argv[1][1]) {
		r = strcmp(argv[1], "--help") != 0;
		fprintf(r ? stderr : stdout, "usage: cat_any [FILE | - | "
					     "unix:PATH | HOST:PORT]...\n");
		return 2 * r;
	}
	/* Where one is closed, something else gets its number later on. */
	stdin_fd = copy_of(STDIN_FILENO);
	r = stdout_fd = copy_of(STDOUT_FILENO);
	if (r >= 0)
		r = plx_run(NULL, cat, argc > 1 ? argv + 1 : input);
	if (stdin_fd >= 0)
		close(stdin_fd);
	if (r == -EPIPE && piped != SIG_IGN)
		fatal = SIGPIPE;
	if (fatal) {
		signal(fatal, SIG_DFL);
		raise(fatal);
	}
	if (r < 0 && r != -EPIPE)
		fprintf(stderr, "cat_any: standard output: %s\n", strerror(-r));
	return r < 0 || failed;
}
