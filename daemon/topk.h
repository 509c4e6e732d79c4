/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The most frequent of very many things, in little memory: the Space-Saving sketch (Metwally,
 * Agrawal, El Abbadi 2005). What is more frequent than one in TOPK_COUNTERS is certainly in it.
 * Pure.
 */
#ifndef SYNWARD_TOPK_H
#define SYNWARD_TOPK_H

#include <stddef.h>

#include "abi.h"

#define TOPK_COUNTERS 512

/* A source prefix: /24 of IPv4, /48 of IPv6; see struct source_sample. */
struct topk_key {
	__be32 prefix[2];
	__u32 is_v6;
};

struct topk_entry {
	struct topk_key key;
	double weight; /* at least the true one */
	double error;  /* and at most so much more */
};

struct topk {
	struct topk_entry entries[TOPK_COUNTERS];
	size_t nr;
	double total;
};

void topk_add(struct topk *topk, const struct topk_key *key, double weight);

/* Up to @nr_max entries, the certainly most frequent first; returns how many. Entries of which
 * nothing is certain are left out. */
size_t topk_best(const struct topk *topk, struct topk_entry *ret, size_t nr_max);

#endif
