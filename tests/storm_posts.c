/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * storm_posts.c: threads that post and wake while the loop has its hands full.
 *
 * The loop does nothing of its own accord: what it registers, moves and cancels
 * it does when a post arrives, so that it falls asleep whenever the posts stop,
 * and a wake that is lost is a test that hangs.
 */
#include <config.h>
#include <sched.h>
#include "storm_senders.h"

enum {
	TIMERS = 16
};

/* A loop with things to do: timers and a watch that come and go. */
struct hall {
	struct fixture f;
	size_t stop_at; /* so many arrivals */
	uint64_t chance;
	struct timer {
		struct hall *hall;
		struct plx_call call;
		int64_t when;
		int armed;
	} timer[TIMERS];
	struct plx_watch watch;
	size_t armed, fired, cancelled, early, heard, written;
};

static void
fire(void *arg)
{
	struct timer *t = arg;

	t->hall->fired++;
	t->hall->early += plx_loop_now(t->hall->f.loop) < t->when;
	t->armed = 0;
}

static void
hear(struct plx_watch *w, unsigned events)
{
	struct hall *h = w->arg;

	CHECK(&h->f, events & PLX_READ);
	h->heard += support_drain(w->fd);
}

static void
handle_timer(struct hall *h)
{
	struct timer *t = &h->timer[storm_chance(&h->chance, TIMERS)];
	plx_loop *loop = h->f.loop;
	int64_t when = plx_loop_now(loop) +
		       storm_chance(&h->chance, 200) * PLX_MICROSECOND;

	if (t->armed && storm_chance(&h->chance, 2)) {
		plx_loop_cancel(loop, &t->call);
		h->cancelled++;
		t->armed = 0;
		return;
	}
	if (t->armed) {
		IS(&h->f, plx_loop_move(loop, &t->call, when), 0);
	} else {
		IS(&h->f, plx_loop_call_at(loop, &t->call, when, fire, t), 0);
		h->armed++;
		t->armed = 1;
	}
	t->hall = h;
	t->when = when;
}

static void
handle_watch(struct hall *h)
{
	if (h->watch.direction) {
		plx_loop_unwatch(h->f.loop, &h->watch);
		if (storm_chance(&h->chance, 4) == 0)
			plx_loop_forget(h->f.loop, h->f.fd[0], -ECANCELED);
		return;
	}
	h->watch.fn = hear;
	h->watch.arg = h;
	IS(&h->f, plx_loop_watch(h->f.loop, &h->watch, h->f.fd[0], PLX_READ),
	   0);
}

static void
arrive_in_hall(void *arg)
{
	struct parcel *p = arg;
	struct hall *h = p->sender->hall;

	storm_note_arrival(p);
	switch (storm_chance(&h->chance, 4)) {
	case 0:
		handle_watch(h);
		break;
	case 1:
		h->written += write(h->f.fd[1], "x", 1) == 1;
		break;
	default:
		handle_timer(h);
	}
	if (storm_arrived() == h->stop_at)
		plx_loop_stop(h->f.loop);
}

/* PARCELS of each sender are to come. */
static void
open_hall(struct hall *h, const struct backend_param *p, size_t parcels)
{
	memset(h, 0, sizeof(*h));
	begin(&h->f, p);
	support_sys.fake_clock = 0;
	support_unix_pair(h->f.fd);
	h->stop_at = parcels * SENDERS;
	storm_set_senders(h->f.loop, parcels, arrive_in_hall, h);
}

/* Every timer that was not taken back has fired, once and not too early. */
static void
check_hall(struct hall *h)
{
	for (int i = 0; i < TIMERS; i++) {
		if (!h->timer[i].armed)
			continue;
		plx_loop_cancel(h->f.loop, &h->timer[i].call);
		h->cancelled++;
	}
	CHECK(&h->f, h->early == 0);
	CHECK(&h->f, h->armed == h->fired + h->cancelled);
	plx_loop_unwatch(h->f.loop, &h->watch);
	CHECK(&h->f, h->heard + support_drain(h->f.fd[0]) == h->written);
}

STORM(storm_posts, each_runs_once_in_the_order_of_its_thread)
{
	static struct hall h;

	open_hall(&h, p, storm_size(20000, 500000));
	storm_start_senders(&h.f);
	CHECK(&h.f, plx_loop_run(h.f.loop, PLX_NEVER) == 0);
	storm_join_senders(&h.f);
	storm_check_senders(&h.f);
	check_hall(&h);
	figures_say("storm: %s: %zu posts, %zu timers fired, %zu taken back, "
		    "%zu bytes heard, %llu turns",
		    h.f.name, storm_arrived(), h.fired, h.cancelled, h.heard,
		    (unsigned long long)stats_of(&h.f).turns);
	end(&h.f);
}

STORM(storm_posts, those_that_come_after_a_stop_wait_and_none_outlives_the_loop)
{
	static struct hall h;
	size_t before;

	for (size_t i = 0; i < storm_size(40, 2000); i++) {
		open_hall(&h, p, AHEAD / 2);
		h.stop_at /= 2;
		storm_start_senders(&h.f);
		CHECK(&h.f, plx_loop_run(h.f.loop, PLX_NEVER) == 0);
		before = storm_arrived();
		storm_join_senders(&h.f);
		CHECK(&h.f, storm_arrived() == before);
		CHECK(&h.f, plx_loop_run_once(h.f.loop, 0) == 0);
		storm_check_senders(&h.f);
		check_hall(&h);
		before = storm_arrived();
		for (int k = 0; k < 100; k++)
			IS(&h.f,
			   plx_loop_post(h.f.loop, arrive_in_hall,
					 &storm_sender[k % SENDERS].parcel[k]),
			   0);
		end(&h.f);
		CHECK(&h.f, storm_arrived() == before);
	}
}

/* Raises a flag, wakes, and waits until the loop's thread has lowered it. */
struct knocker {
	plx_loop *loop;
	pthread_t thread;
	atomic_int flag;
	size_t rounds;
	int error;
};

static void *
knock(void *arg)
{
	struct knocker *k = arg;

	for (size_t i = 0; i < k->rounds && !k->error; i++) {
		atomic_store(&k->flag, 1);
		k->error = plx_loop_wake(k->loop);
		while (atomic_load(&k->flag))
			sched_yield();
	}
	return NULL;
}

STORM(storm_posts, no_wake_of_many_is_lost)
{
	struct knocker k[SENDERS];
	struct fixture f;
	size_t left = 0;

	begin(&f, p);
	support_sys.fake_clock = 0;
	for (int i = 0; i < SENDERS; i++) {
		k[i] = (struct knocker){.loop = f.loop,
					.rounds = storm_size(4000, 100000)};
		left += k[i].rounds;
		CHECK(&f,
		      pthread_create(&k[i].thread, NULL, knock, &k[i]) == 0);
	}
	while (left > 0) {
		IS(&f, plx_loop_run_once(f.loop, PLX_NEVER), 0);
		for (int i = 0; i < SENDERS; i++)
			left -= (size_t)atomic_exchange(&k[i].flag, 0);
	}
	for (int i = 0; i < SENDERS; i++) {
		pthread_join(k[i].thread, NULL);
		CHECK(&f, k[i].error == 0);
	}
	end(&f);
}
