// SPDX-License-Identifier: GPL-2.0-only
/*
 * Space-Saving: a newcomer takes the place of the smallest counter and inherits its weight as
 * error.
 */
#include "topk.h"

#include <string.h>

static double certain(const struct topk_entry *entry)
{
	return entry->weight - entry->error;
}

/* Its own entry; a free one; or the smallest, whose weight may have been its own all along. */
static struct topk_entry *entry_for(struct topk *topk, const struct topk_key *key)
{
	struct topk_entry *smallest = &topk->entries[0];

	for (size_t i = 0; i < topk->nr; i++) {
		struct topk_entry *entry = &topk->entries[i];

		if (!memcmp(&entry->key, key, sizeof(*key)))
			return entry;
		if (entry->weight < smallest->weight)
			smallest = entry;
	}
	if (topk->nr < TOPK_COUNTERS) {
		smallest = &topk->entries[topk->nr++];
		smallest->weight = 0;
	}
	smallest->key = *key;
	smallest->error = smallest->weight;
	return smallest;
}

void topk_add(struct topk *topk, const struct topk_key *key, double weight)
{
	entry_for(topk, key)->weight += weight;
	topk->total += weight;
}

size_t topk_best(const struct topk *topk, struct topk_entry *ret, size_t nr_max)
{
	size_t nr = 0;

	for (size_t i = 0; i < topk->nr; i++) {
		size_t at = nr;

		if (certain(&topk->entries[i]) <= 0)
			continue;
		while (at && certain(&ret[at - 1]) < certain(&topk->entries[i]))
			at--;
		if (at == nr_max)
			continue;
		if (nr < nr_max)
			nr++;
		memmove(&ret[at + 1], &ret[at], (nr - 1 - at) * sizeof(*ret));
		ret[at] = topk->entries[i];
	}
	return nr;
}
