/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * storm_senders.c: threads that post, and what is known of their posts.
 */
#include <config.h>
#include <sched.h>
#include "storm_senders.h"

struct sender storm_sender[SENDERS];

void
storm_set_senders(plx_loop *loop, size_t posts, void (*arrive)(void *),
		  void *hall)
{
	memset(storm_sender, 0, sizeof(storm_sender));
	for (int i = 0; i < SENDERS; i++) {
		storm_sender[i].loop = loop;
		storm_sender[i].arrive = arrive;
		storm_sender[i].hall = hall;
		storm_sender[i].posts = posts;
	}
}

/* Some posts are followed by a wake that nobody needs. */
int
storm_send(void *arg)
{
	struct sender *s = arg;
	struct parcel *p;
	size_t i;

	for (i = 0; i < s->posts && !s->error; i++) {
		while (i - atomic_load(&s->arrived) >= AHEAD)
			sched_yield();
		p = &s->parcel[i % AHEAD];
		p->sender = s;
		p->number = i;
		s->error = plx_loop_post(s->loop, s->arrive, p);
		if (i % 7 == 0 && !s->error)
			s->error = plx_loop_wake(s->loop);
	}
	return s->error;
}

static void *
sender_thread(void *arg)
{
	storm_send(arg);
	return NULL;
}

void
storm_start_senders(struct fixture *f)
{
	for (int i = 0; i < SENDERS; i++)
		CHECK(f, pthread_create(&storm_sender[i].thread, NULL,
					sender_thread, &storm_sender[i]) == 0);
}

void
storm_join_senders(struct fixture *f)
{
	for (int i = 0; i < SENDERS; i++)
		CHECK(f, pthread_join(storm_sender[i].thread, NULL) == 0);
}

size_t
storm_arrived(void)
{
	size_t n = 0;

	for (int i = 0; i < SENDERS; i++)
		n += atomic_load(&storm_sender[i].arrived);
	return n;
}

void
storm_check_senders(struct fixture *f)
{
	for (int i = 0; i < SENDERS; i++) {
		CHECK(f, storm_sender[i].error == 0);
		CHECK(f, storm_sender[i].bad == 0);
		CHECK(f, storm_sender[i].arrived == storm_sender[i].posts);
	}
}

void
storm_note_arrival(const struct parcel *p)
{
	struct sender *s = p->sender;

	s->bad += p->number != atomic_load(&s->arrived);
	atomic_store(&s->arrived, p->number + 1);
}
