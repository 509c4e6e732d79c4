/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A SYN to a service of ours: in peace it is the kernel's, and its handshake is followed; armed it
 * is answered with a cookie, or why not. What the SYN wants is asked of policy.h, what the kernel
 * holds of listener.h, whether it may hold one more of handshake.h; the bytes are those of reply.h.
 */
#ifndef SYNWARD_SYN_H
#define SYNWARD_SYN_H

#include "arm.h"
#include "handshake.h"
#include "policy.h"
#include "reply.h"
#include "sample.h"

#define TC_SILENT_MS 200 /* notes that nobody took for so long, and enough of them: no TC half */
#define LAST_COOKIE_STEP_MS 1000 /* its line is read by every packet */
#define FRAME_MIN 60             /* Ethernet pads to this anyway */

/* One's complement sum of up to SYN_PAYLOAD_MAX bytes of payload; ~0 when they cannot be read.
 * Global, so that it is verified once and not on every path that comes here. */
__noinline __u64 payload_sum(struct xdp_md *ctx, __u32 at, __u32 bytes)
{
	__u64 sum = 0;

	for (int i = 0; i < SYN_PAYLOAD_MAX / 64 + 1; i++) {
		__u64 chunk[8] = {};
		__u32 n = min_u32(bytes, sizeof(chunk));

		if (!n)
			break;
		/* Linux 6.1's verifier does not learn from the test that n is not 0 (clang 14). */
		asm volatile("" : "+r"(n));
		n = ((n - 1) & (sizeof(chunk) - 1)) + 1;
		if (bpf_xdp_load_bytes(ctx, at, chunk, n))
			return ~0ULL;
		for (int k = 0; k < 8; k++)
			sum += (chunk[k] >> 32) + (__u32)chunk[k];
		at += n;
		bytes -= n;
	}
	return sum;
}

/* A checksum that is the bare pseudo-header's was left to hardware by a local sender, and is as
 * good as right. */
static __always_inline bool syn_checksum_ok(struct xdp_md *ctx, const struct judgement *j,
					    __u64 header_sum)
{
	const struct pkt *p = j->pkt;
	const struct tcphdr *th = (const void *)&j->cpu->header;
	__u64 pseudo = csum_pseudo(csum_addr(&p->src, p->is_v6) + csum_addr(&p->dst, p->is_v6),
				   p->l4_bytes + p->payload_bytes);
	__u64 sum = header_sum + pseudo;

	if (p->payload_bytes) {
		__u64 payload = payload_sum(ctx, p->l4_off + p->l4_bytes, p->payload_bytes);

		if (payload == ~0ULL)
			return false;
		sum += payload;
	}
	return csum_fold(sum) == 0xffff || th->check == csum_fold(pseudo);
}

static __always_inline enum reason device_ready(const struct judgement *j,
						const struct dev_conf *dev)
{
	const struct dev_notes *notes;
	__u32 slot = dev_slot;

	if (!(j->set->flags & MAY_HAND_OFF))
		return SYN_COOKIES_OFF;
	notes = bpf_map_lookup_elem(&device_notes, &slot);
	if (!dev->tc_live || !notes)
		return SYN_TC_NOT_LIVE;
	if (unlikely(notes->untaken >= TC_SILENT_NOTES) &&
	    j->now_ms - notes->since_ms > TC_SILENT_MS)
		return SYN_TC_NOT_LIVE;
	return GO_ON;
}

/* cookie_pack() as a global function: its tables are walked by the verifier once, and not on every
 * path that leads to an answer. */
__noinline __u32 offer_pack(const struct offer *offer, __u64 epoch, bool is_v6)
{
	return offer ? cookie_pack(offer, epoch, is_v6) : 0;
}

/* What the answer says. */
static __always_inline void answer_plan(struct judgement *j, const struct dev_conf *dev,
					const struct listener_record *rec, struct reply *ret)
{
	const struct pkt *p = j->pkt;
	__u64 epoch = epoch_of(j->now_ms, j->set->epoch_shift);
	const struct sip_key *key = epoch_key(j->cpu, epoch);
	struct rcv_space rcv = { .space_bytes = rec->space_bytes, .clamp_bytes = rec->clamp_bytes };
	struct offer offer;
	__u32 low;

	offer_from_syn(p, &j->cpu->opts, j->set->flags, &offer);
	low = offer_pack(&offer, epoch, p->is_v6);
	cookie_unpack(low, offer.timestamps, p->is_v6, &ret->got);
	ret->isn = cookie_make(key, j->flow_id, bpf_ntohl(p->seq), low, offer.timestamps);
	ret->tsval = (__u32)j->now_ms + ts_offset(j->flow_id);
	ret->tsecr = j->cpu->opts.tsval;
	ret->window = rcv_window(&rcv, ret->got.mss);
	ret->mss = j->cpu->opts.mss ?
			   dev->mtu - TCP_HEADER_MIN -
				   (p->is_v6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr)) :
			   0;
	ret->wscale = ret->got.wscale == WSCALE_NONE ? WSCALE_NONE : rec->wscale;
	ret->hop_limit = p->is_v6 ? dev->hop_limit : j->set->ttl;
}

/* Make the frame as long as the answer, unless what is too much is padding that Ethernet wants
 * anyway. */
static __always_inline bool frame_trim(struct xdp_md *ctx, const struct pkt *p, __u32 bytes)
{
	if (p->frame_bytes == bytes || (p->frame_bytes <= FRAME_MIN && !p->payload_bytes))
		return true;
	return !bpf_xdp_adjust_tail(ctx, (int)bytes - p->frame_bytes);
}

static __always_inline enum reason syn_answer(struct xdp_md *ctx, struct judgement *j,
					      const struct dev_conf *dev,
					      const struct listener_record *rec)
{
	struct reply reply;
	struct segment seg;

	answer_plan(j, dev, rec, &reply);
	reply_plan(j->pkt, &reply, &seg);
	if (!frame_trim(ctx, j->pkt, reply_bytes(j->pkt, &seg)))
		return SYN_NO_ROOM;
	if (!reply_write((void *)(long)ctx->data, (void *)(long)ctx->data_end, j->pkt, &reply,
			 &seg))
		return SYN_NO_ROOM;
	j->here->counts.cookies_sent++;
	cookie_count_in(j);
	if (j->now_ms - j->live->last_cookie_ms > LAST_COOKIE_STEP_MS)
		j->live->last_cookie_ms = j->now_ms;
	return SYN_COOKIE;
}

/* Header, options and checksum. GO_ON, or why nobody will answer it. */
static __always_inline enum reason syn_read(struct xdp_md *ctx, struct judgement *j)
{
	enum reason why;
	__u64 sum;

	if (!header_read(j, (void *)(long)ctx->data, (void *)(long)ctx->data_end, &sum))
		return BAD_HEADER;
	why = syn_judge(j->pkt, &j->cpu->opts);
	if (why != GO_ON)
		return why;
	return syn_checksum_ok(ctx, j, sum) ? GO_ON : SYN_BAD_CHECKSUM;
}

/* The kernel holds the tuple, and knows best what to say. */
static __always_inline enum reason syn_to_holder(const struct judgement *j, struct flow *known)
{
	if (known && is_armed(j) && !flow_takes_syn(known, j->now_ms))
		return SYN_REPEATED;
	return SYN_KNOWN;
}

/*
 * Is the tuple free for a new handshake? GO_ON, with the listener in @rec, or why not. @known: the
 * flow table's entry, or NULL. When the kernel holds nothing, the entry is of a connection that has
 * ended, unless the kernel has not seen yet what was handed to it a moment ago. *ret_is_held: it is
 * free for the kernel alone, which still holds the connection before in TIME_WAIT.
 */
static __always_inline enum reason syn_tuple(struct xdp_md *ctx, struct judgement *j,
					     struct listener_record *rec, struct flow *known,
					     bool *ret_is_held)
{
	enum tuple_state tuple = tuple_ask(ctx, j->pkt, j->set, j->cpu, rec, j->now_ms);

	if (tuple == TUPLE_HELD)
		return syn_to_holder(j, known);
	if (tuple == TUPLE_NOT_ASKED)
		return known ? syn_to_holder(j, known) : GO_ON;
	if (known && known->state == FLOW_SYN_RECV) {
		if (flow_is_young(known, j->now_ms))
			return syn_to_holder(j, known);
		handshake_end(j, known);
	} else if (known) {
		if (flow_is_handed_off(known) && flow_is_young(known, j->now_ms))
			return syn_to_holder(j, known);
		flow_forget(known);
	}
	*ret_is_held = tuple == TUPLE_TIME_WAIT;
	return *ret_is_held && is_armed(j) ? SYN_KNOWN : GO_ON;
}

/* Armed: a cookie, or why not. */
static __always_inline enum reason syn_defend(struct xdp_md *ctx, struct judgement *j,
					      const struct dev_conf *dev,
					      const struct listener_record *rec)
{
	enum reason why = listener_takes_cookie(rec);

	if (why != GO_ON)
		return why;
	if (unlikely(j->cpu->opts.is_signed && rec->has_keys))
		return SYN_SIGNED;
	return syn_answer(ctx, j, dev, rec);
}

static __always_inline enum reason judge_syn(struct xdp_md *ctx, struct judgement *j,
					     const struct dev_conf *dev)
{
	struct listener_record *rec = bpf_map_lookup_elem(&listeners, &j->listener);
	bool is_held = false;
	struct sip_key key;
	enum reason why;

	j->here->counts.syns++;
	arm_by_rate(j);
	if (is_attacked(j))
		source_sample(j);
	why = is_armed(j) ? device_ready(j, dev) : GO_ON;
	if (why != GO_ON)
		return why;
	why = rec ? syn_read(ctx, j) : BAD_HEADER;
	if (why != GO_ON)
		return is_armed(j) ? why : SYN_PEACE;

	flow_key(&key);
	j->flow_id = flow_id_make(&key, j->pkt);
	why = syn_tuple(ctx, j, rec, flow_find(j->flow_id, j->now_ms), &is_held);
	if (why != GO_ON)
		return why;
	if (!rec->is_there)
		return SYN_NO_LISTENER;
	if (!is_armed(j)) {
		why = handshake_open(j, rec);
		if (is_held)
			return SYN_KNOWN;
		if (why != GO_ON)
			return why;
		why = device_ready(j, dev); /* this very SYN has armed it */
		if (why != GO_ON)
			return why;
	}
	return syn_defend(ctx, j, dev, rec);
}

#endif
