/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * posts.h: functions handed over by other threads.
 *
 * Two arrays change places: posters append to one under the lock while the
 * loop runs the other without it.
 */
#ifndef PLX_POSTS_H
#define PLX_POSTS_H

#include <pthread.h>
#include <stddef.h>
#include <pollux/loop.h>

struct plx_post {
	void (*fn)(void *arg);
	void *arg;
};

struct plx_post_list {
	struct plx_post *items;
	size_t count;
	size_t room;
};

struct plx_posts {
	pthread_mutex_t lock;	  /* of IN */
	struct plx_post_list in;  /* what has been posted */
	struct plx_post_list out; /* what runs in this turn */
};

/* 0 or -errno. */
int plx__posts_init(struct plx_posts *p);
void plx__posts_fini(struct plx_posts *p, const struct plx_sys *sys);

/* In a forked child: drops all that waits.  Where the lock is held, a thread
   that only the parent has may have been growing IN: its memory is dropped
   unfreed. */
int plx__posts_on_fork(struct plx_posts *p);

/* Runs what was posted by now; how many that were. */
size_t plx__posts_run(struct plx_posts *p);

#endif
