/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the two programs share once a packet is parsed: which service it is for, whose keys, what
 * time it is, and whether its cookie is good.
 */
#ifndef SYNWARD_JUDGE_H
#define SYNWARD_JUDGE_H

#include "cookie.h"
#include "flow.h"
#include "maps.h"
#include "note.h"
#include "parse.h"
#include "svc_hash.h"
#include "tcpopt.h"

/* Baked into the program at load. */
const volatile __u32 dev_slot;         /* which entry of `devices` is ours */
const volatile bool can_hand_off;      /* the kernel has bpf_sk_assign_tcp_reqsk */
const volatile bool can_kernel_cookie; /* and bpf_tcp_gen_syncookie, in XDP */

struct judgement {
	struct cpu_state *cpu;
	struct pkt *pkt; /* in cpu_state, as its header and options are */
	const struct row_conf *row;
	struct row_live *live;
	struct row_cpu *here;
	__u64 now_ms;
	__u64 flow_id;
	__u32 second;
	__u32 state; /* IS_* */
	__u32 row_index;
	__u32 listener; /* slot in `listeners` */
};

struct mac {
	__u16 part[ETH_ALEN / 2];
};

static __always_inline bool mac_equal(const struct mac *a, const struct mac *b)
{
	return !((a->part[0] ^ b->part[0]) | (a->part[1] ^ b->part[1]) | (a->part[2] ^ b->part[2]));
}

#define NS_PER_MS 1000000ULL

/* Milliseconds are enough for cookies, and the coarse clock is ten times cheaper. */
static __always_inline __u64 clock_ms(void)
{
	return bpf_ktime_get_coarse_ns() / NS_PER_MS;
}

/* Entry 0 of a map of one. */
#define ONLY(map)                                    \
	({                                           \
		__u32 zero_ = 0;                     \
		bpf_map_lookup_elem(&(map), &zero_); \
	})

/* Each CPU keeps a copy of the secret, and the state in which its flow ids begin. Its epoch keys
 * are to be derived anew then. Global, so that it is verified once. */
__noinline int secret_read(void)
{
	struct cpu_state *cpu = ONLY(cpu_state);
	const struct secret *s = ONLY(secret);
	struct sip_key key;

	if (!cpu || !s) /* for the verifier */
		return -1;
	cpu->secret_serial = *(volatile __u32 *)&settings.secret_serial; /* or a later one */
	key.k[0] = s->flow[0];
	key.k[1] = s->flow[1];
	sip_begin(&cpu->flow_key, &key);
	cpu->secret = *s;
	cpu->epoch_keys[0].epoch = NO_EPOCH;
	cpu->epoch_keys[1].epoch = NO_EPOCH;
	return 0;
}

/*
 * What time it is. The clock moves with the jiffies, so it is asked once a tick: these are a load,
 * and it is a call and two divisions. They move first, and a CPU that asks in between is a tick
 * late; it asks again, until the clock has moved too. A tick is also how late it may hear of
 * another secret.
 */
static __always_inline void clock_read(struct judgement *j)
{
	struct cpu_state *cpu = j->cpu;
	__u64 tick = bpf_jiffies64();

	if (unlikely(cpu->tick != tick)) {
		__u64 now_ms = clock_ms();

		if (cpu->now_ms != now_ms)
			cpu->tick = tick;
		cpu->now_ms = now_ms;
		cpu->second = now_ms / 1000;
		if (unlikely(cpu->secret_serial != settings.secret_serial))
			secret_read();
	}
	j->now_ms = cpu->now_ms;
	j->second = cpu->second;
}

/* The verifier shall not know on which of many paths @x was found, or it would follow each of them
 * to the end. */
static __always_inline __u32 forget(struct cpu_state *cpu, __u32 x)
{
	*(volatile __u32 *)&cpu->forgotten = x;
	return *(volatile __u32 *)&cpu->forgotten;
}

/* NULL never happens: a map of one has an entry 0. */
static __always_inline struct cpu_state *cpu_state_of(void)
{
	struct cpu_state *cpu = ONLY(cpu_state);

	if (cpu && unlikely(!cpu->secret.salt))
		secret_read();
	return cpu;
}

static __always_inline bool judgement_begin(struct judgement *j)
{
	j->cpu = cpu_state_of();
	if (!j->cpu)
		return false;
	j->pkt = &j->cpu->pkt;
	j->flow_id = 0;
	return true;
}

/* Of cpu_state's packet. Global, so that it is verified once. */
__noinline __u64 flow_id_ask(void)
{
	struct cpu_state *cpu = ONLY(cpu_state);

	if (!cpu) /* for the verifier */
		return 0;
	return flow_id_make(&cpu->flow_key, &cpu->pkt);
}

static __always_inline __u64 epoch_now(const struct judgement *j)
{
	return epoch_of(j->now_ms, settings.epoch_shift);
}

/* Where a CPU keeps the key of @epoch: two fit, because two are accepted. */
static __always_inline struct epoch_key *epoch_slot(struct cpu_state *cpu, __u64 epoch)
{
	return &cpu->epoch_keys[epoch & 1];
}

/* Global, so that it is verified once. */
__noinline int epoch_key_derive(__u64 epoch)
{
	struct cpu_state *cpu = ONLY(cpu_state);
	struct sip_key master, key;
	struct epoch_key *slot;
	bool is_new;

	if (!cpu) /* for the verifier */
		return -1;
	is_new = epoch >= cpu->secret.from_epoch;
	master.k[0] = is_new ? cpu->secret.master[0] : cpu->secret.master_before[0];
	master.k[1] = is_new ? cpu->secret.master[1] : cpu->secret.master_before[1];
	epoch_key_make(&master, epoch, &key);
	slot = epoch_slot(cpu, epoch);
	sip_begin(&slot->key, &key);
	slot->epoch = epoch;
	return 0;
}

/* The key of @epoch, which each CPU derives once. */
static __always_inline const struct epoch_key *epoch_key(struct cpu_state *cpu, __u64 epoch)
{
	const struct epoch_key *slot = epoch_slot(cpu, epoch);

	if (unlikely(slot->epoch != epoch))
		epoch_key_derive(epoch);
	return slot;
}

/* The number of a port that some service has, or 0. */
static __always_inline __u32 port_number(__be16 dport)
{
	__u32 port = bpf_ntohs(dport);

	VERIFIER_LEARNS(port); /* Linux 6.12 knows no bounds of what was swapped */
	return ports[port & (NR_PORTS - 1)];
}

/* What a slot says, as one number; 0: nothing. */
#define SERVICE(slot) ((__u64)(slot)->row_plus_1 << 32 | (slot)->listener)
#define SERVICE_ROW(service) (((__u32)((service) >> 32) - 1) & ROW_MASK)
#define SERVICE_LISTENER(service) ((__u32)(service))

/* The halves of an address, for functions that take numbers. */
#define ADDR_UPPER(a) ((__u64)(a)->word[0] << 32 | (a)->word[1])
#define ADDR_LOWER(a) ((__u64)(a)->word[2] << 32 | (a)->word[3])

static __always_inline __u64 service_in(__u32 bucket, const struct ip_addr *addr, __be16 port)
{
	const struct svc_bucket *b = bpf_map_lookup_elem(&services, &bucket);
	const struct svc_slot *slot = b ? svc_slot_of(b, addr, port) : NULL;

	return slot ? SERVICE(slot) : 0;
}

/* What is not in its first bucket: in another, of the same table. Global, so that it is verified
 * once. */
__noinline __u64 service_second(__u32 bucket, __u64 upper, __u64 lower, __u32 port)
{
	const struct ip_addr addr = { .word = { upper >> 32, upper, lower >> 32, lower } };

	return service_in(bucket, &addr, port);
}

/* Of that address and port, or 0. */
static __always_inline __u64 service_at(const struct ip_addr *a, __be16 port)
{
	__u32 at = *(volatile __u32 *)&settings.svc_at, mask = settings.svc_mask;
	__u64 hash = svc_hash(a, port, settings.svc_seed);
	__u64 is = service_in(at + svc_first(hash, mask), a, port);

	if (likely(is))
		return is;
	return service_second(at + svc_second(hash, mask), ADDR_UPPER(a), ADDR_LOWER(a), port);
}

/* The same as a global function, for those who ask seldom. */
__noinline __u64 service_ask(__u64 upper, __u64 lower, __u32 port)
{
	const struct ip_addr addr = { .word = { upper >> 32, upper, lower >> 32, lower } };

	return service_at(&addr, port);
}

/* Its row: GO_ON, or NOT_SERVICE if there is none. */
static __always_inline enum reason service_read(struct judgement *j, __u64 service)
{
	if (!service)
		return NOT_SERVICE;
	j->listener = SERVICE_LISTENER(service);
	j->row_index = SERVICE_ROW(service);
	j->row = &rows[j->row_index];
	j->live = &row_live[j->row_index];
	j->here = bpf_map_lookup_elem(&row_cpu, &j->row_index);
	return j->here ? GO_ON : NOT_SERVICE;
}

/* The service that a packet is for, whose port is listed: GO_ON and the row, or NOT_SERVICE. */
static __always_inline enum reason service_find(struct judgement *j, const struct pkt *p)
{
	return service_read(j, service_at(&p->dst, p->dport));
}

/* Can its SYNs be answered by any means? */
static __always_inline bool can_answer(const struct row_conf *row)
{
	return (can_hand_off || can_kernel_cookie) && !(row->flags & ROW_BLACK_HOLE);
}

/* Would an attack arm it? */
static __always_inline bool can_arm(const struct row_conf *row)
{
	return row->mode == SVC_AUTO && can_answer(row);
}

#define PREFIX_V4_BITS 24 /* a source prefix, for budgets and reports */
#define PREFIX_V6_BITS 48

/* That of the packet, where address_upper() puts it. */
static __always_inline __u64 source_prefix(const struct pkt *p)
{
	__u64 upper = address_upper(&p->src, p->is_v6);

	return upper & ~0ULL << (64 - (p->is_v6 ? PREFIX_V6_BITS : PREFIX_V4_BITS));
}

#define IS_ATTACKED 1U /* as arm.h found it, unless the operator has said otherwise since */
#define IS_ARMED 2U    /* SYNs are answered with cookies */

/* IS_*. */
static __always_inline __u32 row_state_of(const struct row_conf *row, const struct row_live *live,
					  __u64 now_ms)
{
	__u32 state = 0;

	if (live->since_ms > row->disarmed_ms && (__s64)(now_ms - live->last_ms) < row->hold_ms)
		state = IS_ATTACKED;
	if (can_arm(row) ? state || now_ms < row->forced_until_ms :
			   row->mode == SVC_ALWAYS && can_answer(row))
		state |= IS_ARMED;
	return state;
}

/* Global, so that its paths are verified once, and end in one number. */
__noinline __u32 row_state(const struct row_conf *row, const struct row_live *live, __u64 now_ms)
{
	return row && live ? row_state_of(row, live, now_ms) : 0; /* NULL: for the verifier */
}

/* To be called again when the row may have come under attack. */
static __always_inline void state_read(struct judgement *j)
{
	j->state = row_state(j->row, j->live, j->now_ms);
}

static __always_inline bool is_attacked(const struct judgement *j)
{
	return j->state & IS_ATTACKED;
}

static __always_inline bool is_armed(const struct judgement *j)
{
	return j->state & IS_ARMED;
}

/* Cookies that the row sent may still come back. */
static __always_inline bool is_draining(const struct judgement *j)
{
	__u64 last = j->live->last_cookie_ms;

	return can_hand_off && last &&
	       (__s64)(j->now_ms - last) < (__s64)(2ULL << settings.epoch_shift);
}

/* Any layout but the common ones. */
static int options_loop(__u32 i, struct opts_walk **walk)
{
	return !tcp_options_step(*walk);
}

/* Copy the TCP header and read its options, both to cpu_state. Returns the header's sum, or false
 * when it is not linear. */
static __always_inline bool header_read(struct judgement *j, void *frame, void *end, __u64 *ret_sum)
{
	struct cpu_state *cpu = j->cpu;

	if (!tcp_header_read(frame, end, j->pkt, &cpu->header, ret_sum))
		return false;
	if (unlikely(!tcp_options_common(&cpu->header, j->pkt->l4_bytes, &cpu->opts))) {
		struct opts_walk *walk = &cpu->walk;

		tcp_options_begin(walk, &cpu->header, j->pkt->l4_bytes);
		bpf_loop(TCP_OPTIONS_MAX, options_loop, &walk, 0);
		cpu->opts = walk->got;
	}
	return true;
}

/* The same for a segment that is no SYN, whose sum nobody asks for: its options are nearly always
 * one of two layouts, and of the header the part without them is copied. */
static __always_inline bool options_read(struct judgement *j, void *frame, void *end)
{
	const __be32 *th = pkt_l4(frame, j->pkt), *w = th + TCP_HEADER_MIN / 4;
	__u64 sum;

	if ((void *)w > end)
		return false;
	UNROLL
	for (int i = 0; i < TCP_HEADER_MIN / 4; i++)
		j->cpu->header.word[i] = th[i];
	if (j->pkt->l4_bytes == TCP_HEADER_MIN)
		return options_none(w, &j->cpu->opts);
	if (j->pkt->l4_bytes == TCP_HEADER_MIN + OPTIONS_TIMESTAMPS &&
	    (void *)(w + OPTIONS_TIMESTAMPS / 4) <= end && options_timestamps(w, &j->cpu->opts))
		return true;
	return header_read(j, frame, end, &sum);
}

/*
 * Is the ACK, or first data, in cpu_state the answer to a cookie of ours? The client's ISN is one
 * before its sequence number, our cookie one before what it acknowledges. Returns ACK_COOKIE_VALID,
 * and has written cpu_state's `note` and `cookie_ms`, or what is wrong. `cookie_ms` is now where
 * the client offers no timestamps and only the epoch is known. Global, so that it is verified once.
 */
__noinline int cookie_judge(__u64 now_ms, __u64 flow_id)
{
	struct cpu_state *cpu = ONLY(cpu_state);
	__u32 isn, cookie, shift;
	__u64 sent_ms = now_ms, epoch;
	const struct sip_state *key;
	bool timestamps;
	struct offer got;

	if (!cpu) /* for the verifier */
		return ACK_COOKIE_INVALID;
	timestamps = cpu->opts.has_timestamps;
	isn = bpf_ntohl(cpu->pkt.seq) - 1;
	cookie = bpf_ntohl(cpu->pkt.ack) - 1;
	shift = settings.epoch_shift;
	if (timestamps) {
		if (!cookie_sent_at(now_ms, flow_id, cpu->opts.tsecr, shift, &sent_ms))
			return ACK_COOKIE_EXPIRED;
		epoch = epoch_of(sent_ms, shift);
	} else {
		epoch = cookie_epoch(now_ms, cookie, shift);
	}
	key = &epoch_key(cpu, epoch)->key;
	VERIFIER_LEARNS(timestamps);
	if (!cookie_check(key, flow_id, isn, cookie, timestamps))
		return ACK_COOKIE_INVALID;
	cookie_unpack(cookie_low(cookie, timestamps), timestamps, cpu->pkt.is_v6, &got);
	note_make(&got, &cpu->opts, sent_ms, &cpu->note);
	cpu->cookie_ms = sent_ms;
	return ACK_COOKIE_VALID;
}

/* How long a service that was armed says that this host is under attack. */
#define HOST_ARMED_MS 60000

/* Is any service armed? For packets of which the service cannot be told. */
static __always_inline bool is_host_armed(void)
{
	return (settings.flags & ALWAYS_ARMED) ||
	       (host_armed_ms && clock_ms() - host_armed_ms < HOST_ARMED_MS);
}

#endif
