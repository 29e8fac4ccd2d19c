/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * faults_sys.h: the table that lies, shared by its parts and the driver.
 *
 * It is laid over support_sys in place, as support_trickle.h does: what it does
 * not lie about is counted there, and there the clock stands still.
 */
#ifndef PLX_FAULTS_SYS_H
#define PLX_FAULTS_SYS_H

#include "faults.h"

/* What a play leaves for the driver, in memory that both see. */
struct fault_ledger {
	unsigned long calls[FAULT_CALLS];
	unsigned long total;
	int given;
	char finding[240];
};

struct fault_play {
	const struct fault_scenario *scenario;
	const struct fault_answer *answer; /* NULL: undisturbed */
	unsigned long at;		   /* of its calls, from 1 on */
	unsigned long burst;		   /* and so many in all */
	unsigned long limit;		   /* of all calls */
	int ended;			   /* stop was called */
	int still;  /* calls for which the clock stands */
	long pages; /* bytes mapped */
	struct fault_ledger *ledger;
};

extern struct fault_play faults_play;

/* The table that it was laid over. */
extern struct plx_sys faults_under;

/* Counts a CALL: the answer that it must give, or NULL. */
const struct fault_answer *faults_enter(enum fault_call call);

/* Lays all over support_sys. */
void faults_sys_begin(void);

/* Parts of that: faults_files.c, faults_bytes.c, faults_waits.c. */
void faults_lay_files(struct plx_sys *table);
void faults_lay_bytes(struct plx_sys *table);
void faults_lay_waits(struct plx_sys *table);

/* FD is closed: no wait tells of it any more. */
void faults_forget(int fd);

/* Ends the play, which goes on for ever, with a finding. */
_Noreturn void faults_give_up(const char *why);

/*
 * Defines lie_NAME, for an entry of the table that does nothing but fail.
 * PARAMS and ARGS are those of the entry, in parentheses.
 */
#define FAULTS_LIE(TYPE, NAME, PARAMS, ARGS)                               \
	static TYPE lie_##NAME PARAMS                                      \
	{                                                                  \
		const struct fault_answer *a = faults_enter(FAULT_##NAME); \
		TYPE r;                                                    \
                                                                           \
		if (a && a->how != FAULT_DONE)                             \
			return (TYPE) - (a->error);                        \
		r = faults_under.NAME ARGS;                                \
		return a && a->how == FAULT_DONE ? -a->error : r;          \
	}

#endif
