/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * epoll.c: the mechanism of Linux: the kernel keeps the set.
 *
 * Traps.
 * - The kernel files a registration under (open file, number), not under the
 *   number.  A file whose descriptor was closed goes on being reported as
 *   long as a duplicate is open anywhere, a forked child's included, and the
 *   number can no longer name it: neither MOD nor DEL reach such a ghost.
 *   The token's generation gives it away; the cure (a fresh set) is the
 *   selector's.
 * - So ADD can say EEXIST for a number that we think is new: dup2 has brought
 *   the old file back to it.  MOD then does what was meant.
 * - MOD re-arms edge and one-shot.  The harmless question whether a
 *   registration is alive is ADD: EEXIST says yes.
 * - Regular files, directories and /dev/null are refused with EPERM.
 * - EPOLLEXCLUSIVE can only be ADDed, never MODified, and combines with
 *   EPOLLIN, EPOLLOUT and EPOLLET alone; keys.c refuses it with ONESHOT.
 * - A set cannot be ADDed to itself (EINVAL) nor to one that it watches
 *   (ELOOP): then the number of what was watched is a set's by now.
 * - EPOLLERR and EPOLLHUP come unasked, and EPOLLRDHUP stays up for good: it
 *   is asked for with EPOLLIN only, or a half-closed peer would keep waking
 *   a writer.
 * - epoll_wait counts milliseconds.  epoll_pwait2 is Linux 5.11; old sandboxes
 *   answer EPERM to what they do not know.
 * - After fork parent and child share one set: a child must not touch it; and
 *   by the time of close its number may be another file's there.
 */
#include <config.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include "backend.h"
#include "identity.h"
#include "sys.h"
#include "timeout.h"

#ifdef HAVE_EPOLL
#include <sys/epoll.h>

#ifndef EPOLLEXCLUSIVE
#define EPOLLEXCLUSIVE (1u << 28)
#endif

struct state {
	const struct plx_sys *sys;
	int ep;
	int no_pwait2;
	struct plx_owned owned; /* EP */
};

static int
open_epoll(const struct plx_sys *sys, void **state)
{
	int ep = sys->epoll_create(sys);
	struct state *s;

	if (ep < 0)
		return ep;
	s = sys->resize(sys, NULL, sizeof(*s));
	if (!s) {
		sys->close(sys, ep);
		return -ENOMEM;
	}
	*s = (struct state){.sys = sys, .ep = ep};
	plx__owned_init(&s->owned, sys, ep);
	*state = s;
	return 0;
}

static void
close_epoll(void *state)
{
	struct state *s = state;
	const struct plx_sys *sys = s->sys;

	plx__owned_close(&s->owned, sys, s->ep);
	sys->resize(sys, s, 0);
}

static struct epoll_event
wish(unsigned mask, uint64_t token)
{
	struct epoll_event ev = {.data.u64 = token};

	if (mask & PLX_BACKEND_READ)
		ev.events |= EPOLLIN;
	if (mask & PLX_BACKEND_READ && !(mask & PLX_BACKEND_EXCLUSIVE))
		ev.events |= EPOLLRDHUP;
	if (mask & PLX_BACKEND_WRITE)
		ev.events |= EPOLLOUT;
	if (mask & PLX_BACKEND_EDGE)
		ev.events |= EPOLLET;
	if (mask & PLX_BACKEND_ONESHOT)
		ev.events |= EPOLLONESHOT;
	if (mask & PLX_BACKEND_EXCLUSIVE)
		ev.events |= EPOLLEXCLUSIVE;
	return ev;
}

static int
control(const struct state *s, int op, int fd, unsigned mask, uint64_t token)
{
	struct epoll_event ev = wish(mask, token);

	return s->sys->epoll_ctl(s->sys, s->ep, op, fd, &ev);
}

/* What the kernel says of a number that no longer names the old file. */
static int
means_gone(int error)
{
	return error == -ENOENT || error == -EBADF || error == -EPERM;
}

static int
add(const struct state *s, int fd, unsigned mask, uint64_t token)
{
	int ret = control(s, EPOLL_CTL_ADD, fd, mask, token);

	if (ret != -EEXIST)
		return ret;
	if (!(mask & PLX_BACKEND_EXCLUSIVE))
		return control(s, EPOLL_CTL_MOD, fd, mask, token);
	control(s, EPOLL_CTL_DEL, fd, 0, 0);
	return control(s, EPOLL_CTL_ADD, fd, mask, token);
}

static int
probe(const struct state *s, int fd)
{
	int ret = control(s, EPOLL_CTL_ADD, fd, 0, 0);

	if (ret == -EEXIST)
		return 0;
	if (ret == 0)
		control(s, EPOLL_CTL_DEL, fd, 0, 0);
	if (ret == 0 || ret == -EINVAL || ret == -ELOOP || means_gone(ret))
		return -ENOENT;
	return ret;
}

/* OLD or NEW is exclusive: out and in again, back to OLD when that fails. */
static int
replace(const struct state *s, int fd, unsigned old, unsigned new,
	uint64_t token)
{
	int ret = control(s, EPOLL_CTL_DEL, fd, 0, 0);

	if (ret < 0)
		return ret;
	ret = control(s, EPOLL_CTL_ADD, fd, new, token);
	if (ret < 0)
		control(s, EPOLL_CTL_ADD, fd, old, token);
	return ret;
}

static int
set(void *state, int fd, unsigned old, unsigned new, uint64_t token)
{
	const struct state *s = state;
	int ret;

	if (new == 0) {
		control(s, EPOLL_CTL_DEL, fd, 0, 0);
		return 0;
	}
	if (old == new)
		return probe(s, fd);
	if (old == 0)
		return add(s, fd, new, token);
	if ((old | new) & PLX_BACKEND_EXCLUSIVE)
		ret = replace(s, fd, old, new, token);
	else
		ret = control(s, EPOLL_CTL_MOD, fd, new, token);
	return means_gone(ret) ? -ENOENT : ret;
}

/* Apart, because most waits have no limit or do not wait. */
static __attribute__((noinline)) int
ask_until(struct state *s, struct epoll_event *events, int cap, int64_t timeout)
{
	const struct plx_sys *sys = s->sys;
	struct timespec spec;
	int n;

	if (!s->no_pwait2) {
		n = sys->epoll_pwait2(sys, s->ep, events, cap,
				      plx__timeout_spec(timeout, &spec));
		if (n != -ENOSYS && n != -EPERM)
			return n;
		s->no_pwait2 = 1;
	}
	return sys->epoll_wait(sys, s->ep, events, cap,
			       plx__timeout_ms(timeout));
}

static inline int
ask(struct state *s, struct epoll_event *events, int cap, int64_t timeout)
{
	if (timeout > 0)
		return ask_until(s, events, cap, timeout);
	return s->sys->epoll_wait(s->sys, s->ep, events, cap,
				  -(int)(timeout < 0));
}

static __attribute__((noinline)) unsigned
unusual(uint32_t events)
{
	unsigned mask = events & EPOLLIN ? PLX_BACKEND_READ : 0;

	if (events & EPOLLOUT)
		mask |= PLX_BACKEND_WRITE;
	if (events & (EPOLLERR | EPOLLHUP))
		mask |= PLX_BACKEND_DIRECTIONS;
	if (events & (EPOLLRDHUP | EPOLLHUP))
		mask |= PLX_BACKEND_EOF;
	if (events & EPOLLERR)
		mask |= PLX_BACKEND_ERROR;
	return mask;
}

/* Most that is ready can be read, and nothing else. */
static inline unsigned
meaning(uint32_t events)
{
	return events == EPOLLIN ? PLX_BACKEND_READ : unusual(events);
}

/*
 * The kernel writes into OUT, whose entries are no smaller than its own; they
 * are turned into ours from the last to the first, so that none is written
 * over that has not been read.
 */
static int
wait_epoll(void *state, struct plx_backend_event *out, int cap, int64_t timeout)
{
	struct epoll_event *events = (void *)out;
	struct epoll_event ev;
	int i, n;

	_Static_assert(sizeof(*events) <= sizeof(*out) &&
			       _Alignof(struct epoll_event) <=
				       _Alignof(struct plx_backend_event),
		       "an entry has no room for the kernel's");
	n = ask(state, events, cap, timeout);
	for (i = n - 1; i >= 0; i--) {
		memcpy(&ev, &events[i], sizeof(ev));
		out[i].token = ev.data.u64;
		out[i].events = meaning(ev.events);
	}
	return n;
}

static int
fileno_epoll(void *state)
{
	const struct state *s = state;

	return s->ep;
}
#endif

const struct plx_backend plx__backend_epoll = {
	.name = "epoll",
#ifdef HAVE_EPOLL
	.features = PLX_BACKEND_HAS_EDGE | PLX_BACKEND_HAS_ONESHOT |
		    PLX_BACKEND_HAS_EXCLUSIVE | PLX_BACKEND_HAS_FILENO |
		    PLX_BACKEND_HAS_NANOSECONDS,
	.open = open_epoll,
	.close = close_epoll,
	.set = set,
	.wait = wait_epoll,
	.fileno = fileno_epoll,
#endif
};
