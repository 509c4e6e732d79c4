/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A SYN to a service of ours: in peace it is the kernel's, and its handshake is followed; armed it
 * is answered with a cookie, or why not. What the SYN wants is asked of policy.h, what the kernel
 * holds of listener.h, whether it may hold one more of handshake.h; the bytes are those of reply.h.
 */
#ifndef SYNWARD_SYN_H
#define SYNWARD_SYN_H

#include "checksum.h"
#include "handshake.h"
#include "policy.h"
#include "reply.h"
#include "sample.h"

const volatile __u32 retry_mask; /* slots of `retries`, less one */

#define TC_SILENT_MS 200 /* notes that nobody took for so long, and enough of them: no TC half */
#define LAST_COOKIE_STEP_MS 1000 /* its line is read by every packet */
#define FRAME_MIN 60             /* Ethernet pads to this anyway */

static __always_inline enum reason device_ready(const struct judgement *j,
						const struct dev_conf *dev)
{
	const struct dev_notes *notes;
	__u32 slot = dev_slot;

	if (!(j->set->flags & MAY_COOKIE))
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

/* Header, options and checksum: GO_ON, or why no cookie will be sent for it. */
static __always_inline enum reason syn_read(struct xdp_md *ctx, struct judgement *j)
{
	enum reason why;
	__u64 sum;

	if (!header_read(j, (void *)(long)ctx->data, (void *)(long)ctx->data_end, &sum))
		return BAD_HEADER;
	why = syn_judge(j->pkt, &j->cpu->opts);
	if (why != GO_ON)
		return why;
	return segment_checksum_ok(ctx, j, sum) ? GO_ON : SYN_BAD_CHECKSUM;
}

/* Would the kernel answer it all the same? */
static __always_inline bool is_fine_in_peace(enum reason why)
{
	return why == GO_ON || why == SYN_SMALL_MSS || why == SYN_TOO_LONG;
}

/*
 * What does the kernel hold for the tuple? What we know of it (@known, or NULL) is forgotten when
 * it is nothing, unless the kernel has not seen yet what was handed to it a moment ago. A known
 * flow's SYNs always ask, so they are few.
 */
static __always_inline enum tuple_state syn_tuple(struct xdp_md *ctx, const struct judgement *j,
						  struct listener_record *rec, struct flow *known)
{
	enum tuple_state tuple;

	if (known && !flow_takes_syn(known, j->now_ms))
		return is_armed(j) ? TUPLE_REPEATED : TUPLE_HELD;
	if (!known && !lookup_allowed(j->cpu, rec, j->now_ms))
		return TUPLE_FREE; /* most probably; @rec says what was last seen */
	tuple = tuple_ask(ctx, j, rec);
	if (!known || tuple == TUPLE_HELD || (tuple == TUPLE_TIME_WAIT && is_armed(j)))
		return tuple;
	if ((flow_is_syn_recv(known) || flow_is_handed_off(known)) &&
	    flow_is_young(known, j->now_ms))
		return TUPLE_HELD;
	if (flow_is_syn_recv(known))
		handshake_end(j, known);
	else
		flow_forget(known);
	return tuple;
}

/* In peace its handshake is followed, unless it is one too many: GO_ON, if no defect stands against
 * a cookie. The kernel alone knows whether a SYN may follow a connection in TIME_WAIT. */
static __always_inline enum reason syn_in_peace(struct judgement *j, const struct dev_conf *dev,
						const struct listener_record *rec,
						enum tuple_state tuple)
{
	enum reason why = handshake_open(j, rec);

	if (tuple == TUPLE_TIME_WAIT)
		return SYN_KNOWN;
	if (why != GO_ON)
		return why;
	return j->cpu->defect == GO_ON ? device_ready(j, dev) : (enum reason)j->cpu->defect;
}

/* Armed, perhaps by this very SYN: a cookie, or why not. */
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
	enum tuple_state tuple;
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
	if (is_armed(j) && why != GO_ON)
		return why;
	if (!is_fine_in_peace(why))
		return SYN_PEACE;
	j->cpu->defect = why;
	flow_key(&key);
	j->flow_id = flow_id_make(&key, j->pkt);
	tuple = syn_tuple(ctx, j, rec, flow_find(j->flow_id, j->now_ms));
	if (tuple == TUPLE_REPEATED)
		return SYN_REPEATED;
	if (tuple == TUPLE_HELD || (tuple == TUPLE_TIME_WAIT && is_armed(j)))
		return SYN_KNOWN;
	if (!rec->is_there)
		return SYN_NO_LISTENER;
	why = is_armed(j) ? GO_ON : syn_in_peace(j, dev, rec, tuple);
	return why == GO_ON ? syn_defend(ctx, j, dev, rec) : why;
}

#endif
