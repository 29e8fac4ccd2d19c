/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gens.c: generators under input, in a task or without any.
 *
 * Bodies and whoever made them read the same input: they yield, await, delegate
 * to one another, resume, throw into, close and free each other, swallow what
 * is thrown, and end.  What a resume and a yield return is known: the last
 * value that was yielded, the last one that was sent or thrown.  Who is busy is
 * known from who runs and who delegates to whom.
 */
#include <config.h>

#include "fuzz.h"

#include <errno.h>
#include <string.h>
#include <pollux/gen.h>
#include <pollux/task.h>
#include "gen_int.h"

enum {
	GENS = 6,
	DEFERS = 64,
	STEPS = 300,
	NOBODY = -1
};

enum state {
	NONE,
	NEW,
	STANDS,
	DONE
};

struct slot {
	plx_gen *gen;
	enum state state;
	int running;   /* it, or whom it has resumed */
	int delegated; /* somebody delegates to it */
	int delegate;  /* it delegates to that one, or NOBODY */
	int closing;   /* before the one that delegates to it */
	int awaits;    /* stands at a plx_await */
	int result;    /* of the body */
};

static struct world {
	struct fuzz input;
	struct slot slots[GENS];
	int steps;
	int closing;		  /* the library ends what is left */
	intptr_t yielded, serial; /* values are numbers */
	intptr_t sent;
	int thrown;
	int begun, ended, abandoned;
	int defers;
	signed char called[DEFERS];
} w;

static int
result_of_await(struct plx_awaitable *a)
{
	(void)a;
	return 7;
}

static const struct plx_awaitable_ops await_ops = {
	.kind = "fuzz",
	.result = result_of_await,
};
static struct plx_awaitable awaited;

static void step(void);

static int
is_busy(const struct slot *s)
{
	return s->running || s->delegated;
}

static int
stands_at_await(const struct slot *s)
{
	while (s->delegate != NOBODY)
		s = &w.slots[s->delegate];
	return s->awaits;
}

static void
call_deferred(void *arg)
{
	signed char *called = arg;

	FUZZ_SO(*called == 0);
	*called = 1;
}

static void
do_defer(void)
{
	if (w.defers < DEFERS &&
	    plx_defer(call_deferred, &w.called[w.defers]) == 0)
		w.defers++;
}

/* What came out of a plx_yield: whether the body goes on. */
static int
check_sent(int r, intptr_t sent)
{
	if (r == -ECANCELED && w.closing)
		return 0;
	FUZZ_SO(r == w.thrown);
	FUZZ_SO(r < 0 ? sent == -1 : sent == w.sent);
	return r == 0 || fuzz_chance(&w.input, 4);
}

static int
yield(struct slot *self)
{
	void *sent = (void *)-1;
	int r;

	self->awaits = 0;
	self->state = STANDS;
	w.yielded = ++w.serial;
	r = plx_yield((void *)w.yielded, &sent);
	return check_sent(r, (intptr_t)sent);
}

static int
await(struct slot *self)
{
	int r;

	if (plx_self())
		return plx_sleep(PLX_MILLISECOND) == 0;
	self->awaits = 1;
	self->state = STANDS;
	w.yielded = (intptr_t)&awaited;
	awaited = (struct plx_awaitable){.ops = &await_ops};
	r = plx_await(&awaited, PLX_NEVER);
	self->awaits = 0;
	FUZZ_SO(r == (w.thrown ? w.thrown : 7));
	return r > 0 || fuzz_chance(&w.input, 4);
}

/* What a delegator is told when TO, which was closed before it, is. */
static int
outcome_of_close(const struct slot *to)
{
	if (to->state == STANDS)
		return -EPROTO;
	return to->result < 0 ? to->result : -ECANCELED;
}

static int
delegate(struct slot *self)
{
	int i = (int)fuzz_below(&w.input, GENS), result = -1000, r;
	struct slot *to = &w.slots[i];
	int busy = is_busy(to);

	if (!to->gen)
		return 1;
	if (!busy) {
		self->delegate = i;
		to->delegated = 1;
		w.thrown = 0; /* it goes on as by a next */
		w.sent = 0;
	}
	r = plx_yield_from(to->gen, &result);
	if (busy) {
		FUZZ_SO(r == -EBUSY);
		return 1;
	}
	self->delegate = NOBODY;
	to->delegated = 0;
	if (w.closing)
		return 0;
	if (to->closing) {
		to->closing = 0;
		FUZZ_SO(r == outcome_of_close(to));
		return fuzz_chance(&w.input, 2);
	}
	FUZZ_SO(to->state == DONE);
	FUZZ_SO(r == (to->result < 0 ? to->result : 0));
	FUZZ_SO(r < 0 || result == to->result);
	return 1;
}

static int
body(void *arg)
{
	struct slot *self = arg;
	int go_on = 1;

	w.begun++;
	while (go_on && fuzz_more(&w.input) && w.steps > 0) {
		self->state = STANDS;
		switch (fuzz_below(&w.input, 8)) {
		case 0:
		case 1:
		case 2:
			go_on = yield(self);
			break;
		case 3:
			go_on = await(self);
			break;
		case 4:
			go_on = delegate(self);
			break;
		case 5:
			do_defer();
			break;
		case 6:
			step();
			break;
		default:
			go_on = 0;
		}
	}
	w.ended++;
	self->result = fuzz_chance(&w.input, 3)
			       ? -1 - (int)fuzz_below(&w.input, 3)
			       : (int)fuzz_below(&w.input, 9);
	self->state = DONE;
	return self->result;
}

static void
make(struct slot *s)
{
	int r;

	if (plx_self())
		r = plx_gen_new(body, s, &s->gen);
	else
		r = plx__gen_make(&support_sys.sys, body, s, &s->gen);
	FUZZ_SO(r == 0);
	s->state = NEW;
	s->awaits = 0;
	s->delegate = NOBODY;
}

/* S is to be closed, and before it those that it delegates to. */
static void
begin_close(struct slot *s)
{
	w.thrown = -ECANCELED;
	s->running = 1;
	while (s->delegate != NOBODY) {
		s = &w.slots[s->delegate];
		s->closing = 1;
	}
}

/* A resume of S has run its body and answered R. */
static void
check_resumed(const struct slot *s, int r, intptr_t value)
{
	if (r > 0) {
		FUZZ_SO(s->state == STANDS);
		FUZZ_SO(value == w.yielded);
		FUZZ_SO((r == PLX_GEN_AWAITS) == stands_at_await(s));
	} else {
		FUZZ_SO(s->state == DONE && value == -1);
		FUZZ_SO(r == (s->result < 0 ? s->result : 0));
	}
}

/* A send (which may be a next) or a throw. */
static void
resume(struct slot *s)
{
	int error = fuzz_chance(&w.input, 3)
			    ? (fuzz_chance(&w.input, 2) ? -ECANCELED : -EIO)
			    : 0;
	intptr_t sent = fuzz_chance(&w.input, 2) ? ++w.serial : 0;
	int busy = is_busy(s), r;
	enum state state = s->state;
	int refused = sent && !error &&
		      (state == NEW || (state == STANDS && stands_at_await(s)));
	void *value = (void *)-1;

	if (!busy && !refused) {
		if (error == -ECANCELED)
			begin_close(s);
		w.sent = error ? 0 : sent;
		w.thrown = error;
		s->running = 1;
	}
	if (error)
		r = plx_gen_throw(s->gen, error, &value);
	else
		r = plx_gen_send(s->gen, (void *)sent, &value);
	if (busy) {
		FUZZ_SO(r == -EBUSY);
		return;
	}
	s->running = 0;
	if (refused) {
		FUZZ_SO(r == -EINVAL && s->state == state);
	} else if (state == DONE) {
		FUZZ_SO(r == error);
	} else if (state == NEW && error) {
		FUZZ_SO(r == error);
		s->state = DONE;
		s->result = error;
	} else {
		check_resumed(s, r, (intptr_t)value);
	}
}

static void
end_by_close(struct slot *s)
{
	int busy = is_busy(s), r;
	enum state state = s->state;

	if (!busy)
		begin_close(s);
	r = plx_gen_close(s->gen);
	if (busy) {
		FUZZ_SO(r == -EBUSY);
		return;
	}
	s->running = 0;
	if (state == NEW) {
		s->state = DONE;
		s->result = -ECANCELED;
	}
	if (state != STANDS)
		FUZZ_SO(r == 0);
	else if (s->state == STANDS)
		FUZZ_SO(r == -EPROTO);
	else
		FUZZ_SO(r == (s->result < 0 && s->result != -ECANCELED
				      ? s->result
				      : 0));
}

static void
release(struct slot *s)
{
	int busy = is_busy(s);
	enum state state = s->state;

	if (!busy)
		begin_close(s);
	plx_gen_free(&s->gen);
	if (busy) {
		FUZZ_SO(s->gen);
		return;
	}
	FUZZ_SO(!s->gen);
	s->running = 0;
	if (state == STANDS && s->state == STANDS) {
		w.abandoned++;
		if (s->delegate != NOBODY)
			w.slots[s->delegate].delegated = 0;
	}
	s->delegate = NOBODY;
	s->state = NONE;
}

static void
look(const struct slot *s)
{
	int result = -1000;
	int r = plx_gen_result(s->gen, &result);

	if (s->state == DONE && !s->running)
		FUZZ_SO(r == 0 && result == s->result);
	else
		FUZZ_SO(r == -EAGAIN && result == -1000);
}

/* What a body, or whoever has made them, does to one. */
static void
step(void)
{
	struct slot *s = &w.slots[fuzz_below(&w.input, GENS)];

	w.steps--;
	if (!s->gen) {
		make(s);
		return;
	}
	switch (fuzz_below(&w.input, 8)) {
	case 0:
		end_by_close(s);
		break;
	case 1:
		release(s);
		break;
	case 2:
		look(s);
		break;
	default:
		resume(s);
	}
}

static int
live(void *arg)
{
	(void)arg;
	while (fuzz_more(&w.input) && w.steps > 0)
		step();
	if (plx_self() && fuzz_chance(&w.input, 2)) {
		w.closing = 1; /* by the end of the task */
		return 0;
	}
	for (int n = 0; n < GENS; n++) {
		for (int i = 0; i < GENS; i++) {
			if (w.slots[i].gen)
				release(&w.slots[i]);
		}
	}
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct support_mark mark = fuzz_begin();
	const struct plx_run_options o = {.sys = &support_sys.sys};

	memset(&w, 0, sizeof(w));
	w.input = (struct fuzz){data, data + size};
	w.steps = STEPS;
	if (fuzz_chance(&w.input, 2))
		FUZZ_SO(plx_run(&o, live, NULL) == 0);
	else
		live(NULL);
	for (int i = 0; i < w.defers; i++)
		FUZZ_SO(w.called[i] == 1);
	FUZZ_SO(w.closing || w.begun == w.ended + w.abandoned);
	fuzz_end(mark);
	return 0;
}
