/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/event.h: kqueue(2) for the tests, on a system that has none.
 *
 * A stand-in for the header of the same name: layout and numbers are those of
 * FreeBSD 13 on 64 bits.  kqueue.c beside this directory's parent tells what
 * the stand-in does; only what that file implements is declared here, so a
 * user of anything else does not compile.
 */
#ifndef PLX_TESTS_SYS_EVENT_H
#define PLX_TESTS_SYS_EVENT_H

#include <stdint.h>
#include <sys/types.h>
#include <time.h>

struct kevent {
	uintptr_t ident;
	short filter;
	unsigned short flags;
	unsigned int fflags;
	int64_t data;
	void *udata;
	uint64_t ext[4];
};

#define EV_SET(kevp, a, b, c, d, e, f)         \
	(*(kevp) = (struct kevent){            \
		 .ident = (uintptr_t)(a),      \
		 .filter = (short)(b),         \
		 .flags = (unsigned short)(c), \
		 .fflags = (unsigned int)(d),  \
		 .data = (int64_t)(e),         \
		 .udata = (void *)(f),         \
	 })

#define EVFILT_READ (-1)
#define EVFILT_WRITE (-2)
#define EVFILT_USER (-11)

/* Actions. */
#define EV_ADD 0x0001
#define EV_DELETE 0x0002
#define EV_ENABLE 0x0004
#define EV_DISABLE 0x0008

/* Flags. */
#define EV_ONESHOT 0x0010
#define EV_CLEAR 0x0020
#define EV_RECEIPT 0x0040
#define EV_DISPATCH 0x0080

/* Returned values; the kernel takes all of EV_SYSFLAGS out of a change. */
#define EV_SYSFLAGS 0xF000
#define EV_ERROR 0x4000
#define EV_EOF 0x8000

/* EVFILT_USER: what becomes of the lower 24 bits of fflags, and the bell. */
#define NOTE_FFNOP 0x00000000U
#define NOTE_FFAND 0x40000000U
#define NOTE_FFOR 0x80000000U
#define NOTE_FFCOPY 0xc0000000U
#define NOTE_FFCTRLMASK 0xc0000000U
#define NOTE_FFLAGSMASK 0x00ffffffU
#define NOTE_TRIGGER 0x01000000U

#if defined(__cplusplus)
extern "C" {
#endif

int kqueue(void);
int kevent(int kq, const struct kevent *changelist, int nchanges,
	   struct kevent *eventlist, int nevents,
	   const struct timespec *timeout);

/*
 * Of the stand-in alone: set, it does as libkqueue.  A receipt of what was done
 * says what happened to be in errno, and a call that succeeds changes it.
 */
extern int kqueue_careless;

#if defined(__cplusplus)
}
#endif

#endif
