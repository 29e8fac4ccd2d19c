# SPDX-License-Identifier: BSD-2-Clause
# PLX_TIME64: seconds of 64 bits where a 32-bit glibc leaves the choice; time
# ends in 2038 there otherwise.  Offsets of 64 bits go with it.  Autoconf has
# the like in AC_SYS_YEAR2038, but only since 2.72.
AC_DEFUN([PLX_TIME64], [
AC_REQUIRE([AC_SYS_LARGEFILE])
AC_CACHE_CHECK([what makes time_t 64 bits wide], [plx_cv_time64], [
plx_cv_time64=nothing
AC_COMPUTE_INT([plx_wide], [sizeof(time_t) >= 8], [#include <time.h>],
  [plx_wide=1])
AS_IF([test "$plx_wide" = 1], [plx_cv_time64="it is"], [
  plx_save_cppflags=$CPPFLAGS
  CPPFLAGS="$CPPFLAGS -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64"
  AC_COMPUTE_INT([plx_wide], [sizeof(time_t) >= 8], [#include <time.h>],
    [plx_wide=0])
  CPPFLAGS=$plx_save_cppflags
  AS_IF([test "$plx_wide" = 1], [plx_cv_time64=_TIME_BITS])])
])
AS_IF([test "$plx_cv_time64" = _TIME_BITS],
  [AC_DEFINE([_TIME_BITS], [64], [Define to 64 for a time_t of 64 bits])])
])
