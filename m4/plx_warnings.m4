# SPDX-License-Identifier: BSD-2-Clause
# PLX_WARNINGS: the warnings that the sources are clean under, those of them
# that the compiler knows; --enable-werror makes them errors.
AC_DEFUN([PLX_WARNINGS], [
AC_ARG_ENABLE([werror],
  [AS_HELP_STRING([--enable-werror], [warnings are errors])],
  [], [enable_werror=no])
PLX_CFLAGS=
plx_save_cflags=$CFLAGS
for plx_flag in -Wall -Wextra -Wshadow -Wconversion -Wsign-conversion \
    -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition \
    -Wpointer-arith -Wcast-align=strict -Wwrite-strings -Wvla -Wundef \
    -Wformat=2 -Wdouble-promotion -Wduplicated-cond -Wlogical-op \
    -Wjump-misses-init -Wimplicit-fallthrough \
    -fvisibility=hidden; do
  AC_MSG_CHECKING([whether $CC takes $plx_flag])
  CFLAGS="$plx_save_cflags -Werror $plx_flag"
  AC_COMPILE_IFELSE([AC_LANG_PROGRAM()],
    [AC_MSG_RESULT([yes]); PLX_CFLAGS="$PLX_CFLAGS $plx_flag"],
    [AC_MSG_RESULT([no])])
done
CFLAGS=$plx_save_cflags
plx_werror=shown
AS_IF([test "x$enable_werror" = xyes],
  [PLX_CFLAGS="$PLX_CFLAGS -Werror"; plx_werror="are errors"])
AC_SUBST([PLX_CFLAGS])
])
