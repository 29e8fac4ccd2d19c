/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * choose.c: which backend?
 *
 * In this order: the one that was named, by argument or PLX_BACKEND; the one
 * that configure was told to prefer; the table's order.  That a mechanism was
 * compiled in proves little (an old kernel, a sandbox, an emulator), so each
 * candidate is opened, given a descriptor and waited on once, before it is
 * believed.
 *
 * A shortage (EMFILE, ENFILE, ENOMEM) says nothing about a mechanism: it is
 * reported, not taken for a reason to settle for the next one.
 */
#include <config.h>
#include <stdio.h>
#include <string.h>
#include "selector_parts.h"

#ifndef PLX_DEFAULT_BACKEND
#define PLX_DEFAULT_BACKEND ""
#endif

static int
is_shortage(int error)
{
	return error == -EMFILE || error == -ENFILE || error == -ENOMEM;
}

static int
try_wait(const struct plx_backend *b, void *state)
{
	struct plx_backend_event ev;
	int ret = b->wait(state, &ev, 1, 0);

	return ret == -EINTR ? 0 : ret;
}

int
plx__backend_try(const struct plx_backend *b, const struct plx_sys *sys,
		 const struct plx_wake *wake, void **state, const char **step,
		 int *why)
{
	void *made;
	int ret;

	*step = "cannot be opened";
	ret = b->open(sys, &made);
	if (ret < 0)
		goto failed;
	*step = "cannot watch a descriptor";
	ret = b->set(made, wake->reader, 0, PLX_READ, plx__wake_token(wake));
	if (ret == 0) {
		*step = "cannot wait";
		ret = try_wait(b, made);
	}
	if (ret >= 0) {
		*state = made;
		return 0;
	}
	b->close(made);
failed:
	*why = -ret;
	return is_shortage(ret) ? ret : -ENOSYS;
}

static const struct plx_backend_entry *
find(const char *name)
{
	const struct plx_backend_entry *e;

	for (e = plx__backends; e->name; e++) {
		if (strcmp(e->name, name) == 0)
			return e;
	}
	return NULL;
}

static int
open_entry(const struct plx_backend_entry *e, const struct plx_sys *sys,
	   plx_selector **out)
{
	if (!e)
		return -EINVAL;
	if (!e->backend || !e->backend->open)
		return -ENOSYS;
	return plx__selector_make(e->backend, sys, out);
}

static int
open_best(const struct plx_sys *sys, plx_selector **out)
{
	const struct plx_backend_entry *e = find(PLX_DEFAULT_BACKEND);
	int ret = e ? open_entry(e, sys, out) : -ENOSYS;

	for (e = plx__backends; e->name && ret == -ENOSYS; e++)
		ret = open_entry(e, sys, out);
	return ret;
}

static int
is_auto(const char *name)
{
	return !name || strcmp(name, "auto") == 0;
}

int
plx__selector_open(const char *backend, const struct plx_sys *sys,
		   plx_selector **out)
{
	sys = plx__sys_or_real(sys);
	if (!is_auto(backend))
		return open_entry(find(backend), sys, out);
	backend = plx__sys_getenv("PLX_BACKEND");
	if (is_auto(backend) || !*backend)
		return open_best(sys, out);
	return open_entry(find(backend), sys, out);
}

int
plx_selector_open(const char *backend, plx_selector **out)
{
	return plx__selector_open(backend, NULL, out);
}

/* strerror_r has two types: POSIX returns a number, GNU the text. */
static const char *
text_of_code(int code, const char *buf)
{
	return code == 0 ? buf : "unknown error";
}

static const char *
text_of_text(const char *text, const char *buf)
{
	(void)buf;
	return text;
}

#define ERROR_TEXT(error, buf, size)               \
	_Generic(strerror_r(error, buf, size), int \
		 : text_of_code, default           \
		 : text_of_text)(strerror_r(error, buf, size), buf)

static void
explain(struct plx_backend_info *info, const char *step, int error)
{
	char buf[64] = "";
	int kept = errno;

	snprintf(info->why, sizeof(info->why), "%.31s: %.60s", step,
		 ERROR_TEXT(error, buf, sizeof(buf)));
	errno = kept;
}

/* Whether B works here; if not, INFO says why. */
static int
usable(const struct plx_backend *b, struct plx_backend_info *info)
{
	const struct plx_sys *sys = &plx__sys_real;
	struct plx_wake wake;
	const char *step = "cannot be tried";
	void *state = NULL;
	int why, ret = plx__wake_open(&wake, sys);

	why = -ret;
	if (ret == 0) {
		ret = plx__backend_try(b, sys, &wake, &state, &step, &why);
		plx__wake_close(&wake);
	}
	if (ret < 0) {
		explain(info, step, why);
		return 0;
	}
	b->close(state);
	return 1;
}

static void
describe(const struct plx_backend_entry *e, struct plx_backend_info *info)
{
	const struct plx_backend *b = e->backend;

	*info = (struct plx_backend_info){.compiled = b && b->open};
	snprintf(info->name, sizeof(info->name), "%.15s", e->name);
	if (!b) {
		snprintf(info->why, sizeof(info->why),
			 "left out by --with-backends");
	} else if (!b->open) {
		snprintf(info->why, sizeof(info->why),
			 "this system has no %.31s", e->name);
	} else {
		info->features = b->features;
		info->usable = usable(b, info);
	}
}

int
plx_backend_list(struct plx_backend_info *out, int cap)
{
	int n;

	for (n = 0; plx__backends[n].name; n++) {
		if (n < cap)
			describe(&plx__backends[n], &out[n]);
	}
	return n;
}
