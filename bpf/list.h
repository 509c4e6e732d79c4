/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Is a SYN's source on the operator's allow or deny list? The filter is asked first
 * (list_filter.h): who is on no list pays a cache line for each level that is in use, and no walk
 * through a trie.
 */
#ifndef SYNWARD_LIST_H
#define SYNWARD_LIST_H

#include "judge.h"
#include "list_filter.h"

static __always_inline bool filter_has(__u64 upper, __u32 levels, bool is_v6)
{
	UNROLL
	for (int level = LIST_LEVELS - 1; level >= 0; level--) {
		struct list_block *block;
		__u64 hash;
		__u32 at;

		if (!(levels & 1U << level))
			continue;
		hash = list_hash(list_conf.key, list_cut(upper, level, is_v6), level, is_v6);
		at = list_conf.first + list_block_of(hash, list_conf.mask);
		block = bpf_map_lookup_elem(&list_blocks, &at);
		if (block && list_block_has(block, hash))
			return true;
	}
	return levels & LIST_LEVEL_ALL;
}

static __always_inline const struct list_value *list_entry(const struct pkt *p)
{
	if (p->is_v6) {
		struct list_key_v6 key = { .prefix_bits = 128 };

		__builtin_memcpy(key.addr, &p->src, sizeof(key.addr));
		return bpf_map_lookup_elem(&list_v6, &key);
	} else {
		struct list_key_v4 key = { .prefix_bits = 32, .addr = p->src.word[3] };

		return bpf_map_lookup_elem(&list_v4, &key);
	}
}

/* Can an address be on a list? @upper: see address_upper(). Global, so that it is verified once, as
 * the next is. */
__noinline int list_maybe(__u64 upper, bool is_v6)
{
	return is_v6 ? filter_has(upper, list_conf.levels_v6, true) :
		       filter_has(upper, list_conf.levels_v4, false);
}

/* enum list. */
__noinline __u32 list_ask(const struct pkt *p, __u64 now_ms)
{
	const struct list_value *v;

	if (!p) /* for the verifier; callers have looked */
		return LIST_NONE;
	v = list_maybe(address_upper(&p->src, p->is_v6), p->is_v6) ? list_entry(p) : NULL;
	if (!v || (v->expires_ms && now_ms >= v->expires_ms))
		return LIST_NONE;
	return v->list;
}

static __always_inline __u32 list_of(const struct judgement *j)
{
	if (likely(!(j->pkt->is_v6 ? list_conf.levels_v6 : list_conf.levels_v4)))
		return LIST_NONE;
	return list_ask(j->pkt, j->now_ms);
}

#endif
