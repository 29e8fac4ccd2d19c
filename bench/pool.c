/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pool.c: eventfds, or pipes.
 */
#include <config.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "harness.h"
#include "pool.h"

#ifdef HAVE_EVENTFD
#include <sys/eventfd.h>
#define EACH 1
#else
#define EACH 2
#endif

long
pool_most(void)
{
	return bench_files() / EACH;
}

static int
make(int pair[2])
{
#ifdef HAVE_EVENTFD
	pair[0] = pair[1] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	return pair[0] < 0 ? -errno : 0;
#else
	if (pipe(pair) < 0)
		return -errno;
	fcntl(pair[0], F_SETFL, O_NONBLOCK);
	fcntl(pair[1], F_SETFL, O_NONBLOCK);
	return 0;
#endif
}

static void
drop_last(struct pool *p)
{
	p->n--;
	close(p->fds[p->n]);
	if (p->writers[p->n] != p->fds[p->n])
		close(p->writers[p->n]);
}

static int
reserve(struct pool *p, long n)
{
	size_t size = (size_t)n * sizeof(int);
	int *fds = realloc(p->fds, size);
	int *writers;

	if (!fds)
		return -ENOMEM;
	p->fds = fds;
	writers = realloc(p->writers, size);
	if (!writers)
		return -ENOMEM;
	p->writers = writers;
	return 0;
}

int
pool_resize(struct pool *p, long n)
{
	int pair[2], err = 0;

	while (p->n > n)
		drop_last(p);
	if (p->n < n)
		err = reserve(p, n);
	while (err == 0 && p->n < n) {
		err = make(pair);
		if (err < 0)
			break;
		p->fds[p->n] = pair[0];
		p->writers[p->n++] = pair[1];
	}
	return err;
}

void
pool_fill(const struct pool *p, long place)
{
	const uint64_t one = 1;

	if (write(p->writers[place], &one, sizeof(one)) == sizeof(one))
		return;
	perror("a descriptor cannot be made ready");
	exit(1);
}

void
pool_drain(int fd)
{
	uint64_t word;

	if (read(fd, &word, sizeof(word)) == sizeof(word))
		return;
	perror("a descriptor is said to be ready and is not");
	exit(1);
}
