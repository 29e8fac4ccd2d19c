/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pollux/types.h: what every layer shares: time, event bits, opaque types.
 *
 * Conventions of the whole library:
 * - A function that can fail returns an int: 0 or more, or -errno.  Objects
 *   come back through the last argument, which is written only on success.
 * - No call changes errno, prints, exits or aborts.
 * - Time is an int64_t count of nanoseconds of the monotonic clock.  A call
 *   that may block takes an absolute deadline as its last argument:
 *   PLX_NEVER, 0 (do not block), or plx_after(5 * PLX_SECOND).
 * - A loop, and all that hangs from it, belongs to the thread that uses it;
 *   a function that may be called from elsewhere says so.
 */
#ifndef PLX_TYPES_H
#define PLX_TYPES_H

#include <errno.h>
#include <stdint.h>

/* FreeBSD and OpenBSD have no name for what a stream says that ends too soon;
   the nearest that they have stands for it. */
#ifndef ENODATA
#define ENODATA ENOATTR
#endif

#define PLX_VERSION_MAJOR 0
#define PLX_VERSION_MINOR 1
#define PLX_VERSION_PATCH 0
#define PLX_VERSION "0.1.0"

#if defined(__GNUC__)
#define PLX_API __attribute__((visibility("default")))
#define PLX_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#define PLX_API
#define PLX_PRINTF(fmt, args)
#endif

#if defined(__cplusplus)
#define PLX_BEGIN_DECLS extern "C" {
#define PLX_END_DECLS }
#else
#define PLX_BEGIN_DECLS
#define PLX_END_DECLS
#endif

PLX_BEGIN_DECLS

/* Durations, in nanoseconds, and the deadline that never comes. */
#define PLX_MICROSECOND INT64_C(1000)
#define PLX_MILLISECOND INT64_C(1000000)
#define PLX_SECOND INT64_C(1000000000)
#define PLX_NEVER INT64_C(-1)

/*
 * Event bits.  PLX_READ and PLX_WRITE are the directions: what is asked for
 * and what is reported.  PLX_EDGE, PLX_ONESHOT and PLX_EXCLUSIVE change how
 * they are reported and are refused with -ENOTSUP by a backend that lacks
 * them.  PLX_EOF and PLX_ERROR only inform: they come beside a direction,
 * never alone, cannot be asked for, and their absence means nothing.
 */
#define PLX_READ 0x01u
#define PLX_WRITE 0x02u
#define PLX_EDGE 0x04u
#define PLX_ONESHOT 0x08u
#define PLX_EXCLUSIVE 0x10u
#define PLX_EOF 0x20u
#define PLX_ERROR 0x40u

typedef struct plx_selector plx_selector;
typedef struct plx_loop plx_loop;
typedef struct plx_task plx_task;
typedef struct plx_nursery plx_nursery;

/*
 * The version of the library that runs, "MAJOR.MINOR.PATCH"; PLX_VERSION is
 * the one that was compiled against.  Any thread.
 */
PLX_API const char *plx_version(void);

/* How the library's lists hang together.  Public only because structs of the
   caller's are in them; private in every other way. */
struct plx_link {
	struct plx_link *prev, *next;
};

/* Who waits for one thing, first come first served; zeroed, nobody.  Likewise
   private. */
struct plx_line {
	struct plx_waiter *first, *last;
};

/* The monotonic clock, in nanoseconds.  Any thread; async-signal-safe. */
PLX_API int64_t plx_now(void);

/*
 * The deadline that lies DURATION nanoseconds ahead: now for a negative
 * duration, PLX_NEVER for one that reaches past the end of time.
 */
PLX_API int64_t plx_after(int64_t duration);

PLX_END_DECLS

#endif
