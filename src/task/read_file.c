/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * read_file.c: the whole of a file as one piece of memory.
 *
 * One job opens, reads and closes.  It looks at STOP between two reads, which
 * is how a cancel or a deadline reaches it: then it answers -EINTR, which
 * nothing else does, and the caller says what it was.  Whatever fails, the job
 * has freed and closed by then.
 *
 * Traps.  The size that fstat tells may be 0 (/proc), or wrong by the time of
 * the reading: it is a hint of how much memory to get, and nothing else.  To
 * open a FIFO would wait for a writer, to read a terminal for somebody to type:
 * so the file is opened non-blocking, which regular files do not notice.
 */
#include <config.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <pollux/blocking.h>
#include "task_int.h"

#define FIRST_ROOM ((size_t)4096)
#define READ_MOST ((size_t)1 << 18) /* between two looks at STOP */

struct reading {
	const struct plx_sys *sys;
	const char *path;
	size_t limit;
	int fd;
	char *data;
	size_t size;
	size_t room; /* of DATA, without the NUL */
	int why;     /* it was stopped; the loop's */
	atomic_int stop;
};

static int
set_room(struct reading *r, size_t room)
{
	char *data = r->sys->resize(r->sys, r->data, room + 1);

	if (!data)
		return -ENOMEM;
	r->data = data;
	r->room = room;
	return 0;
}

/* The first room: one byte more than there seems to be, to see the end. */
static int
begin(struct reading *r)
{
	struct stat st;
	size_t room = FIRST_ROOM;
	int ret = r->sys->fstat(r->sys, r->fd, &st);

	if (ret < 0)
		return ret;
	if (S_ISREG(st.st_mode) && st.st_size > 0) {
		room = r->limit;
		if ((uintmax_t)st.st_size < r->limit)
			room = (size_t)st.st_size;
		room++;
	}
	return set_room(r, room);
}

/* Reads on: how much came, 0 at the end, or -errno. */
static ssize_t
read_some(struct reading *r)
{
	size_t n;
	int ret = 0;

	if (r->size == r->room)
		ret = set_room(r, r->room + r->room / 2);
	if (ret < 0)
		return ret;
	n = r->room - r->size;
	if (n > READ_MOST)
		n = READ_MOST;
	return r->sys->read(r->sys, r->fd, r->data + r->size, n);
}

static int
read_all(struct reading *r)
{
	ssize_t n;

	do {
		if (atomic_load(&r->stop))
			return -EINTR;
		n = read_some(r);
		if (n > 0)
			r->size += (size_t)n;
		if (r->size > r->limit)
			return -EFBIG;
	} while (n > 0 || n == -EINTR);
	return (int)n;
}

/* Gives back what was too much; an allocator that cannot is no failure. */
static void
finish(struct reading *r)
{
	if (r->room > r->size)
		(void)set_room(r, r->size);
	r->data[r->size] = '\0';
}

static int
read_file(void *arg)
{
	const int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY;
	struct reading *r = arg;
	int ret;

	do {
		r->fd = r->sys->open(r->sys, r->path, flags, 0);
	} while (r->fd == -EINTR);
	if (r->fd < 0)
		return r->fd;
	ret = begin(r);
	if (ret == 0)
		ret = read_all(r);
	r->sys->close(r->sys, r->fd);
	if (ret == 0) {
		finish(r);
	} else if (r->data) {
		r->sys->resize(r->sys, r->data, 0);
	}
	return ret;
}

/* In the task that waits, whose wait has just ended. */
static void
stop(void *arg)
{
	struct reading *r = arg;

	r->why = plx__current->wake;
	atomic_store(&r->stop, 1);
}

int
plx_read_file(const char *path, size_t limit, void **data, size_t *size,
	      int64_t deadline)
{
	struct plx_task *t = plx__current;
	struct plx_job_awaitable job;
	struct reading r = {.path = path, .limit = limit};
	struct plx_awaitable *a = plx_job_awaitable(&job, read_file, &r);
	int ret;

	if (!t)
		return -EPERM;
	/* Room for the byte past the limit, the NUL, and growing. */
	if (limit > SSIZE_MAX / 2)
		r.limit = SSIZE_MAX / 2;
	r.sys = t->rt->sys;
	job.interrupt = stop;
	ret = plx_await(a, deadline);
	if (ret == -EINTR)
		return r.why;
	if (ret < 0)
		return ret;
	*data = r.data;
	*size = r.size;
	return 0;
}
