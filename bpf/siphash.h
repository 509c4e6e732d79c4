/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SipHash-1-3 over a few 64-bit words (Aumasson and Bernstein, "SipHash: a fast short-input PRF",
 * 2012), the one keyed function of the data path. A message here is a few whole words and seven
 * bytes, because that fills the last block of the definition, which has the length in its last
 * byte. 1-3 instead of 2-4 halves the rounds of every packet; no attack is known on it, and a
 * cookie's key lives for two epochs.
 *
 * Input words are the little-endian reading of the bytes, as in the definition.
 */
#ifndef SYNWARD_SIPHASH_H
#define SYNWARD_SIPHASH_H

#include "base.h"

struct sip_key {
	__u64 k[2];
};

struct sip_state {
	__u64 v0, v1, v2, v3;
};

static __always_inline __u64 sip_rotl(__u64 x, int n)
{
	return (x << n) | (x >> (64 - n));
}

/* A round's begin, in which v0 and v1 have not met the others yet. */
static __always_inline void sip_round_begin(struct sip_state *s)
{
	s->v0 += s->v1;
	s->v1 = sip_rotl(s->v1, 13) ^ s->v0;
	s->v0 = sip_rotl(s->v0, 32);
}

static __always_inline void sip_round_end(struct sip_state *s)
{
	s->v2 += s->v3;
	s->v3 = sip_rotl(s->v3, 16) ^ s->v2;
	s->v2 += s->v1;
	s->v0 += s->v3;
	s->v1 = sip_rotl(s->v1, 17) ^ s->v2;
	s->v3 = sip_rotl(s->v3, 21) ^ s->v0;
	s->v2 = sip_rotl(s->v2, 32);
}

static __always_inline void sip_round(struct sip_state *s)
{
	sip_round_begin(s);
	sip_round_end(s);
}

/* What a key makes of a hash before its first word, which goes into v3: the begin of the first
 * round, too. */
static __always_inline void sip_begin(struct sip_state *s, const struct sip_key *key)
{
	s->v0 = 0x736f6d6570736575ULL ^ key->k[0]; /* "somepseu" "dorandom" "lygenera" "tedbytes" */
	s->v1 = 0x646f72616e646f6dULL ^ key->k[1];
	s->v2 = 0x6c7967656e657261ULL ^ key->k[0];
	s->v3 = 0x7465646279746573ULL ^ key->k[1];
	sip_round_begin(s);
}

static __always_inline void sip_add_first(struct sip_state *s, __u64 word)
{
	s->v3 ^= word;
	sip_round_end(s);
	s->v0 ^= word;
}

static __always_inline void sip_add(struct sip_state *s, __u64 word)
{
	s->v3 ^= word;
	sip_round(s);
	s->v0 ^= word;
}

/* @last: up to seven bytes that are left, and the message's length in the eighth. */
static __always_inline __u64 sip_end(struct sip_state *s, __u64 last)
{
	sip_add(s, last);
	s->v2 ^= 0xff;
	sip_round(s);
	sip_round(s);
	sip_round(s);
	return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

#define SIP_LENGTH(bytes) ((__u64)(bytes) << 56)

/* Of 15 bytes: @a, and @b below 2^56. @begin: what sip_begin() makes of a key, which can be kept.
 */
static __always_inline __u64 sip_from15(const struct sip_state *begin, __u64 a, __u64 b)
{
	struct sip_state s = *begin;

	sip_add_first(&s, a);
	return sip_end(&s, SIP_LENGTH(15) | b);
}

static __always_inline __u64 sip_hash15(const struct sip_key *key, __u64 a, __u64 b)
{
	struct sip_state s;

	sip_begin(&s, key);
	return sip_from15(&s, a, b);
}

/* Of 39 bytes: four words, and @b below 2^56. */
static __always_inline __u64 sip_from39(const struct sip_state *begin, const __u64 word[4], __u64 b)
{
	struct sip_state s = *begin;

	sip_add_first(&s, word[0]);
	sip_add(&s, word[1]);
	sip_add(&s, word[2]);
	sip_add(&s, word[3]);
	return sip_end(&s, SIP_LENGTH(39) | b);
}

#endif
