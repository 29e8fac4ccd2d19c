/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_address.c: addresses in words and back.
 */
#include <config.h>

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/un.h>
#include <pollux/net.h>
#include "support.h"

/* Parses TEXT, which must come back as EXPECTED. */
static void
expect_round(const char *text, const char *expected)
{
	struct plx_address a;
	char back[PLX_ADDRESS_TEXT];
	int n;

	cr_assert_eq(plx_address_parse(text, &a), 0, "%s", text);
	n = plx_address_format(&a, back, sizeof(back));
	cr_assert_str_eq(back, expected, "%s became %s", text, back);
	cr_assert_eq(n, (int)strlen(expected), "%s: %d", text, n);
}

static void
expect_refusal(const char *text, int err)
{
	struct plx_address a, before;
	int got;

	memset(&a, 0x5a, sizeof(a));
	before = a;
	errno = 4711;
	got = plx_address_parse(text, &a);
	cr_assert_eq(got, err, "'%s': %d", text ? text : "NULL", got);
	cr_assert_eq(memcmp(&a, &before, sizeof(a)), 0, "'%s' wrote", text);
	cr_assert_eq(errno, 4711, "'%s' set errno", text);
}

Test(address, tcp_addresses_come_back_as_they_were)
{
	expect_round("127.0.0.1:7007", "127.0.0.1:7007");
	expect_round("0.0.0.0:0", "0.0.0.0:0");
	expect_round("255.255.255.255:65535", "255.255.255.255:65535");
	expect_round("[::1]:7007", "[::1]:7007");
	expect_round("[2001:db8::a:b]:80", "[2001:db8::a:b]:80");
	/* Not any address, and not one of IPv4, though they begin as those. */
	expect_round("[0:0:1::]:80", "[0:0:1::]:80");
	expect_round("[::1:0:0:0]:80", "[::1:0:0:0]:80");
}

Test(address, any_address_has_one_name)
{
	expect_round("*:7007", "*:7007");
	expect_round(":7007", "*:7007");
	expect_round("[::]:7007", "*:7007");
}

Test(address, v4_seen_through_v6_is_written_as_v4)
{
	expect_round("[::ffff:10.1.2.3]:99", "10.1.2.3:99");
}

Test(address, interface_is_kept)
{
	expect_round("[fe80::1%lo]:7007", "[fe80::1%lo]:7007");
	expect_round("[fe80::1%1]:7007", "[fe80::1%lo]:7007");
	expect_round("[fe80::1%99999]:7007", "[fe80::1%99999]:7007");
	expect_refusal("[fe80::1%1234567890]:7007", -EINVAL);
}

Test(address, unix_paths_come_back_as_they_were)
{
	char text[PLX_ADDRESS_TEXT] = "unix:";

	expect_round("unix:/run/x.sock", "unix:/run/x.sock");
	expect_round("unix:relative", "unix:relative");
	memset(text + 5, 'p', sizeof(((struct sockaddr_un *)0)->sun_path) - 1);
	expect_round(text, text);
}

Test(address, abstract_names_come_back_as_they_were)
{
#if defined(__linux__)
	struct plx_address a;

	expect_round("unix:@name", "unix:@name");
	cr_assert_eq(plx_address_parse("unix:@name", &a), 0);
	cr_assert_eq(a.length, offsetof(struct sockaddr_un, sun_path) + 5);
#else
	expect_refusal("unix:@name", -EINVAL);
#endif
}

Test(address, nonsense_is_refused_and_writes_nothing)
{
	static const char *const bad[] = {
		"",
		":",
		"7007",
		"127.0.0.1",
		"127.0.0.1:",
		"127.0.0.1:x",
		"127.0.0.1:+1",
		"127.0.0.1:-1",
		"127.0.0.1: 1",
		"127.0.0.1:1 ",
		"127.0.0:7007",
		"256.0.0.1:1",
		"localhost:7007",
		"::1:7007",
		"[::1]",
		"[::1]7007",
		"[::1:7007",
		"[]:7007",
		"[127.0.0.1]:7007",
		"[::1%]:7007",
		"[fe80::1%nosuchinterface]:1",
		"**:1",
		"unix:",
		"unix:@",
		"Unix:/x",
	};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		expect_refusal(bad[i], -EINVAL);
	expect_refusal(NULL, -EINVAL);
}

Test(address, too_much_is_out_of_range)
{
	char text[300] = "unix:";

	expect_refusal("127.0.0.1:65536", -ERANGE);
	expect_refusal("[::1]:99999999999999999999", -ERANGE);
	memset(text + 5, 'p', sizeof(((struct sockaddr_un *)0)->sun_path));
	expect_refusal(text, -ERANGE);
}

Test(address, an_overlong_host_is_refused)
{
	char text[300] = {0};

	memset(text, '1', 200);
	memcpy(text + 200, ":1", 3);
	expect_refusal(text, -EINVAL);
}

Test(address, a_small_room_is_not_overrun)
{
	struct plx_address a;
	char text[9] = "........";

	cr_assert_eq(plx_address_parse("127.0.0.1:7007", &a), 0);
	cr_assert_eq(plx_address_format(&a, text, 5), 14);
	cr_assert_eq(memcmp(text, "127.\0...", 8), 0);
	cr_assert_eq(plx_address_format(&a, NULL, 0), 14);
}

Test(address, other_families_and_nameless_sockets_are_told)
{
	struct plx_address a = {.length = sizeof(sa_family_t)};
	char text[PLX_ADDRESS_TEXT] = "x";

	a.storage.ss_family = AF_UNSPEC;
	cr_assert_eq(plx_address_format(&a, text, sizeof(text)), -EAFNOSUPPORT);
	cr_assert_str_eq(text, "");
	a.storage.ss_family = AF_UNIX;
	cr_assert_eq(plx_address_format(&a, text, sizeof(text)), 5);
	cr_assert_str_eq(text, "unix:");
}

/* A kernel may tell of a path that has no end, and of more than there is. */
Test(address, a_path_is_no_longer_than_its_room)
{
	struct plx_address a = {.length = sizeof(a.storage)};
	struct sockaddr_un *sa = (struct sockaddr_un *)&a.storage;
	char text[sizeof(a.storage) + 8];
	const int room = (int)sizeof(sa->sun_path);

	memset(&a.storage, 'y', sizeof(a.storage));
	memset(sa->sun_path, 'x', sizeof(sa->sun_path));
	sa->sun_family = AF_UNIX;
	cr_assert_eq(plx_address_format(&a, text, sizeof(text)), 5 + room);
	cr_assert_eq(strncmp(text, "unix:x", 6), 0);
	cr_assert_null(strchr(text, 'y'));
}
