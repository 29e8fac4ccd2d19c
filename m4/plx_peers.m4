# SPDX-License-Identifier: BSD-2-Clause
# PLX_PEERS: the libraries that the benchmarks set beside pollux, each where it
# is found; nothing else ever uses them.  Linking is tried, as in PLX_JANSSON.
AC_DEFUN([PLX_PEER], [
plx_peer_$2=no
AS_IF([test "$cross_compiling" != yes], [
  plx_save_libs=$LIBS
  LIBS="$4 $LIBS"
  AC_MSG_CHECKING([for $1])
  AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <$3>]], [[$5;]])],
    [plx_peer_$2=yes plx_peers="$plx_peers $1"])
  AC_MSG_RESULT([$plx_peer_$2])
  LIBS=$plx_save_libs])
AM_CONDITIONAL([$2], [test $plx_peer_$2 = yes])
])
AC_DEFUN([PLX_PEERS], [
plx_peers=
PLX_PEER([libev], [LIBEV], [ev.h], [-lev], [ev_loop_new(0)])
PLX_PEER([libevent], [LIBEVENT], [event2/event.h], [-levent],
  [event_base_new()])
PLX_PEER([libuv], [LIBUV], [uv.h], [-luv], [uv_default_loop()])
])
