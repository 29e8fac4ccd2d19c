/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cancel_everywhere.c: see the header.
 *
 * The run is watched through rt->observe, which is called after each slice of
 * a task, on the loop's stack; a slice that has not ended its task is a place.
 * A checkpoint in front of the first task sees to it that its first slice is
 * watched as well.  Waits of the loop go through a look that does not block:
 * where nothing is ready and no timer set, nothing will ever happen again.
 * That ends a run that serves, and is a hang in any other.
 */
#include <config.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <pollux/selector.h>
#include "cancel_everywhere.h"
#include "wait_int.h"

/* What is done at the place. */
enum variant {
	NOTHING,
	CANCEL_TASK,  /* the task that gives way there */
	CANCEL_FIRST, /* the run's first task */
	CANCEL_ALL,   /* the root nursery */
	CANCEL_READY, /* a task that has been woken and did not go on yet */
	TIME_OUT,     /* the clock jumps to the deadline of the wait */
	VARIANTS
};

static const char *const variants[VARIANTS] = {
	"undisturbed", "task", "first", "all", "ready", "time",
};

/* Places of which each is tried unless all shall be. */
#define SAMPLE 40

static struct driver {
	const struct scenario *scenario;
	const char *backend;
	enum variant variant;
	unsigned long at, places, limit;
	struct plx_rt *rt;
	struct plx_task *first; /* NULL once it has ended */
	plx_task_fn *fn;
	void *arg;
	int runs; /* plx_run is at work */
	int told; /* to end, for nothing moves */
	int hangs;
	int deaf; /* a task has begun to wait though it is cancelled */
	int result;
	char where[128];
} driver;

int64_t
cancel_now(void)
{
	return support_sys.sys.now(&support_sys.sys);
}

int64_t
cancel_after(int64_t duration)
{
	return cancel_now() + (duration > 0 ? duration : 0);
}

static void
cancel_one_ready(struct plx_rt *rt)
{
	struct plx_task *const *at = &rt->ready;

	if (rt->rest)
		plx_cancel(rt->rest);
	else if (at != rt->ready_end)
		plx_cancel(*at);
}

static void
jump_to(int64_t when)
{
	if (when > support_sys.now)
		support_sys.now = when;
}

/* Does what VARIANT says at the place where T has given way. */
static void
disturb(struct plx_rt *rt, struct plx_task *t)
{
	switch (driver.variant) {
	case CANCEL_TASK:
		plx_cancel(t);
		break;
	case CANCEL_FIRST:
		plx_cancel(driver.first);
		break;
	case CANCEL_ALL:
		plx_nursery_cancel(&rt->root);
		break;
	case CANCEL_READY:
		cancel_one_ready(rt);
		break;
	case TIME_OUT:
		jump_to(t->wait ? t->wait->deadline : t->limit);
		break;
	default:
		break;
	}
}

/* A run that goes on for too long is cancelled, then left. */
static void
bound(struct plx_rt *rt)
{
	if (driver.places == driver.limit)
		plx_nursery_cancel(&rt->root);
	cr_assert_lt(driver.places, 2 * driver.limit, "%s: does not end",
		     driver.where);
}

/* Has T, which has been cancelled, begun to wait all the same? */
static int
is_deaf(const struct plx_task *t)
{
	const struct plx_scope *x = t->scope;

	if (!t->cancelled || !t->wait || t->wait->fixed)
		return 0;
	while (x && !x->shield)
		x = x->outer;
	return !x || x->reached;
}

static void
observe(struct plx_rt *rt, struct plx_task *t, int64_t duration)
{
	(void)duration;
	if (t->ended) {
		if (t == driver.first)
			driver.first = NULL;
		return;
	}
	driver.deaf |= is_deaf(t);
	if (++driver.places == driver.at)
		disturb(rt, t);
	bound(rt);
}

static int
first_task(void *arg)
{
	struct plx_task *self = plx_self();

	(void)arg;
	driver.rt = self->rt;
	driver.first = self;
	self->rt->observe = observe;
	(void)plx_checkpoint();
	return driver.fn(driver.arg);
}

int
cancel_run(const struct plx_run_options *options, plx_task_fn *fn, void *arg)
{
	struct plx_run_options o = {.sys = NULL};

	if (options)
		o = *options;
	o.backend = driver.backend;
	o.sys = &support_sys.sys;
	driver.fn = fn;
	driver.arg = arg;
	driver.runs = 1;
	driver.result = plx_run(&o, first_task, NULL);
	driver.runs = 0;
	return driver.result;
}

/* Nothing is ready and no timer set: 1, the run has been told to end. */
static int
end_run(void)
{
	if (!driver.scenario->serves || driver.told) {
		driver.hangs = 1;
		return 0;
	}
	driver.told = 1;
	plx_nursery_cancel(&driver.rt->root);
	plx_loop_wake(driver.rt->loop);
	return 1;
}

static int
let_peer_move(void)
{
	if (!driver.runs || !driver.scenario->peer)
		return 0;
	return driver.scenario->peer();
}

/* One of the two ways in which the loop waits. */
struct look {
	int ep;
	struct epoll_event *out;
	int cap;
	struct pollfd *fds;
	size_t n;
};

static int
look(const struct look *l, int ms)
{
	const struct plx_sys *real = &plx__sys_real;
	const struct timespec t = {.tv_nsec = ms * 1000000L};

	if (l->fds)
		return real->poll(real, l->fds, l->n, &t);
	return real->epoll_wait(real, l->ep, l->out, l->cap, ms);
}

/* Instead of a wait without end. */
static int
wait_for_ever(const struct look *l)
{
	int left = driver.scenario->patience;
	int n = 0;

	while (n == 0 && left >= 0) {
		if (!let_peer_move())
			left--;
		n = look(l, left >= 0 && left < driver.scenario->patience);
	}
	if (n == 0 && end_run())
		n = look(l, 0);
	return n ? n : -EDEADLK;
}

static struct plx_sys counting;

static int
watched_epoll_wait(const struct plx_sys *sys, int ep, struct epoll_event *out,
		   int cap, int ms)
{
	const struct look l = {.ep = ep, .out = out, .cap = cap};

	if (ms < 0)
		return wait_for_ever(&l);
	(void)let_peer_move();
	return counting.epoll_wait(sys, ep, out, cap, ms);
}

static int
watched_epoll_pwait2(const struct plx_sys *sys, int ep, struct epoll_event *out,
		     int cap, const struct timespec *timeout)
{
	(void)let_peer_move();
	return counting.epoll_pwait2(sys, ep, out, cap, timeout);
}

static int
watched_poll(const struct plx_sys *sys, struct pollfd *fds, size_t n,
	     const struct timespec *timeout)
{
	const struct look l = {.fds = fds, .n = n};

	if (!timeout)
		return wait_for_ever(&l);
	(void)let_peer_move();
	return counting.poll(sys, fds, n, timeout);
}

static void
begin(const struct scenario *s, enum variant v, unsigned long at)
{
	const struct driver last = driver;

	memset(&driver, 0, sizeof(driver));
	cancel_once_begin();
	driver.scenario = s;
	driver.variant = v;
	driver.at = at;
	driver.limit = last.limit;
	driver.backend = last.backend;
	snprintf(driver.where, sizeof(driver.where), "%s: %s at %lu", s->name,
		 variants[v], at);
	support_sys_init(&support_sys);
	counting = support_sys.sys;
	support_sys.sys.epoll_wait = watched_epoll_wait;
	support_sys.sys.epoll_pwait2 = watched_epoll_pwait2;
	support_sys.sys.poll = watched_poll;
	support_sys.fake_clock = 1;
	support_sys.now = 1000 * PLX_SECOND;
}

/* One run; is all as it should be? */
static int
run_once(const struct scenario *s, enum variant v, unsigned long at)
{
	int fds = support_count_fds(), fds_left, once;

	begin(s, v, at);
	if (s->program)
		s->program();
	else
		cancel_run(NULL, s->fn, NULL);
	if (s->stop)
		s->stop();
	fds_left = support_count_fds() - fds;
	once = cancel_once_good();
	cr_expect_eq(driver.hangs, 0, "%s: hangs", driver.where);
	cr_expect_eq(driver.deaf, 0, "%s: waits though cancelled",
		     driver.where);
	cr_expect_neq(driver.result, -EDEADLK, "%s", driver.where);
	cr_expect_eq(fds_left, 0, "%s: %d descriptors left", driver.where,
		     fds_left);
	cr_expect_eq(support_sys.blocks, 0, "%s: %ld allocations left",
		     driver.where, support_sys.blocks);
	cr_expect(once, "%s: a clean-up did not run just once", driver.where);
	if (s->check)
		s->check(driver.where);
	return !driver.hangs && !driver.deaf && fds_left == 0 && once &&
	       !support_sys.blocks;
}

/* At SAMPLE places or a few more, on the backend of the driver. */
static void
try_places(const struct scenario *s, unsigned sample)
{
	unsigned long n, step, k;
	enum variant v;
	int good;

	driver.limit = 1000000;
	good = run_once(s, NOTHING, 0);
	n = driver.places;
	cr_assert(good);
	if (!s->serves)
		cr_assert_eq(driver.result < 0, s->fails, "%s: %d",
			     driver.where, driver.result);
	driver.limit = 10 * n + 1000;
	step = 1 + n / sample;
	for (v = CANCEL_TASK; good && v < VARIANTS; v++) {
		for (k = 1; good && k <= n; k += step)
			good = run_once(s, v, k);
	}
}

static int
is_usable(const char *backend)
{
	struct plx_backend_info info[8];
	int n = plx_backend_list(info, 8);

	while (n-- > 0) {
		if (strcmp(info[n].name, backend) == 0)
			return info[n].usable;
	}
	return 0;
}

void
cancel_everywhere(const struct scenario *s)
{
	const char *how = getenv("PLX_CANCEL");
	int all = how && strcmp(how, "all") == 0;

	signal(SIGPIPE, SIG_IGN);
	driver.backend = "epoll";
	if (is_usable("epoll"))
		try_places(s, all ? UINT_MAX : SAMPLE);
	driver.backend = "poll";
	if (all || !is_usable("epoll"))
		try_places(s, all ? UINT_MAX : SAMPLE);
}
