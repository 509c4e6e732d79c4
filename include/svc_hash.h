/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which destinations are ours to judge, as a table: (address, port) to row and listener. Every
 * packet to a port that some service has asks it, and a hash map's call costs more than the rest of
 * its parsing. A key is in one of two buckets of its hash. Pure: the daemon builds it anew when
 * addresses come or go (svc_table.c), XDP asks it.
 *
 *     hash  63          40 39           17 16       0
 *          +--------------+---------------+----------+
 *          |    second    |     first     |    -     |    buckets, under a mask
 *          +--------------+---------------+----------+
 */
#ifndef SYNWARD_SVC_HASH_H
#define SYNWARD_SVC_HASH_H

#include <linux/types.h>
#include <stdbool.h>

#include "abi.h"

/* @seed is odd. Both words are mixed before the seed is, so that no seed is bad for all keys. */
static inline __u64 svc_hash(const struct ip_addr *addr, __be16 port, __u64 seed)
{
	__u64 h = ((__u64)addr->word[2] << 32 | addr->word[3]) * seed;

	h ^= h >> 32;
	h += (((__u64)addr->word[0] << 32 | addr->word[1]) ^ (__u64)port << 16) * seed;
	h ^= h >> 29;
	h *= seed;
	return h ^ h >> 32;
}

static inline __u32 svc_first(__u64 hash, __u32 mask)
{
	return hash >> 17 & mask;
}

static inline __u32 svc_second(__u64 hash, __u32 mask)
{
	return hash >> 40 & mask;
}

/* The slot of that key in @bucket, or NULL. One number instead of five branches. */
static inline const struct svc_slot *svc_slot_of(const struct svc_bucket *bucket,
						 const struct ip_addr *addr, __be16 port)
{
	for (int i = 0; i < SVC_WAYS; i++) {
		const struct svc_slot *s = &bucket->slot[i];
		__u32 other = (s->addr.word[0] ^ addr->word[0]) |
			      (s->addr.word[1] ^ addr->word[1]) |
			      (s->addr.word[2] ^ addr->word[2]) |
			      (s->addr.word[3] ^ addr->word[3]) | (__u32)(s->port ^ port);

		if (!other && s->row_plus_1)
			return s;
	}
	return (const struct svc_slot *)0;
}

#endif
