/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_file.c: regular files, opened, read and written by threads.
 *
 * Each test has a directory of its own below the one that the tests run in.
 */
#include <config.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include "blocking_common.h"

static char dir[] = "plx-file-XXXXXX";
static char path[64];

static void
make_directory(void)
{
	cr_assert_not_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/file", dir);
}

static void
drop_directory(void)
{
	unlink(path);
	rmdir(dir);
}

static int
run_in_directory(plx_task_fn *fn)
{
	int r;

	make_directory();
	r = run_on(NULL, fn, NULL);
	drop_directory();
	return r;
}

#define ON_A_FILE(NAME, BODY)                                   \
	Test(file, NAME)                                        \
	{                                                       \
		int r = run_in_directory(BODY);                 \
		cr_expect_eq(r, 0, "the run ended with %d", r); \
	}

/* Writes N bytes that tell their place. */
static void
fill_file(size_t n)
{
	FILE *f = fopen(path, "w");

	for (size_t i = 0; i < n; i++)
		fputc((int)(i * 7 % 251), f);
	fclose(f);
}

static int
is_filled(const void *data, size_t from, size_t n)
{
	const unsigned char *p = data;

	for (size_t i = 0; i < n; i++) {
		if (p[i] != (from + i) * 7 % 251)
			return 0;
	}
	return 1;
}

/* Memory that plx_read_file made with the table of the tests. */
static void
drop(void *data)
{
	support_sys.sys.resize(&support_sys.sys, data, 0);
}

static int
write_and_read(void *arg)
{
	char buf[16] = "";
	int fd;

	(void)arg;
	cr_expect_eq(plx_open(path, O_RDWR, 0, PLX_NEVER), -ENOENT);
	fd = plx_open(path, O_RDWR | O_CREAT, 0600, PLX_NEVER);
	cr_expect_geq(fd, 0);
	cr_expect(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	cr_expect_eq(plx_pwrite(fd, "hello world", 11, 0, PLX_NEVER), 11);
	cr_expect_eq(plx_pwrite(fd, "W", 1, 6, PLX_NEVER), 1);
	cr_expect_eq(plx_fsync(fd, PLX_NEVER), 0);
	cr_expect_eq(plx_pread(fd, buf, 5, 6, PLX_NEVER), 5);
	cr_expect_str_eq(buf, "World");
	cr_expect_eq(plx_pread(fd, buf, sizeof(buf), 9, PLX_NEVER), 2);
	cr_expect_eq(plx_pread(fd, buf, sizeof(buf), 11, PLX_NEVER), 0);
	cr_expect_eq(plx_pread(fd, buf, 0, 0, PLX_NEVER), 0);
	cr_expect_eq(plx_close(fd), 0);
	return 0;
}
ON_A_FILE(what_was_written_is_read_from_any_place, write_and_read)

static int
refuse(void *arg)
{
	char buf[4];
	int p[2];

	(void)arg;
	support_pipe(p);
	cr_expect_eq(plx_pread(p[0], buf, 4, 0, PLX_NEVER), -ESPIPE);
	cr_expect_eq(plx_pread(-1, buf, 4, 0, PLX_NEVER), -EBADF);
	cr_expect_eq(plx_pread(p[0], buf, 4, -1, PLX_NEVER), -EINVAL);
	cr_expect_eq(plx_pread(p[0], buf, (size_t)SSIZE_MAX + 1, 0, PLX_NEVER),
		     -EINVAL);
	cr_expect_eq(plx_pwrite(p[1], buf, 4, 0, 0), -ETIMEDOUT);
	cr_expect_eq(plx_fsync(-1, PLX_NEVER), -EBADF);
	cr_expect_eq(plx_open(path, O_RDONLY, 0, 0), -ETIMEDOUT);
	close(p[0]);
	close(p[1]);
	return 0;
}
ON_A_FILE(errors_come_back, refuse)

Test(file, outside_a_task_all_are_refused)
{
	void *data;
	size_t n;
	char c;

	cr_expect_eq(plx_open("/", O_RDONLY, 0, PLX_NEVER), -EPERM);
	cr_expect_eq(plx_pread(0, &c, 1, 0, PLX_NEVER), -EPERM);
	cr_expect_eq(plx_pwrite(0, &c, 1, 0, PLX_NEVER), -EPERM);
	cr_expect_eq(plx_fsync(0, PLX_NEVER), -EPERM);
	cr_expect_eq(plx_read_file("/", 1, &data, &n, PLX_NEVER), -EPERM);
}

/* A disk that gives and takes a byte at a time, and is interrupted between. */
static int moves;

static ssize_t
pread_slowly(const struct plx_sys *sys, int fd, void *buf, size_t n,
	     int64_t offset)
{
	(void)sys;
	if (++moves % 2)
		return -EINTR;
	if (moves > 8)
		return -EIO;
	return plx__sys_real.pread(&plx__sys_real, fd, buf, n > 0, offset);
}

static ssize_t
pwrite_slowly(const struct plx_sys *sys, int fd, const void *buf, size_t n,
	      int64_t offset)
{
	(void)sys;
	if (++moves % 2)
		return -EINTR;
	return plx__sys_real.pwrite(&plx__sys_real, fd, buf, n > 0, offset);
}

static int
be_interrupted(void *arg)
{
	char buf[16] = "";
	int fd;

	(void)arg;
	support_sys.fails = SUPPORT_FILE;
	support_sys.fail_with = EINTR;
	support_sys.fail_at = 1;
	fd = plx_open(path, O_RDWR | O_CREAT, 0600, PLX_NEVER);
	cr_expect_geq(fd, 0);
	support_sys.fail_at = 1;
	cr_expect_eq(plx_fsync(fd, PLX_NEVER), 0);
	support_sys.sys.pread = pread_slowly;
	support_sys.sys.pwrite = pwrite_slowly;
	cr_expect_eq(plx_pwrite(fd, "hello", 5, 0, PLX_NEVER), 5);
	moves = 0;
	cr_expect_eq(plx_pread(fd, buf, 3, 0, PLX_NEVER), 3);
	cr_expect_str_eq(buf, "hel");
	moves = 4;
	cr_expect_eq(plx_pread(fd, buf, 5, 0, PLX_NEVER), 2, "then an error");
	cr_expect_eq(plx_pread(fd, buf, 5, 0, PLX_NEVER), -EIO);
	plx_close(fd);
	return 0;
}
ON_A_FILE(parts_and_interruptions_are_put_together, be_interrupted)

static int
read_sizes(void *arg)
{
	static const size_t sizes[] = {0, 1, 4095, 4096, 4097, 1000000};
	size_t n = 77;
	void *data = NULL;

	(void)arg;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		size_t size = sizes[i];

		fill_file(size);
		cr_expect_eq(
			plx_read_file(path, SIZE_MAX, &data, &n, PLX_NEVER), 0);
		cr_expect_eq(n, size);
		cr_expect(is_filled(data, 0, n));
		cr_expect_eq(((char *)data)[n], '\0');
		drop(data);
		cr_expect_eq(plx_read_file(path, size, &data, &n, PLX_NEVER),
			     0);
		drop(data);
		if (size == 0)
			continue;
		data = &moves;
		cr_expect_eq(
			plx_read_file(path, size - 1, &data, &n, PLX_NEVER),
			-EFBIG);
		cr_expect_eq(data, (void *)&moves, "written on success only");
	}
	return 0;
}
ON_A_FILE(a_whole_file_is_read_up_to_a_limit, read_sizes)

static int
read_odd(void *arg)
{
	void *data = NULL;
	size_t n = 0;

	(void)arg;
	cr_expect_eq(plx_read_file(path, 9, &data, &n, PLX_NEVER), -ENOENT);
	cr_expect_eq(plx_read_file(dir, 9, &data, &n, PLX_NEVER), -EISDIR);
	cr_expect_eq(plx_read_file("/dev/null", 9, &data, &n, PLX_NEVER), 0);
	cr_expect_eq(n, 0);
	drop(data);
	cr_expect_eq(plx_read_file("/dev/zero", 9999, &data, &n, PLX_NEVER),
		     -EFBIG);
	cr_expect_eq(mkfifo(path, 0600), 0);
	n = 1;
	cr_expect_eq(plx_read_file(path, 9, &data, &n, PLX_NEVER), 0,
		     "nobody writes: it is at its end");
	cr_expect_eq(n, 0);
	drop(data);
	return 0;
}
ON_A_FILE(what_is_no_file_does_not_hang, read_odd)

/* The k-th call fails, for every k. */
static int
read_with_faults(void *arg)
{
	const unsigned all = SUPPORT_RESIZE | SUPPORT_FILE | SUPPORT_FSTAT;
	int fds = support_count_fds();
	long blocks, k = 0;
	void *data = NULL;
	size_t n;
	int r;

	(void)arg;
	fill_file(9000);
	plx_read_file(path, 1, &data, &n, PLX_NEVER);
	blocks = support_sys.blocks;
	support_sys.fail_with = ENOMEM;
	do {
		support_sys.fails = all;
		support_sys.fail_at = ++k;
		r = plx_read_file(path, 9000, &data, &n, PLX_NEVER);
		if (r == 0)
			drop(data);
		else
			cr_expect_eq(r, -ENOMEM);
		cr_expect_eq(support_sys.blocks, blocks, "k = %ld", k);
		cr_expect_eq(support_count_fds(), fds, "k = %ld", k);
	} while (support_sys.fail_at == 0);
	cr_expect_geq(k, 4);
	return 0;
}
ON_A_FILE(a_failure_on_the_way_leaves_nothing, read_with_faults)

/* Stands still after each piece, until told. */
static struct held slow = HELD;

static ssize_t
read_slowly(const struct plx_sys *sys, int fd, void *buf, size_t n)
{
	ssize_t got = plx__sys_real.read(&plx__sys_real, fd, buf, n);

	(void)sys;
	if (n >= 4096)
		hold(&slow);
	return got;
}

static int
read_slow_file(void *arg)
{
	const int64_t *deadline = arg;
	void *data = NULL;
	size_t n;
	int r = plx_read_file(path, SIZE_MAX, &data, &n, *deadline);

	cr_expect_null(data);
	return tell(r);
}

static int
cancel_reading(void *arg)
{
	int64_t deadline = PLX_NEVER;
	plx_task *t;
	int result = 0;

	(void)arg;
	fill_file(2000000);
	support_sys.sys.read = read_slowly;
	plx_spawn(NULL, read_slow_file, &deadline, &t);
	let_run(2);
	latch_await(&slow.begun, 1);
	plx_cancel(t);
	let_run(3);
	open_held(&slow);
	plx_join(t, &result, PLX_NEVER);
	cr_expect_eq(result, FAILED(ECANCELED));
	cr_expect_eq(latch_count(&slow.begun), 1, "it read no further");
	return 0;
}
ON_A_FILE(reading_stops_when_cancelled, cancel_reading)

/* A task whose reading has had its DEADLINE, while the thread still reads. */
static plx_task *
outlast(int64_t *deadline)
{
	plx_task *t;

	*deadline = in(PLX_SECOND);
	fill_file(2000000);
	support_sys.sys.read = read_slowly;
	plx_spawn(NULL, read_slow_file, deadline, &t);
	let_run(2);
	latch_await(&slow.begun, 1);
	plx_sleep(2 * PLX_SECOND);
	return t;
}

static int
time_out_reading(void *arg)
{
	int64_t deadline;
	plx_task *t = outlast(&deadline);
	int result = 0;

	(void)arg;
	open_held(&slow);
	plx_join(t, &result, PLX_NEVER);
	cr_expect_eq(result, FAILED(ETIMEDOUT));
	cr_expect_eq(latch_count(&slow.begun), 1, "it read no further");
	return 0;
}

Test(file, reading_stops_at_its_deadline)
{
	make_directory();
	cr_expect_eq(run_timed(time_out_reading, NULL), 0);
	drop_directory();
}

/* The deadline has ended the wait, whatever comes before the thread hears. */
static int
time_out_then_cancel(void *arg)
{
	int64_t deadline;
	plx_task *t = outlast(&deadline);
	int result = 0;

	(void)arg;
	plx_cancel(t);
	let_run(3);
	open_held(&slow);
	plx_join(t, &result, PLX_NEVER);
	cr_expect_eq(result, FAILED(ETIMEDOUT));
	return 0;
}

Test(file, what_came_first_has_stopped_the_reading)
{
	make_directory();
	cr_expect_eq(run_timed(time_out_then_cancel, NULL), 0);
	drop_directory();
}

static int
open_fifo(void *arg)
{
	(void)arg;
	return plx_open(path, O_RDONLY, 0, PLX_NEVER);
}

/* Nobody can tell when the thread stands in open; it does not matter. */
static int
cancel_open(void *arg)
{
	plx_task *t;
	int result = 0, fd;

	(void)arg;
	cr_expect_eq(mkfifo(path, 0600), 0);
	plx_spawn(NULL, open_fifo, NULL, &t);
	let_run(2);
	do {
		fd = open(path, O_WRONLY | O_NONBLOCK);
	} while (fd < 0);
	plx_cancel(t);
	plx_join(t, &result, PLX_NEVER);
	cr_expect_geq(result, 0, "the descriptor is not lost");
	plx_close(result);
	close(fd);
	return 0;
}
ON_A_FILE(an_open_that_has_begun_gives_its_descriptor, cancel_open)
