/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * service.h: what the servers among the examples have in common: the command
 * line, the line that tells where they listen, and an end by SIGTERM or SIGINT.
 */
#ifndef SERVICE_H
#define SERVICE_H

#include <pollux.h>

#define SERVICE_WORDS 2
#define SERVICE_NUMBERS 2
#define SERVICE_GRACE (2 * PLX_SECOND) /* after the first signal */

/* An option with a number: "--queue=", and where that goes. */
struct service_number {
	const char *option;
	size_t *value, least, most;
};

struct service {
	const char *name;
	const char *usage; /* what follows the name */
	const char *help;
	int words; /* of which the first is the address to listen on */
	struct service_number numbers[SERVICE_NUMBERS];
	struct plx_server_options options; /* all but the address */

	const char *word[SERVICE_WORDS]; /* as given */
	int runs;			 /* there is a loop */
	plx_server *server;
	struct plx_signals term, intr;
};

/* The program: its exit status, 2 when it was called in a wrong way. */
int service_main(struct service *s, int argc, char **argv);

#endif
