/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * knote.c: queues and the knotes in them.
 *
 * A change does what FreeBSD 13 does: EV_ADD on a knote that exists replaces
 * udata only, never its mode, and does not enable it; every change but
 * EV_DELETE replaces udata and looks at the condition again; the flags of
 * EV_ADD stay with the knote (EV_RECEIPT too) and come back in its events.
 *
 * A disabled knote has no registration in the inner set, so that the queue's
 * descriptor keeps quiet as well; enabling it looks at the condition anyway.
 */
#include <config.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "knote.h"

static struct bucket *
bucket(struct kqueue *q, uintptr_t ident)
{
	return &q->bucket[ident % BUCKETS];
}

static struct knote *
find(struct kqueue *q, uintptr_t ident, int filter)
{
	struct knote *kn;

	LIST_FOREACH(kn, bucket(q, ident), bucket)
	{
		if (kn->event.ident == ident && kn->event.filter == filter)
			return kn;
	}
	return NULL;
}

struct kqueue *
standin_queue(int fd)
{
	struct kqueue *q;

	LIST_FOREACH(q, &standin_queues, all)
	{
		if (q->fd == fd)
			return q;
	}
	return NULL;
}

static int
join(int set, int fd)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.fd = -1};

	return fd < 0 ? -1 : epoll_ctl(set, EPOLL_CTL_ADD, fd, &ev);
}

int
standin_queue_make(struct kqueue **out)
{
	static unsigned long serial;
	struct kqueue *q = calloc(1, sizeof(*q));
	int error;

	if (!q)
		return ENOMEM;
	TAILQ_INIT(&q->active);
	LIST_INSERT_HEAD(&standin_queues, q, all);
	q->serial = ++serial;
	q->fd = epoll_create1(0);
	q->writers = epoll_create1(EPOLL_CLOEXEC);
	q->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (join(q->fd, q->writers) < 0 || join(q->fd, q->bell) < 0) {
		error = errno;
		standin_queue_free(q);
		return error;
	}
	*out = q;
	return 0;
}

/*
 * The sets go first and are not told of the knotes that go: after fork they
 * are the parent's as well.
 */
void
standin_queue_free(struct kqueue *q)
{
	struct knote *kn;
	int i;

	standin_close(q->bell);
	standin_close(q->writers);
	standin_close(q->fd);
	q->writers = q->fd = -1;
	for (i = 0; i < BUCKETS; i++) {
		while ((kn = LIST_FIRST(&q->bucket[i])))
			standin_drop(q, kn);
	}
	LIST_REMOVE(q, all);
	free(q);
}

static int
set_of(const struct kqueue *q, const struct knote *kn)
{
	return kn->event.filter == EVFILT_READ ? q->fd : q->writers;
}

static int
arm(struct kqueue *q, struct knote *kn)
{
	bool read = kn->event.filter == EVFILT_READ;
	struct epoll_event ev = {
		.events = read ? EPOLLIN | EPOLLRDHUP : EPOLLOUT,
		.data.fd = (int)kn->event.ident,
	};

	if (kn->kind == KIND_USER)
		return 0;
	ev.events |= EPOLLET;
	if (epoll_ctl(set_of(q, kn), EPOLL_CTL_ADD, (int)kn->event.ident,
		      &ev) == 0)
		return 0;
	return errno == EPERM ? ENODEV : errno;
}

static void
disarm(struct kqueue *q, struct knote *kn)
{
	if (kn->kind != KIND_USER)
		epoll_ctl(set_of(q, kn), EPOLL_CTL_DEL, (int)kn->event.ident,
			  NULL);
}

static void
activate(struct kqueue *q, struct knote *kn)
{
	if (!kn->active)
		TAILQ_INSERT_TAIL(&q->active, kn, place);
	kn->active = true;
}

static void
deactivate(struct kqueue *q, struct knote *kn)
{
	if (kn->active)
		TAILQ_REMOVE(&q->active, kn, place);
	kn->active = false;
}

void
standin_disable(struct kqueue *q, struct knote *kn)
{
	if (!kn->disabled)
		disarm(q, kn);
	kn->disabled = true;
	deactivate(q, kn);
}

void
standin_drop(struct kqueue *q, struct knote *kn)
{
	standin_disable(q, kn);
	LIST_REMOVE(kn, bucket);
	free(kn);
}

void
standin_drop_descriptor(struct kqueue *q, int fd)
{
	struct knote *kn;

	if (fd < 0)
		return;
	while ((kn = find(q, (uintptr_t)fd, EVFILT_READ)))
		standin_drop(q, kn);
	while ((kn = find(q, (uintptr_t)fd, EVFILT_WRITE)))
		standin_drop(q, kn);
	standin_ring(q);
}

static int
make(struct kqueue *q, const struct kevent *change, struct knote **out)
{
	struct knote *kn = calloc(1, sizeof(*kn));
	int error = kn ? 0 : ENOMEM;

	if (!kn)
		return error;
	kn->event = *change;
	kn->event.flags &= EV_ONESHOT | EV_CLEAR | EV_RECEIPT | EV_DISPATCH;
	kn->event.fflags &= NOTE_FFLAGSMASK & ~NOTE_TRIGGER;
	if (change->filter != EVFILT_USER)
		kn->kind = standin_kind((int)change->ident, &error);
	if (!error)
		error = standin_refusal(kn);
	if (!error)
		error = arm(q, kn);
	if (error) {
		free(kn);
		return error;
	}
	LIST_INSERT_HEAD(bucket(q, change->ident), kn, bucket);
	*out = kn;
	return 0;
}

static int
enable(struct kqueue *q, struct knote *kn)
{
	int error = kn->disabled ? arm(q, kn) : 0;

	kn->disabled = error != 0;
	return error;
}

static int
update(struct kqueue *q, struct knote *kn, const struct kevent *change)
{
	int error = change->flags & EV_ENABLE ? enable(q, kn) : 0;
	struct kevent ignored;

	if (change->flags & EV_DISABLE && !(change->flags & EV_ENABLE))
		standin_disable(q, kn);
	if (!kn->disabled &&
	    (kn->kind == KIND_USER ? kn->triggered
				   : standin_evaluate(kn, &ignored)))
		activate(q, kn);
	return error;
}

int
standin_change(struct kqueue *q, const struct kevent *change)
{
	bool user = change->filter == EVFILT_USER;
	struct knote *kn;
	int error = 0;

	if (!user && change->filter != EVFILT_READ &&
	    change->filter != EVFILT_WRITE)
		return EINVAL;
	if (!user)
		standin_kind((int)change->ident, &error);
	if (error == EBADF || (!user && change->ident > INT32_MAX))
		return EBADF;
	kn = find(q, change->ident, change->filter);
	if (kn && change->flags & EV_DELETE) {
		standin_drop(q, kn);
		return 0;
	}
	if (kn) {
		kn->event.udata = change->udata;
		if (user)
			standin_touch(kn, change);
		return update(q, kn, change);
	}
	if (!(change->flags & EV_ADD))
		return ENOENT;
	error = make(q, change, &kn);
	return error ? error : update(q, kn, change);
}

static void
listen_to(struct kqueue *q, int set, int filter)
{
	enum {
		MANY = 64
	};
	struct epoll_event ev[MANY];
	struct knote *kn;
	int i, n;

	do {
		n = epoll_wait(set, ev, MANY, 0);
		for (i = 0; i < n; i++) {
			kn = find(q, (uintptr_t)ev[i].data.fd, filter);
			if (kn)
				activate(q, kn);
		}
	} while (n == MANY);
}

void
standin_listen(struct kqueue *q)
{
	listen_to(q, q->fd, EVFILT_READ);
	listen_to(q, q->writers, EVFILT_WRITE);
}

void
standin_ring(struct kqueue *q)
{
	bool ring = !TAILQ_EMPTY(&q->active);
	uint64_t value = 1;

	if (ring == q->rung)
		return;
	q->rung = ring;
	if (ring ? write(q->bell, &value, sizeof(value)) < 0
		 : read(q->bell, &value, sizeof(value)) < 0)
		q->rung = !ring;
}
