/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_posts.c: functions posted by other threads, and the wakes they need.
 *
 * The clock of these tests is real: a loop that waits without an end can only
 * be freed by what is tested, so a lost wake is a test that times out.
 */
#include <config.h>

#include <pthread.h>
#include <sys/wait.h>
#include "loop_fixture.h"

enum {
	THREADS = 2,
	POSTS = 10000
};

struct poster {
	struct fixture *f;
	pthread_t thread;
	int next; /* number of the next one to arrive */
	int bad;
	int *running; /* posters whose posts have not all arrived */
};

struct parcel {
	struct poster *poster;
	int number;
};

static struct parcel parcels[THREADS][POSTS];

LOOPS(posts, they_run_once_and_in_order)
{
	struct fixture f;
	struct note a = {.f = &f, .letter = 'a'};
	struct note b = {.f = &f, .letter = 'b'};

	begin_real(&f, p);
	turn(&f);
	LOGGED(&f, "");
	IS(&f, plx_loop_post(f.loop, run_note, &b), 0);
	IS(&f, plx_loop_post(f.loop, run_note, &a), 0);
	IS(&f, plx_loop_post(f.loop, run_note, &b), 0);
	IS(&f, plx_loop_run_once(f.loop, PLX_NEVER), 0);
	LOGGED(&f, "bab");
	turn(&f);
	LOGGED(&f, "");
	CHECK(&f, stats_of(&f).calls == 3);
	end(&f);
}

LOOPS(posts, after_one_the_loop_is_as_idle_as_before)
{
	struct fixture f;
	struct note a = {.f = &f, .letter = 'a'};

	begin(&f, p);
	IS(&f, plx_loop_post(f.loop, run_note, &a), 0);
	IS(&f, plx_loop_run(f.loop, support_sys.now + 3600 * PLX_SECOND),
	   -ETIMEDOUT);
	LOGGED(&f, "a");
	CHECK(&f, stats_of(&f).turns <= 3);
	end(&f);
}

static void
post_again(struct note *n)
{
	plx_loop_post(n->f->loop, run_note, n);
}

LOOPS(posts, what_a_post_posts_waits_for_the_next_turn)
{
	struct fixture f;
	struct note a = {.f = &f, .letter = 'a', .then = post_again};
	struct note s = {.f = &f, .letter = 's'};

	begin_real(&f, p);
	plx_loop_post(f.loop, run_note, &a);
	call_soon(&s);
	turn(&f);
	LOGGED(&f, "as");
	IS(&f, plx_loop_run_once(f.loop, PLX_NEVER), 0);
	IS(&f, plx_loop_run_once(f.loop, PLX_NEVER), 0);
	LOGGED(&f, "aa");
	end(&f);
}

static void *
post_one(void *arg)
{
	struct note *n = arg;

	return (void *)(intptr_t)plx_loop_post(n->f->loop, run_note, n);
}

LOOPS(posts, one_from_another_thread_ends_a_wait_without_an_end)
{
	struct fixture f;
	struct note a = {.f = &f, .letter = 'a', .then = stop_loop};
	pthread_t thread;

	begin_real(&f, p);
	for (int i = 0; i < 20; i++) {
		CHECK(&f, pthread_create(&thread, NULL, post_one, &a) == 0);
		IS(&f, plx_loop_run(f.loop, PLX_NEVER), 0);
		LOGGED(&f, "a");
		pthread_join(thread, NULL);
	}
	end(&f);
}

static void *
wake_loop(void *arg)
{
	struct fixture *f = arg;

	return (void *)(intptr_t)plx_loop_wake(f->loop);
}

LOOPS(posts, a_wake_from_another_thread_ends_a_wait_without_an_end)
{
	struct fixture f;
	pthread_t thread;

	begin_real(&f, p);
	CHECK(&f, pthread_create(&thread, NULL, wake_loop, &f) == 0);
	IS(&f, plx_loop_run_once(f.loop, PLX_NEVER), 0);
	pthread_join(thread, NULL);
	end(&f);
}

static void
arrive(void *arg)
{
	struct parcel *parcel = arg;
	struct poster *poster = parcel->poster;

	poster->bad += parcel->number != poster->next;
	poster->next = parcel->number + 1;
	if (poster->next == POSTS && --*poster->running == 0)
		plx_loop_stop(poster->f->loop);
}

static void *
post_all(void *arg)
{
	struct poster *poster = arg;
	struct parcel *parcel = parcels[poster->next];

	poster->next = 0;
	for (int i = 0; i < POSTS; i++) {
		parcel[i].poster = poster;
		parcel[i].number = i;
		if (plx_loop_post(poster->f->loop, arrive, &parcel[i]) != 0)
			return poster;
	}
	return NULL;
}

LOOPS(posts, threads_that_post_at_once_lose_nothing_and_keep_their_order)
{
	struct poster poster[THREADS];
	struct fixture f;
	int running = THREADS;
	void *failed;

	begin_real(&f, p);
	for (int i = 0; i < THREADS; i++) {
		poster[i] = (struct poster){&f, .next = i, .running = &running};
		CHECK(&f, pthread_create(&poster[i].thread, NULL, post_all,
					 &poster[i]) == 0);
	}
	IS(&f, plx_loop_run(f.loop, PLX_NEVER), 0);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(poster[i].thread, &failed);
		CHECK(&f, failed == NULL);
		CHECK(&f, poster[i].bad == 0 && poster[i].next == POSTS);
	}
	CHECK(&f, stats_of(&f).calls == THREADS * POSTS);
	end(&f);
}

LOOPS(posts, once_the_queue_has_grown_nothing_is_allocated)
{
	struct fixture f;
	struct note a = {.f = &f, .letter = 'a'};
	unsigned long memory = 0;

	begin_real(&f, p);
	for (int i = 0; i < 10; i++) {
		if (i == 2)
			memory = support_calls(&support_sys, SUPPORT_RESIZE);
		for (int k = 0; k < 100; k++)
			IS(&f, plx_loop_post(f.loop, run_note, &a), 0);
		turn(&f);
	}
	CHECK(&f, f.length == 1000);
	CHECK(&f, support_calls(&support_sys, SUPPORT_RESIZE) == memory);
	end(&f);
}

LOOPS(posts, many_before_a_turn_cost_one_wake)
{
	struct fixture f;
	struct note a = {.f = &f, .letter = 'a'};
	unsigned long sent;

	begin_real(&f, p);
	sent = support_calls(&support_sys, SUPPORT_SEND);
	for (int i = 0; i < 100; i++)
		IS(&f, plx_loop_post(f.loop, run_note, &a), 0);
	CHECK(&f, support_calls(&support_sys, SUPPORT_SEND) <= sent + 1);
	turn(&f);
	CHECK(&f, f.length == 100);
	end(&f);
}

LOOPS(posts, without_memory_one_is_refused_and_the_others_run)
{
	struct fixture f;
	struct note a = {.f = &f, .letter = 'a'};
	int err = 0;
	size_t n = 0;

	begin_real(&f, p);
	support_sys.fails = SUPPORT_RESIZE;
	support_sys.fail_with = ENOMEM;
	IS(&f, plx_loop_post(f.loop, run_note, &a), 0);
	support_sys.fail_at = 1;
	while (!err && n < 1000) {
		n++;
		err = plx_loop_post(f.loop, run_note, &a);
	}
	CHECK(&f, err == -ENOMEM);
	IS(&f, plx_loop_run_once(f.loop, PLX_NEVER), 0);
	CHECK(&f, f.length == n);
	end(&f);
}

LOOPS(posts, what_waits_when_a_wait_fails_runs_in_the_next_turn)
{
	struct fixture f;
	struct note a = {.f = &f, .letter = 'a'};

	begin_real(&f, p);
	IS(&f, plx_loop_post(f.loop, run_note, &a), 0);
	support_sys.fails = SUPPORT_WAIT;
	support_sys.fail_with = ENOMEM;
	support_sys.fail_at = 1;
	IS(&f, plx_loop_run_once(f.loop, PLX_NEVER), -ENOMEM);
	LOGGED(&f, "");
	IS(&f, plx_loop_run_once(f.loop, PLX_NEVER), 0);
	LOGGED(&f, "a");
	end(&f);
}

LOOPS(posts, close_drops_what_has_not_run)
{
	struct fixture f;
	struct note a = {.f = &f, .letter = 'a'};

	begin_real(&f, p);
	for (int i = 0; i < 500; i++)
		plx_loop_post(f.loop, run_note, &a);
	end(&f);
	LOGGED(&f, "");
}

static int
child_of(struct fixture *f, struct note *b)
{
	if (plx_loop_post(f->loop, run_note, b) != -ECHILD)
		return 5;
	if (plx_loop_on_fork(f->loop) != 0)
		return 1;
	if (plx_loop_post(f->loop, run_note, b) != 0)
		return 2;
	if (plx_loop_run_once(f->loop, PLX_NEVER) != 0)
		return 3;
	return strcmp(f->log, "b") == 0 ? 0 : 4;
}

LOOPS(posts, those_of_the_parent_do_not_run_in_the_child)
{
	struct fixture f;
	struct note a = {.f = &f, .letter = 'a'};
	struct note b = {.f = &f, .letter = 'b'};
	int status = -1;
	pid_t pid;

	begin_real(&f, p);
	IS(&f, plx_loop_post(f.loop, run_note, &a), 0);
	pid = fork();
	if (pid == 0)
		_exit(child_of(&f, &b));
	CHECK(&f, waitpid(pid, &status, 0) == pid);
	cr_assert_eq(status, 0, "%s: status %#x", f.name, status);
	IS(&f, plx_loop_run_once(f.loop, PLX_NEVER), 0);
	LOGGED(&f, "a");
	end(&f);
}

LOOPS(posts, on_fork_in_the_parent_drops_nothing)
{
	struct fixture f;
	struct note a = {.f = &f, .letter = 'a'};

	begin_real(&f, p);
	IS(&f, plx_loop_post(f.loop, run_note, &a), 0);
	IS(&f, plx_loop_on_fork(f.loop), 0);
	IS(&f, plx_loop_run_once(f.loop, PLX_NEVER), 0);
	LOGGED(&f, "a");
	end(&f);
}
