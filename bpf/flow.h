/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The flow table: which connections are known to be real, and which handshakes the kernel holds. A
 * flow's id is a keyed hash of addresses and ports that nobody outside can steer; its low half says
 * where in the table it is, its high half is the connection's timestamp offset.
 *
 *      63                            32 31                16 15             0
 *     +--------------------------------+--------------------+----------------+
 *     |        timestamp offset        |        tag         |      set       |
 *     +--------------------------------+--------------------+----------------+
 *
 *     SYN, in peace ──> SYN_RECV ── ACK that the kernel takes ──> ESTABLISHED ── FIN, RST ──>
 * CLOSING valid cookie ──> HANDED_OFF ── socket ──^
 *
 * While armed only what has proved its address enters: a socket of the kernel's beyond the
 * handshake, or a valid cookie. SYN_RECV enters in peace alone, as many as the thresholds allow
 * (handshake.h), and is not evicted. Two CPUs that take the same place at once: one of them goes
 * without, which costs a socket lookup and nothing else.
 */
#ifndef SYNWARD_FLOW_H
#define SYNWARD_FLOW_H

#include "maps.h"
#include "parse.h"

#define FLOW_TIMEOUT_MS 120000   /* not seen for so long: ask the kernel again */
#define CLOSING_TIMEOUT_MS 60000 /* as long as TIME_WAIT: a SYN of that tuple is the kernel's */
#define FLOW_REFRESH_MS \
	1000 /* how stale expires_ms may be, so that a busy flow does not dirty its line */
#define HANDED_OFF_TIMEOUT_MS CLOSING_TIMEOUT_MS /* a short connection may be over by then */
#define HAND_OFF_WINDOW_MS \
	16 /* longer than a NAPI batch, and than a tick of the coarse clock at HZ=100 */
#define SYN_SLOT_MS 1024
#define SYNS_PER_SLOT 8 /* that go to the kernel for a flow it holds; clients send one a second */

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

/* How long it is still believed; 0: not at all. */
static __always_inline __u32 flow_left_ms(const struct flow *f, __u64 now_ms)
{
	__u32 left = f->expires_ms - (__u32)now_ms;

	return f->state && left <= FLOW_LIFE_MAX_MS ? left : 0;
}

static __always_inline bool flow_is_young(const struct flow *f, __u64 now_ms)
{
	return (__u32)now_ms - f->since_ms < HAND_OFF_WINDOW_MS;
}

/* A note was left for it: HANDED_OFF, or its twin on a driver that carries no notes. */
static __always_inline bool flow_is_handed_off(const struct flow *f)
{
	return f->state == FLOW_HANDED_OFF || f->state == FLOW_VALIDATED;
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
		if (set && set->way[i].id == id && flow_left_ms(&set->way[i], now_ms))
			return &set->way[i];
	}
	return NULL;
}

/* The way that a new flow takes: its own old one, a free one, or that of the flow that would expire
 * first; FLOW_WAYS when all hold handshakes of the kernel's. Global, so that its many paths are
 * verified once and not wherever it is called. */
__noinline __u32 flow_way(const struct flow_set *set, __u64 id, __u64 now_ms)
{
	__u32 best = FLOW_WAYS, best_left = FLOW_LIFE_MAX_MS + 1;

	if (!set) /* for the verifier; callers have looked */
		return FLOW_WAYS;
	for (__u32 i = 0; i < FLOW_WAYS; i++) {
		__u32 left = flow_left_ms(&set->way[i], now_ms);

		if (set->way[i].id == id)
			return i;
		if (left && set->way[i].state == FLOW_SYN_RECV)
			continue;
		if (left < best_left) {
			best = i;
			best_left = left;
		}
	}
	return best;
}

static __always_inline void flow_enter(struct flow *f, __u8 state, __u64 now_ms, __u32 life_ms)
{
	f->since_ms = now_ms;
	f->expires_ms = (__u32)now_ms + life_ms;
	f->state = state;
}

/* What flow_put() writes, in one number: the row, the state, and who accepted it. */
static __always_inline __u32 flow_is_now(__u32 row, enum flow_state state, enum accepted_by by)
{
	return row | (__u32)state << 16 | (__u32)by << 24;
}

/*
 * Enter the flow, or find it, and bring it to a state in which it is believed for @life_ms. Who
 * accepted it is not overwritten by ACCEPTED_UNKNOWN. Returns 0, or -1 when there is no place.
 * Global as flow_way() is.
 */
__noinline int flow_put(const struct pkt *p, __u64 id, __u64 now_ms, __u32 life_ms, __u32 is_now)
{
	struct flow_tags *tags = flow_tags_of(id);
	struct flow_set *set = flow_set_of(id);
	__u8 by = is_now >> 24;
	struct flow *f;
	__u64 was;
	__u32 way;

	if (!p || !tags || !set)
		return -1;
	way = flow_way(set, id, now_ms);
	if (way >= FLOW_WAYS)
		return -1;
	f = &set->way[way];
	if (f->id != id || !flow_left_ms(f, now_ms)) {
		was = f->id;
		if (__sync_val_compare_and_swap(&f->id, was, id) != was)
			return -1;
		f->src = p->src;
		f->dst = p->dst;
		f->sport = p->sport;
		f->dport = p->dport;
		f->opened_ms = now_ms;
		f->row = is_now;
		f->accepted_by = ACCEPTED_UNKNOWN;
		f->nr_syns = 0;
		tags->tag[way] = flow_tag(id);
	}
	if (by != ACCEPTED_UNKNOWN)
		f->accepted_by = by;
	flow_enter(f, is_now >> 16, now_ms, life_ms);
	return 0;
}

/* The kernel holds no socket for it any more: the next one of the same tuple is another connection.
 */
static __always_inline void flow_forget(struct flow *f)
{
	f->state = FLOW_NONE;
}

static __always_inline void flow_refresh(struct flow *f, __u64 now_ms)
{
	__u32 expires_ms = (__u32)now_ms + FLOW_TIMEOUT_MS;

	if (expires_ms - f->expires_ms > FLOW_REFRESH_MS)
		f->expires_ms = expires_ms;
}

/* May one more SYN of a flow that the kernel holds go there? It would be answered each time. */
static __always_inline bool flow_takes_syn(struct flow *f, __u64 now_ms)
{
	__u8 slot = now_ms / SYN_SLOT_MS;

	if (f->syn_slot != slot) {
		f->syn_slot = slot;
		f->nr_syns = 0;
	}
	if (f->nr_syns >= SYNS_PER_SLOT)
		return false;
	f->nr_syns++;
	return true;
}

#endif
