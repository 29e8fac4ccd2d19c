/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * soak.h: what the parts of the soak share: one turn, and what happens in it.
 *
 * A turn is a run on one backend: an echo server whose connections hibernate
 * after a few milliseconds, clients that come and go, some of which are in a
 * hurry and some cancelled, and messages through channels.  All of it ends when
 * the time of the turn is over, and must have been right until then.
 */
#ifndef PLX_SOAK_H
#define PLX_SOAK_H

#include <stdint.h>
#include <pollux.h>

struct soak_counts {
	unsigned long messages; /* echoed or received, and checked */
	unsigned long connections;
	unsigned long cancels;
	unsigned long timeouts;
	unsigned long naps; /* of connections that hibernated and came back */
};

struct soak {
	int64_t until;
	plx_server *server;
	struct plx_address at;
	uint64_t seed;
	struct soak_counts counts;
	char wrong[160]; /* the first thing that was, or "" */
};

/* The first task of a turn; ARG is its struct soak. */
int soak_turn(void *arg);

/* A task of struct soak ARG that goes on until the turn is over: 0. */
int soak_client(void *arg);	  /* comes, talks, goes in one of many ways */
int soak_hasty_client(void *arg); /* its time is too short, now and then */
int soak_canceller(void *arg);	  /* cancels clients in whatever they do */
int soak_channel(void *arg);	  /* sends through channels */

/* A number below N, by chance. */
unsigned soak_chance(struct soak *s, unsigned n);

/* Is there time left, and nothing wrong? */
int soak_goes_on(const struct soak *s);

/* Notes that something was wrong, which ends the turn. */
void soak_wrong(struct soak *s, const char *fmt, ...) PLX_PRINTF(2, 3);

#endif
