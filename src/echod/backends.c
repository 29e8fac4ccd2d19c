/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * backends.c: --list-backends, and the check of --backend before anything
 * else is opened.
 *
 * The table is for people and for scripts: one line a backend, best first,
 * in columns: name, yes or no, features, and "default" or the reason why not.
 */
#include <config.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <pollux/selector.h>
#include "backends.h"
#include "report.h"

#define MOST 16

static const struct {
	unsigned bit;
	const char *name;
} features[] = {
	{PLX_FEATURE_EDGE, "edge"},
	{PLX_FEATURE_ONESHOT, "oneshot"},
	{PLX_FEATURE_EXCLUSIVE, "exclusive"},
	{PLX_FEATURE_EMBEDDABLE, "embeddable"},
	{PLX_FEATURE_NANOSECONDS, "nanoseconds"},
};

static int
fetch(struct plx_backend_info *list)
{
	int n = plx_backend_list(list, MOST);

	return n < MOST ? n : MOST;
}

/* "edge,oneshot", or "-" for none. */
static void
name_features(unsigned bits, char *text, size_t cap)
{
	size_t i, n = 0;

	snprintf(text, cap, "-");
	for (i = 0; i < sizeof(features) / sizeof(*features); i++) {
		if (!(bits & features[i].bit) || n >= cap)
			continue;
		n += (size_t)snprintf(text + n, cap - n, "%s%s", n ? "," : "",
				      features[i].name);
	}
}

void
backends_list(void)
{
	struct plx_backend_info list[MOST];
	plx_selector *best = NULL;
	const char *best_name, *remark;
	char text[64];
	int i, n = fetch(list);

	plx_selector_open(NULL, &best);
	best_name = plx_selector_backend(best);
	for (i = 0; i < n; i++) {
		name_features(list[i].features, text, sizeof(text));
		remark = list[i].why;
		if (best_name && strcmp(best_name, list[i].name) == 0)
			remark = "default";
		printf("%-8s %-3s  %s%s%s\n", list[i].name,
		       list[i].usable ? "yes" : "no", text, *remark ? "  " : "",
		       remark);
	}
	plx_selector_close(&best);
}

/* "epoll, poll, select": those that can be used. */
static void
name_usable(char *text, size_t cap)
{
	struct plx_backend_info list[MOST];
	int i, n = fetch(list);
	size_t used = 0;

	snprintf(text, cap, "none that works");
	for (i = 0; i < n; i++) {
		if (!list[i].usable || used >= cap)
			continue;
		used += (size_t)snprintf(text + used, cap - used, "%s%s",
					 used ? ", " : "", list[i].name);
	}
}

/* Why the backend called NAME is not usable; "" when there is none. */
static void
find_reason(const char *name, char *text, size_t cap)
{
	struct plx_backend_info list[MOST];
	int i, n = fetch(list);

	*text = '\0';
	for (i = 0; i < n; i++)
		if (strcmp(list[i].name, name) == 0)
			snprintf(text, cap, "%s", list[i].why);
}

int
backends_check(const char *name)
{
	const char *shown = name ? name : getenv("PLX_BACKEND");
	char usable[256], why[128];
	plx_selector *s;
	int err = plx_selector_open(name, &s);

	if (!err) {
		plx_selector_close(&s);
		return 0;
	}
	name_usable(usable, sizeof(usable));
	if (err == -EINVAL && shown) {
		report("unknown backend '%s'%s: this build has %s", shown,
		       name ? "" : " in PLX_BACKEND", usable);
		return EXIT_USAGE;
	}
	if (err == -ENOSYS && shown) {
		find_reason(shown, why, sizeof(why));
		report("backend '%s'%s cannot be used here (%s): this build "
		       "has %s",
		       shown, name ? "" : " of PLX_BACKEND", why, usable);
		return EXIT_USAGE;
	}
	report("cannot open a selector: %s", strerror(-err));
	return EXIT_FAILED;
}
