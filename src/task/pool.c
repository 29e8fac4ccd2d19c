/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pool.c: threads that do what blocks, for the tasks of one run.
 *
 * A job is a struct in the frame of the task that waits, so nothing is
 * allocated for it; it goes from FRESH, which is the loop's own, to QUEUE, to a
 * thread, to DONE, and leaves it in the loop again.  It is handed over at the
 * end of the batch: until then it can be taken back for certain, so what does
 * not wait, or finds something else ready, never begins one.
 *
 * Who makes DONE non-empty tells the loop; the others find that told already.
 * The loop takes its notice back before it looks (loop.c), so none is missed.
 * A thread touches neither job nor task once the job is in DONE.
 *
 * OWN has every job that is in here and is the loop's alone, on account of
 * fork: in the child the threads are gone, and the lock may be held, and the
 * lists behind it broken, for ever.  There each job ends with -ECHILD, and lock
 * and lists are made anew; to destroy a condition that somebody waited for
 * would hang.
 */
#include <config.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <time.h>
#include "pool.h"

#define DEFAULT_THREADS 4

/* What a thread sleeps before it tells again a loop that would not hear. */
#define NAP (10 * PLX_MILLISECOND)

enum {
	IDLE,
	FRESH,
	QUEUED,
	RUNNING,
	DONE,
};

struct plx_pool {
	const struct plx_sys *sys;
	plx_loop *loop;
	struct plx_loop_notice notice;
	struct plx_link own;   /* by their OWN */
	struct plx_link fresh; /* this and the others by their LINE */
	size_t jobs;	       /* in OWN */
	int threads;
	int most;
	int broken; /* why the locks could not be made anew, or 0 */

	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t work;  /* QUEUE is not empty, or CLOSING is set */
	pthread_cond_t ended; /* DONE is not empty */
	struct plx_link queue;
	struct plx_link done;
	int closing;

	pthread_t thread[];
};

static struct plx_job_awaitable *
first(const struct plx_link *list)
{
	return PLX_OF(list->next, struct plx_job_awaitable, line);
}

static void
nap(const struct plx_sys *sys)
{
	const struct timespec spec = {.tv_nsec = NAP};

	(void)sys->poll(sys, NULL, 0, &spec);
}

/* The loop must hear of DONE: a wake that fails is tried again. */
static void
tell(struct plx_pool *p)
{
	int closing = 0;
	int r = plx__loop_tell(p->loop);

	while (r < 0 && r != -ECHILD && !closing) {
		nap(p->sys);
		pthread_mutex_lock(&p->lock);
		closing = p->closing;
		pthread_mutex_unlock(&p->lock);
		r = plx__loop_tell(p->loop);
	}
}

/* With the lock, which it gives up meanwhile: one job. */
static void
work(struct plx_pool *p)
{
	struct plx_job_awaitable *j = first(&p->queue);
	int result, silent;

	plx__list_remove(&j->line);
	j->state = RUNNING;
	pthread_mutex_unlock(&p->lock);
	result = j->fn(j->arg);
	pthread_mutex_lock(&p->lock);
	j->result = result;
	j->state = DONE;
	silent = plx__list_empty(&p->done);
	plx__list_append(&p->done, &j->line);
	pthread_cond_signal(&p->ended);
	if (!silent)
		return;
	pthread_mutex_unlock(&p->lock);
	tell(p);
	pthread_mutex_lock(&p->lock);
}

static void *
thread_main(void *arg)
{
	struct plx_pool *p = arg;

	pthread_mutex_lock(&p->lock);
	for (;;) {
		while (plx__list_empty(&p->queue) && !p->closing)
			pthread_cond_wait(&p->work, &p->lock);
		if (plx__list_empty(&p->queue))
			break;
		work(p);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

/* J is in no list of the threads any more. */
static void
leave(struct plx_pool *p, struct plx_job_awaitable *j)
{
	j->state = IDLE;
	plx__list_remove(&j->own);
	p->jobs--;
}

/* Ends what the threads have done. */
static void
reap(struct plx_pool *p)
{
	struct plx_job_awaitable *j;
	struct plx_link done;

	plx__list_init(&done);
	pthread_mutex_lock(&p->lock);
	plx__list_take(&done, &p->done);
	pthread_mutex_unlock(&p->lock);
	while (!plx__list_empty(&done)) {
		j = first(&done);
		plx__list_remove(&j->line);
		leave(p, j);
		plx_awaitable_ready(&j->awaitable);
	}
}

static void
on_notice(struct plx_loop_notice *n)
{
	reap(PLX_OF(n, struct plx_pool, notice));
}

static int
make_locks(struct plx_pool *p)
{
	int r;

	plx__list_init(&p->fresh);
	plx__list_init(&p->queue);
	plx__list_init(&p->done);
	memset(&p->lock, 0, sizeof(p->lock));
	memset(&p->work, 0, sizeof(p->work));
	memset(&p->ended, 0, sizeof(p->ended));
	r = pthread_mutex_init(&p->lock, NULL);
	if (r != 0)
		return -r;
	r = pthread_cond_init(&p->work, NULL);
	if (r != 0)
		goto destroy_lock;
	r = pthread_cond_init(&p->ended, NULL);
	if (r == 0)
		return 0;
	pthread_cond_destroy(&p->work);
destroy_lock:
	pthread_mutex_destroy(&p->lock);
	return -r;
}

static void
destroy_locks(struct plx_pool *p)
{
	pthread_cond_destroy(&p->ended);
	pthread_cond_destroy(&p->work);
	pthread_mutex_destroy(&p->lock);
}

/* In a forked child: no thread has any of the jobs, nor will have. */
static void
disown(struct plx_pool *p)
{
	struct plx_job_awaitable *j;

	while (!plx__list_empty(&p->own)) {
		j = PLX_OF(p->own.next, struct plx_job_awaitable, own);
		j->result = -ECHILD;
		leave(p, j);
		plx_awaitable_ready(&j->awaitable);
	}
	plx__list_init(&p->fresh);
}

static void
on_fork(struct plx_loop_notice *n)
{
	struct plx_pool *p = PLX_OF(n, struct plx_pool, notice);

	disown(p);
	p->threads = 0;
	p->broken = make_locks(p);
}

static int
open_pool(struct plx_rt *rt)
{
	const struct plx_sys *sys = rt->sys;
	int most = rt->max_threads ? rt->max_threads : DEFAULT_THREADS;
	struct plx_pool *p;
	int r;

	p = sys->resize(sys, NULL,
			sizeof(*p) + (size_t)most * sizeof(p->thread[0]));
	if (!p)
		return -ENOMEM;
	memset(p, 0, sizeof(*p));
	p->sys = sys;
	p->loop = rt->loop;
	p->most = most;
	p->notice.run = on_notice;
	p->notice.forked = on_fork;
	plx__list_init(&p->own);
	r = make_locks(p);
	if (r < 0) {
		sys->resize(sys, p, 0);
		return r;
	}
	plx__loop_add_notice(rt->loop, &p->notice);
	rt->pool = p;
	return 0;
}

/* Makes a thread when one job more would find none.  One that is refused is a
   failure only as the first. */
static int
grow(struct plx_pool *p)
{
	int r;

	if (p->jobs < (size_t)p->threads || p->threads == p->most)
		return 0;
	r = p->sys->thread_create(p->sys, thread_main, p,
				  &p->thread[p->threads]);
	if (r == 0)
		p->threads++;
	return p->threads > 0 ? 0 : r;
}

int
plx__pool_add(struct plx_rt *rt, struct plx_job_awaitable *j)
{
	struct plx_pool *p;
	int r = plx__loop_check(rt->loop);

	if (r == 0 && !rt->pool)
		r = open_pool(rt);
	if (r < 0)
		return r;
	p = rt->pool;
	r = p->broken ? p->broken : grow(p);
	if (r < 0)
		return r;
	j->state = FRESH;
	plx__list_append(&p->own, &j->own);
	plx__list_append(&p->fresh, &j->line);
	p->jobs++;
	return 0;
}

int
plx__pool_take_back(struct plx_rt *rt, struct plx_job_awaitable *j, int *runs)
{
	struct plx_pool *p = rt->pool;
	int state;

	*runs = 0;
	if (plx__loop_check(p->loop) < 0) {
		disown(p);
		return -EINPROGRESS;
	}
	pthread_mutex_lock(&p->lock);
	state = j->state;
	if (state == FRESH || state == QUEUED)
		plx__list_remove(&j->line);
	pthread_mutex_unlock(&p->lock);
	if (state == FRESH || state == QUEUED)
		leave(p, j);
	*runs = state == RUNNING;
	return state == RUNNING || state == DONE ? -EINPROGRESS : 0;
}

/* With as many threads as there are jobs, none sleeps while one waits. */
void
plx__pool_submit(struct plx_rt *rt)
{
	struct plx_pool *p = rt->pool;
	struct plx_job_awaitable *j;

	if (plx__list_empty(&p->fresh) || plx__loop_check(p->loop) < 0)
		return;
	pthread_mutex_lock(&p->lock);
	while (!plx__list_empty(&p->fresh)) {
		j = first(&p->fresh);
		plx__list_remove(&j->line);
		plx__list_append(&p->queue, &j->line);
		j->state = QUEUED;
		pthread_cond_signal(&p->work);
	}
	pthread_mutex_unlock(&p->lock);
}

int
plx__pool_wait(struct plx_rt *rt)
{
	struct plx_pool *p = rt->pool;

	if (!p || p->jobs == 0)
		return 0;
	if (plx__loop_check(p->loop) < 0) {
		disown(p);
		return 1;
	}
	pthread_mutex_lock(&p->lock);
	while (plx__list_empty(&p->done))
		pthread_cond_wait(&p->ended, &p->lock);
	pthread_mutex_unlock(&p->lock);
	reap(p);
	return 1;
}

/* The parent's threads are not the child's to join. */
void
plx__pool_close(struct plx_rt *rt)
{
	struct plx_pool *p = rt->pool;
	int i;

	if (!p)
		return;
	plx__loop_drop_notice(p->loop, &p->notice);
	if (plx__loop_check(p->loop) == 0 && !p->broken) {
		pthread_mutex_lock(&p->lock);
		p->closing = 1;
		pthread_cond_broadcast(&p->work);
		pthread_mutex_unlock(&p->lock);
		for (i = 0; i < p->threads; i++)
			(void)p->sys->thread_join(p->sys, p->thread[i]);
		destroy_locks(p);
	}
	p->sys->resize(p->sys, p, 0);
	rt->pool = NULL;
}
