/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * faults_jobs.c: threads that work on files, and child processes, with all
 * faults.  What a run says has gone well has.
 */
#include <config.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <sys/socket.h>
#include <pollux/blocking.h>
#include <pollux/process.h>
#include "faults_task.h"

static struct {
	char path[64];
	int doubled;
} jobs;

static int
double_it(void *arg)
{
	return 2 * *(int *)arg;
}

static int
use_file(void)
{
	char text[] = "some bytes in a file", back[sizeof(text)];
	size_t size = 0;
	void *data;
	int fd = plx_open(jobs.path, O_RDWR | O_CREAT, 0600, PLX_NEVER), r;
	ssize_t n;

	if (fd < 0)
		return fd;
	n = plx_pwrite(fd, text, sizeof(text), 0, PLX_NEVER);
	r = n < 0 ? (int)n : plx_fsync(fd, PLX_NEVER);
	if (r == 0) {
		n = plx_pread(fd, back, sizeof(back), 0, PLX_NEVER);
		r = n < 0 ? (int)n : 0;
	}
	if (r == 0 && (n != sizeof(text) || memcmp(text, back, sizeof(text))))
		faults_finding("%zd bytes of the file", n);
	if (r == 0)
		r = plx_read_file(jobs.path, 100, &data, &size, PLX_NEVER);
	if (r == 0) {
		if (size != sizeof(text) || memcmp(text, data, size))
			faults_finding("%zu bytes of the whole file", size);
		support_sys.sys.resize(&support_sys.sys, data, 0);
	}
	n = plx_close(fd);
	return r ? r : (int)n;
}

static int
use_threads(void *arg)
{
	const struct addrinfo numeric = {.ai_flags = AI_NUMERICHOST};
	struct addrinfo *list;
	int seven = 7, r;

	(void)arg;
	r = plx_blocking(double_it, &seven, PLX_NEVER);
	if (r < 0)
		return r;
	if (r != 14)
		faults_finding("twice seven is %d", r);
	r = plx_getaddrinfo("127.0.0.1", NULL, &numeric, &list, PLX_NEVER);
	if (r == 0)
		freeaddrinfo(list);
	return r ? r : use_file();
}

static int
play_jobs(const char *backend)
{
	int r;

	snprintf(jobs.path, sizeof(jobs.path), "/tmp/pollux-faults-%ld",
		 (long)getpid());
	r = faults_run(backend, use_threads);
	unlink(jobs.path);
	return r;
}
FAULTS(jobs, .play = play_jobs)

/* A child that gives back what it gets. */
static int
talk_to_child(void *arg)
{
	const char *argv[] = {"cat", NULL};
	const struct plx_process_options o = {
		.argv = argv,
		.in = {.kind = PLX_STDIO_PIPE},
		.out = {.kind = PLX_STDIO_PIPE},
		.search = 1,
	};
	struct plx_process p;
	char back[6];
	size_t came = 0;
	int status = -1, r;
	ssize_t n;

	(void)arg;
	r = plx_process_spawn(&o, &p);
	if (r < 0)
		return r;
	n = plx_write(p.in, "words", 5, PLX_NEVER);
	if (n > 0 && n < 5)
		n = plx_write(p.in, &"words"[n], (size_t)(5 - n), PLX_NEVER);
	r = plx_close(p.in);
	p.in = -1;
	while (n > 0) {
		n = plx_read(p.out, back + came, sizeof(back) - came,
			     PLX_NEVER);
		came += n > 0 ? (size_t)n : 0;
	}
	if (n < 0)
		r = (int)n;
	if (r == 0)
		r = plx_process_wait(&p, &status, PLX_NEVER);
	plx_process_close(&p);
	if (r == 0 && (came != 5 || memcmp(back, "words", 5) || status != 0))
		faults_finding("%zu bytes came back, status %d", came, status);
	return r;
}

static int
play_process(const char *backend)
{
	return faults_run(backend, talk_to_child);
}
FAULTS(process, .play = play_process)
