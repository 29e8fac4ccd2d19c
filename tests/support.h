/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * support.h: what the tests share.
 *
 * A test of something that exists once per backend is parameterised over
 * PLX_BACKENDS: the parameter is a value, a struct with the name in it, never
 * a pointer (a parameter crosses into another process).  It begins with
 * support_begin, which skips a backend that this system lacks, and ends with
 * support_end, which fails when a descriptor or a byte was left behind.
 */
#ifndef PLX_SUPPORT_H
#define PLX_SUPPORT_H

#include <stdint.h>
#include <unistd.h>
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include "sys.h"

#ifdef HAVE_VALGRIND
#include <valgrind/valgrind.h>
#else
#define RUNNING_ON_VALGRIND 0
#endif

#ifdef PLX_COVERAGE
/* Counts of lines are written when a process exits, which forked children of
   tests avoid. */
_Noreturn void support_exit(int status);
#define _exit(status) support_exit(status)
#endif

struct backend_param {
	char name[16];
};

/* Declares the parameters of test TEST in SUITE: every known backend. */
#define PLX_BACKENDS(SUITE, TEST)                                          \
	ParameterizedTestParameters(SUITE, TEST)                           \
	{                                                                  \
		static struct backend_param list[8];                       \
		size_t n = support_backends(list, 8);                      \
		return cr_make_param_array(struct backend_param, list, n); \
	}

/* Fills LIST with the table's names; the number of them. */
size_t support_backends(struct backend_param *list, size_t cap);

/* What a test must leave as it found it. */
struct support_mark {
	int fds;
	long blocks; /* of support_sys's allocations */
};

/* Skips the test when BACKEND (may be NULL) cannot be used here. */
struct support_mark support_begin(const char *backend);
void support_end(struct support_mark mark, const char *backend);

/* Descriptors open in this process. */
int support_count_fds(void);

/* Raises the soft limit of descriptors to at least N; 0 when it cannot be. */
int support_want_fds(int n);

/* ThreadSanitizer, which knows about 8,000 stacks at most, is at work. */
#if defined(__SANITIZE_THREAD__)
#define SUPPORT_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define SUPPORT_TSAN 1
#endif
#endif
#ifndef SUPPORT_TSAN
#define SUPPORT_TSAN 0
#endif

/* Pairs, all non-blocking: [0] is the one under test, [1] its peer. */
void support_unix_pair(int fd[2]);
void support_datagram_pair(int fd[2]); /* the same of datagrams */

void support_quiet(int fd); /* non-blocking, and closed on exec */

/* One socket, closed on exec; the second is of streams, and blocks. */
int support_socket(int family, int type);
int support_blocking_socket(int family);

void support_tcp_pair(int fd[2]);
void support_udp_pair(int fd[2]);
void support_pipe(int fd[2]); /* [0] reads, [1] writes */

/* Writes into FD until it would block; how many bytes went. */
size_t support_fill(int fd);
/* Reads FD until it would block or ends; how many bytes came. */
size_t support_drain(int fd);

/*
 * A table that counts calls and can lie: the real one underneath.
 * - allocations are counted: BLOCKS live ones;
 * - with FAKE_CLOCK, time stands at NOW, and a wait that finds nothing ready
 *   moves NOW on by its timeout instead of sleeping;
 * - the FAIL_AT-th call from now on (1 is the next) of an entry that FAILS
 *   names (a bit of enum support_entry) answers -FAIL_WITH.
 */
enum support_entry {
	SUPPORT_RESIZE = 1 << 0,
	SUPPORT_MAP = 1 << 1,
	SUPPORT_WAIT = 1 << 2,	 /* select, poll, epoll_wait*, kevent waits */
	SUPPORT_CHANGE = 1 << 3, /* epoll_ctl, kevent changes */
	SUPPORT_OPEN = 1 << 4,	 /* epoll_create, kqueue, eventfd, pipe */
	SUPPORT_ADVISE = 1 << 5,
	SUPPORT_PROTECT = 1 << 6,
	SUPPORT_ACCEPT = 1 << 7,
	SUPPORT_RECV = 1 << 8,	  /* recv, read, recvmsg, recvmmsg */
	SUPPORT_SEND = 1 << 9,	  /* send, write, writev, sendmsg, sendmmsg */
	SUPPORT_SOCKET = 1 << 10, /* socket, bind, connect ... getpeername */
	SUPPORT_FSTAT = 1 << 11,
	SUPPORT_CLOSE = 1 << 12,
	SUPPORT_OTHER = 1 << 13,  /* dup_onto, unlink, unmap ... */
	SUPPORT_CLOCK = 1 << 14,  /* counted, never fails */
	SUPPORT_SPAWN = 1 << 15,  /* spawn, pidfd_open, set_nonblock */
	SUPPORT_REAP = 1 << 16,	  /* waitpid, kill, pidfd_kill */
	SUPPORT_FILE = 1 << 17,	  /* open, pread, pwrite, fsync, getaddrinfo */
	SUPPORT_THREAD = 1 << 18, /* thread_create */
};

/*
 * getpid counts among the others and never fails, for it cannot.  Where the
 * kernel wipes no page at a fork the library asks for its process instead, at
 * each call; there it does not count, so that the same figures hold.
 */

#define SUPPORT_ENTRIES 19

struct support_sys {
	struct plx_sys sys;
	long blocks;
	int fake_clock;
	int asks_pid; /* the real table has refused to wipe at a fork */
	int64_t now;
	unsigned fails;			      /* bits of enum support_entry */
	long fail_at;			      /* counts down; 0: never */
	int fail_with;			      /* an errno */
	unsigned long calls[SUPPORT_ENTRIES]; /* by bit number of enum
						 support_entry */
};

void support_sys_init(struct support_sys *s);

/* Calls so far of the entries that MASK names; ~0u: everything. */
unsigned long support_calls(const struct support_sys *s, unsigned mask);

/* The table of the current test, made by support_begin; see support_mark. */
extern struct support_sys support_sys;

#endif
