/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_faults_examples.c: the examples with all faults.
 *
 * They are written to be copied: so they have to end in order, too.
 */
#include <config.h>
#include <signal.h>
#include "cancel_peer.h"
#include "faults_programs.h"

int actors_main(int argc, char **argv);
int asyncio_style_main(int argc, char **argv);
int chatd_main(int argc, char **argv);
int context_main(void);
int pipeline_main(int argc, char **argv);
int timeouts_main(void);

#define FAULTS_EXAMPLE(NAME, FN, ...)               \
	static int play_##NAME(const char *backend) \
	{                                           \
		return faults_program(backend, FN); \
	}                                           \
	FAULTS(NAME, .play = play_##NAME, __VA_ARGS__)

FAULTS_EXAMPLE(context, context_main, .peer = NULL)
FAULTS_EXAMPLE(timeouts, timeouts_main, .peer = NULL)

static int
actors(void)
{
	char name[] = "actors", count[] = "3";
	char *argv[] = {name, count, NULL};

	return actors_main(2, argv);
}
FAULTS_EXAMPLE(actors, actors, .peer = NULL)

static int
pipeline(void)
{
	char name[] = "pipeline", count[] = "5";
	char *argv[] = {name, count, NULL};

	return pipeline_main(2, argv);
}
FAULTS_EXAMPLE(pipeline, pipeline, .peer = NULL)

static int
asyncio_style(void)
{
	return asyncio_style_main(1, NULL);
}
FAULTS_EXAMPLE(asyncio_style, asyncio_style, .peer = NULL)

static void
end(void)
{
	raise(SIGTERM);
}

static int
chatd(void)
{
	char name[] = "example", listen[] = "127.0.0.1:0";
	char *argv[] = {name, listen, NULL};

	signal(SIGTERM, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	return chatd_main(2, argv);
}
FAULTS_EXAMPLE(chatd, chatd, .peer = peer_step_then_stop, .stop = end,
	       .sampled = 1)
