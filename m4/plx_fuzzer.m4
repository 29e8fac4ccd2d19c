# SPDX-License-Identifier: BSD-2-Clause
# PLX_FUZZER: --enable-fuzzer, the fuzz targets with libFuzzer, which clang has.
AC_DEFUN([PLX_FUZZER], [
AC_ARG_ENABLE([fuzzer],
  [AS_HELP_STRING([--enable-fuzzer],
    [libFuzzer drives fuzz/*, which needs clang; default: files do])],
  [], [enable_fuzzer=no])
AS_IF([test "x$enable_fuzzer" = xyes],
  [plx_save_cflags=$CFLAGS
  CFLAGS="$CFLAGS -fsanitize=fuzzer"
  AC_LINK_IFELSE([AC_LANG_SOURCE([[#include <stddef.h>
int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);
int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{ return data && size > 9; }]])],
    [PLX_CFLAGS="$PLX_CFLAGS -fsanitize=fuzzer-no-link"
    FUZZ_ENGINE=-fsanitize=fuzzer],
    [AC_MSG_ERROR([--enable-fuzzer: $CC cannot link with -fsanitize=fuzzer; use clang])])
  CFLAGS=$plx_save_cflags])
AC_SUBST([FUZZ_ENGINE])
AM_CONDITIONAL([LIBFUZZER], [test "x$enable_fuzzer" = xyes])
])
