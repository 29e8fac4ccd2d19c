/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * knote.h: what the files of the stand-in for kqueue(2) share.
 *
 * kqueue.c        kqueue() and kevent(): the change list, the scan, the wait
 * knote.c         queues and knotes: made, armed, activated, dropped
 * filter.c        is this knote's condition true now, and with what data?
 * descriptor.c    close() and dup2(), which drop knotes; fork
 *
 * How it works.  Each direction has an epoll set, in which every knote that
 * is armed is registered in edge mode: an event of the set means "something
 * happened, look again" and no more, which is what a BSD kernel tells a knote.
 * The knote then becomes active: it goes to the end of the queue's list, and
 * an eventfd, the bell, is raised.  The scan takes active knotes from the
 * head, asks poll(2) whether the condition still holds, reports, and puts
 * those of level mode back at the end.  So nothing starves, and what epoll
 * takes for ready decides nothing.
 *
 * The set of EVFILT_READ is the queue's descriptor; the other set and the bell
 * lie in it, so that a queue can itself be waited for.  As on a BSD it may be
 * readable for a level knote whose condition has passed, until kevent looks.
 *
 * One lock guards it all and is released only while kevent() waits.
 */
#ifndef PLX_TESTS_KNOTE_H
#define PLX_TESTS_KNOTE_H

#include <stdbool.h>
#include <sys/queue.h>
#include <sys/event.h>

enum kind {
	KIND_USER,
	KIND_STREAM, /* a socket that has to be connected */
	KIND_SOCKET,
	KIND_PIPE,
	KIND_OTHER,
};

struct knote {
	LIST_ENTRY(knote) bucket;
	TAILQ_ENTRY(knote) place;
	struct kevent event; /* ident, filter, flags and udata as registered */
	enum kind kind;
	bool active; /* in the queue's list */
	bool disabled;
	bool triggered; /* EVFILT_USER */
};

enum {
	READERS,
	WRITERS,
	INNER_SETS,
	BUCKETS = 1024
};

LIST_HEAD(bucket, knote);
TAILQ_HEAD(active, knote);

struct kqueue {
	LIST_ENTRY(kqueue) all;
	struct active active;
	struct bucket bucket[BUCKETS];
	int fd;	     /* the epoll set of EVFILT_READ, which the user holds */
	int writers; /* the epoll set of EVFILT_WRITE */
	int bell;    /* eventfd, raised while ACTIVE is not empty */
	bool rung;
	unsigned long serial; /* tells it from the number's next */
};

LIST_HEAD(kqueues, kqueue);
extern struct kqueues standin_queues;

/* descriptor.c */
void standin_lock(void);
void standin_unlock(void);
void standin_begin(void);
/* close(2) itself. */
int standin_close(int fd);

/* knote.c: 0 or an errno; they are called with the lock held. */
struct kqueue *standin_queue(int fd);
int standin_queue_make(struct kqueue **out);
void standin_queue_free(struct kqueue *q);
int standin_change(struct kqueue *q, const struct kevent *change);
void standin_disable(struct kqueue *q, struct knote *kn);
void standin_drop(struct kqueue *q, struct knote *kn);
void standin_drop_descriptor(struct kqueue *q, int fd);
/* Hears what the sets have to say. */
void standin_listen(struct kqueue *q);
/* Raises or lowers the bell. */
void standin_ring(struct kqueue *q);

/* filter.c */
enum kind standin_kind(int fd, int *error);
/* Fills EVENT's flags, fflags and data; whether the condition holds. */
bool standin_evaluate(struct knote *kn, struct kevent *event);
/* EPIPE when the knote cannot be added because the other end has gone. */
int standin_refusal(const struct knote *kn);
void standin_touch(struct knote *kn, const struct kevent *change);

#endif
