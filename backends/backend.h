/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * backend.h: what a multiplexing mechanism has to offer, written down once.
 *
 * A backend only reports.  It knows descriptors, masks and tokens, neither
 * keys nor callbacks nor deadlines; it never dispatches, never loops on EINTR
 * and never allocates in a wait but to grow for a larger CAP.  All that is
 * common lives in the selector above it; the conformance suite is this page's
 * executable twin.
 *
 * To add one: write backends/NAME.c, ending in `const struct plx_backend
 * plx__backend_NAME`, and put PLX_BACKEND(NAME) into backends.def at its rank.
 * Every file is compiled on every system: where the mechanism is missing the
 * struct has a null open.
 */
#ifndef PLX_BACKEND_H
#define PLX_BACKEND_H

#include <stdint.h>

struct plx_sys;

/* The bits of pollux/types.h; selector.c asserts that they are equal. */
#define PLX_BACKEND_READ 0x01u
#define PLX_BACKEND_WRITE 0x02u
#define PLX_BACKEND_EDGE 0x04u
#define PLX_BACKEND_ONESHOT 0x08u
#define PLX_BACKEND_EXCLUSIVE 0x10u
#define PLX_BACKEND_EOF 0x20u
#define PLX_BACKEND_ERROR 0x40u
#define PLX_BACKEND_DIRECTIONS (PLX_BACKEND_READ | PLX_BACKEND_WRITE)

/* Likewise of PLX_FEATURE_* in pollux/selector.h. */
#define PLX_BACKEND_HAS_EDGE 0x01u
#define PLX_BACKEND_HAS_ONESHOT 0x02u
#define PLX_BACKEND_HAS_EXCLUSIVE 0x04u
#define PLX_BACKEND_HAS_FILENO 0x08u
#define PLX_BACKEND_HAS_NANOSECONDS 0x10u

/* A token is the registration's generation and its descriptor. */
struct plx_backend_event {
	uint64_t token;
	unsigned events;
};

static inline uint64_t
plx__token(uint32_t generation, int fd)
{
	return (uint64_t)generation << 32 | (uint32_t)fd;
}

static inline int
plx__token_fd(uint64_t token)
{
	return (int)(uint32_t)token;
}

static inline uint32_t
plx__token_generation(uint64_t token)
{
	return (uint32_t)(token >> 32);
}

struct plx_backend {
	const char *name;
	unsigned features; /* PLX_BACKEND_HAS_* */

	/*
	 * Makes a fresh, empty state.  All of a backend's memory hangs from
	 * it: two selectors may use two states side by side.  SYS outlives it.
	 * -errno when the system lacks or refuses the mechanism.
	 */
	int (*open)(const struct plx_sys *sys, void **state);

	/*
	 * Frees the state and closes its descriptors; touches nothing else:
	 * after fork a child closes its copy while the parent goes on.
	 */
	void (*close)(void *state);

	/*
	 * Changes what is watched on FD from OLD to NEW.  A mask is 0 (not
	 * there) or directions and flags; flags without a direction mean
	 * "there, but silent", which only masks with PLX_BACKEND_ONESHOT or
	 * PLX_BACKEND_EDGE ever become.
	 *
	 * OLD 0 adds: -EBADF when FD is not open, -EPERM when it is of a kind
	 * that this mechanism cannot watch and that never blocks (a regular
	 * file, a directory, /dev/null): the selector then treats it as always
	 * ready.  -ERANGE when FD is too large.
	 *
	 * NEW 0 removes and always succeeds, also when FD is closed or has
	 * become another file; what the kernel still holds then is told apart
	 * later, by the generation.
	 *
	 * OLD and NEW equal asks: is this registration alive?  0, or -ENOENT
	 * when the number is closed or has become another file.
	 *
	 * Anything else modifies, flags included; -ENOENT when the
	 * registration is gone.
	 *
	 * On failure nothing has changed (a backend that needs two changes
	 * takes the first back).  TOKEN is what wait reports from now on.
	 */
	int (*set)(void *state, int fd, unsigned old, unsigned new,
		   uint64_t token);

	/*
	 * Waits up to TIMEOUT nanoseconds (negative: for ever; rounded up to
	 * what the mechanism can) and fills up to CAP entries, each descriptor
	 * at most once, both directions merged.  An error or a hang-up counts
	 * as every direction that the descriptor was set to.  What found no
	 * room is reported by a later call, none starved.  May report a token
	 * whose registration is gone.  A descriptor that the mechanism finds
	 * closed is dropped and reported once, with events 0.  Returns the
	 * number of entries, or -errno; -EINTR when a signal was caught.  A
	 * return before the timeout with 0 entries is allowed: the selector
	 * knows the time.
	 */
	int (*wait)(void *state, struct plx_backend_event *out, int cap,
		    int64_t timeout);

	/* A descriptor to embed in another wait; null without the feature. */
	int (*fileno)(void *state);
};

/* A line of the table.  BACKEND is null for one that was configured out. */
struct plx_backend_entry {
	const char *name;
	const struct plx_backend *backend;
};

/* The table, best first, ended by a null name (table.c, backends.def). */
extern const struct plx_backend_entry plx__backends[];

#endif
