/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_storm.c: what the storms share: sizes, chance, and bytes that are looked
 * at one by one.  The storms themselves are storm_*.c; see storm.h.
 */
#include <config.h>

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include "storm.h"

#define PIECE 3000

size_t
storm_size(size_t sample, size_t all)
{
	const char *which = getenv("PLX_STORM");

	return which && strcmp(which, "all") == 0 ? all : sample;
}

void
storm_say(const char *format, ...)
{
	const char *file = getenv("PLX_FIGURES");
	char text[256];
	va_list args;
	int fd, n;

	if (!file)
		return;
	va_start(args, format);
	n = vsnprintf(text, sizeof(text) - 1, format, args);
	va_end(args);
	text[n++] = '\n';
	fd = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	cr_expect_eq(write(fd, text, (size_t)n), n, "%s", strerror(errno));
	close(fd);
}

unsigned
storm_chance(uint64_t *state, unsigned below)
{
	*state = *state * UINT64_C(6364136223846793005) +
		 UINT64_C(1442695040888963407);
	return (unsigned)(*state >> 33) % below;
}

unsigned char
storm_byte(unsigned seed, size_t i)
{
	return (unsigned char)(i * 31 + i / 251 + i / 65521 + seed * 17);
}

void
storm_reap(const char *backend, pid_t pid)
{
	int status = -1;

	while (waitpid(pid, &status, 0) != pid) {
		if (errno != EINTR) {
			cr_expect_fail("%s: no child %d", backend, (int)pid);
			return;
		}
	}
	cr_expect(status == 0, "%s: the child's status is %#x (line %d)",
		  backend, (unsigned)status, WEXITSTATUS(status) - 1);
}

static int
write_flow(void *arg)
{
	struct storm_flow *f = arg;
	unsigned char data[PIECE];
	uint64_t chance = f->seed;
	size_t n, i;
	ssize_t r;

	while (f->sent < f->least || !atomic_load(f->done)) {
		n = storm_chance(&chance, PIECE) + 1;
		for (i = 0; i < n; i++)
			data[i] = storm_byte(f->seed, f->sent + i);
		r = plx_stream_write(&f->from, data, n, PLX_NEVER);
		if (r != (ssize_t)n)
			return r < 0 ? (int)r : -EIO;
		f->sent += n;
	}
	return plx_stream_close(&f->from, PLX_NEVER);
}

static int
read_flow(void *arg)
{
	struct storm_flow *f = arg;
	unsigned char data[PIECE];
	uint64_t chance = f->seed + 99;
	ssize_t i, r;

	for (;;) {
		r = plx_stream_read(&f->to, data,
				    storm_chance(&chance, PIECE) + 1,
				    PLX_NEVER);
		if (r <= 0)
			break;
		for (i = 0; i < r; i++) {
			if (data[i] != storm_byte(f->seed, f->got + (size_t)i))
				return -EBADMSG;
		}
		f->got += (size_t)r;
	}
	plx_stream_abort(&f->to);
	return (int)r;
}

void
storm_flow_begin(struct storm_flow *f, unsigned seed, size_t least,
		 const atomic_int *done)
{
	int fd[2];

	*f = (struct storm_flow){.seed = seed, .least = least, .done = done};
	if (seed % 3 == 0)
		support_unix_pair(fd);
	else if (seed % 3 == 1)
		support_tcp_pair(fd);
	else
		support_pipe(fd);
	cr_expect_eq(plx_stream_open(&f->to, fd[0], NULL), 0);
	cr_expect_eq(plx_stream_open(&f->from, fd[1], NULL), 0);
	cr_expect_eq(plx_spawn(NULL, write_flow, f, &f->writer), 0);
	cr_expect_eq(plx_spawn(NULL, read_flow, f, &f->reader), 0);
}

void
storm_flow_end(struct storm_flow *f, const char *backend)
{
	int w = 1, r = 1;

	cr_expect_eq(plx_join(f->writer, &w, PLX_NEVER), 0);
	cr_expect_eq(plx_join(f->reader, &r, PLX_NEVER), 0);
	cr_expect(w == 0 && r == 0, "%s: flow %u: written %d, read %d", backend,
		  f->seed, w, r);
	cr_expect(f->got == f->sent && f->got >= f->least,
		  "%s: flow %u: %zu of %zu bytes", backend, f->seed,
		  (size_t)f->got, (size_t)f->sent);
}
