/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * descriptor.c: what becomes of knotes when descriptors come and go.
 *
 * On a BSD a knote belongs to the descriptor's number: closing the number
 * drops it, though a duplicate keeps the file open.  So this file defines
 * close, dup2 and dup3 for the whole test program.  (A descriptor closed in
 * another way, by fclose or close_range, is not noticed.)  They take a lock
 * while there is a queue: they are not for signal handlers.
 *
 * A child of fork has no queues: their descriptors are closed there.
 */
#include <config.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "knote.h"

struct kqueues standin_queues = LIST_HEAD_INITIALIZER(standin_queues);

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static atomic_bool begun; /* there has been a queue */

#ifdef __SANITIZE_THREAD__
/* When a task has forked the sanitizer reports a second lock in the child,
   where the handler below has unlocked it. */
__attribute__((visibility("default"))) const char *
__tsan_default_suppressions(void);

const char *
__tsan_default_suppressions(void)
{
	return "mutex:standin_lock\n";
}
#endif

void
standin_lock(void)
{
	pthread_mutex_lock(&lock);
}

void
standin_unlock(void)
{
	pthread_mutex_unlock(&lock);
}

static void
leave_queues_to_parent(void)
{
	while (!LIST_EMPTY(&standin_queues))
		standin_queue_free(LIST_FIRST(&standin_queues));
	standin_unlock();
}

static void
begin(void)
{
	pthread_atfork(standin_lock, standin_unlock, leave_queues_to_parent);
	atomic_store(&begun, true);
}

void
standin_begin(void)
{
	pthread_once(&once, begin);
}

int
standin_close(int fd)
{
	return (int)syscall(SYS_close, fd);
}

/* FD is about to name nothing, or something else. */
static void
forget(int fd)
{
	struct kqueue *q, *next;

	for (q = LIST_FIRST(&standin_queues); q; q = next) {
		next = LIST_NEXT(q, all);
		standin_drop_descriptor(q, fd);
		if (q->fd == fd)
			standin_queue_free(q);
	}
}

int
close(int fd)
{
	int kept = errno, ret = 0;
	bool is_queue;

	if (!atomic_load(&begun))
		return standin_close(fd);
	standin_lock();
	is_queue = standin_queue(fd) != NULL;
	forget(fd);
	errno = kept;
	if (!is_queue)
		ret = standin_close(fd);
	standin_unlock();
	return ret;
}

int
dup3(int from, int onto, int flags)
{
	int kept = errno, ret;

	if (!atomic_load(&begun))
		return (int)syscall(SYS_dup3, from, onto, flags);
	standin_lock();
	if (from != onto && fcntl(from, F_GETFD) >= 0)
		forget(onto);
	errno = kept;
	ret = (int)syscall(SYS_dup3, from, onto, flags);
	standin_unlock();
	return ret;
}

int
dup2(int from, int onto)
{
	if (from == onto)
		return fcntl(from, F_GETFD) >= 0 ? onto : -1;
	return dup3(from, onto, 0);
}
