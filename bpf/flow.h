/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The flow table: which connections are known to be real, and which handshakes the kernel holds. A
 * flow's id is a keyed hash of addresses and ports that nobody outside can steer; its low half says
 * where in the table it is, its high half is the connection's timestamp offset.
 *
 *      63                            32 31      24 23      16 15             0
 *     +--------------------------------+----------+----------+----------------+
 *     |        timestamp offset        |   tag    | more tag |      set       |
 *     +--------------------------------+----------+----------+----------------+
 *     (of more than 2^16 sets, up to 2^21, the number reaches into `more tag`; entries compare all)
 *
 *     SYN in peace ──> SYN_RECV ──> ESTABLISHED ──> CLOSING
 *                          the kernel's ACK ^     FIN, RST ^
 *     valid cookie ──> HANDED_OFF ──> ESTABLISHED
 *                             socket ^
 *
 * While armed only what has proved its address enters: a socket of the kernel's beyond the
 * handshake, or a valid cookie. SYN_RECV enters in peace alone, as many as the thresholds allow
 * (handshake.h), and is not evicted. An entry changes by compare and swap of one word: of two CPUs
 * that want the same, one does it.
 */
#ifndef SYNWARD_FLOW_H
#define SYNWARD_FLOW_H

#include "flow_match.h"
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
#define SYNS_PER_SLOT_MAX                                                                         \
	16384 /* that are asked for: each may follow a connection in TIME_WAIT, one after another \
	       */

const volatile __u32 flow_set_mask = FLOW_SETS_DEFAULT - 1;

/* Of addresses and ports as they are in the packet. */
static __always_inline __u64 flow_id_v4(const struct sip_state *key, __be32 src, __be32 dst,
					__be16 sport, __be16 dport)
{
	return sip_from15(key, src | (__u64)dst << 32, sport | (__u32)dport << 16);
}

static __always_inline __u64 flow_id_v6(const struct sip_state *key, const __be32 src[4],
					const __be32 dst[4], __be16 sport, __be16 dport)
{
	__u64 word[] = {
		src[0] | (__u64)src[1] << 32,
		src[2] | (__u64)src[3] << 32,
		dst[0] | (__u64)dst[1] << 32,
		dst[2] | (__u64)dst[3] << 32,
	};

	return sip_from39(key, word, sport | (__u32)dport << 16);
}

static __always_inline __u64 flow_id_make(const struct sip_state *key, const struct pkt *p)
{
	if (!p->is_v6)
		return flow_id_v4(key, p->src.word[3], p->dst.word[3], p->sport, p->dport);
	return flow_id_v6(key, p->src.word, p->dst.word, p->sport, p->dport);
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

static __always_inline struct flow_tags *flow_tags_more_of(__u64 id)
{
	__u32 set = id & flow_set_mask;

	return bpf_map_lookup_elem(&flow_tags_more, &set);
}

static __always_inline struct flow_seen *flow_seen_of(__u64 id)
{
	__u32 set = id & flow_set_mask;

	return bpf_map_lookup_elem(&flow_seen, &set);
}

static __always_inline bool flow_is_seen(__u64 id, __u32 second)
{
	const struct flow_seen *seen = flow_seen_of(id);

	return seen && seen->second == second && flow_seen_has(seen, flow_seen_id(id));
}

/* Its second is over: begin another one, unless that of a CPU whose clock is ahead has begun. What
 * is lost when two CPUs do it is looked at once more. */
static __always_inline bool flow_seen_begin(struct flow_seen *seen, __u32 second)
{
	if (seen->second == second)
		return true;
	if ((__s32)(second - seen->second) < 0)
		return false;
	UNROLL
	for (int i = 0; i < SEEN_WAYS; i++)
		seen->id[i] = 0;
	__sync_lock_test_and_set(&seen->second, second); /* after them */
	return true;
}

/* What the glance does not see comes here with every packet. Global, so that it is verified once,
 * as the next is. */
__noinline int flow_seen_add(__u64 id, __u32 second)
{
	struct flow_seen *seen = flow_seen_of(id);
	__u32 word = flow_seen_id(id);

	if (!seen || !flow_seen_begin(seen, second) || flow_seen_has(seen, word))
		return 0;
	for (__u32 i = 0; i < SEEN_WAYS; i++)
		if (!seen->id[i]) {
			seen->id[i] = word;
			break;
		}
	return 0;
}

/* Of whatever second: another CPU's may be the next one already. */
__noinline int flow_seen_forget(__u64 id)
{
	struct flow_seen *seen = flow_seen_of(id);

	for (int i = 0; seen && i < SEEN_WAYS; i++)
		if (seen->id[i] == flow_seen_id(id))
			seen->id[i] = 0;
	return 0;
}

/* Load what will be asked of a flow that is to be entered, all at once: a set's lines come from
 * far, and would come one after another. A load of which nothing is used is all that BPF has for
 * it. */
static __always_inline void flow_prefetch(__u64 id)
{
	const volatile struct flow_tags *more = flow_tags_more_of(id);
	const volatile struct flow_seen *seen = flow_seen_of(id);
	const volatile struct flow_set *set = flow_set_of(id);

	if (!more || !seen || !set) /* for the verifier */
		return;
	(void)more->all;
	(void)seen->second;
	UNROLL
	for (int i = 0; i < FLOW_WAYS; i++)
		(void)set->way[i].id;
}

/* How long it is still believed; 0: not at all. */
static __always_inline __u32 flow_left_ms(const struct flow *f, __u64 now_ms)
{
	__u32 left = f->expires_ms - (__u32)now_ms;
	__u8 state = FLOW_STATE(f->is);

	if (state == FLOW_NONE || state == FLOW_CLAIMED || left > FLOW_LIFE_MAX_MS)
		return 0;
	return left;
}

/* Below 0: by a CPU a tick ahead. */
static __always_inline bool flow_is_young(const struct flow *f, __u64 now_ms)
{
	return (__s32)((__u32)now_ms - f->since_ms) < HAND_OFF_WINDOW_MS;
}

static __always_inline bool flow_is_syn_recv(const struct flow *f)
{
	return FLOW_STATE(f->is) == FLOW_SYN_RECV;
}

/* Its end was seen. */
static __always_inline bool flow_is_closing(const struct flow *f)
{
	return FLOW_STATE(f->is) == FLOW_CLOSING;
}

/* By this CPU, as far as one can tell: what comes from it is behind the ACK all the way up. */
static __always_inline bool flow_is_of_this_cpu(const struct flow *f)
{
	return FLOW_CPU(f->is) == (bpf_get_smp_processor_id() & FLOW_CPU_MASK);
}

/* A note was left for it: HANDED_OFF, or its twin on a driver that carries no notes. */
static __always_inline bool flow_is_handed_off(const struct flow *f)
{
	__u8 state = FLOW_STATE(f->is);

	return state == FLOW_HANDED_OFF || state == FLOW_VALIDATED;
}

/* Which way of its set has this flow, for tags that are there; FLOW_WAYS: none that is believed.
 * Global, so that it is verified once, as the next is. */
__noinline __u32 flow_way_of(__u64 id, __u64 now_ms)
{
	struct flow_tags *tags = flow_tags_of(id), *more = flow_tags_more_of(id);
	struct flow_set *set = flow_set_of(id);

	if (!tags || !more || !set) /* for the verifier */
		return FLOW_WAYS;
	for (__u32 i = 0; i < FLOW_WAYS; i++)
		if (tags->tag[i] == flow_tag(id) && more->tag[i] == flow_tag_more(id) &&
		    set->way[i].id == id && flow_left_ms(&set->way[i], now_ms))
			return i;
	return FLOW_WAYS;
}

/* Of the ways that @match says, has one the rest of the tag? */
__noinline bool flow_tags_match_more(__u64 id, __u64 match)
{
	const struct flow_tags *more = flow_tags_more_of(id);

	return more && flow_tag_match_more(match, more->all, id);
}

/* Can the flow be in its set? Of those that are not, one in 8000 of a full set; of more than 2^16
 * sets, whose number is a part of the second byte, the more the larger: of 2^18 one in 2000. */
static __always_inline bool flow_may_be_known(__u64 id)
{
	const struct flow_tags *tags = flow_tags_of(id);
	__u64 match = tags ? flow_tag_match(tags->all, flow_tag(id)) : 0;

	return unlikely(match) && flow_tags_match_more(id, match);
}

/* The entry of this flow, or NULL when it is not known or too old to be believed. */
static __always_inline struct flow *flow_find(__u64 id, __u64 now_ms)
{
	struct flow_set *set;
	__u32 way;

	if (likely(!flow_may_be_known(id)))
		return NULL;
	way = flow_way_of(id, now_ms);
	if (way >= FLOW_WAYS)
		return NULL;
	set = flow_set_of(id);
	return set ? &set->way[way] : NULL;
}

/* Make of it what it is to be, if it still is what it was. */
static __always_inline bool flow_change(struct flow *f, __u32 was, __u32 is)
{
	return __sync_val_compare_and_swap(&f->is, was, is) == was;
}

/* The same, into a state in which it is believed for @life_ms. */
static __always_inline bool flow_enter(struct flow *f, __u32 was, __u32 is, __u64 now_ms,
				       __u32 life_ms)
{
	if (!flow_change(f, was, is))
		return false;
	f->since_ms = now_ms;
	f->expires_ms = (__u32)now_ms + life_ms;
	return true;
}

/* The kernel holds no socket for it any more: the next one of the same tuple is another connection.
 */
static __always_inline void flow_forget(struct flow *f)
{
	flow_change(f, f->is, FLOW_IS(0, FLOW_NONE, 0));
	flow_seen_forget(f->id);
}

/* Of rows that cannot arm, handshakes take half of a set at most: they must not crowd out others.
 */
#define FLOW_HALF_SHARE FLOW_IS(0, 0, 0x80)

/* The way that a new flow takes: its own old one, a free one, or that of the flow that would expire
 * first; FLOW_WAYS when there is none. Global, so that its many paths are verified once and not
 * wherever it is called. */
__noinline __u32 flow_way(const struct flow_set *set, __u64 id, __u64 now_ms, __u32 is)
{
	__u32 best = FLOW_WAYS, best_left = FLOW_LIFE_MAX_MS + 1;
	__u32 nr_held = is & FLOW_HALF_SHARE ? FLOW_WAYS / 2 : 0;

	if (!set) /* for the verifier; callers have looked */
		return FLOW_WAYS;
	for (__u32 i = 0; i < FLOW_WAYS; i++) {
		__u8 state = FLOW_STATE(set->way[i].is);
		__u32 left = flow_left_ms(&set->way[i], now_ms);

		if (state == FLOW_CLAIMED)
			continue;
		if (set->way[i].id == id)
			return i;
		if (left && state == FLOW_SYN_RECV) {
			nr_held++;
		} else if (left < best_left) {
			best = i;
			best_left = left;
		}
	}
	return nr_held < FLOW_WAYS ? best : FLOW_WAYS;
}

enum flow_put {
	FLOW_ENTERED,
	FLOW_THERE, /* it is in SYN_RECV already */
	FLOW_LOST,  /* to another CPU, which wanted the same place */
	FLOW_FULL,  /* of handshakes that the kernel holds */
};

/* Take the place of @f, as it is seen here, for another flow. Two CPUs that open the same flow in
 * the same moment may take two places: a handshake then counts twice, until one of them expires. */
static __always_inline enum flow_put flow_replace(struct flow *f, const struct pkt *p, __u64 id,
						  __u64 now_ms)
{
	__u32 was = f->is, expires_ms = f->expires_ms;
	__u64 was_id = f->id;

	if (!flow_change(f, was, FLOW_IS(0, FLOW_CLAIMED, 0)))
		return FLOW_LOST;
	if (f->id != was_id || f->expires_ms != expires_ms) { /* the same word, another flow */
		f->is = was;
		return FLOW_LOST;
	}
	f->id = id;
	f->src = p->src;
	f->dst = p->dst;
	f->sport = p->sport;
	f->dport = p->dport;
	f->opened_ms = now_ms;
	f->nr_syns = 0;
	f->nr_held = 0;
	return FLOW_ENTERED;
}

/*
 * Enter the flow, or find it, as @is (FLOW_IS(), or FLOW_HALF_SHARE too), for @life_ms. Who
 * accepted it is not overwritten by ACCEPTED_UNKNOWN. Returns enum flow_put. Global as flow_way()
 * is.
 */
__noinline int flow_put(const struct pkt *p, __u64 id, __u64 now_ms, __u32 life_ms, __u32 is)
{
	struct flow_tags *tags = flow_tags_of(id), *more = flow_tags_more_of(id);
	struct flow_set *set = flow_set_of(id);
	struct flow *f;
	__u32 way, was;

	if (!p || !tags || !more || !set)
		return FLOW_FULL;
	way = flow_way(set, id, now_ms, is);
	if (way >= FLOW_WAYS)
		return FLOW_FULL;
	is &= ~FLOW_HALF_SHARE;
	f = &set->way[way];
	was = f->is;
	if (f->id == id && flow_left_ms(f, now_ms)) {
		if (FLOW_STATE(was) == FLOW_SYN_RECV && FLOW_STATE(is) == FLOW_SYN_RECV)
			return FLOW_THERE;
		if (FLOW_ACCEPTED_BY(is) == ACCEPTED_UNKNOWN)
			is |= FLOW_IS(0, 0, FLOW_ACCEPTED_BY(was));
		return flow_enter(f, was, is, now_ms, life_ms) ? FLOW_ENTERED : FLOW_LOST;
	}
	if (flow_replace(f, p, id, now_ms) != FLOW_ENTERED)
		return FLOW_LOST;
	tags->tag[way] = flow_tag(id);
	more->tag[way] = flow_tag_more(id);
	f->since_ms = now_ms;
	f->expires_ms = (__u32)now_ms + life_ms;
	flow_change(f, FLOW_IS(0, FLOW_CLAIMED, 0), is); /* all of the above before it */
	return FLOW_ENTERED;
}

static __always_inline void flow_refresh(struct flow *f, __u64 now_ms)
{
	__u32 expires_ms = (__u32)now_ms + FLOW_TIMEOUT_MS;

	if (expires_ms - f->expires_ms > FLOW_REFRESH_MS)
		f->expires_ms = expires_ms;
}

/* May one more SYN of a flow that is known be asked for? */
static __always_inline bool flow_takes_syn(struct flow *f, __u64 now_ms)
{
	__u8 slot = now_ms / SYN_SLOT_MS;

	if (f->syn_slot != slot) {
		f->syn_slot = slot;
		f->nr_syns = 0;
		f->nr_held = 0;
	}
	if (f->nr_syns >= SYNS_PER_SLOT_MAX)
		return false;
	f->nr_syns++;
	return true;
}

/* And go to the kernel, when that holds a connection or a handshake? It would answer each time. */
static __always_inline bool flow_takes_held_syn(struct flow *f)
{
	if (f->nr_held >= SYNS_PER_SLOT)
		return false;
	f->nr_held++;
	return true;
}

#endif
