/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_stream_faults.c: whatever call fails, streams lose no byte, double none
 * and leave nothing behind.
 *
 * One task writes through a small queue, in pieces, another reads them in every
 * way there is.  Then the same again with the first call failing, the second,
 * and so on.  Who is told of an error tries once more: that goes well, or the
 * error sticks, and then it is told to the end.
 */
#include <config.h>

#include "stream_common.h"

enum {
	SIZE = 6000,
	PIECE = 800
};

static struct {
	int tcp;
	int fd[2];
	size_t taken;	 /* of the writer's, by the stream */
	size_t came;	 /* to the reader, as they were written */
	int wrong;	 /* something else came */
	int read_error;	 /* that stuck */
	int write_error; /* the same, or of the close */
	int not_begun;	 /* a stream or a task could not be made */
} scene;

static unsigned char
byte_at(size_t i)
{
	return i % 50 == 49 ? '\n' : (unsigned char)('a' + i * 7 % 26);
}

static ssize_t
write_piece(struct plx_stream *s)
{
	unsigned char piece[PIECE];
	size_t n = SIZE - scene.taken < PIECE ? SIZE - scene.taken : PIECE;

	for (size_t i = 0; i < n; i++)
		piece[i] = byte_at(scene.taken + i);
	return plx_stream_write(s, piece, n, PLX_NEVER);
}

static int
write_bytes(void *arg)
{
	const struct plx_stream_options small = {.high_water = 1000};
	int fd = scene.fd[0], errors = 0, r;
	struct plx_stream s;
	ssize_t n;

	(void)arg;
	if (plx_stream_open(&s, fd, &small) < 0) {
		scene.not_begun = 1;
		plx_close(fd);
		return 0;
	}
	while (scene.taken < SIZE && errors < 3) {
		n = write_piece(&s);
		errors += n < 0;
		scene.taken += n > 0 ? (size_t)n : 0;
	}
	if (errors == 3)
		scene.write_error = s.error ? s.error : -EIO;
	r = plx_stream_close(&s, PLX_NEVER);
	if (r < 0)
		scene.write_error = r;
	return 0;
}

/* Each time by another way: as plx_stream_read. */
static ssize_t
read_piece(struct plx_stream *s, void *buf, size_t n, unsigned turn)
{
	ssize_t r;

	if (turn % 3 == 0)
		return plx_stream_read(s, buf, n, PLX_NEVER);
	if (turn % 3 == 1)
		return plx_stream_readline(s, buf, n, PLX_NEVER);
	r = plx_stream_readexactly(s, buf, 300, PLX_NEVER);
	if (r == -ENODATA)
		r = plx_stream_read(s, buf, n, PLX_NEVER);
	return r;
}

static void
compare(const unsigned char *buf, ssize_t n)
{
	for (ssize_t i = 0; i < n; i++) {
		if (buf[i] != byte_at(scene.came++))
			scene.wrong = 1;
	}
}

static int
read_bytes(int fd)
{
	unsigned char buf[500];
	struct plx_stream s;
	ssize_t n = 1;
	int errors = 0;

	if (plx_stream_open(&s, fd, NULL) < 0) {
		scene.not_begun = 1;
		plx_close(fd);
		return 0;
	}
	for (unsigned turn = 0; n != 0 && errors < 3; turn++) {
		n = read_piece(&s, buf, sizeof(buf), turn);
		errors += n < 0;
		compare(buf, n);
	}
	if (n < 0)
		scene.read_error = (int)n;
	plx_stream_close(&s, 0);
	return 0;
}

static int
converse(void *arg)
{
	(void)arg;
	if (scene.tcp)
		support_tcp_pair(scene.fd);
	else
		support_unix_pair(scene.fd);
	if (plx_spawn(NULL, write_bytes, NULL, NULL) < 0) {
		scene.not_begun = 1;
		close(scene.fd[0]);
	}
	return read_bytes(scene.fd[1]);
}

/* 1: the K-th call of FAILS was there to fail, with ERROR. */
static int
fail_once(const char *name, unsigned fails, int error, long k)
{
	struct support_mark mark = support_begin(name);
	const struct plx_run_options o = {
		.backend = name,
		.sys = &support_sys.sys,
	};
	int tcp = scene.tcp, r, told;

	memset(&scene, 0, sizeof(scene));
	scene.tcp = tcp;
	support_trickle_begin(700);
	support_trickle.refuse = 4;
	support_sys.fails = fails;
	support_sys.fail_with = error;
	support_sys.fail_at = k;
	r = plx_run(&o, converse, NULL);
	told = scene.not_begun || r < 0 || scene.read_error ||
	       scene.write_error;
	cr_expect(!scene.wrong, "%s: %#x, %d, %ld: another byte before %zu",
		  name, fails, error, k, scene.came);
	cr_expect_leq(scene.came, scene.taken, "%s: %#x, %d, %ld: %zu", name,
		      fails, error, k, scene.came);
	cr_expect(told || scene.came == SIZE, "%s: %#x, %d, %ld: %zu of %zu",
		  name, fails, error, k, scene.came, scene.taken);
	support_end(mark, name);
	return support_sys.fail_at == 0;
}

static void
fail_each(const char *name, unsigned fails, int error)
{
	long k = 1;

	while (fail_once(name, fails, error, k))
		k++;
	cr_expect_geq(k, 10, "%s: %#x: only %ld calls", name, fails, k);
}

PLX_BACKENDS(stream_faults, no_memory_loses_no_byte)
ParameterizedTest(struct backend_param *p, stream_faults,
		  no_memory_loses_no_byte)
{
	long k = 1;

	while (fail_once(p->name, SUPPORT_RESIZE, ENOMEM, k)) {
		cr_expect(scene.not_begun || scene.came == SIZE ||
				  scene.came == 0,
			  "%s: %ld: %zu came", p->name, k, scene.came);
		k++;
	}
	cr_expect_geq(k, 10, "%s: only %ld", p->name, k);
}

PLX_BACKENDS(stream_faults, a_reset_is_told_to_both)
ParameterizedTest(struct backend_param *p, stream_faults,
		  a_reset_is_told_to_both)
{
	for (scene.tcp = 0; scene.tcp < 2; scene.tcp++) {
		fail_each(p->name, SUPPORT_RECV, ECONNRESET);
		fail_each(p->name, SUPPORT_RECV, ETIMEDOUT);
		fail_each(p->name, SUPPORT_SEND, ECONNRESET);
		fail_each(p->name, SUPPORT_SEND, EPIPE);
	}
}

PLX_BACKENDS(stream_faults, what_passes_is_made_up_for)
ParameterizedTest(struct backend_param *p, stream_faults,
		  what_passes_is_made_up_for)
{
	static const int errors[] = {EINTR, EAGAIN, ENOBUFS, ENOMEM};

	for (size_t i = 0; i < 4; i++) {
		long k = 1;

		while (fail_once(p->name, SUPPORT_RECV | SUPPORT_SEND,
				 errors[i], k)) {
			cr_expect_eq(scene.came, SIZE, "%s: %d, %ld: %zu",
				     p->name, errors[i], k, scene.came);
			k++;
		}
	}
}

PLX_BACKENDS(stream_faults, a_watch_that_fails_is_an_error)
ParameterizedTest(struct backend_param *p, stream_faults,
		  a_watch_that_fails_is_an_error)
{
	long k = 1;

	while (fail_once(p->name, SUPPORT_CHANGE | SUPPORT_FSTAT, ENOSPC, k))
		k++;
}

PLX_BACKENDS(stream_faults, a_setup_that_fails_is_an_error)
ParameterizedTest(struct backend_param *p, stream_faults,
		  a_setup_that_fails_is_an_error)
{
	long k = 1;

	while (fail_once(p->name, SUPPORT_SOCKET | SUPPORT_SPAWN, ENOBUFS, k))
		k++;
}
