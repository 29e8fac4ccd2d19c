/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_listener.c: the sockets of echod by themselves, with a resolver that
 * says what the test wants: getaddrinfo is found_addresses here.
 */
#include <config.h>
#include <netdb.h>
#include <string.h>
#include <netinet/in.h>
#include "listener.h"
#include "report.h"
#include "server.h"
#include "support.h"

#define MOST 4

static struct {
	struct addrinfo info[MOST];
	struct plx_address address[MOST];
} found;

/* Those in TEXTS, ended by NULL, are what every name has. */
static void
find(const char *const *texts)
{
	struct addrinfo *ai;
	int i;

	memset(&found, 0, sizeof(found));
	for (i = 0; texts[i]; i++) {
		cr_assert_eq(plx_address_parse(texts[i], &found.address[i]), 0);
		ai = &found.info[i];
		ai->ai_addr = (struct sockaddr *)&found.address[i].storage;
		ai->ai_addrlen = found.address[i].length;
		ai->ai_family = ai->ai_addr->sa_family;
		ai->ai_next = texts[i + 1] ? ai + 1 : NULL;
	}
}

int
found_addresses(const char *host, const char *service,
		const struct addrinfo *hints, struct addrinfo **out)
{
	(void)host, (void)service, (void)hints;
	*out = found.info;
	return 0;
}

void
found_no_more(struct addrinfo *list)
{
	(void)list;
}

void
report(const char *fmt, ...)
{
	(void)fmt;
}

void
report_clean(char *text)
{
	(void)text;
}

unsigned
datagrams_port(const struct plx_address *a)
{
	return a->length > 0;
}

Test(listener, an_address_that_a_name_has_twice_is_served_once)
{
	static const char *const texts[] = {"127.0.0.1:0", "127.0.0.2:0",
					    "127.0.0.1:0", NULL};
	static char name[] = "twice:0";
	struct target t = {.text = name, .is_name = 1};
	struct worker w = {.index = 0};
	struct options o = {.targets = &t, .ntargets = 1, .workers = 1};
	struct server s = {.options = &o, .workers = &w};

	find(texts);
	cr_assert_eq(listeners_open(&s), 0);
	cr_expect_eq(s.nlisteners, 2);
	cr_expect_eq(strncmp(s.listeners[0].text, "127.0.0.1:", 10), 0);
	cr_expect_eq(strncmp(s.listeners[1].text, "127.0.0.2:", 10), 0);
	listeners_close(&s);
}
