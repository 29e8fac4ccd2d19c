# SPDX-License-Identifier: BSD-2-Clause
# PLX_TEST_RUNNER: Criterion; or the small runner in tests/plain, which has the
# same interface, where there is no Criterion and under sanitizers: Criterion
# does not start under ThreadSanitizer, and LeakSanitizer blames it for leaks.
AC_DEFUN([PLX_TEST_RUNNER], [
AC_ARG_WITH([test-runner],
  [AS_HELP_STRING([--with-test-runner=criterion|plain],
    [what runs the tests; default: Criterion where there is one])],
  [], [with_test_runner=auto])
PKG_CHECK_MODULES([CRITERION], [criterion >= 2.3.3],
  [plx_found=criterion], [plx_found=plain])
AS_IF([test "$plx_sanitizer" != none], [plx_found=plain])
AS_CASE([$with_test_runner],
  [auto], [with_test_runner=$plx_found],
  [criterion|plain], [],
  [AC_MSG_ERROR([--with-test-runner: unknown '$with_test_runner'; choose criterion or plain])])
AS_IF([test $with_test_runner = plain],
  [CRITERION_CFLAGS='-I$(top_srcdir)/tests/plain' CRITERION_LIBS=],
  [test -z "$CRITERION_LIBS"],
  [AC_MSG_ERROR([--with-test-runner: Criterion was not found; install it or choose plain])])
AM_CONDITIONAL([PLAIN_RUNNER], [test $with_test_runner = plain])
# No test program runs longer than this.
AS_IF([test -n "$TIMEOUT"], [BOUNDED="$TIMEOUT 900"])
AC_SUBST([BOUNDED])
])
