/* SPDX-License-Identifier: BSD-2-Clause */
/* faults_programs.h: programs as scenarios of faults.h. */
#ifndef PLX_FAULTS_PROGRAMS_H
#define PLX_FAULTS_PROGRAMS_H

#include "faults.h"

/* Runs FN, a program in disguise, on BACKEND: 0, or the -errno of its run, or
   -EIO for a status. */
int faults_program(const char *backend, int (*fn)(void));

/* The clients of faults_peer.h, for a program that echoes. */
int faults_program_step(void);

#endif
