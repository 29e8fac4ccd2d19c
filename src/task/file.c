/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * file.c: regular files, in a thread.
 *
 * Readiness says nothing about a file: it is always ready, and the disk makes
 * the caller wait all the same.  So each call here is a job.  A descriptor that
 * a job has opened is handed to the caller whatever happened meanwhile, since a
 * job that has begun keeps its task: so it cannot be lost.
 *
 * Trap: some kernels move 2 GiB at most in one call, and some file systems can
 * be interrupted after a part; so calls are repeated until nothing more comes.
 */
#include <config.h>
#include <limits.h>
#include <pollux/blocking.h>
#include "task_int.h"

struct opening {
	const struct plx_sys *sys;
	const char *path;
	int flags;
	mode_t mode;
};

static int
open_file(void *arg)
{
	const struct opening *o = arg;
	int r;

	do {
		r = o->sys->open(o->sys, o->path, o->flags, o->mode);
	} while (r == -EINTR);
	return r;
}

int
plx_open(const char *path, int flags, mode_t mode, int64_t deadline)
{
	struct opening o = {.path = path, .flags = flags, .mode = mode};

	if (!plx__current)
		return -EPERM;
	o.sys = plx__current->rt->sys;
	return plx_blocking(open_file, &o, deadline);
}

/* A part of a file: into INTO, or else out of FROM. */
struct part {
	const struct plx_sys *sys;
	char *into;
	const char *from;
	size_t n;
	size_t done;
	int64_t offset;
	int fd;
	int writes;
};

static ssize_t
move_once(const struct part *p)
{
	int64_t at = p->offset + (int64_t)p->done;
	size_t n = p->n - p->done;

	if (p->writes)
		return p->sys->pwrite(p->sys, p->fd, p->from + p->done, n, at);
	return p->sys->pread(p->sys, p->fd, p->into + p->done, n, at);
}

static int
move(void *arg)
{
	struct part *p = arg;
	ssize_t r;

	do {
		r = move_once(p);
		if (r > 0)
			p->done += (size_t)r;
	} while (r == -EINTR || (r > 0 && p->done < p->n));
	return r < 0 && p->done == 0 ? (int)r : 0;
}

/* No file reaches past the largest offset: it is not counted past. */
static ssize_t
move_part(struct part *p, int64_t deadline)
{
	int r;

	if (!plx__current)
		return -EPERM;
	if (p->n > SSIZE_MAX || p->offset < 0)
		return -EINVAL;
	if ((int64_t)p->n > INT64_MAX - p->offset)
		p->n = (size_t)(INT64_MAX - p->offset);
	p->sys = plx__current->rt->sys;
	r = plx_blocking(move, p, deadline);
	return r < 0 ? r : (ssize_t)p->done;
}

ssize_t
plx_pread(int fd, void *buf, size_t n, int64_t offset, int64_t deadline)
{
	struct part p = {.fd = fd, .into = buf, .n = n, .offset = offset};

	return move_part(&p, deadline);
}

ssize_t
plx_pwrite(int fd, const void *buf, size_t n, int64_t offset, int64_t deadline)
{
	struct part p = {
		.fd = fd, .from = buf, .writes = 1, .n = n, .offset = offset};

	return move_part(&p, deadline);
}

struct syncing {
	const struct plx_sys *sys;
	int fd;
};

static int
sync_file(void *arg)
{
	const struct syncing *s = arg;
	int r;

	do {
		r = s->sys->fsync(s->sys, s->fd);
	} while (r == -EINTR);
	return r;
}

int
plx_fsync(int fd, int64_t deadline)
{
	struct syncing s = {.fd = fd};

	if (!plx__current)
		return -EPERM;
	s.sys = plx__current->rt->sys;
	return plx_blocking(sync_file, &s, deadline);
}
