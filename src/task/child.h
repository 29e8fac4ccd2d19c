/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * child.h: the life of a child process from the kernel's point of view.
 */
#ifndef PLX_CHILD_H
#define PLX_CHILD_H

#include <pollux/process.h>
#include "identity.h"
#include "task_int.h"

/* Stays where it is from spawn until it has both ended and been dropped. */
struct plx_child {
	struct plx_link link; /* in plx_rt.children */
	struct plx_rt *rt;
	struct plx_line line;	/* who waits */
	struct plx_watch watch; /* of PIDFD */
	int pidfd;		/* -1: there is none */
	struct plx_owned owned; /* PIDFD */
	int by_signal;		/* SIGCHLD tells of it */
	int group;		/* it leads one */
	int ended;
	int error;    /* why its end is not known, or 0 */
	int end;      /* exit code, or -SIGNO */
	int dropped;  /* nobody has it any more */
	pid_t pid;    /* its own while it has not ended */
	pid_t parent; /* who started it, a fork being somebody else */
};

/* Whether RT can tell the end of a child that will be started: 0 or -errno. */
int plx__children_prepare(struct plx_rt *rt);

/* C's pid, parent and group are set: from now on its end will be noticed.
   After an error the process has been killed and reaped. */
int plx__child_adopt(struct plx_rt *rt, struct plx_child *c);

/* Asks the system: 1 C has ended, now or before; else 0.  Frees C if it has
   been dropped. */
int plx__child_look(struct plx_child *c);

/* Sees to it that C's end will be noticed, if it has not come: 0 or -errno. */
int plx__child_attend(struct plx_child *c);

/* As plx_process_kill. */
int plx__child_kill(struct plx_child *c, int signo);

/* As plx_process_close, pipes apart; C may be gone. */
void plx__child_drop(struct plx_child *c);

/* At the end of RT: kills, reaps and frees what is left. */
void plx__children_fini(struct plx_rt *rt);

/* process.c: C has ended (ERROR 0), or those who wait for it have to be told
   ERROR; none of them waits any more. */
void plx__child_tell(struct plx_child *c, int error);

#endif
