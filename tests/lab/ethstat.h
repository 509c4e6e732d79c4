/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reads a device's own statistics (ethtool -S), summed over its queues. On a veth "xdp_xmit" counts
 * the live frames that the peer took, "xdp_xmit_errors" those that found its ring full; a peer
 * without NAPI (no XDP program, no GRO) takes none and counts none.
 */
#ifndef LAB_ETHSTAT_H
#define LAB_ETHSTAT_H

#include <stdint.h>
#include <stdlib.h>

#include "guard.h"

static inline bool ethstat_ends(const char *name, const char *end)
{
	size_t name_len = strnlen(name, ETH_GSTRING_LEN), end_len = strlen(end);

	return name_len >= end_len && !memcmp(name + name_len - end_len, end, end_len);
}

/* The sum of all counters whose name ends so; 0 when there are none. */
static inline uint64_t ethstat_sum(const char *dev, const char *end)
{
	struct ethtool_drvinfo drv = { .cmd = ETHTOOL_GDRVINFO };
	struct ethtool_gstrings *names;
	struct ethtool_stats *stats;
	uint64_t sum = 0;
	uint32_t i;

	if (guard_ethtool(dev, &drv))
		return 0;
	names = calloc(1, sizeof(*names) + (size_t)drv.n_stats * ETH_GSTRING_LEN);
	stats = calloc(1, sizeof(*stats) + drv.n_stats * sizeof(uint64_t));
	if (names && stats) {
		names->cmd = ETHTOOL_GSTRINGS;
		names->string_set = ETH_SS_STATS;
		names->len = drv.n_stats;
		stats->cmd = ETHTOOL_GSTATS;
		stats->n_stats = drv.n_stats;
		if (guard_ethtool(dev, names) || guard_ethtool(dev, stats))
			drv.n_stats = 0;
		for (i = 0; i < drv.n_stats; i++)
			if (ethstat_ends((char *)&names->data[i * ETH_GSTRING_LEN], end))
				sum += stats->data[i];
	}
	free(names);
	free(stats);
	return sum;
}

#endif
