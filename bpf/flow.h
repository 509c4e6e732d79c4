/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which connections are known to be real. A flow's id is a keyed hash of addresses and ports that
 * nobody outside can steer; its low half says where in the table it is, its high half is the
 * connection's timestamp offset.
 *
 *      63                            32 31                16 15             0
 *     +--------------------------------+--------------------+----------------+
 *     |        timestamp offset        |        tag         |      set       |
 *     +--------------------------------+--------------------+----------------+
 *
 * Only what has proved its address enters: a socket of the kernel's beyond the handshake, or a
 * valid cookie. Two CPUs that write the same set at once can lose an entry, which costs a socket
 * lookup and nothing else.
 */
#ifndef SYNWARD_FLOW_H
#define SYNWARD_FLOW_H

#include "maps.h"
#include "parse.h"

#define FLOW_TIMEOUT_MS 120000 /* not seen for so long: ask the kernel again */
#define FLOW_REFRESH_MS \
	1000 /* how stale seen_ms may be, so that a busy flow does not dirty its line */
#define HAND_OFF_WINDOW_MS \
	16 /* longer than a NAPI batch, and than a tick of the coarse clock at HZ=100 */

const volatile __u32 flow_set_mask = FLOW_SETS_DEFAULT - 1;

static __always_inline __u64 flow_id_make(const struct sip_key *key, const struct pkt *p)
{
	__u64 both_ports = (__u64)p->sport << 16 | p->dport;
	__u64 word[5];

	if (!p->is_v6)
		return sip_hash2(key, (__u64)p->src.word[3] << 32 | p->dst.word[3], both_ports);
	word[0] = (__u64)p->src.word[0] << 32 | p->src.word[1];
	word[1] = (__u64)p->src.word[2] << 32 | p->src.word[3];
	word[2] = (__u64)p->dst.word[0] << 32 | p->dst.word[1];
	word[3] = (__u64)p->dst.word[2] << 32 | p->dst.word[3];
	word[4] = both_ports;
	return sip_hash5(key, word);
}

static __always_inline __u16 flow_tag(__u64 id)
{
	__u16 tag = id >> 16;

	return tag ?: 1;
}

static __always_inline struct flow_set *flow_set_of(__u64 id)
{
	__u32 set = id & flow_set_mask;

	return bpf_map_lookup_elem(&flows, &set);
}

static __always_inline struct flow_tags *flow_tags_of(__u64 id)
{
	__u32 set = id & flow_set_mask;

	return bpf_map_lookup_elem(&flow_tags, &set);
}

static __always_inline bool flow_is_current(const struct flow *f, __u64 now_ms)
{
	return f->state && (__u32)now_ms - f->seen_ms < FLOW_TIMEOUT_MS;
}

/* The entry of this flow, or NULL when it is not known or too old to be believed. */
static __always_inline struct flow *flow_find(__u64 id, __u64 now_ms)
{
	struct flow_tags *tags = flow_tags_of(id);
	__u16 tag = flow_tag(id);

	if (!tags)
		return NULL;
	for (int i = 0; i < FLOW_WAYS; i++) {
		struct flow_set *set;

		if (likely(tags->tag[i] != tag))
			continue;
		set = flow_set_of(id);
		if (set && set->way[i].id == id && flow_is_current(&set->way[i], now_ms))
			return &set->way[i];
	}
	return NULL;
}

/* The way that a new flow takes: its own old one, an empty one, or that of the flow not seen for
 * longest. */
static __always_inline __u32 flow_way(const struct flow_tags *tags, const struct flow_set *set,
				      __u64 id, __u64 now_ms)
{
	__u32 oldest = 0, oldest_age = 0;

	for (__u32 i = 0; i < FLOW_WAYS; i++) {
		__u32 age = (__u32)now_ms - set->way[i].seen_ms;

		if (set->way[i].id == id)
			return i;
		if (!tags->tag[i])
			age = ~0U;
		if (age > oldest_age) {
			oldest = i;
			oldest_age = age;
		}
	}
	return oldest;
}

static __always_inline void flow_put(__u64 id, enum flow_state state, __u64 now_ms)
{
	struct flow_tags *tags = flow_tags_of(id);
	struct flow_set *set = flow_set_of(id);
	__u32 way;

	if (!tags || !set)
		return;
	way = flow_way(tags, set, id, now_ms) & (FLOW_WAYS - 1);
	set->way[way].id = id;
	set->way[way].seen_ms = now_ms;
	set->way[way].state = state;
	tags->tag[way] = flow_tag(id);
}

/* The kernel holds no socket for it any more: the next one of the same tuple is another connection.
 */
static __always_inline void flow_forget(struct flow *f)
{
	f->state = FLOW_NONE;
}

static __always_inline void flow_refresh(struct flow *f, __u64 now_ms)
{
	if ((__u32)now_ms - f->seen_ms > FLOW_REFRESH_MS)
		f->seen_ms = now_ms;
}

#endif
