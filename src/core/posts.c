/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * posts.c: the way into the loop for other threads.
 *
 * A post appends first and notifies afterwards; the loop takes the notice
 * back first and looks afterwards (loop_int.h).  So nothing is missed, and a
 * flood of posts wakes the loop once.  What posted functions post themselves
 * waits for the next turn.  The lock is never held while foreign code runs.
 */
#include <config.h>

#include "posts.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "loop_int.h"
#include "selector_parts.h"
#include "sys.h"

enum {
	FIRST_ROOM = 64
};

static int
grow(struct plx_post_list *list, const struct plx_sys *sys)
{
	size_t room = list->room ? 2 * list->room : FIRST_ROOM;
	void *items;

	if (room > SIZE_MAX / sizeof(*list->items))
		return -ENOMEM;
	items = sys->resize(sys, list->items, room * sizeof(*list->items));
	if (!items)
		return -ENOMEM;
	list->items = items;
	list->room = room;
	return 0;
}

int
plx__posts_init(struct plx_posts *p)
{
	memset(p, 0, sizeof(*p));
	return -pthread_mutex_init(&p->lock, NULL);
}

void
plx__posts_fini(struct plx_posts *p, const struct plx_sys *sys)
{
	if (p->in.items)
		sys->resize(sys, p->in.items, 0);
	if (p->out.items)
		sys->resize(sys, p->out.items, 0);
	pthread_mutex_destroy(&p->lock);
	memset(p, 0, sizeof(*p));
}

int
plx__posts_on_fork(struct plx_posts *p)
{
	p->out.count = 0;
	if (pthread_mutex_trylock(&p->lock) == 0) {
		p->in.count = 0;
		return -pthread_mutex_unlock(&p->lock);
	}
	p->in = (struct plx_post_list){0};
	memset(&p->lock, 0, sizeof(p->lock));
	return -pthread_mutex_init(&p->lock, NULL);
}

size_t
plx__posts_run(struct plx_posts *p)
{
	struct plx_post_list taken;
	size_t i;

	pthread_mutex_lock(&p->lock);
	taken = p->in;
	p->in = p->out; /* which has run, and is empty */
	p->out = taken;
	pthread_mutex_unlock(&p->lock);
	for (i = 0; i < p->out.count; i++)
		p->out.items[i].fn(p->out.items[i].arg);
	p->out.count = 0;
	return i;
}

/* Takes a post back: 1, or 0 when it is with the loop already. */
static int
take_back(struct plx_posts *p, const struct plx_post *post)
{
	struct plx_post *items;
	size_t i;

	pthread_mutex_lock(&p->lock);
	items = p->in.items;
	for (i = p->in.count; i > 0; i--) {
		if (items[i - 1].fn == post->fn &&
		    items[i - 1].arg == post->arg)
			break;
	}
	if (i > 0) {
		memmove(&items[i - 1], &items[i],
			(p->in.count - i) * sizeof(*items));
		p->in.count--;
	}
	pthread_mutex_unlock(&p->lock);
	return i > 0;
}

int
plx_loop_post(plx_loop *loop, void (*fn)(void *arg), void *arg)
{
	const struct plx_post post = {fn, arg};
	struct plx_post_list *in = &loop->posts.in;
	int err = plx__selector_check(loop->selector);

	/* In a child the lock may be held by a thread that is not there. */
	if (err)
		return err;
	pthread_mutex_lock(&loop->posts.lock);
	if (in->count == in->room)
		err = grow(in, loop->sys);
	if (!err)
		in->items[in->count++] = post;
	pthread_mutex_unlock(&loop->posts.lock);
	if (err)
		return err;
	err = plx__loop_notify(loop);
	return err && take_back(&loop->posts, &post) ? err : 0;
}
