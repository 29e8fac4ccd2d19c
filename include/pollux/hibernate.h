/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pollux/hibernate.h: waiting for a descriptor without a stack.
 *
 * A task that has nothing to do until its peer says something can end, and
 * leave word that a fresh one is to be started then:
 *
 *	static int serve(void *arg)
 *	{
 *		struct connection *c = arg;
 *		int r = plx_hibernation_status(&c->hibernation);
 *
 *		if (r >= 0)
 *			r = answer_what_has_come(c);
 *		if (r >= 0)
 *			r = plx_hibernate(&c->hibernation, c->nursery, c->fd,
 *					  serve, c);
 *		return r < 0 ? close_connection(c, r) : 0;
 *	}
 *
 * Meanwhile the connection costs the struct below and what the loop knows of
 * its descriptor.  All of it in the loop's thread.
 */
#ifndef PLX_HIBERNATE_H
#define PLX_HIBERNATE_H

#include <pollux/loop.h>
#include <pollux/task.h>
#include <pollux/types.h>

PLX_BEGIN_DECLS

/* What plx_dump shows of a task: its name, and where it was started. */
struct plx_place {
	const char *name;
	const char *file;
	int line;
};

/*
 * Zeroed at first; the members are private.  Stays where it is from
 * plx_hibernate until FN has begun, or it was taken back; FN may use it again
 * at once.
 */
struct plx_hibernation {
	struct plx_watch watch; /* ARG is the nursery */
	struct plx_link link;
	const struct plx_place *place;
	plx_task_fn *fn; /* NULL: not in use */
	void *arg;
};

/*
 * Starts FN(ARG) as a task of NURSERY (NULL: the root nursery) once FD can be
 * read or has hung up.  From now on NURSERY counts it as one of its tasks, so
 * that plx_nursery_close waits for it.  FN is started at once, in a cancelled
 * task, when NURSERY is cancelled or has been; and also when plx_close closes
 * FD.  plx_hibernation_status tells FN why.  No wait: works in a cancelled
 * task, too.
 *
 * If there is no stack for FN when it is to start, it is tried again every ten
 * milliseconds until there is; FD is not watched meanwhile.
 *
 * After an error FN will not be called.  -EBUSY: H is in use; a task, another
 * hibernation or a watch waits to read FD; NURSERY is full (never for a task of
 * its own, which is expected to end).  -EINVAL: FN is NULL, NURSERY is closed.
 * -EPERM outside a task; -ENOMEM; else as plx_loop_watch.
 *
 * The macro gives the task the name and the place that plx_dump shows; PLACE
 * must stay as long as the task, and may be NULL.
 */
#if defined(__GNUC__)
#define plx_hibernate(h, nursery, fd, fn, arg)                             \
	__extension__({                                                    \
		static const struct plx_place plx_place_ = {               \
			#fn,                                               \
			__FILE__,                                          \
			__LINE__,                                          \
		};                                                         \
		plx_hibernate_named(h, &plx_place_, nursery, fd, fn, arg); \
	})
#else
#define plx_hibernate(h, nursery, fd, fn, arg) \
	plx_hibernate_named(h, 0, nursery, fd, fn, arg)
#endif
PLX_API int plx_hibernate_named(struct plx_hibernation *h,
				const struct plx_place *place,
				plx_nursery *nursery, int fd, plx_task_fn *fn,
				void *arg);

/* Starts FN now, in a task or not: a server stops, an idle limit has passed.
   REASON, 0 or -errno, is what FN will be told, unless H waits for a stack:
   then what started it first stays.  -ENOENT: H does not hibernate (FN has been
   started already); -EINVAL: REASON is above 0. */
PLX_API int plx_hibernate_wake(struct plx_hibernation *h, int reason);

/* Takes H back, in a task or not: FN will not be called, and H may be freed.
   -ENOENT: it does not hibernate. */
PLX_API int plx_hibernate_cancel(struct plx_hibernation *h);

/*
 * Why FN was started: the events (PLX_READ, maybe with PLX_EOF and PLX_ERROR);
 * the REASON of plx_hibernate_wake; -ECANCELED: the nursery was cancelled;
 * -ESHUTDOWN: plx_close has closed FD, which is not to be touched any more;
 * or why the loop could not watch FD.  0 for an H that was never used.  Until H
 * is used again.
 */
PLX_API int plx_hibernation_status(const struct plx_hibernation *h);

PLX_END_DECLS

#endif
