/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * raw.h: a system call of Linux without the C library around it.
 *
 * The kernel answers -errno, which is what an entry answers; by way of libc
 * the number travels through errno, and keeping the caller's errno costs three
 * times the instructions of the call itself.  Sanitizers watch buffers and
 * order threads by intercepting libc, so a sanitized build goes that way, as
 * does every other system.  A raw call is no cancellation point.
 */
#ifndef PLX_RAW_H
#define PLX_RAW_H

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
	__has_feature(memory_sanitizer)
#define PLX_RAW_NOT 1
#endif
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define PLX_RAW_NOT 1
#endif

#if defined(__linux__) && defined(__LP64__) && !defined(PLX_RAW_NOT)
#include <stddef.h>
#include <sys/syscall.h>

#if defined(__x86_64__)
#define PLX_RAW 1
#define PLX_RAW_MESSAGE 1
/* recvfrom and sendto without an address.  FD, BUF and N are operands of their
   own types: what came in the register that the kernel wants it in is neither
   copied nor widened, and the compiler knows that it is still there after. */
static inline long
plx__raw_message(int nr, int fd, const void *buf, size_t n, int flags)
{
	register long r10 __asm__("r10") = flags;
	register long r8 __asm__("r8") = 0;
	register long r9 __asm__("r9") = 0;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "0"((long)nr), "D"(fd), "S"(buf), "d"(n), "r"(r10),
			   "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}

static inline long
plx__raw(long nr, long a, long b, long c, long d, long e, long f)
{
	register long rdi __asm__("rdi") = a;
	register long rsi __asm__("rsi") = b;
	register long rdx __asm__("rdx") = c;
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "0"(nr), "r"(rdi), "r"(rsi), "r"(rdx), "r"(r10),
			   "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}
#elif defined(__aarch64__)
#define PLX_RAW 1
static inline long
plx__raw(long nr, long a, long b, long c, long d, long e, long f)
{
	register long x8 __asm__("x8") = nr;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ volatile("svc 0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
			 : "memory");
	return x0;
}
#elif defined(__riscv)
#define PLX_RAW 1
static inline long
plx__raw(long nr, long a, long b, long c, long d, long e, long f)
{
	register long a7 __asm__("a7") = nr;
	register long a0 __asm__("a0") = a;
	register long a1 __asm__("a1") = b;
	register long a2 __asm__("a2") = c;
	register long a3 __asm__("a3") = d;
	register long a4 __asm__("a4") = e;
	register long a5 __asm__("a5") = f;

	__asm__ volatile("ecall"
			 : "+r"(a0)
			 : "r"(a7), "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5)
			 : "memory");
	return a0;
}
#endif
#endif

#if defined(PLX_RAW) && !defined(PLX_RAW_MESSAGE)
static inline long
plx__raw_message(int nr, int fd, const void *buf, size_t n, int flags)
{
	return plx__raw(nr, fd, (long)buf, (long)n, flags, 0, 0);
}
#endif

#endif
