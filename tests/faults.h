/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * faults.h: lets every system call of a scenario fail once.
 *
 * A scenario is played undisturbed first, and what it asks of the system is
 * counted, by kind of call.  Then it is played again for each of these calls
 * and each answer that the system may really give to it (faults_answers.c):
 * an error, less than was asked for, readiness that is none, a clock that
 * stands still; once, and FAULTS_BURST times in a row.  Each play has a process
 * of its own, so that a crash or a hang has a name.  Every time it has to end,
 * without many calls more, and to leave no memory, no pages and no descriptor;
 * an answer that can be made up for has to be; and what the scenario says of
 * itself must hold.
 *
 * Of many points a sample is played, unless PLX_FAULTS is "all".  One alone is
 * played by PLX_FAULTS=SCENARIO:BACKEND:CALL:NUMBER:ANSWER, as every finding
 * is reported: PLX_FAULTS=streams:epoll:recv:12:EAGAIN; with "*3" for a burst.
 */
#ifndef PLX_FAULTS_H
#define PLX_FAULTS_H

#include <stddef.h>
#include "support.h"

/* The kinds of call; those that always answer are not here. */
/* clang-format off */
#define FAULTS_CALLS(X) \
	X(now) X(resize) X(map) X(unmap) X(protect) X(advise) X(read) \
	X(write) X(writev) X(close) X(fstat) X(pipe) X(dup_onto) \
	X(set_nonblock) X(eventfd) X(eventfd_read) X(eventfd_write) \
	X(unlink) X(lstat) X(open) X(file_read) X(pread) X(pwrite) X(fsync) \
	X(socket) X(bind) X(listen) X(accept) X(connect) X(recv) X(send) \
	X(recvmsg) X(sendmsg) X(recvmmsg) X(sendmmsg) X(shutdown) \
	X(getsockopt) X(setsockopt) X(getsockname) X(getpeername) \
	X(select) X(poll) X(epoll_create) X(epoll_add) X(epoll_mod) \
	X(epoll_del) X(epoll_wait) X(epoll_pwait2) X(kqueue) \
	X(kevent_change) X(kevent_wait) X(getaddrinfo) X(thread_create) \
	X(spawn) X(kill) X(waitpid) X(pidfd_open) X(pidfd_kill)
/* clang-format on */

#define FAULTS_ENUM(NAME) FAULT_##NAME,
enum fault_call {
	FAULTS_CALLS(FAULTS_ENUM) FAULT_CALLS
};

enum fault_how {
	FAULT_FAILS,	/* nothing is done */
	FAULT_DONE,	/* it is done, and an error told all the same */
	FAULT_SHORT,	/* one byte, one datagram, one event is moved */
	FAULT_EARLY,	/* a wait finds nothing, and took no time */
	FAULT_SPURIOUS, /* a wait tells of everything that was asked for */
	FAULT_STILL,	/* the clock stands, for a hundred calls */
	FAULT_LASTS,	/* fails, and so do all of its kind for a second */
};

struct fault_answer {
	enum fault_call call;
	enum fault_how how;
	const char *name;
	int error;  /* an errno, or 0 */
	int passes; /* nobody but the library may notice */
};

extern const struct fault_answer faults_answers[];
extern const size_t faults_answers_count;
extern const char *const faults_names[FAULT_CALLS];

struct fault_scenario {
	const char *name;
	/* Plays on BACKEND, over support_sys: 0, or the -errno that was told.
	   When it is 0 all must have happened; see faults_finding. */
	int (*play)(const char *backend);
	/* Called before each wait: what those outside do; whether they did. */
	int (*peer)(void);
	/* Called once when nothing moves any more, to end it. */
	void (*stop)(void);
	/* Makes so many calls that never all of them fail. */
	int sampled;
};

/* Plays S with all faults on BACKEND; the test fails for each finding. */
void faults_everywhere(const struct fault_scenario *s, const char *backend);

/* Says that what must hold does not: the first word counts. */
void faults_finding(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

#define FAULTS_BURST 3

/* The answer of this play, or NULL undisturbed; how often was it given? */
const struct fault_answer *faults_answer(void);
int faults_given(void);

/* Makes CALL, and again while it fails for the fault: in the end it has to go
   well.  *TOLD keeps the last error.  0, or 1: it went ill for good. */
#define FAULTS_TRY(TOLD, CALL)                                               \
	(faults_fails(TOLD, CALL, NULL) && faults_fails(TOLD, CALL, NULL) && \
			 faults_fails(TOLD, CALL, NULL)                      \
		 ? faults_fails(TOLD, CALL, #CALL)                           \
		 : 0)
int faults_fails(int *told, long r, const char *last);

#define FAULTS(NAME, ...)                                                     \
	PLX_BACKENDS(faults, NAME)                                            \
	ParameterizedTest(struct backend_param *p, faults, NAME,              \
			  .timeout = 1800)                                    \
	{                                                                     \
		const struct fault_scenario s = {.name = #NAME, __VA_ARGS__}; \
                                                                              \
		faults_everywhere(&s, p->name);                               \
	}

#endif
