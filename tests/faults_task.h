/* SPDX-License-Identifier: BSD-2-Clause */
/* faults_task.h: scenarios of faults.h that are tasks of a plx_run. */
#ifndef PLX_FAULTS_TASK_H
#define PLX_FAULTS_TASK_H

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <pollux/io.h>
#include <pollux/task.h>
#include "faults.h"

/* FN as the first task of a run on BACKEND, whose name is its argument. */
int faults_run(const char *backend, plx_task_fn *fn);

/* DURATION from now on. */
int64_t faults_in(int64_t duration);

#endif
