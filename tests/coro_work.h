/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * coro_work.h: work that notices when a switch loses something.
 *
 * coro_work keeps more integers and doubles alive across its pauses than any
 * processor has registers to keep, and comes to the same sum whether PAUSE
 * switches away or does nothing.  Two coroutines that do it with different
 * seeds overwrite each other's registers all the time.
 */
#ifndef PLX_CORO_WORK_H
#define PLX_CORO_WORK_H

#include <stdint.h>

static inline uint64_t
coro_work(uint64_t seed, int pauses, void (*pause)(void *arg), void *arg)
{
	uint64_t a = seed * 3, b = seed * 5, c = seed * 7, d = seed * 11;
	uint64_t e = seed * 13, f = seed * 17, g = seed * 19, h = seed * 23;
	uint64_t i = seed * 29, j = seed * 31, k = seed * 37, l = seed * 41;
	double m = (double)seed, n = m / 3, o = m / 5, p = m / 7, q = m / 11;
	double r = m / 13, s = m / 17, t = m / 19, u = m / 23, v = m / 29;

	for (int turn = 0; turn < pauses; turn++) {
		a += b, b += c, c += d, d += e, e += f, f += g, g += h;
		h += i, i += j, j += k, k += l, l += a ^ (uint64_t)turn;
		m += n / 2, n += o / 2, o += p / 2, p += q / 2, q += r / 2;
		r += s / 2, s += t / 2, t += u / 2, u += v / 2, v += 0.5;
		pause(arg);
	}
	return a ^ b ^ c ^ d ^ e ^ f ^ g ^ h ^ i ^ j ^ k ^ l ^
	       (uint64_t)(m + n + o + p + q + r + s + t + u + v);
}

static inline void
coro_work_no_pause(void *arg)
{
	(void)arg;
}

#endif
