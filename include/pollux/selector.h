/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pollux/selector.h: which of these descriptors can be read or written now?
 *
 * A selector maps descriptors to keys (descriptor, events, data) and waits on
 * all of them with one mechanism of the system, its backend.  The interface
 * is that of Python's selectors module; the contract is the same on every
 * backend, with poll(2) as the oracle, and pollux(7) tells it whole.
 *
 * A selector belongs to one thread at a time; only plx_selector_wake may be
 * called from another thread or a signal handler.  It does not own the
 * descriptors: unregister one before closing it.  Every call answers -EBADF
 * to a null selector and, in a forked child, -ECHILD until
 * plx_selector_reinit (plx_selector_close excepted).
 */
#ifndef PLX_SELECTOR_H
#define PLX_SELECTOR_H

#include <pollux/types.h>

PLX_BEGIN_DECLS

struct plx_key {
	void *data; /* the caller's, handed back with each event */
	int fd;
	unsigned events; /* what was asked for */
};

struct plx_ready {
	void *data;
	int fd;
	unsigned events; /* directions that are ready, maybe EOF and ERROR */
};

/* Bits of struct plx_backend_info.features. */
#define PLX_FEATURE_EDGE 0x01u	      /* takes PLX_EDGE */
#define PLX_FEATURE_ONESHOT 0x02u     /* takes PLX_ONESHOT */
#define PLX_FEATURE_EXCLUSIVE 0x04u   /* takes PLX_EXCLUSIVE */
#define PLX_FEATURE_EMBEDDABLE 0x08u  /* plx_selector_fileno works */
#define PLX_FEATURE_NANOSECONDS 0x10u /* waits finer than a millisecond */

struct plx_backend_info {
	char name[16];
	int compiled;	   /* built into this library */
	int usable;	   /* opened and tried just now */
	unsigned features; /* PLX_FEATURE_* */
	char why[96];	   /* why it is not usable, or empty */
};

struct plx_selector_stats {
	uint64_t waits;	  /* times the kernel was asked */
	uint64_t events;  /* entries handed out */
	uint64_t stale;	  /* events or keys found to outlive their file */
	uint64_t rebuilt; /* times the kernel's set was made anew for that */
};

/*
 * Opens a selector on BACKEND.  NULL or "auto" means: what PLX_BACKEND in the
 * environment names (not read when set-user-ID), else the best that works
 * here, in the order epoll, kqueue, poll, select.
 * -EINVAL no backend of that name; -ENOSYS known, but not built in or refused
 * by this system (plx_backend_list says why); -EMFILE, -ENFILE, -ENOMEM.
 */
PLX_API int plx_selector_open(const char *backend, plx_selector **out);

/* Closes *S and sets it to NULL; null is allowed.  Never fails. */
PLX_API void plx_selector_close(plx_selector **s);

/* The name of the backend in use, or NULL for a null selector. */
PLX_API const char *plx_selector_backend(const plx_selector *s);

/*
 * Starts to watch FD for EVENTS: PLX_READ, PLX_WRITE or both, with flags.
 * -EINVAL no direction, or unknown bits; -EBADF FD is negative, not open, a
 * mere path (O_PATH), or one of the selector's own; -EEXIST already registered
 * (and nothing changed); -ENOTSUP a flag that the backend lacks, or
 * PLX_EXCLUSIVE with PLX_ONESHOT; -ERANGE beyond what the backend can watch;
 * -ENOMEM, -ENOSPC or another refusal of the kernel.  After an error nothing is
 * registered.
 */
PLX_API int plx_selector_register(plx_selector *s, int fd, unsigned events,
				  void *data);

/*
 * Replaces events and data of a registered FD.  No system call when the
 * events are the same; giving PLX_ONESHOT again re-arms one that has fired.
 * -ENOENT not registered (or its file is gone); else as register, and then
 * the old registration stands.
 */
PLX_API int plx_selector_modify(plx_selector *s, int fd, unsigned events,
				void *data);

/* Forgets FD, even when it was closed or reused.  -ENOENT not registered. */
PLX_API int plx_selector_unregister(plx_selector *s, int fd);

/* Copies the key of FD.  -ENOENT not registered. */
PLX_API int plx_selector_get_key(const plx_selector *s, int fd,
				 struct plx_key *key);

/*
 * Walks the keys in the order of their descriptors: set *CURSOR to 0 first,
 * call until 0 comes back; 1 means *KEY was filled.  Keys may be registered
 * and unregistered in between.
 */
PLX_API int plx_selector_next_key(const plx_selector *s, int *cursor,
				  struct plx_key *key);

/*
 * Waits until a descriptor is ready or DEADLINE has passed, and fills up to
 * CAP entries, one per descriptor; those that found no room come next time.
 * Returns their number; 0 at the deadline, never before, or after a wake.
 * -EINTR a signal was caught; -EINVAL CAP < 1, or with poll the limit of
 * descriptors was lowered below the number of those registered; -ENOMEM.
 */
PLX_API int plx_selector_select(plx_selector *s, struct plx_ready *ready,
				int cap, int64_t deadline);

/*
 * The wait in progress, or the next one, returns at once, with what is ready,
 * maybe nothing.  Wakes that nobody waited for count as one.  Any thread;
 * async-signal-safe.
 */
PLX_API int plx_selector_wake(plx_selector *s);

/*
 * A descriptor that is readable when select would return something, for use
 * inside another loop, or -ENOTSUP (select, poll).  It stays the selector's
 * and the same until plx_selector_reinit; do nothing but wait on it.  The
 * first call makes it: -EMFILE, -ENFILE, -ENOMEM.
 */
PLX_API int plx_selector_fileno(plx_selector *s);

/*
 * In the child, after fork: a kernel object of its own, with the same keys.
 * The parent's is left alone.  Keys whose descriptor is closed are dropped.
 * What the child has opened in the places of the selector's own descriptors,
 * having closed these, is left alone (another epoll set or eventfd is not).
 * In a process that has not forked it does nothing: 0.  -EMFILE, -ENFILE,
 * -ENOMEM, -ENOSPC when the system refuses; the selector then still says
 * -ECHILD, and this may be tried again.
 */
PLX_API int plx_selector_reinit(plx_selector *s);

/* Copies the counters.  They only grow. */
PLX_API int plx_selector_stats(const plx_selector *s,
			       struct plx_selector_stats *out);

/*
 * Fills up to CAP entries, best backend first, each opened and tried; returns
 * how many backends the library knows, which may be more than CAP.
 */
PLX_API int plx_backend_list(struct plx_backend_info *out, int cap);

PLX_END_DECLS

#endif
