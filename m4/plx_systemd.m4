dnl SPDX-License-Identifier: BSD-2-Clause
dnl PLX_SYSTEMD: whether the units go somewhere, and where.  Not by default: a
dnl prefix of one's own is no place that systemd looks at.
AC_DEFUN([PLX_SYSTEMD], [
AC_ARG_WITH([systemdunitdir],
  [AS_HELP_STRING([--with-systemdunitdir@<:@=DIR@:>@],
    [install units of systemd for echod in DIR, or in
     PREFIX/lib/systemd/system (default: nowhere)])],
  [], [with_systemdunitdir=no])
AS_CASE([$with_systemdunitdir],
  [no], [systemdunitdir=],
  [yes], [systemdunitdir='${prefix}/lib/systemd/system'],
  [systemdunitdir=$with_systemdunitdir])
AC_SUBST([systemdunitdir])
AM_CONDITIONAL([SYSTEMD], [test -n "$systemdunitdir"])
])
