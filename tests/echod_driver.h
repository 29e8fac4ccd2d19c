/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * echod_driver.h: the real echod in a process of its own, and its clients.
 *
 * The program is what the environment variable ECHOD names, or ./echod; for
 * backend kqueue what ECHOD_KQUEUE names, if set.  No wait here is for ever: a
 * client's socket calls fail after PATIENCE, and an echod that does not end in
 * time is killed and fails its test.
 */
#ifndef PLX_ECHOD_DRIVER_H
#define PLX_ECHOD_DRIVER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "support.h"

/* Seconds; generous, since it only bounds what has gone wrong. */
#define PATIENCE 30

#define ECHOD_TEXT 4096

struct echod {
	pid_t pid;
	int out;	   /* its standard output */
	int err;	   /* a file with its standard error */
	char ready[256];   /* the first ready line */
	char address[128]; /* what that line says */
	double cpu;	   /* seconds used, once it has ended */
};

struct echod_result {
	int status; /* exit status, or 1000 + the signal */
	char out[ECHOD_TEXT];
	char err[ECHOD_TEXT];
};

/* Limits the descriptors of the programs started from now on; 0: not. */
extern int echod_descriptor_limit;

/* A signal that they find waiting for them; 0: none. */
extern int echod_signalled;

/* Where their standard error goes; 0: to the file that echod_errors reads. */
extern int echod_log;

/* What the programs started from now on are handed in place of descriptor 3,
   and how many they are told it is; they need no address. */
extern struct echod_handed {
	int fd;
	const char *count; /* NULL: nothing is handed over */
} echod_handed;

/*
 * Begins a test, as support_begin.  Asks echod itself whether it can use
 * BACKEND: the library that the tests are linked with may have another kqueue
 * than echod.
 */
struct support_mark echod_begin(const char *backend);

/* Runs echod with ARGS, ended by NULL, until it ends by itself. */
struct echod_result echod_run(const char *const *args);

/*
 * Starts echod on BACKEND with ARGS (NULL, or ended by NULL) and on a free
 * port unless ARGS say where, and waits for its first ready line.
 */
struct echod echod_start(const char *backend, const char *const *args);

/* Starts examples/NAME in the same way, on a free port of 127.0.0.1. */
struct echod echod_start_example(const char *name, const char *backend,
				 const char *const *args);

/* Reads the next line of its standard output. */
void echod_read_line(struct echod *e, char *line, size_t room);

/* What it has written to standard error. */
void echod_errors(struct echod *e, char *text, size_t room);

/* Waits until that contains TEXT. */
void echod_expect_error(struct echod *e, const char *text);

/* Waits for its end: the exit status, or 1000 + the signal. */
int echod_wait(struct echod *e);

/*
 * Sends it SIGNO.  Under ThreadSanitizer it gets time to fall asleep first: a
 * signal that comes while a task runs is kept for that task's next call, and
 * one that waits makes none.
 */
void echod_signal(const struct echod *e, int signo);

/* SIGTERM, exit status 0, nothing of a sanitizer on standard error. */
void echod_stop(struct echod *e);

/* A client of the first ready line's address; a blocking socket. */
int echod_connect(const struct echod *e);
int echod_connect_to(const char *address);

void client_send(int fd, const void *data, size_t n);

/* Receives exactly N bytes, which must be those of DATA. */
void client_expect(int fd, const void *data, size_t n);

/* The end of the stream must come, and nothing before. */
void client_expect_end(int fd);

/* Both, of a text. */
void client_ask(int fd, const char *question, const char *answer);

/* Closes FD with a reset. */
void client_reset(int fd);

/* Fills DATA with bytes that depend on SEED only. */
void client_noise(void *data, size_t n, uint64_t seed);

/*
 * Sends N bytes of noise in pieces of PIECE and receives them back at the
 * same time.  With LAZY it begins to receive only when it cannot send.
 */
void client_exchange(int fd, size_t n, size_t piece, int lazy, uint64_t seed);

/* Milliseconds of the monotonic clock. */
int64_t client_clock(void);

#endif
