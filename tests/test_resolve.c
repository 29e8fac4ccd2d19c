/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_resolve.c: names to addresses.  Numbers only, which ask no server; what
 * a server may answer is put into the system's table.
 */
#include <config.h>
#include <netdb.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include "blocking_common.h"

static const struct addrinfo numeric = {
	.ai_family = AF_INET,
	.ai_socktype = SOCK_STREAM,
	.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
};

static int
resolve_number(void *arg)
{
	struct addrinfo *list = NULL;
	struct sockaddr_in sa;

	(void)arg;
	cr_expect_eq(plx_getaddrinfo("127.0.0.1", "7007", &numeric, &list,
				     PLX_NEVER),
		     0);
	if (!list)
		return -ENOENT;
	memcpy(&sa, list->ai_addr, sizeof(sa));
	cr_expect_eq(ntohs(sa.sin_port), 7007);
	cr_expect_eq(ntohl(sa.sin_addr.s_addr), INADDR_LOOPBACK);
	freeaddrinfo(list);
	return 0;
}
IN_A_TASK(resolve, a_number_comes_back_as_an_address, resolve_number)

static int
fail_to_resolve(void *arg)
{
	struct addrinfo *list = NULL;
	int r;

	(void)arg;
	r = plx_getaddrinfo("no number", "7007", &numeric, &list, PLX_NEVER);
	cr_expect_eq(r, -ENOENT);
	cr_expect_str_eq(gai_strerror(plx_gai_code(r)),
			 gai_strerror(EAI_NONAME));
	r = plx_getaddrinfo("127.0.0.1", "7007", &numeric, &list, 0);
	cr_expect_eq(r, -ETIMEDOUT);
	cr_expect_eq(plx_gai_code(r), EAI_SYSTEM);
	cr_expect_null(list, "written on success only");
	return 0;
}
IN_A_TASK(resolve, a_failure_is_an_errno_that_gai_strerror_can_tell,
	  fail_to_resolve)

static int
resolve_oddly(void *arg)
{
	struct addrinfo hints = numeric, *list = NULL;

	(void)arg;
	hints.ai_flags = ~0;
	cr_expect_eq(
		plx_getaddrinfo("127.0.0.1", "7007", &hints, &list, PLX_NEVER),
		-EINVAL);
	hints = numeric;
	hints.ai_family = AF_UNIX;
	cr_expect_eq(
		plx_getaddrinfo("127.0.0.1", "7007", &hints, &list, PLX_NEVER),
		-EAFNOSUPPORT);
	cr_expect_null(list);
	return 0;
}
IN_A_TASK(resolve, odd_wishes_are_told_apart, resolve_oddly)

Test(resolve, outside_a_task_it_is_refused)
{
	struct addrinfo *list = NULL;

	cr_expect_eq(plx_getaddrinfo("127.0.0.1", NULL, NULL, &list, PLX_NEVER),
		     -EPERM);
}

static int
answer_later(const struct plx_sys *sys, const char *node, const char *service,
	     const struct addrinfo *hints, struct addrinfo **out)
{
	(void)sys;
	(void)node;
	(void)service;
	(void)hints;
	(void)out;
	return -EAGAIN;
}

static int
hear_from_server(void *arg)
{
	struct addrinfo *list = NULL;
	int r;

	(void)arg;
	support_sys.sys.getaddrinfo = answer_later;
	r = plx_getaddrinfo("name", NULL, NULL, &list, PLX_NEVER);
	cr_expect_eq(r, -EAGAIN);
	cr_expect_eq(plx_gai_code(r), EAI_AGAIN);
	return 0;
}
IN_A_TASK(resolve, a_server_that_is_silent_is_worth_another_try,
	  hear_from_server)

Test(resolve, every_code_has_an_errno_of_its_own)
{
	static const int codes[] = {
		EAI_NONAME,   EAI_AGAIN,   EAI_FAIL,   EAI_BADFLAGS, EAI_FAMILY,
		EAI_SOCKTYPE, EAI_SERVICE, EAI_MEMORY, EAI_OVERFLOW,
	};
	static const int errors[] = {
		ENOENT,	    EAGAIN,	     EIO,    EINVAL,	EAFNOSUPPORT,
		EPROTOTYPE, EPROTONOSUPPORT, ENOMEM, EOVERFLOW,
	};

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		cr_expect_eq(plx_gai_code(-errors[i]), codes[i], "%zu", i);
	cr_expect_eq(plx_gai_code(-EMFILE), EAI_SYSTEM);
	cr_expect_eq(plx_gai_code(0), EAI_SYSTEM);
}
