/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * support_sys.c: a system table that counts, fails on demand and can stop
 * the clock; what it does not lie about, the real table does.
 *
 * The counters are atomic because posts and wakes come from other threads.
 * With the fake clock a wait with a timeout becomes a look: time is what the
 * test is about, so nothing sleeps.  A wait without a timeout stays one,
 * since only another thread or a signal can end it.
 */
#include <config.h>

#include "support.h"
#include "support_sys.h"

#include <poll.h>
#include <sys/socket.h>
#include <time.h>

int
support_enter(const struct plx_sys *sys, unsigned entry)
{
	struct support_sys *s = (void *)sys;
	int bit = __builtin_ctz(entry);

	__atomic_fetch_add(&s->calls[bit], 1, __ATOMIC_RELAXED);
	if ((s->fails & entry) == 0 ||
	    __atomic_load_n(&s->fail_at, __ATOMIC_RELAXED) == 0) {
		return 0;
	}
	if (__atomic_sub_fetch(&s->fail_at, 1, __ATOMIC_RELAXED) > 0) {
		return 0;
	}
	return -s->fail_with;
}

static int
is_fake(const struct plx_sys *sys)
{
	return ((const struct support_sys *)(const void *)sys)->fake_clock;
}

static int64_t
count_now(const struct plx_sys *sys)
{
	struct support_sys *s = (void *)sys;

	support_enter(sys, SUPPORT_CLOCK);
	if (s->fake_clock) {
		return __atomic_load_n(&s->now, __ATOMIC_RELAXED);
	}
	return plx__sys_real.now(&plx__sys_real);
}

static void *
count_resize(const struct plx_sys *sys, void *p, size_t size)
{
	struct support_sys *s = (void *)sys;
	void *made;

	if (size > 0 && support_enter(sys, SUPPORT_RESIZE)) {
		return NULL;
	}
	made = plx__sys_real.resize(&plx__sys_real, p, size);
	if (!p && made) {
		__atomic_fetch_add(&s->blocks, 1, __ATOMIC_RELAXED);
	} else if (p && size == 0) {
		__atomic_fetch_sub(&s->blocks, 1, __ATOMIC_RELAXED);
	}
	return made;
}

static const struct timespec at_once;

/* What a wait of TIMEOUT is to be given in its stead. */
static const struct timespec *
begin_wait(const struct plx_sys *sys, const struct timespec *timeout)
{
	return timeout && is_fake(sys) ? &at_once : timeout;
}

/* Moves the fake clock on when a wait of TIMEOUT found nothing. */
static int
end_wait(const struct plx_sys *sys, int n, const struct timespec *timeout)
{
	struct support_sys *s = (void *)sys;

	if (n == 0 && timeout && is_fake(sys)) {
		__atomic_fetch_add(&s->now,
				   (int64_t)timeout->tv_sec * 1000000000 +
					   timeout->tv_nsec,
				   __ATOMIC_RELAXED);
	}
	return n;
}

static int
count_select(const struct plx_sys *sys, int nfds, unsigned long *r,
	     unsigned long *w, const struct timespec *timeout)
{
	int n = support_enter(sys, SUPPORT_WAIT);

	if (n == 0) {
		n = plx__sys_real.select(&plx__sys_real, nfds, r, w,
					 begin_wait(sys, timeout));
	}
	return end_wait(sys, n, timeout);
}

static int
count_poll(const struct plx_sys *sys, struct pollfd *fds, size_t count,
	   const struct timespec *timeout)
{
	int n = support_enter(sys, SUPPORT_WAIT);

	if (n == 0) {
		n = plx__sys_real.poll(&plx__sys_real, fds, count,
				       begin_wait(sys, timeout));
	}
	return end_wait(sys, n, timeout);
}

static int
count_epoll_wait(const struct plx_sys *sys, int ep, struct epoll_event *out,
		 int cap, int timeout_ms)
{
	const struct timespec timeout = {
		.tv_sec = timeout_ms / 1000,
		.tv_nsec = timeout_ms % 1000 * 1000000L,
	};
	const struct timespec *asked = timeout_ms < 0 ? NULL : &timeout;
	int n = support_enter(sys, SUPPORT_WAIT);

	if (n == 0) {
		n = plx__sys_real.epoll_wait(
			&plx__sys_real, ep, out, cap,
			asked && is_fake(sys) ? 0 : timeout_ms);
	}
	return end_wait(sys, n, asked);
}

static int
count_epoll_pwait2(const struct plx_sys *sys, int ep, struct epoll_event *out,
		   int cap, const struct timespec *timeout)
{
	int n = support_enter(sys, SUPPORT_WAIT);

	if (n == 0) {
		n = plx__sys_real.epoll_pwait2(&plx__sys_real, ep, out, cap,
					       begin_wait(sys, timeout));
	}
	return end_wait(sys, n, timeout);
}

static int
count_kevent(const struct plx_sys *sys, int kq, const struct kevent *in,
	     int nin, struct kevent *out, int nout,
	     const struct timespec *timeout)
{
	int n = support_enter(sys, nin > 0 ? SUPPORT_CHANGE : SUPPORT_WAIT);

	if (n == 0) {
		n = plx__sys_real.kevent(&plx__sys_real, kq, in, nin, out, nout,
					 begin_wait(sys, timeout));
	}
	return end_wait(sys, n, timeout);
}

void
support_sys_init(struct support_sys *s)
{
	*s = (struct support_sys){
		.sys = support_forward,
		.now = INT64_C(1000000000),
	};
	support_forward_files(&s->sys);
	support_forward_messages(&s->sys);
	s->sys.now = count_now;
	s->sys.resize = count_resize;
	s->sys.select = count_select;
	s->sys.poll = count_poll;
	s->sys.epoll_wait = count_epoll_wait;
	s->sys.epoll_pwait2 = count_epoll_pwait2;
	s->sys.kevent = count_kevent;
}

unsigned long
support_calls(const struct support_sys *s, unsigned mask)
{
	unsigned long sum = 0;

	for (int i = 0; i < SUPPORT_ENTRIES; i++) {
		if (mask & 1u << i) {
			sum += __atomic_load_n(&s->calls[i], __ATOMIC_RELAXED);
		}
	}
	return sum;
}
