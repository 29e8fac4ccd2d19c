# SPDX-License-Identifier: BSD-2-Clause
# PLX_KQUEUE: does the system have kqueue(2), or is libkqueue asked for?
# The tests bring a stand-in of their own where neither is there, and its lists
# are: musl has no sys/queue.h.
AC_DEFUN([PLX_KQUEUE], [
AC_ARG_WITH([libkqueue],
  [AS_HELP_STRING([--with-libkqueue], [kqueue over libkqueue])],
  [], [with_libkqueue=no])
plx_kqueue=no
AC_CHECK_FUNC([kqueue], [AC_CHECK_HEADER([sys/event.h],
  [plx_kqueue="of the system"], [], [#include <sys/types.h>])])
AS_IF([test "x$with_libkqueue" != xno && test "$plx_kqueue" = no],
  [PKG_CHECK_MODULES([LIBKQUEUE], [libkqueue], [],
    [AC_MSG_ERROR([--with-libkqueue: pkg-config finds no libkqueue; install it or leave the option out])])
  plx_kqueue="of libkqueue"
  CPPFLAGS="$CPPFLAGS $LIBKQUEUE_CFLAGS"
  LIBS="$LIBKQUEUE_LIBS $LIBS"])
AS_IF([test "$plx_kqueue" != no],
  [AC_DEFINE([HAVE_KQUEUE], [1], [Define if there is kqueue(2)])
  AC_CHECK_FUNCS([kqueue1])])
AC_CHECK_HEADERS([sys/queue.h])
AM_CONDITIONAL([KQUEUE_STANDIN],
  [test "$plx_kqueue$ac_cv_header_sys_queue_h" = noyes])
])
