/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * storm_posts.c: threads that post and wake while the loop has its hands full.
 *
 * The loop does nothing of its own accord: what it registers, moves and cancels
 * it does when a post arrives, so that it falls asleep whenever the posts stop,
 * and a wake that is lost is a test that hangs.  A sender is never more than
 * AHEAD posts in front of what has arrived; its parcels go round.
 */
#include <config.h>

#include <pthread.h>
#include <sched.h>
#include <pollux/blocking.h>
#include <pollux/queue.h>
#include "loop_fixture.h"
#include "storm.h"

enum {
	SENDERS = 4,
	AHEAD = 400,
	TIMERS = 16
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

static struct sender sender[SENDERS];

static void
set_senders(plx_loop *loop, size_t posts, void (*arrive)(void *), void *hall)
{
	memset(sender, 0, sizeof(sender));
	for (int i = 0; i < SENDERS; i++) {
		sender[i].loop = loop;
		sender[i].arrive = arrive;
		sender[i].hall = hall;
		sender[i].posts = posts;
	}
}

/* Some posts are followed by a wake that nobody needs. */
static int
send_posts(void *arg)
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
	send_posts(arg);
	return NULL;
}

static void
start_senders(struct fixture *f)
{
	for (int i = 0; i < SENDERS; i++)
		CHECK(f, pthread_create(&sender[i].thread, NULL, sender_thread,
					&sender[i]) == 0);
}

static void
join_senders(struct fixture *f)
{
	for (int i = 0; i < SENDERS; i++)
		CHECK(f, pthread_join(sender[i].thread, NULL) == 0);
}

static size_t
arrived(void)
{
	size_t n = 0;

	for (int i = 0; i < SENDERS; i++)
		n += atomic_load(&sender[i].arrived);
	return n;
}

static void
check_senders(struct fixture *f)
{
	for (int i = 0; i < SENDERS; i++) {
		CHECK(f, sender[i].error == 0);
		CHECK(f, sender[i].bad == 0);
		CHECK(f, sender[i].arrived == sender[i].posts);
	}
}

static void
note_arrival(const struct parcel *p)
{
	struct sender *s = p->sender;

	s->bad += p->number != atomic_load(&s->arrived);
	atomic_store(&s->arrived, p->number + 1);
}

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

	note_arrival(p);
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
	if (arrived() == h->stop_at)
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
	set_senders(h->f.loop, parcels, arrive_in_hall, h);
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
	start_senders(&h.f);
	CHECK(&h.f, plx_loop_run(h.f.loop, PLX_NEVER) == 0);
	join_senders(&h.f);
	check_senders(&h.f);
	check_hall(&h);
	storm_say("storm: %s: %zu posts, %zu timers fired, %zu taken back, "
		  "%zu bytes heard, %llu turns",
		  h.f.name, arrived(), h.fired, h.cancelled, h.heard,
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
		start_senders(&h.f);
		CHECK(&h.f, plx_loop_run(h.f.loop, PLX_NEVER) == 0);
		before = arrived();
		join_senders(&h.f);
		CHECK(&h.f, arrived() == before);
		CHECK(&h.f, plx_loop_run_once(h.f.loop, 0) == 0);
		check_senders(&h.f);
		check_hall(&h);
		before = arrived();
		for (int k = 0; k < 100; k++)
			IS(&h.f,
			   plx_loop_post(h.f.loop, arrive_in_hall,
					 &sender[k % SENDERS].parcel[k]),
			   0);
		end(&h.f);
		CHECK(&h.f, arrived() == before);
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

/* Tasks: the senders are jobs, posts put parcels into a queue. */
struct office {
	const char *name;
	struct plx_queue queue;
	int over;
	size_t slept, cancelled;
};

static void
put_parcel(void *arg)
{
	struct parcel *p = arg;
	struct office *o = p->sender->hall;

	plx_queue_put(&o->queue, &p->node);
}

static int
get_parcels(void *arg)
{
	struct office *o = arg;
	struct plx_queue_node *node;
	int r;

	while ((r = plx_queue_get(&o->queue, &node, PLX_NEVER)) > 0) {
		note_arrival((struct parcel *)node);
		plx_queue_done(&o->queue);
	}
	return r;
}

/* A job that sends posts. */
static int
await_sender(void *arg)
{
	return plx_blocking(send_posts, arg, PLX_NEVER);
}

static int
sleep_a_little(void *arg)
{
	uint64_t *chance = arg;
	int64_t when = plx_after(storm_chance(chance, 50) * PLX_MICROSECOND);
	int r = plx_sleep_until(when);

	if (r == 0 && plx_now() < when)
		return -EPROTO;
	return r < 0 ? -r : 0;
}

/* Tasks that sleep come, and are cancelled or joined, until all is over. */
static int
trouble(void *arg)
{
	struct office *o = arg;
	uint64_t chance = 4;
	plx_task *t;
	int r, result;

	while (!o->over) {
		r = plx_spawn(NULL, sleep_a_little, &chance, &t);
		if (r < 0)
			return r;
		if (storm_chance(&chance, 2))
			plx_checkpoint();
		if (storm_chance(&chance, 2))
			plx_cancel(t);
		plx_join(t, &result, PLX_NEVER);
		o->slept += result == 0;
		o->cancelled += result == ECANCELED;
		if (result != 0 && result != ECANCELED)
			return -EPROTO;
	}
	return 0;
}

static int
run_office(void *arg)
{
	struct office o = {.name = arg};
	plx_task *job[SENDERS], *getter;
	int result = -1;

	plx_queue_init(&o.queue);
	set_senders(plx_self_loop(), storm_size(10000, 200000), put_parcel, &o);
	plx_spawn(NULL, get_parcels, &o, &getter);
	plx_spawn(NULL, trouble, &o, NULL);
	for (int i = 0; i < SENDERS; i++)
		plx_spawn(NULL, await_sender, &sender[i], &job[i]);
	for (int i = 0; i < SENDERS; i++) {
		cr_expect_eq(plx_join(job[i], &result, PLX_NEVER), 0);
		cr_expect_eq(result, 0, "%s: %d", o.name, result);
	}
	plx_checkpoint();
	cr_expect_eq(plx_queue_join(&o.queue, PLX_NEVER), 0);
	while (arrived() < SENDERS * sender[0].posts)
		plx_sleep(0);
	o.over = 1;
	plx_queue_close(&o.queue);
	plx_join(getter, &result, PLX_NEVER);
	cr_expect_eq(result, 0, "%s: %d", o.name, result);
	storm_say("storm: %s: tasks: %zu posts, %zu sleeps, %zu cancelled",
		  o.name, arrived(), o.slept, o.cancelled);
	return 0;
}

STORM(storm_posts, those_of_jobs_reach_tasks_once_and_in_order)
{
	struct fixture f = {.loop = NULL};

	memcpy(f.name, p->name, sizeof(f.name));
	cr_expect_eq(run_on(p->name, run_office, p->name), 0);
	check_senders(&f);
}
