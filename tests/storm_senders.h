/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * storm_senders.h: threads that post to a loop, shared by the storms of posts.
 *
 * A sender is never more than AHEAD posts in front of what has arrived; its
 * parcels go round.  Of each the number is looked at when it arrives, so what
 * is lost, doubled or overtaken is seen.
 */
#ifndef PLX_STORM_SENDERS_H
#define PLX_STORM_SENDERS_H

#include <pthread.h>
#include <pollux/queue.h>
#include "loop_fixture.h"
#include "storm.h"

enum {
	SENDERS = 4,
	AHEAD = 400,
};

struct parcel {
	struct plx_queue_node node; /* first: of those that tasks get */
	struct sender *sender;
	size_t number;
};

struct sender {
	plx_loop *loop;
	void (*arrive)(void *arg);
	void *hall; /* where posts arrive: ARRIVE's */
	pthread_t thread;
	size_t posts;
	atomic_size_t arrived; /* that many, in order */
	int bad, error;
	struct parcel parcel[AHEAD];
};

/* Of the test that runs. */
extern struct sender storm_sender[SENDERS];

/* Each is to post ARRIVE with so many parcels. */
void storm_set_senders(plx_loop *loop, size_t posts, void (*arrive)(void *),
		       void *hall);

/* Sends what the sender ARG has: 0 or -errno.  In any thread. */
int storm_send(void *arg);

/* Threads that do. */
void storm_start_senders(struct fixture *f);
void storm_join_senders(struct fixture *f);

/* To be called for each that arrives. */
void storm_note_arrival(const struct parcel *p);

/* Of all senders, so far. */
size_t storm_arrived(void);

/* Everything has arrived, once and in the order of its thread. */
void storm_check_senders(struct fixture *f);

#endif
