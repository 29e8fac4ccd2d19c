# SPDX-License-Identifier: BSD-2-Clause
# PLX_BACKENDS: --with-backends and --with-default-backend.
# The names come from backends/backends.def, so a new backend is listed once.
# Every backend is compiled everywhere; one that is left out only loses its
# place in the table (PLX_WITH_NAME 0), which table.c reads.
m4_define([plx_backend_names], m4_esyscmd_s([sed -n \
  's/^PLX_BACKEND(\([a-z0-9_]*\)).*/\1/p' backends/backends.def | tr '\n' ' ']))

AC_DEFUN([PLX_BACKENDS], [
AC_SUBST([CONFIGURE_DEPENDENCIES], ['$(top_srcdir)/backends/backends.def'])
plx_known="m4_normalize(plx_backend_names)"
AC_ARG_WITH([backends],
  [AS_HELP_STRING([--with-backends=LIST],
    [some of: ]m4_normalize(plx_backend_names)[, with commas; default: all])],
  [], [with_backends=all])
AC_ARG_WITH([default-backend],
  [AS_HELP_STRING([--with-default-backend=NAME],
    [tried before the others; default: the best that works])],
  [], [with_default_backend=])
AS_CASE([$with_backends], [all|yes], [with_backends=$plx_known])
plx_with_backends=`AS_ECHO(["$with_backends"]) | tr ',' ' '`
for plx_name in $plx_with_backends; do
  AS_CASE([" $plx_known "], [*" $plx_name "*], [],
    [AC_MSG_ERROR([--with-backends: unknown backend '$plx_name'; choose among: $plx_known])])
done
AS_IF([test -z "`AS_ECHO(["$plx_with_backends"]) | tr -d ' '`" || test "x$with_backends" = xno],
  [AC_MSG_ERROR([--with-backends: none given; choose among: $plx_known])])
m4_foreach_w([plx_each], m4_quote(plx_backend_names), [
AS_CASE([" $plx_with_backends "], [*" plx_each "*], [plx_with=1], [plx_with=0])
AC_DEFINE_UNQUOTED([PLX_WITH_]plx_each, [$plx_with],
  [1 when backend ]plx_each[ is wanted, else 0])])
plx_default_backend=$with_default_backend
AS_CASE([$plx_default_backend], [""|no|yes|auto], [plx_default_backend=], [
  AS_CASE([" $plx_with_backends "], [*" $plx_default_backend "*], [],
    [AC_MSG_ERROR([--with-default-backend: '$plx_default_backend' is not among the backends: $plx_with_backends])])
  AC_DEFINE_UNQUOTED([PLX_DEFAULT_BACKEND], ["$plx_default_backend"],
    [The backend that is tried first, if not the best])])
])
