/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * loop_fixture.h: a loop of the backend under test, with a clock that stands
 * still until a wait moves it, and a log of what ran: a letter for each.
 */
#ifndef PLX_LOOP_FIXTURE_H
#define PLX_LOOP_FIXTURE_H

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <pollux/loop.h>
#include "support.h"

/* A test named TEST in SUITE, over every backend; P is the parameter. */
#define LOOPS(SUITE, TEST)        \
	PLX_BACKENDS(SUITE, TEST) \
	ParameterizedTest(struct backend_param *p, SUITE, TEST, .timeout = 60)

/* Asserts COND; says which backend failed. */
#define CHECK(F, COND) cr_assert((COND), "%s: not so: %s", (F)->name, #COND)

/* Asserts that CALL answers WANT and leaves errno alone. */
#define IS(F, CALL, WANT)                                                      \
	do {                                                                   \
		long long got_;                                                \
		errno = 4711;                                                  \
		got_ = (long long)(CALL);                                      \
		cr_assert(got_ == (long long)(WANT), "%s: %s is %lld, not %s", \
			  (F)->name, #CALL, got_, #WANT);                      \
		cr_assert(errno == 4711, "%s: %s changed errno", (F)->name,    \
			  #CALL);                                              \
	} while (0)

/* What the log says; empties it. */
#define LOGGED(F, WANT)                                                  \
	do {                                                             \
		cr_assert_str_eq((F)->log, (WANT), "%s: ran %s, not %s", \
				 (F)->name, (F)->log, (WANT));           \
		(F)->length = 0;                                         \
		(F)->log[0] = '\0';                                      \
	} while (0)

struct fixture {
	char name[16];
	struct support_mark mark;
	plx_loop *loop;
	int fd[2]; /* a pair of the test's, closed by end */
	size_t length;
	char log[4096];
};

/* A callback that writes its letter, then does one thing more. */
struct note {
	struct fixture *f;
	char letter;
	void (*then)(struct note *n);
	struct note *other;
	struct plx_call call;
	struct plx_watch watch;
	unsigned events; /* of the last callback of WATCH */
};

static inline void
begin(struct fixture *f, const struct backend_param *p)
{
	struct plx_loop_options options = {
		.backend = p->name,
		.sys = &support_sys.sys,
	};

	memset(f, 0, sizeof(*f));
	memcpy(f->name, p->name, sizeof(f->name));
	f->fd[0] = f->fd[1] = -1;
	f->mark = support_begin(p->name);
	support_sys.fake_clock = 1;
	support_sys.now = 100 * PLX_SECOND;
	IS(f, plx_loop_open(&options, &f->loop), 0);
	cr_assert_str_eq(plx_loop_backend(f->loop), f->name);
}

/* The same with the system's clock, for threads that wait in it. */
static inline void
begin_real(struct fixture *f, const struct backend_param *p)
{
	begin(f, p);
	support_sys.fake_clock = 0;
}

static inline void
end(struct fixture *f)
{
	plx_loop_close(&f->loop);
	CHECK(f, f->loop == NULL);
	for (int i = 0; i < 2; i++) {
		if (f->fd[i] >= 0)
			close(f->fd[i]);
	}
	support_end(f->mark, f->name);
}

static inline void
write_letter(struct fixture *f, char letter)
{
	CHECK(f, f->length + 1 < sizeof(f->log));
	f->log[f->length++] = letter;
	f->log[f->length] = '\0';
}

static inline void
run_note(void *arg)
{
	struct note *n = arg;

	write_letter(n->f, n->letter);
	if (n->then)
		n->then(n);
}

static inline void
run_watch(struct plx_watch *w, unsigned events)
{
	struct note *n = w->arg;

	n->events = events;
	run_note(n);
}

/* Watches FD with the note N. */
static inline int
watch(struct note *n, int fd, unsigned direction)
{
	n->watch.fn = run_watch;
	n->watch.arg = n;
	return plx_loop_watch(n->f->loop, &n->watch, fd, direction);
}

static inline int
call_soon(struct note *n)
{
	return plx_loop_call_soon(n->f->loop, &n->call, run_note, n);
}

/* DELAY is counted from the loop's present. */
static inline int
call_after(struct note *n, int64_t delay)
{
	return plx_loop_call_at(n->f->loop, &n->call,
				plx_loop_now(n->f->loop) + delay, run_note, n);
}

/* What a note may do next, as THEN. */
static inline void
stop_loop(struct note *n)
{
	plx_loop_stop(n->f->loop);
}

static inline void
cancel_other(struct note *n)
{
	plx_loop_cancel(n->f->loop, &n->other->call);
}

static inline void
unwatch_own(struct note *n)
{
	plx_loop_unwatch(n->f->loop, &n->watch);
}

/* A turn that does not block. */
static inline void
turn(struct fixture *f)
{
	IS(f, plx_loop_run_once(f->loop, 0), 0);
}

static inline struct plx_loop_stats
stats_of(struct fixture *f)
{
	struct plx_loop_stats stats;

	plx_loop_stats(f->loop, &stats);
	return stats;
}

#endif
