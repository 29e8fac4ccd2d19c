/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_faults_echod.c: echod with all faults.
 *
 * Its clients look at what comes back; when they have ended, or nothing moves
 * any more, a signal stops it.  Of what the system may say to a connection,
 * another one must not notice anything.
 */
#include <config.h>
#include <signal.h>
#include "faults_peer.h"
#include "faults_programs.h"
#include "echod_inside.h"

static void
end(void)
{
	raise(SIGTERM);
}

/* An echod that serves nobody ends by itself: a signal would be the second
   reason to stop, which means to leave at once. */
static void
end_service(void)
{
	if (faults_peer_served())
		end();
}

static int
play(const char *backend, int (*fn)(void))
{
	int r;

	faults_peer_begin(end_service);
	r = faults_program(backend, fn);
	faults_peer_end(r);
	return r;
}

#define FAULTS_ECHOD(NAME, ...)                                        \
	static int NAME(void)                                          \
	{                                                              \
		char argv[][24] = {"echod", "--listen=127.0.0.1:0",    \
				   __VA_ARGS__};                       \
		char *list[8] = {NULL};                                \
		int n = (int)(sizeof(argv) / sizeof(argv[0]));         \
                                                                       \
		for (int i = 0; i < n; i++)                            \
			list[i] = argv[i];                             \
		return echod_inside(n, list);                          \
	}                                                              \
	static int play_##NAME(const char *backend)                    \
	{                                                              \
		return play(backend, NAME);                            \
	}                                                              \
	FAULTS(NAME, .play = play_##NAME, .peer = faults_program_step, \
	       .stop = end)

FAULTS_ECHOD(echod_raw, "-q")
FAULTS_ECHOD(echod_lines, "-v", "--mode=line")
FAULTS_ECHOD(echod_one_at_a_time, "-q", "--max-connections=1",
	     "--idle-timeout=1000")
