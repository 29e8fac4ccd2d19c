/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * faults_programs.c: programs in the disguise of cancel_disguise.h, under the
 * table that lies, instead of the driver that cancels.
 */
#include <config.h>
#include <stdio.h>
#include <sys/un.h>
#include <unistd.h>
#include "cancel_disguise.h"
#include "cancel_peer.h"
#include "faults_peer.h"
#include "faults_programs.h"
#undef plx_run
#undef plx_now
#undef plx_after

static struct {
	const char *backend;
	int run; /* what plx_run has answered */
} program;

int
cancel_run(const struct plx_run_options *options, plx_task_fn *fn, void *arg)
{
	struct plx_run_options o = {.sys = NULL};

	if (options)
		o = *options;
	o.backend = program.backend;
	o.sys = &support_sys.sys;
	program.run = plx_run(&o, fn, arg);
	return program.run;
}

int64_t
cancel_now(void)
{
	return support_sys.now;
}

int64_t
cancel_after(int64_t duration)
{
	return support_sys.now + (duration > 0 ? duration : 0);
}

/* A status other than 0 with a fault is an error that was told. */
int
faults_program(const char *backend, int (*fn)(void))
{
	int status;

	program.backend = backend;
	program.run = 0;
	status = fn();
	peer_stop();
	if (peer_blocks() != 0)
		faults_finding("%ld blocks of the program left", peer_blocks());
	if (program.run < 0)
		return program.run;
	return status ? -EIO : 0;
}

/* Where cancel_listen lets a program listen. */
int
faults_program_step(void)
{
	static struct sockaddr_un sa = {.sun_family = AF_UNIX};

	snprintf(sa.sun_path, sizeof(sa.sun_path), "/tmp/pollux-cancel-%ld",
		 (long)getpid());
	if (access(sa.sun_path, F_OK) == 0)
		faults_peer_address(&sa, sizeof(sa));
	return faults_peer_step();
}
