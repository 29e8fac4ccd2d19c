/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_cli.c: what echod says to a wrong command line, and what it prints.
 *
 * A usage error is exit status 2, nothing on standard output and exactly one
 * line on standard error.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/wait.h>
#include <criterion/criterion.h>
#include <pollux/selector.h>
#include "echod_driver.h"

static void
expect_failure(const char *const *args, int status, const char *line)
{
	struct echod_result r = echod_run(args);

	cr_assert_eq(r.status, status, "%s: status %d", args[0], r.status);
	cr_assert_str_eq(r.out, "", "%s", args[0]);
	cr_assert_str_eq(r.err, line);
}

/* One wrong option: exit status 2 and LINE. */
static void
expect_usage(const char *option, const char *line)
{
	const char *args[] = {option, NULL};

	expect_failure(args, 2, line);
}

/* LINE begins with HEAD and ends with what --list-backends calls usable. */
static void
expect_backends(const char *line, const char *head)
{
	const char *args[] = {"--list-backends", NULL}, *row;
	struct echod_result r = echod_run(args);
	char expected[ECHOD_TEXT], name[16], use[8];
	size_t n = (size_t)snprintf(expected, sizeof(expected), "%s", head);
	const char *comma = "";

	for (row = r.out; *row; row = strchr(row, '\n') + 1) {
		cr_assert_eq(sscanf(row, "%15s %7s", name, use), 2);
		if (strcmp(use, "yes"))
			continue;
		n += (size_t)snprintf(expected + n, sizeof(expected) - n,
				      "%s%s", comma, name);
		comma = ", ";
	}
	snprintf(expected + n, sizeof(expected) - n, "\n");
	cr_assert_str_eq(line, expected);
}

Test(cli, an_unknown_backend_is_told_with_those_there_are)
{
	const char *args[] = {"--backend=nonsense", NULL};
	struct echod_result r = echod_run(args);

	cr_assert_eq(r.status, 2);
	cr_assert_str_eq(r.out, "");
	expect_backends(r.err, "echod: unknown backend 'nonsense': this build "
			       "has ");
}

Test(cli, an_unknown_backend_in_the_environment_is_told)
{
	const char *args[] = {"--listen=127.0.0.1:0", NULL};
	struct echod_result r;

	setenv("PLX_BACKEND", "rubbish", 1);
	r = echod_run(args);
	unsetenv("PLX_BACKEND");
	cr_assert_eq(r.status, 2);
	expect_backends(r.err, "echod: unknown backend 'rubbish' in "
			       "PLX_BACKEND: this build has ");
}

Test(cli, unknown_options_are_told)
{
	expect_usage("--nonsense",
		     "echod: unknown option '--nonsense': see echod --help\n");
	expect_usage("--nonsense=1", "echod: unknown option '--nonsense=1': "
				     "see echod --help\n");
	expect_usage("-x", "echod: unknown option '-x': see echod --help\n");
	expect_usage("--tcp",
		     "echod: unknown option '--tcp': see echod --help\n");
}

Test(cli, values_that_lack_or_are_too_many_are_told)
{
	expect_usage("--workers",
		     "echod: --workers needs a value: see echod --help\n");
	expect_usage("--listen",
		     "echod: --listen needs a value: see echod --help\n");
	expect_usage("--list-backends=all", "echod: --list-backends takes no "
					    "value: see echod --help\n");
}

Test(cli, numbers_out_of_range_are_told)
{
	expect_usage("--workers=0", "echod: --workers=0: give a whole number "
				    "from 1 to 1024\n");
	expect_usage("--workers=1025", "echod: --workers=1025: give a whole "
				       "number from 1 to 1024\n");
	expect_usage("--workers=", "echod: --workers=: give a whole number "
				   "from 1 to 1024\n");
	expect_usage("--workers=2x", "echod: --workers=2x: give a whole "
				     "number from 1 to 1024\n");
	expect_usage("--max-connections=-1",
		     "echod: --max-connections=-1: give a whole number from 0 "
		     "to 1000000000\n");
	expect_usage("--max-line=99999999999999999999",
		     "echod: --max-line=99999999999999999999: give a whole "
		     "number from 1 to 1073741824\n");
}

Test(cli, wrong_seconds_are_told)
{
	static const char *const bad[] = {"",	 "-1",	".",	      "1.2.3",
					  "inf", "nan", "0x10",	      "1e3",
					  "1s",	 " 1",	"2000000000", NULL};
	char option[64], line[256];
	int i;

	for (i = 0; bad[i]; i++) {
		snprintf(option, sizeof(option), "--idle-timeout=%s", bad[i]);
		snprintf(line, sizeof(line),
			 "echod: %s: give seconds from 0 (never) to "
			 "1000000000, such as 30 or 0.5\n",
			 option);
		expect_usage(option, line);
	}
}

Test(cli, wrong_addresses_are_told)
{
	static const char *const bad[] = {
		"",	 "7007",    "localhost",      "127.0.0.1:", "::1:7007",
		"[::1]", "[::1]:x", "localhost:http", "*",	    NULL};
	char option[64], line[256];
	int i;

	for (i = 0; bad[i]; i++) {
		snprintf(option, sizeof(option), "--listen=%s", bad[i]);
		snprintf(line, sizeof(line),
			 "echod: %s: give HOST:PORT, such as 127.0.0.1:7007, "
			 "[::1]:7007 or *:7007\n",
			 option);
		expect_usage(option, line);
	}
}

Test(cli, bytes_that_are_not_printable_are_not_written)
{
	expect_usage("--listen=a\033[2J\nb\xe9", "echod: --listen=a?[2J?b?: "
						 "give HOST:PORT, such as "
						 "127.0.0.1:7007, [::1]:7007 "
						 "or *:7007\n");
	expect_usage("--mode=\n", "echod: --mode=?: give raw or line\n");
}

Test(cli, ports_out_of_range_are_told)
{
	expect_usage("--listen=127.0.0.1:65536",
		     "echod: --listen=127.0.0.1:65536: give a port from 0 to "
		     "65535\n");
	expect_usage("--listen=localhost:99999",
		     "echod: --listen=localhost:99999: give a port from 0 to "
		     "65535\n");
}

Test(cli, wrong_paths_are_told)
{
	char option[400] = "--unix=", line[500];

	expect_usage("--unix=", "echod: --unix=: give the path of a socket\n");
	memset(option + 7, 'p', 300);
	snprintf(line, sizeof(line),
		 "echod: %s: the path is too long: give a shorter one\n",
		 option);
	expect_usage(option, line);
}

Test(cli, modes_and_what_belongs_to_them_are_told)
{
	expect_usage("--mode=word", "echod: --mode=word: give raw or line\n");
	expect_usage("--prefix=x", "echod: --prefix is about lines: add "
				   "--mode=line\n");
	expect_usage("--max-line=10", "echod: --max-line is about lines: add "
				      "--mode=line\n");
}

Test(cli, an_overlong_prefix_is_told)
{
	char option[6000] = "--prefix=";

	memset(option + 9, 'p', 5000);
	expect_usage(option, "echod: --prefix: 5000 bytes are too many: give "
			     "at most 4096\n");
}

Test(cli, contradictions_and_arguments_are_told)
{
	const char *both[] = {"-q", "-v", NULL};

	expect_failure(both, 2,
		       "echod: -q and -v contradict each other: give one of "
		       "them\n");
	expect_usage("7007", "echod: unexpected argument '7007': addresses "
			     "are given with --listen=HOST:PORT or "
			     "--unix=PATH\n");
}

Test(cli, an_address_in_use_is_a_failure)
{
	struct echod e = echod_start("auto", NULL);
	char option[160], line[300];
	const char *args[] = {option, NULL};

	snprintf(option, sizeof(option), "--listen=%s", e.address);
	snprintf(line, sizeof(line),
		 "echod: cannot listen on %s: %s: stop what listens there, or "
		 "choose another\n",
		 e.address, strerror(EADDRINUSE));
	expect_failure(args, 1, line);
	echod_stop(&e);
}

Test(cli, a_path_that_is_no_socket_is_a_failure)
{
	char name[] = "/tmp/pollux-cli-XXXXXX", option[64];
	const char *args[] = {option, NULL};
	struct echod_result r;
	int fd = mkstemp(name);

	close(fd);
	snprintf(option, sizeof(option), "--unix=%s", name);
	r = echod_run(args);
	cr_assert_eq(r.status, 1);
	cr_assert(strstr(r.err, strerror(EADDRINUSE)), "%s", r.err);
	cr_assert_eq(unlink(name), 0);
}

Test(cli, an_unknown_host_is_a_failure)
{
	const char *args[] = {"--listen=no-such-host.invalid:7007", NULL};
	struct echod_result r = echod_run(args);
	const char *head = "echod: cannot look up no-such-host.invalid:7007: ";

	cr_assert_eq(r.status, 1);
	cr_assert_str_eq(r.out, "");
	cr_assert_eq(strncmp(r.err, head, strlen(head)), 0, "%s", r.err);
	cr_assert_eq(strchr(r.err, '\n')[1], '\0', "%s", r.err);
}

Test(cli, the_backends_are_listed_one_a_line)
{
	const char *args[] = {"--list-backends", NULL};
	struct echod_result r = echod_run(args);
	const char *line;
	char name[16], use[8];
	int n = 0, defaults = 0;

	cr_assert_eq(r.status, 0);
	cr_assert_str_eq(r.err, "");
	for (line = r.out; *line; line = strchr(line, '\n') + 1) {
		cr_assert_eq(sscanf(line, "%15s %7s", name, use), 2);
		cr_assert(!strcmp(use, "yes") || !strcmp(use, "no"));
		n++;
	}
	for (line = r.out; (line = strstr(line, "  default\n")); line++)
		defaults++;
	cr_assert_eq(n, plx_backend_list(NULL, 0));
	cr_assert_eq(defaults, 1, "%s", r.out);
}

Test(cli, help_and_version_go_to_standard_output)
{
	const char *help[] = {"--help", NULL}, *version[] = {"--version", NULL};
	struct echod_result r = echod_run(help);

	cr_assert_eq(r.status, 0);
	cr_assert_str_eq(r.err, "");
	cr_assert_eq(strncmp(r.out, "Usage: echod ", 13), 0);
	r = echod_run(version);
	cr_assert_eq(r.status, 0);
	cr_assert_str_eq(r.out, "echod (pollux) " PLX_VERSION "\n");
}

/* Runs echod with standard output as WORDS of a shell say. */
static int
run_shell(const char *words, char *err, size_t room)
{
	const char *program = getenv("ECHOD");
	char command[600];
	FILE *f;
	int status;
	size_t n;

	snprintf(command, sizeof(command), "%s %s",
		 program ? program : "./echod", words);
	f = popen(command, "r");
	cr_assert(f);
	n = fread(err, 1, room - 1, f);
	err[n] = '\0';
	status = pclose(f);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

Test(cli, quiet_says_nothing)
{
	char name[] = "/tmp/pollux-cli-XXXXXX", command[256], text[256];
	char option[64];

	cr_assert(mkdtemp(name));
	snprintf(option, sizeof(option), "%s/s", name);
	snprintf(command, sizeof(command),
		 "-q --unix=%s 2>&1 & p=$!; while ! [ -e %s ]; do :; done; "
		 "kill $p; wait $p",
		 option, option);
	run_shell(command, text, sizeof(text));
	cr_assert_str_eq(text, "");
	cr_assert_eq(rmdir(name), 0);
}

Test(cli, output_that_cannot_be_written_is_a_failure)
{
	static const char *const words[] = {
		"--help 2>&1 >/dev/full", "--list-backends 2>&1 >/dev/full",
		"--listen=127.0.0.1:0 2>&1 >/dev/full",
		"--listen=127.0.0.1:0 --workers=3 2>&1 >&-", NULL};
	const char *head = "echod: cannot write to standard output: ";
	char err[1000];
	int i;

	if (access("/dev/full", W_OK) < 0)
		cr_skip_test("this system has no /dev/full");
	for (i = 0; words[i]; i++) {
		cr_assert_eq(run_shell(words[i], err, sizeof(err)), 1, "%s",
			     words[i]);
		cr_assert_eq(strncmp(err, head, strlen(head)), 0, "%s: %s",
			     words[i], err);
		cr_assert_eq(strchr(err, '\n')[1], '\0', "%s", err);
	}
}
