/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz.c: the input, byte for byte, and the world that targets run in.
 *
 * The checks of the tests' support are those of tests/plain, whose runner has
 * no place here: a failed one ends the process, as a fuzzer wants it.
 */
#include <config.h>

#include "fuzz.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int
fuzz_more(const struct fuzz *f)
{
	return f->at < f->end;
}

uint8_t
fuzz_u8(struct fuzz *f)
{
	return f->at < f->end ? *f->at++ : 0;
}

uint32_t
fuzz_below(struct fuzz *f, uint32_t n)
{
	uint32_t value = fuzz_u8(f);

	if (n > 256)
		value = value << 8 | fuzz_u8(f);
	if (n > 65536)
		value = value << 16 | (uint32_t)fuzz_u8(f) << 8 | fuzz_u8(f);
	return value % n;
}

int
fuzz_chance(struct fuzz *f, uint32_t n)
{
	return fuzz_below(f, n) == n - 1;
}

static void __attribute__((format(printf, 1, 0)))
show(const char *format, va_list args)
{
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
}

void
fuzz_fail(const char *format, ...)
{
	va_list args;

	fputs("fuzz: ", stderr);
	va_start(args, format);
	show(format, args);
	va_end(args);
	abort();
}

int
plain_check(int holds, int fatal, const char *file, int line, const char *what,
	    const char *format, ...)
{
	va_list args;

	(void)fatal;
	if (holds)
		return 1;
	fprintf(stderr, "fuzz: %s:%d: %s:", file, line, what);
	va_start(args, format);
	show(format, args);
	va_end(args);
	abort();
}

void
plain_skip(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	show(format, args);
	va_end(args);
	abort();
}

/* The entries of support_sys that wait. */
static struct plx_sys inner;

static const struct timespec at_once;

static int
look(int n, int for_ever)
{
	if (n == 0 && for_ever)
		fuzz_fail("a wait that nothing can end");
	return n;
}

static int
look_select(const struct plx_sys *sys, int nfds, unsigned long *r,
	    unsigned long *w, const struct timespec *timeout)
{
	return look(inner.select(sys, nfds, r, w, timeout ? timeout : &at_once),
		    !timeout);
}

static int
look_poll(const struct plx_sys *sys, struct pollfd *fds, size_t count,
	  const struct timespec *timeout)
{
	return look(inner.poll(sys, fds, count, timeout ? timeout : &at_once),
		    !timeout);
}

static int
look_epoll_wait(const struct plx_sys *sys, int ep, struct epoll_event *out,
		int cap, int timeout_ms)
{
	return look(inner.epoll_wait(sys, ep, out, cap,
				     timeout_ms < 0 ? 0 : timeout_ms),
		    timeout_ms < 0);
}

static int
look_epoll_pwait2(const struct plx_sys *sys, int ep, struct epoll_event *out,
		  int cap, const struct timespec *timeout)
{
	return look(inner.epoll_pwait2(sys, ep, out, cap,
				       timeout ? timeout : &at_once),
		    !timeout);
}

static int
look_kevent(const struct plx_sys *sys, int kq, const struct kevent *in, int nin,
	    struct kevent *out, int nout, const struct timespec *timeout)
{
	int for_ever = !timeout && nin == 0;

	return look(inner.kevent(sys, kq, in, nin, out, nout,
				 for_ever ? &at_once : timeout),
		    for_ever);
}

struct support_mark
fuzz_begin(void)
{
	struct support_mark mark = support_begin(NULL);
	struct plx_sys *sys = &support_sys.sys;

	inner = *sys;
	sys->select = look_select;
	sys->poll = look_poll;
	sys->epoll_wait = look_epoll_wait;
	sys->epoll_pwait2 = look_epoll_pwait2;
	sys->kevent = look_kevent;
	support_sys.fake_clock = 1;
	support_sys.now = 1000 * PLX_SECOND;
	return mark;
}

void
fuzz_end(struct support_mark mark)
{
	support_end(mark, NULL);
}
