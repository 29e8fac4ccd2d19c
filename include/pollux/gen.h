/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pollux/gen.h: generators: functions that stop in the middle to give a value.
 *
 * A generator runs its body on a stack of its own and only while somebody
 * resumes it: up to the next plx_yield, or to the end.  No loop is needed.
 * The contract is that of Python's generators; a negative result of the body
 * stands for an exception that left it, -ECANCELED for GeneratorExit.
 *
 *	static int
 *	count(void *arg)
 *	{
 *		for (intptr_t i = 0; i < *(int *)arg; i++) {
 *			int r = plx_yield((void *)i, NULL);
 *
 *			if (r < 0)
 *				return r;
 *		}
 *		return 0;
 *	}
 *
 * The four that resume, plx_gen_next, send, throw and close, return
 *  1       a value was yielded: it is in *VALUE (which may be NULL);
 *  2       PLX_GEN_AWAITS: the body waits, see plx_gen_deadline;
 *  0       the body has ended, now or long ago: done stays done;
 * -errno   the error that the body has ended with, told once; or
 * -EINVAL  G is NULL;
 * -EBUSY   G is running (it may be the caller itself, or have resumed the
 *          caller), or another generator delegates to it: nothing happens.
 *
 * Stacks are 64 KiB, guarded.  A generator made in a task has the size of the
 * run's stacks and belongs to the task: left undone it is closed when the scope
 * in which it was made is left, unless it is busy, and what is not freed when
 * the task ends is closed and freed then (a busy one when plx_run returns).
 * Others last until plx_gen_free.  Any task may resume any generator of its
 * thread.  A body that waits (plx_sleep, plx_recv) parks the task that resumed
 * it, with all between them.  Without a task only plx_await can wait, with the
 * help of whoever resumed the generator; all else is refused with -EPERM.  A
 * scope has to be left before the next plx_yield; one that a body returns with
 * is closed, and reported, as a task's.
 */
#ifndef PLX_GEN_H
#define PLX_GEN_H

#include <pollux/types.h>

PLX_BEGIN_DECLS

typedef struct plx_gen plx_gen;
struct plx_awaitable;

/* What a resume returns when the body waits outside a task. */
#define PLX_GEN_AWAITS 2

/* The body.  Returns its result: 0 or more, or -errno. */
typedef int plx_gen_fn(void *arg);

/*
 * Makes a generator whose body is FN(ARG); nothing of it runs yet.
 * -EINVAL FN or OUT is NULL; -ENOMEM, -EAGAIN the system refuses a stack.
 */
PLX_API int plx_gen_new(plx_gen_fn *fn, void *arg, plx_gen **out);

/* Goes on to the next value. */
PLX_API int plx_gen_next(plx_gen *g, void **value);

/*
 * Goes on to the next value, with SENT for the plx_yield that G stands at.
 * -EINVAL: SENT is not NULL but G, which has not begun or stands at a
 * plx_await, stands at none.
 */
PLX_API int plx_gen_send(plx_gen *g, void *sent, void **value);

/*
 * Goes on with ERROR, below 0, coming out of the plx_yield that G stands at.
 * The body may catch it and yield (1) or end (0), or return it, or another.
 * One that has not begun ends without; one that has ended changes nothing:
 * both return ERROR.  With -ECANCELED, the generators that G delegates to are
 * closed first.  -EINVAL: ERROR is not below 0.
 */
PLX_API int plx_gen_throw(plx_gen *g, int error, void **value);

/*
 * Ends G: -ECANCELED comes out of the plx_yield that it stands at, so that the
 * body cleans up and returns.  0 when it returned that or a result, had ended
 * or had not begun; else its error.  -EPROTO: it yielded instead; that value
 * is lost, and G can be resumed or closed again.
 */
PLX_API int plx_gen_close(plx_gen *g);

/*
 * Closes *G, frees it and sets *G to NULL.  A body that ignores the close is
 * abandoned where it stands: its stack is freed under it, what it holds is
 * lost.  One that plx_gen_close would refuse as busy stays, and *G with it.
 */
PLX_API void plx_gen_free(plx_gen **g);

/*
 * What G's body returned; or the error that ended it before it began, which
 * is -ECANCELED for a close.  0 when *RESULT is set (RESULT may be NULL);
 * -EAGAIN: not done; -EINVAL: G is NULL.
 */
PLX_API int plx_gen_result(const plx_gen *g, int *result);

/*
 * In a body, or in what it calls: gives VALUE to whoever resumed the innermost
 * generator that runs, and returns when it is resumed again: 0, with what was
 * sent in *SENT (which may be NULL), or the error that was thrown in.
 * -EPERM: no generator runs here.  A task that was spawned or a callback of
 * the loop of plx_run is not part of the generator around it.
 */
PLX_API int plx_yield(void *value, void **sent);

/*
 * Waiting without a task.  plx_await(A, DEADLINE) in a body that no task has
 * resumed stops it as plx_yield would, however deep it is delegated to: but the
 * resume returns PLX_GEN_AWAITS, and *VALUE is A.  The caller is the scheduler:
 * nothing has been done with A, a struct that lives until G goes on, and what
 * is to be done with it is between the caller and whoever made A; A->ops tells
 * the caller whether it knows A.  When A is ready it resumes G by plx_gen_next,
 * and plx_await returns A's result.  plx_gen_throw, which DEADLINE asks for
 * with -ETIMEDOUT and an unknown A with -ENOTSUP, say, and plx_gen_close make
 * plx_await return that error.  An await during a close counts as a yield.
 * Of A's functions RESULT alone has to be there.
 *
 * plx_gen_deadline stores the DEADLINE of the plx_await that G stands at: 0;
 * -ENOENT: it stands at none; -EBUSY, -EINVAL as above.
 */
PLX_API int plx_gen_deadline(const plx_gen *g, int64_t *deadline);

/*
 * In a body: lets G take its place until G ends.  What G yields goes straight
 * to whoever resumed the caller's generator, what is sent or thrown straight
 * into G, however deep G delegates in turn.  Returns
 *  0           G has ended, now or before; its result, 0 or more, is in
 *              *RESULT (which may be NULL);
 * -errno       the error that G has ended with, now or before;
 * -ECANCELED   the caller's generator is being closed, and G was first;
 * -EPROTO      G ignored the close; it stands where it yielded and is free;
 * -EINVAL      G is NULL, or belongs to a run and the caller's does not;
 * -EBUSY       G is running, the caller's own and those that delegate to it
 *              among them, or is delegated to;
 * -EPERM       no generator runs here.
 */
PLX_API int plx_yield_from(plx_gen *g, int *result);

PLX_END_DECLS

#endif
