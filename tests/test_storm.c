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
write_bytes(struct storm_flow *f)
{
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
read_bytes(struct storm_flow *f)
{
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

/* What goes wrong ends a flow, and not the run. */
static int
write_flow(void *arg)
{
	struct storm_flow *f = arg;

	f->wrote = write_bytes(f);
	return 0;
}

static int
read_flow(void *arg)
{
	struct storm_flow *f = arg;

	f->read = read_bytes(f);
	return 0;
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

int
storm_flow_join(struct storm_flow *f)
{
	int w = plx_join(f->writer, NULL, PLX_NEVER);
	int r = plx_join(f->reader, NULL, PLX_NEVER);

	if (w < 0 || r < 0)
		return w < 0 ? w : r;
	if (f->wrote < 0 || f->read < 0)
		return f->wrote < 0 ? f->wrote : f->read;
	return f->got == f->sent && f->got >= f->least ? 0 : -ENODATA;
}

void
storm_flow_end(struct storm_flow *f, const char *backend)
{
	int r = storm_flow_join(f);

	cr_expect_eq(r, 0, "%s: flow %u: %d, %zu of %zu bytes came", backend,
		     f->seed, r, (size_t)f->got, (size_t)f->sent);
}
