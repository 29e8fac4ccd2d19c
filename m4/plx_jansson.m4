# SPDX-License-Identifier: BSD-2-Clause
# PLX_JANSSON: where jansson is, two of the examples speak JSON with it.  The
# library never does.  Linking is tried: for another machine pkg-config may
# tell of this one's.
AC_DEFUN([PLX_JANSSON], [
PKG_CHECK_MODULES([JANSSON], [jansson >= 2.11],
  [plx_jansson=built], [plx_jansson="left out (no jansson)"])
AS_IF([test "$plx_jansson" = built], [
  plx_save_cflags=$CFLAGS plx_save_libs=$LIBS
  CFLAGS="$CFLAGS $JANSSON_CFLAGS" LIBS="$JANSSON_LIBS $LIBS"
  AC_LINK_IFELSE(
    [AC_LANG_PROGRAM([[#include <jansson.h>]], [[json_decref(json_object());]])],
    [], [plx_jansson="left out (jansson does not link)"])
  CFLAGS=$plx_save_cflags LIBS=$plx_save_libs])
AM_CONDITIONAL([JANSSON], [test "$plx_jansson" = built])
])
