// SPDX-License-Identifier: GPL-2.0-only
/*
 * A key is in one of two buckets. Where both are full, one that is there moves to its other bucket,
 * and so on (cuckoo hashing: Pagh and Rodler, 2004; with buckets of several: Dietzfelbinger and
 * Weidling, 2007). With four slots in a bucket and half of them empty the way is short.
 */
#include "svc_table.h"

#include <errno.h>
#include <string.h>

#define MOVES_MAX 500

size_t svc_table_buckets(size_t nr_rows)
{
	size_t nr_keys = nr_rows * SVC_KEYS_PER_ROW, nr = SVC_KEYS_MIN * 2 / SVC_WAYS;

	while (nr * SVC_WAYS < nr_keys * 2)
		nr *= 2;
	return nr;
}

size_t svc_table_tickets(size_t nr_rows)
{
	size_t nr = TICKETS_MIN;

	while (nr < nr_rows * TICKETS_PER_ROW && nr < TICKETS_MAX)
		nr *= 2;
	return nr;
}

static struct svc_slot *free_slot(struct svc_bucket *bucket)
{
	for (int i = 0; i < SVC_WAYS; i++)
		if (!bucket->slot[i].row_plus_1)
			return &bucket->slot[i];
	return NULL;
}

static int put(struct svc_bucket *table, __u32 mask, __u64 seed, struct svc_slot slot)
{
	__u32 at = svc_first(svc_hash(&slot.addr, slot.port, seed), mask);

	for (unsigned int moves = 0; moves < MOVES_MAX; moves++) {
		__u64 hash = svc_hash(&slot.addr, slot.port, seed);
		__u32 other = svc_first(hash, mask) ^ svc_second(hash, mask) ^ at;
		struct svc_slot *to = free_slot(&table[at]) ?: free_slot(&table[other]), moved;

		if (to) {
			*to = slot;
			return 0;
		}
		to = &table[other].slot[moves % SVC_WAYS];
		moved = *to;
		*to = slot;
		slot = moved;
		at = other;
	}
	return -ENOSPC;
}

int svc_table_fill(struct svc_bucket *table, size_t nr_buckets, __u64 seed,
		   const struct svc_slot *slots, size_t nr)
{
	int err = nr <= nr_buckets * SVC_WAYS ? 0 : -ENOSPC;

	memset(table, 0, nr_buckets * sizeof(*table));
	for (size_t i = 0; i < nr && !err; i++)
		err = put(table, nr_buckets - 1, seed, slots[i]);
	return err;
}
