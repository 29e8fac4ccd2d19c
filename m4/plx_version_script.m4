# SPDX-License-Identifier: BSD-2-Clause
# PLX_VERSION_SCRIPT: does the linker take src/pollux.map?
AC_DEFUN([PLX_VERSION_SCRIPT], [
AC_CACHE_CHECK([whether the linker takes a version script],
  [plx_cv_version_script], [
  plx_save_ldflags=$LDFLAGS
  AS_ECHO(['PLX_TEST { global: plx_*; local: *; };']) >conftest.map
  LDFLAGS="$LDFLAGS -shared -fPIC -Wl,--version-script=conftest.map"
  AC_LINK_IFELSE([AC_LANG_SOURCE([[int plx_there(void); int plx_there(void) { return 0; }]])],
    [plx_cv_version_script=yes], [plx_cv_version_script=no])
  rm -f conftest.map
  LDFLAGS=$plx_save_ldflags])
AM_CONDITIONAL([VERSION_SCRIPT], [test "$plx_cv_version_script" = yes])
])
