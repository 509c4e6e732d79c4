/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: */
/*
 * Two things done a second time, slowly and from their definitions: SipHash-c-d over bytes
 * (Aumasson and Bernstein 2012, §2), and TCP options (RFC 9293 §3.2, RFC 7323, RFC 2018; which of
 * two counts, as in Linux). Nothing of bpf/.
 */
#ifndef SYNWARD_TEST_REFS_H
#define SYNWARD_TEST_REFS_H

#include "wire.h"

static inline uint64_t ref_le64(const uint8_t *p, size_t n)
{
	uint64_t v = 0;

	while (n--)
		v = v * 256 + p[n];
	return v;
}

static inline uint64_t ref_left(uint64_t v, unsigned int bits)
{
	while (bits--)
		v = v * 2 + (v >> 63);
	return v;
}

/* Figure 2.1 of the paper, row by row. */
static inline void ref_rounds(uint64_t v[4], unsigned int nr)
{
	while (nr--) {
		v[0] += v[1], v[2] += v[3];
		v[1] = ref_left(v[1], 13), v[3] = ref_left(v[3], 16);
		v[1] ^= v[0], v[3] ^= v[2];
		v[0] = ref_left(v[0], 32);
		v[2] += v[1], v[0] += v[3];
		v[1] = ref_left(v[1], 17), v[3] = ref_left(v[3], 21);
		v[1] ^= v[2], v[3] ^= v[0];
		v[2] = ref_left(v[2], 32);
	}
}

static inline uint64_t ref_siphash(unsigned int c, unsigned int d, const uint8_t key[16],
				   const uint8_t *msg, size_t n)
{
	static const char word[] = "uespemosmodnarodarenegylsetybdet";
	uint64_t v[4];

	for (int i = 0; i < 4; i++)
		v[i] = ref_le64((const uint8_t *)word + 8 * i, 8) ^ ref_le64(key + i % 2 * 8, 8);
	for (size_t at = 0; at <= n; at += 8) {
		size_t left = n - at;
		uint64_t m = left >= 8 ? ref_le64(msg + at, 8) :
					 ref_le64(msg + at, left) + (n % 256 << 56);

		v[3] ^= m;
		ref_rounds(v, c);
		v[0] ^= m;
	}
	v[2] ^= 0xff;
	ref_rounds(v, d);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

struct ref_opts {
	bool has_wscale, has_sack, has_timestamps, is_signed;
	unsigned int mss, wscale;
	uint32_t tsval, tsecr;
};

static inline void ref_option(const uint8_t *o, unsigned int size, struct ref_opts *r)
{
	switch (o[0] * 256 + size) {
	case 2 * 256 + 4:
		r->mss = get16(o + 2);
		break;
	case 3 * 256 + 3:
		r->has_wscale = true;
		r->wscale = o[2] < 14 ? o[2] : 14;
		break;
	case 4 * 256 + 2:
		r->has_sack = true;
		break;
	case 8 * 256 + 10:
		r->has_timestamps = true;
		r->tsval = get32(o + 2);
		r->tsecr = get32(o + 6);
		break;
	}
	if ((o[0] == 19 && o[1] == 18) || (o[0] == 29 && o[1] >= 4))
		r->is_signed = true;
}

static inline struct ref_opts ref_options(const uint8_t *o, size_t n)
{
	struct ref_opts r = {};

	while (n && o[0]) {
		size_t size = 1;

		if (o[0] != 1) {
			if (n == 1 || o[1] < 2 || o[1] > n)
				break;
			size = o[1];
			ref_option(o, size, &r);
		}
		o += size;
		n -= size;
	}
	return r;
}

#endif
