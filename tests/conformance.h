/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conformance.h: what the files of the conformance suite share.
 *
 * The suite is the contract of pollux/selector.h in executable form: each
 * test runs once per backend, sees the public interface only (beside the way
 * to inject a table of system calls), and says in its name what must hold.
 */
#ifndef PLX_CONFORMANCE_H
#define PLX_CONFORMANCE_H

#include <errno.h>
#include <pollux/selector.h>
#include "support.h"

/* A test named TEST in SUITE, over every backend; P is the parameter. */
#define CONFORMS(SUITE, TEST)     \
	PLX_BACKENDS(SUITE, TEST) \
	ParameterizedTest(struct backend_param *p, SUITE, TEST, .timeout = 60)

/* Asserts COND; says which backend failed. */
#define CHECK(F, COND) cr_assert((COND), "%s: not so: %s", (F)->name, #COND)

/* Asserts that CALL answers WANT and leaves errno alone. */
#define IS(F, CALL, WANT)                                                      \
	do {                                                                   \
		long long got_;                                                \
		errno = 4711;                                                  \
		got_ = (long long)(CALL);                                      \
		cr_assert(got_ == (long long)(WANT), "%s: %s is %lld, not %s", \
			  (F)->name, #CALL, got_, #WANT);                      \
		cr_assert(errno == 4711, "%s: %s changed errno", (F)->name,    \
			  #CALL);                                              \
	} while (0)

#define BOTH (PLX_READ | PLX_WRITE)

/* A selector of the backend under test, on support_sys. */
struct fixture {
	char name[16];
	unsigned features;
	plx_selector *s;
	struct support_mark mark;
};

struct fixture begin(const struct backend_param *p);
void end(struct fixture *f);
void open_selector(const struct fixture *f, plx_selector **out);
int is_backend(const struct fixture *f, const char *name);

/*
 * Directions in which FD is ready now; 0 for none.  Looks without waiting,
 * and checks that every entry handed out keeps the contract.
 */
unsigned look(struct fixture *f, int fd);

/* Waits up to some seconds until FD is ready in just the directions WANT. */
void expect_ready(struct fixture *f, int fd, unsigned want);

/* Nothing is ready, neither now nor a few milliseconds later. */
void expect_quiet(struct fixture *f);

/* Asserts that each of the N entries keeps the contract. */
void check_entries(struct fixture *f, const struct plx_ready *ready, int n);

struct plx_selector_stats stats_of(struct fixture *f);

/* Kinds of descriptors: what is written to [1] can be read from [0]. */
struct kind {
	const char *name;
	void (*pair)(int fd[2]);
};

extern const struct kind kinds[];
extern const size_t kinds_count;

void unix_datagram_pair(int fd[2]);
void fifo_pair(int fd[2]);
void pty_pair(int fd[2]);

void put_byte(int fd);
/* Fills FD until it stays full: TCP and terminals make room late. */
void stuff(int fd);
void close_pair(const int fd[2]);
void reset_and_close(int fd); /* TCP: the peer sees a reset */

/* A regular file without a name, with a byte in it. */
int regular_file(void);

/* A TCP socket that listens on loopback, and a non-blocking connect to it
   (or to a port where nobody listens). */
int tcp_listener(int backlog);
int tcp_connecting_to(int listener);
int tcp_connecting_to_nobody(void);

#endif
