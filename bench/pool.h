/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pool.h: many descriptors that can be made ready one by one.
 *
 * Eventfds where there are such, because they take one descriptor each and
 * the kernel answers for them faster than for a socket, so that what a
 * library adds shows most; else pipes, which take two.  The numbers are the
 * lowest that are free: select pays for numbers, not for descriptors.
 */
#ifndef PLX_BENCH_POOL_H
#define PLX_BENCH_POOL_H

struct pool {
	long n;
	int *fds;     /* to be watched for reading */
	int *writers; /* what makes the one at the same place ready */
};

/* The most that the limit of open files allows. */
long pool_most(void);

/* Makes P hold N descriptors, none ready: 0 or -errno, and then it holds
   those it could get. */
int pool_resize(struct pool *p, long n);

/* Makes the one at PLACE ready. */
void pool_fill(const struct pool *p, long place);

/* Makes FD, which is ready, not ready. */
void pool_drain(int fd);

#endif
