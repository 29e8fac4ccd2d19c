/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hostile.h: storms: what peers who mean harm do to a real server, while
 * others talk to it honestly.
 *
 * A storm has a server in a process of its own and STORM_HONEST clients that
 * hold a conversation with it.  Each hostile deed is counted (storm_act); after
 * every STORM_PACE of them each honest client has a round trip, of which every
 * byte is checked.  So progress is a matter of counts, never of time: an honest
 * client that is not served any more fails the test after PATIENCE seconds.
 *
 * When it is over all must be as it was: as many descriptors in the server, and
 * a server that sleeps: no processor time is used, nor does it wake up, for
 * STORM_QUIET milliseconds.  Its memory does not go back to where it was, for
 * the library keeps stacks and the allocator what lies below the last block in
 * use; but the same storm once more must not cost any more, but for STORM_REST.
 * It is tried STORM_TRIES times at most whether that is so, as fragments may
 * fall otherwise: what leaks leaks each time.  Where the system does not tell
 * (no /proc), or an instrumented server's memory says nothing, that part is
 * left out.
 *
 * Sizes are those of a sample, unless PLX_HOSTILE is "all" in the environment:
 * make check-hostile.
 */
#ifndef PLX_HOSTILE_H
#define PLX_HOSTILE_H

#include <stddef.h>
#include <stdint.h>
#include "echod_driver.h"
#include "figures.h"
#include "proc.h"

#define STORM_HONEST 3
#define STORM_PACE 50
#define STORM_QUIET 250

/* Bytes. */
#define STORM_REST (64L << 10)
#define STORM_TRIES 4

struct storm {
	const char *backend;
	const char *prefix; /* of the server's answers to a line */
	struct support_mark mark;
	struct echod e;
	int honest[STORM_HONEST];
	void (*round)(struct storm *s); /* of the honest clients */
	uint64_t rounds;
	unsigned long deeds;
	int fds;     /* of the server, with its honest clients */
	long memory; /* of the server then, in bytes; -1: not known */
	long most;   /* seen since */
	long after;  /* when all was over */
};

static inline size_t
storm_size(size_t sample, size_t all)
{
	return figures_size("PLX_HOSTILE", sample, all);
}

/* Begins a test with a server: echod, on BACKEND with ARGS (may be NULL). */
void storm_begin(struct storm *s, const char *backend, const char *const *args);

/* The same with examples/NAME at 127.0.0.1; the caller fills ROUND in. */
void storm_begin_example(struct storm *s, const char *backend, const char *name,
			 const char *const *args);

/* Connects the honest clients and notes how much the server holds. */
void storm_settle(struct storm *s);

/* Counts a hostile deed; lets honest clients have their round when it is time,
   and looks at the memory of the server. */
void storm_act(struct storm *s);

/* A hostile client, whose socket does not block; waits until connected. */
int storm_connect(struct storm *s);

/* N of them in FD. */
void storm_connect_many(struct storm *s, int *fd, size_t n);

/* Sends what the kernel takes of N bytes: how many; 0: none, or reset. */
size_t storm_push(int fd, const void *data, size_t n);

/* Resets those of FD. */
void storm_reset_many(struct storm *s, int *fd, size_t n);

/* Waits until the server has as many descriptors as at first, and MORE. */
void storm_await_descriptors(struct storm *s, int more);

/* Wants the server to use next to no time of the processor for STORM_QUIET
   milliseconds: it waits for something, and may look now and then. */
void storm_expect_patience(struct storm *s);

/* Looks at the server's memory now; at most ROOM bytes more than at first. */
void storm_expect_memory(struct storm *s, long room);

/* Has the server, an echod, list its tasks until TEXT is in the list. */
void storm_expect_listed(struct storm *s, const char *text);

/* Has the storm RAGE until it is known to leave nothing behind: see above. */
void storm_rage(struct storm *s, void (*rage)(struct storm *s));

/* A whole test: all of that with echod, one storm, and the calm behind it. */
void storm_play(const char *backend, const char *const *args,
		void (*rage)(struct storm *s), const char *name);

/* Wants the server calm and ends it.  Writes what was seen, under NAME. */
void storm_end(struct storm *s, const char *name);
void storm_say(const struct storm *s, const char *name);

#endif
