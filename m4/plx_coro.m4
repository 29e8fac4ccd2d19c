# SPDX-License-Identifier: BSD-2-Clause
# PLX_CHOOSE_CORO: which src/task/coro_*.{S,c} switches stacks on this machine.
AC_DEFUN([PLX_CHOOSE_CORO], [
AC_ARG_WITH([coro],
  [AS_HELP_STRING([--with-coro=asm|ucontext],
    [how tasks switch stacks; default: asm where there is some])],
  [], [with_coro=auto])
AS_CASE([$host_cpu],
  [x86_64], [PLX_CORO=x86_64],
  [aarch64|arm64], [PLX_CORO=aarch64],
  [riscv64], [PLX_CORO=riscv64],
  [PLX_CORO=ucontext])
# An x86_64 that runs 32-bit pointers has another calling convention.
AC_CHECK_SIZEOF([void *])
AS_IF([test "$ac_cv_sizeof_void_p" != 8], [PLX_CORO=ucontext])
AS_CASE([$with_coro], [auto|yes], [],
  [ucontext], [PLX_CORO=ucontext],
  [asm], [AS_IF([test $PLX_CORO = ucontext],
    [AC_MSG_ERROR([--with-coro=asm: there is none for $host_cpu; use --with-coro=ucontext])])],
  [AC_MSG_ERROR([--with-coro: unknown '$with_coro'; choose asm or ucontext])])
AS_IF([test $PLX_CORO = ucontext], [AS_IF([test $ac_cv_func_makecontext != yes],
  [AC_MSG_ERROR([tasks need makecontext(3) on $host_cpu, and this system has none])])])
AS_IF([test $PLX_CORO = ucontext],
  [AC_DEFINE([PLX_CORO_UCONTEXT], [1],
    [Define if src/task/coro_ucontext.c switches stacks])])
AS_IF([test $PLX_CORO = x86_64],
  [AC_DEFINE([PLX_CORO_X86_64], [1],
    [Define if src/task/coro_x86_64.h switches stacks])])
AC_SUBST([PLX_CORO])
])
