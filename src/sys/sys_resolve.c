/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys_resolve.c: names to addresses, and the two languages of its failures.
 *
 * The codes of getaddrinfo(3) are numbers of their own, negative on some
 * systems, positive on others, and mean nothing to strerror(3).  Each gets an
 * errno that says the same, and no two the same one, so that the way back is
 * open for gai_strerror(3).
 *
 * Trap: a code may be missing here or be another one's number; the first line
 * that fits is taken.
 */
#include <config.h>
#include <netdb.h>
#include "sys_int.h"

static const struct {
	int code;
	int error;
} codes[] = {
	{EAI_NONAME, ENOENT},
#if defined(EAI_NODATA) && defined(ENODATA)
	{EAI_NODATA, ENODATA},
#endif
	{EAI_AGAIN, EAGAIN},
	{EAI_FAIL, EIO},
	{EAI_BADFLAGS, EINVAL},
	{EAI_FAMILY, EAFNOSUPPORT},
#ifdef EAI_ADDRFAMILY
	{EAI_ADDRFAMILY, EADDRNOTAVAIL},
#endif
	{EAI_SOCKTYPE, EPROTOTYPE},
	{EAI_SERVICE, EPROTONOSUPPORT},
	{EAI_MEMORY, ENOMEM},
	{EAI_OVERFLOW, EOVERFLOW},
};

#define CODES (sizeof(codes) / sizeof(codes[0]))

static int
error_of(int code)
{
	size_t i;

	for (i = 0; i < CODES; i++) {
		if (codes[i].code == code)
			return -codes[i].error;
	}
	return -EIO;
}

int
plx__sys_gai_code(int error)
{
	size_t i;

	for (i = 0; i < CODES; i++) {
		if (codes[i].error == -error)
			return codes[i].code;
	}
	return EAI_SYSTEM;
}

/* EAI_SYSTEM without an errno has been seen, and must not become success. */
int
plx__sys_getaddrinfo(SELF, const char *node, const char *service,
		     const struct addrinfo *hints, struct addrinfo **out)
{
	int kept = errno;
	int ret;

	errno = 0;
	ret = getaddrinfo(node, service, hints, out);
	if (ret == EAI_SYSTEM)
		ret = errno ? -errno : -EIO;
	else if (ret != 0)
		ret = error_of(ret);
	errno = kept;
	return ret;
}
