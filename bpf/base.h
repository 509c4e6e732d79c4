/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the pure headers stand on, the same for the BPF target and for a native build: wire types,
 * byte order, inlining. No helper, no map: whatever includes only this can be fuzzed and sanitized
 * without a kernel.
 */
#ifndef SYNWARD_BASE_H
#define SYNWARD_BASE_H

#include <bpf/bpf_endian.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#ifdef __bpf__
#include <linux/in.h>
#else
#include <netinet/in.h> /* the same names; glibc's headers and the kernel's do not go together */
#endif

#include "abi.h"
#include "reasons.h"

#ifndef __always_inline
#define __always_inline inline __attribute__((__always_inline__))
#endif
#ifdef __bpf__
#define UNROLL _Pragma("unroll")
#else
#define UNROLL
#endif
/* The compiler shall not know what it knows of @x: else it may test a copy, and the verifier learns
 * nothing of the value that is used (clang 14; Linux 6.1 for most, 6.18 for some). */
#define VERIFIER_LEARNS(x) asm volatile("" : "+r"(x))

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

static __always_inline bool addr_equal(const struct ip_addr *a, const struct ip_addr *b)
{
	return a->word[0] == b->word[0] && a->word[1] == b->word[1] && a->word[2] == b->word[2] &&
	       a->word[3] == b->word[3];
}

/* IPv4 travels as ::ffff:a.b.c.d through everything that is not the wire. */
static __always_inline void addr_from_v4(struct ip_addr *ret, __be32 v4)
{
	ret->word[0] = 0;
	ret->word[1] = 0;
	ret->word[2] = bpf_htonl(0xffff);
	ret->word[3] = v4;
}

#endif
