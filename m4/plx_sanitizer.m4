# SPDX-License-Identifier: BSD-2-Clause
# PLX_SANITIZER: --enable-sanitizer=address,undefined or =thread.
AC_DEFUN([PLX_SANITIZER], [
AC_ARG_ENABLE([sanitizer],
  [AS_HELP_STRING([--enable-sanitizer=LIST],
    [address,undefined or thread; default: none])],
  [], [enable_sanitizer=no])
plx_sanitizer=none
AS_CASE([$enable_sanitizer], [no], [],
  [yes], [AC_MSG_ERROR([--enable-sanitizer: say which: address,undefined or thread])],
  [plx_sanitizer=$enable_sanitizer
  plx_flag="-fsanitize=$enable_sanitizer -fno-sanitize-recover=all -fno-omit-frame-pointer"
  plx_save_cflags=$CFLAGS
  CFLAGS="$CFLAGS $plx_flag"
  AC_LINK_IFELSE([AC_LANG_PROGRAM()], [PLX_CFLAGS="$PLX_CFLAGS $plx_flag"],
    [AC_MSG_ERROR([--enable-sanitizer: $CC cannot link with -fsanitize=$enable_sanitizer])])
  CFLAGS=$plx_save_cflags])
])
