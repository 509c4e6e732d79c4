/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The cookie a second time, written from its description (docs and DESIGN: layout, domains, keys)
 * and not from bpf/: a byte-wise SipHash, tables of its own. What both agree on is right, or wrong
 * in the description.
 */
#ifndef SYNWARD_TEST_REF_H
#define SYNWARD_TEST_REF_H

#include <linux/types.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* The data path asks the clock once a tick, and may be one late (clock_read() in bpf/judge.h); this
 * is one at HZ=100. */
#define TICK_MS 10

static inline __u64 ref_le64(const uint8_t *p)
{
	__u64 v = 0;

	for (int i = 7; i >= 0; i--)
		v = v << 8 | p[i];
	return v;
}

static inline void ref_round(__u64 v[4])
{
#define ROTL(x, b) (((x) << (b)) | ((x) >> (64 - (b))))
	v[0] += v[1], v[1] = ROTL(v[1], 13) ^ v[0], v[0] = ROTL(v[0], 32);
	v[2] += v[3], v[3] = ROTL(v[3], 16) ^ v[2];
	v[0] += v[3], v[3] = ROTL(v[3], 21) ^ v[0];
	v[2] += v[1], v[1] = ROTL(v[1], 17) ^ v[2], v[2] = ROTL(v[2], 32);
#undef ROTL
}

/* SipHash-1-3 of a byte string. */
static inline __u64 ref_siphash(const __u64 key[2], const uint8_t *msg, size_t n)
{
	__u64 v[4] = { key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d,
		       key[0] ^ 0x6c7967656e657261, key[1] ^ 0x7465646279746573 };
	uint8_t last[8] = {};
	size_t i;

	for (i = 0; i + 8 <= n; i += 8) {
		v[3] ^= ref_le64(msg + i);
		ref_round(v);
		v[0] ^= ref_le64(msg + i);
	}
	memcpy(last, msg + i, n - i);
	last[7] = n;
	v[3] ^= ref_le64(last);
	ref_round(v);
	v[0] ^= ref_le64(last);
	v[2] ^= 0xff;
	for (int r = 0; r < 3; r++)
		ref_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* Of the last word seven bytes are the message's. */
static inline __u64 ref_hash_words(const __u64 key[2], const __u64 *w, size_t n)
{
	uint8_t msg[64];

	for (size_t i = 0; i < n; i++)
		for (int b = 0; b < 8; b++)
			msg[8 * i + b] = w[i] >> (8 * b);
	return ref_siphash(key, msg, 8 * n - 1);
}

/* Addresses and ports as they are on the wire, and zeros up to the length, which is of one byte. */
static inline __u64 ref_flow_id(const __u64 key[2], bool v6, const uint8_t *src, const uint8_t *dst,
				uint16_t sport, uint16_t dport)
{
	size_t bytes = v6 ? 16 : 4;
	uint8_t msg[39] = { 0 }, *ports = msg + 2 * bytes;

	memcpy(msg, src, bytes);
	memcpy(msg + bytes, dst, bytes);
	ports[0] = sport >> 8;
	ports[1] = sport;
	ports[2] = dport >> 8;
	ports[3] = dport;
	return ref_siphash(key, msg, 2 * bytes + 7);
}

static inline void ref_epoch_key(const __u64 master[2], __u64 epoch, __u64 ret[2])
{
	ret[0] = ref_hash_words(master, (__u64[]){ epoch, 0 }, 2);
	ret[1] = ref_hash_words(master, (__u64[]){ epoch, 1 }, 2);
}

static inline uint32_t ref_cookie(const __u64 master[2], __u64 epoch, __u64 flow_id, uint32_t isn,
				  uint32_t low, bool ts)
{
	__u64 key[2], mac;

	ref_epoch_key(master, epoch, key);
	mac = ref_hash_words(
		key, (__u64[]){ flow_id, (__u64)(ts ? 0x10000 : 0) << 32 | (__u64)low << 32 | isn },
		2);
	return (uint32_t)(mac << (ts ? 10 : 5)) | low;
}

#endif
