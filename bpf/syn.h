/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A SYN to a service of ours: in peace it is the kernel's, and its handshake is followed; armed it
 * is answered with a cookie, or why not. What the SYN wants is asked of policy.h, what the kernel
 * holds of listener.h, whether it may hold one more of handshake.h; the bytes are those of reply.h.
 */
#ifndef SYNWARD_SYN_H
#define SYNWARD_SYN_H

#include "budget.h"
#include "checksum.h"
#include "handshake.h"
#include "kernelcookie.h"
#include "list.h"
#include "policy.h"
#include "reply.h"
#include "retry.h"
#include "route.h"
#include "sample.h"

#define TC_SILENT_MS 200 /* notes that nobody took for so long, and enough of them: no TC half */
#define LAST_COOKIE_STEP_MS 1000 /* its line is read by every packet */
#define FRAME_MIN 60             /* Ethernet pads to this anyway */

static __always_inline enum reason device_ready(const struct judgement *j,
						const struct dev_conf *dev)
{
	const struct dev_notes *notes = &device_notes[dev_slot];

	if (!(settings.flags & MAY_COOKIE))
		return SYN_COOKIES_OFF;
	if (!can_hand_off)
		return SYN_TC_NOT_LIVE;
	if (!dev->tc_live)
		return SYN_TC_NOT_LIVE;
	if (unlikely(notes->untaken >= TC_SILENT_NOTES) &&
	    (__s64)(j->now_ms - notes->since_ms) > TC_SILENT_MS)
		return SYN_TC_NOT_LIVE;
	return GO_ON;
}

/* Can it answer by any means? GO_ON, or why not; what stands against a cookie of ours is kept. */
static __always_inline enum reason device_answers(struct judgement *j, const struct dev_conf *dev)
{
	enum reason why = device_ready(j, dev);

	j->cpu->against = why;
	return why == SYN_TC_NOT_LIVE && can_kernel_cookie ? GO_ON : why;
}

/* cookie_pack() as a global function: its tables are walked by the verifier once, and not on every
 * path that leads to an answer. Takes numbers, so that its callers' offers need no memory. */
#define OFFER_SACK 1U
#define OFFER_ECN 2U
#define OFFER_TIMESTAMPS 4U

__noinline __u32 offer_pack(__u32 mss, __u32 wscale, __u32 flags, __u64 epoch, bool is_v6)
{
	const struct offer offer = { .mss = mss,
				     .wscale = wscale,
				     .sack = flags & OFFER_SACK,
				     .ecn = flags & OFFER_ECN,
				     .timestamps = flags & OFFER_TIMESTAMPS };

	return cookie_pack(&offer, epoch, is_v6);
}

/* What a cookie of the current epoch can carry of @offer: its low bits, and in @ret what they say.
 */
static __always_inline __u32 offer_low(const struct offer *offer, __u64 epoch, bool is_v6,
				       struct offer *ret)
{
	__u32 low;

	*ret = *offer;
	if (likely(offer->timestamps && is_usual_mss(offer->mss, is_v6))) {
		ret->mss = mss_usual(is_v6);
		return cookie_low_ts(offer, MSS_CLASS_USUAL);
	}
	low = offer_pack(offer->mss, offer->wscale,
			 (offer->sack ? OFFER_SACK : 0) | (offer->ecn ? OFFER_ECN : 0) |
				 (offer->timestamps ? OFFER_TIMESTAMPS : 0),
			 epoch, is_v6);
	if (offer->timestamps) /* the compiler shall know that nothing else is lost */
		ret->mss = cookie_mss_ts(low, is_v6);
	else
		cookie_unpack(low, false, is_v6, ret);
	return low;
}

/* The segment size that fits through @mtu. */
static __always_inline __u16 own_mss(__u16 mtu, bool is_v6)
{
	return mtu - TCP_HEADER_MIN - (is_v6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr));
}

static __always_inline __u8 own_hop_limit(const struct dev_conf *dev, bool is_v6)
{
	return is_v6 ? dev->hop_limit : settings.ttl;
}

/* What the answer says, whoever made the cookie; ret->got is what it agrees to. */
static __always_inline void answer_plan(const struct tcp_opts *opts, __u16 mss, __u8 wscale,
					__u16 window, __u8 hop_limit, struct reply *ret)
{
	ret->tsecr = opts->tsval;
	ret->has_mss = opts->mss;
	ret->mss = mss;
	ret->wscale = wscale;
	ret->window = window;
	ret->hop_limit = hop_limit;
}

/* A cookie of ours, of the epoch of now. @may: MAY_*. */
static __always_inline void cookie_plan(struct judgement *j, const struct pkt *p,
					const struct tcp_opts *opts, __u32 may,
					const struct epoch_key *by, struct reply *ret)
{
	struct offer offer;
	__u32 low;

	offer_from_syn(p, opts, may, &offer);
	low = forget(j->cpu, offer_low(&offer, by->epoch, p->is_v6, &ret->got));
	ret->isn = cookie_make(&by->key, j->flow_id, bpf_ntohl(p->seq), low, offer.timestamps);
	ret->tsval = (__u32)j->now_ms + ts_offset(j->flow_id);
}

/* One of the kernel's: GO_ON, or why there is none. @otherwise: what stands against ours. */
static __always_inline enum reason kernel_cookie_plan(struct xdp_md *ctx, struct judgement *j,
						      enum reason otherwise, struct reply *ret)
{
	__s64 made;

	if (!can_kernel_cookie)
		return otherwise;
	made = kernel_cookie_make(ctx);
	if (made == NOT_LISTENING)
		return SYN_KNOWN;
	if (made < 0)
		return SYN_KERNEL_QUEUE;
	offer_from_syn(j->pkt, &j->cpu->opts, settings.flags, &ret->got);
	kernel_offer(settings.flags, &ret->got);
	ret->got.mss = made >> 32;
	ret->isn = made;
	ret->tsval = kernel_tsval(j->now_ms, &ret->got);
	return GO_ON;
}

/* Make the frame as long as the answer, unless what is too much is padding that Ethernet wants
 * anyway. */
static __always_inline bool frame_trim(struct xdp_md *ctx, const struct pkt *p, __u32 bytes)
{
	if (p->frame_bytes == bytes || (p->frame_bytes <= FRAME_MIN && !p->payload_bytes))
		return true;
	return !bpf_xdp_adjust_tail(ctx, (int)bytes - p->frame_bytes);
}

/* Write the answer over the SYN, whose network header is @l3_off behind its first byte. False: no
 * room. */
static __always_inline bool answer_write(struct xdp_md *ctx, const struct pkt *p, __u32 l3_off,
					 const struct reply *reply)
{
	__u32 layout = reply_layout(reply);
	void *frame;

	if (!frame_trim(ctx, p, reply_bytes(p, layout)))
		return false;
	frame = (void *)(long)ctx->data;
	return reply_write(frame, frame + l3_off, (void *)(long)ctx->data_end, p, reply, layout);
}

/* One more answer, in bucket @now. */
static __always_inline void answer_count(struct judgement *j, __u32 now)
{
	j->here->counts.cookies_sent++;
	cookie_count_in(j, now);
}

/* Cookies are being sent. */
static __always_inline void cookies_begin(const struct judgement *j)
{
	if (j->now_ms - j->live->last_cookie_ms > LAST_COOKIE_STEP_MS) {
		j->live->last_cookie_ms = j->now_ms;
		host_armed_ms = j->now_ms;
	}
}

/* A header with options, at @at in the frame. Global, so that it is verified once. */
__noinline int ipv4_options_judge(struct xdp_md *ctx, __u32 at, __u32 bytes)
{
	struct cpu_state *cpu = ONLY(cpu_state);

	VERIFIER_LEARNS(bytes);
	if (!cpu || bytes < sizeof(struct iphdr))
		return BAD_HEADER;
	VERIFIER_LEARNS(bytes);
	if (bytes > IPV4_HEADER_MAX)
		return BAD_HEADER;
	__builtin_memset(&cpu->ipv4, 0, sizeof(cpu->ipv4));
	if (bpf_xdp_load_bytes(ctx, at, &cpu->ipv4, bytes))
		return BAD_HEADER;
	if (!ipv4_checksum_ok(cpu->ipv4.word, ARRAY_LEN(cpu->ipv4.word)))
		return SYN_BAD_CHECKSUM;
	return ipv4_is_source_routed(&cpu->ipv4) ? SYN_SOURCE_ROUTED : GO_ON;
}

/* Is its IPv4 header as it should be? */
static __always_inline enum reason ipv4_judge(struct xdp_md *ctx, const struct judgement *j)
{
	const struct pkt *p = j->pkt;
	const __be32 *word = pkt_l3((void *)(long)ctx->data, p);
	__u32 bytes = p->l4_off - p->l3_off;

	if (p->is_v6)
		return GO_ON;
	if (unlikely(bytes != sizeof(struct iphdr)))
		return ipv4_options_judge(ctx, p->l3_off, bytes);
	if ((void *)(word + sizeof(struct iphdr) / 4) > (void *)(long)ctx->data_end)
		return BAD_HEADER;
	return ipv4_plain_checksum_ok(word) ? GO_ON : SYN_BAD_CHECKSUM;
}

/* No packet of our own comes in here. The bit keeps all others out of the table. */
static __always_inline bool is_from_us(const struct pkt *p)
{
	if (likely(!(settings.own_addresses >> own_address_bit(&p->src) & 1)))
		return false;
	return service_ask(ADDR_UPPER(&p->src), ADDR_LOWER(&p->src), p->dport);
}

/* Header, options and checksum: GO_ON, or why no cookie will be sent for it. */
static __always_inline enum reason syn_read(struct xdp_md *ctx, struct judgement *j)
{
	enum reason why;
	__u64 sum;

	if (!header_read(j, (void *)(long)ctx->data, (void *)(long)ctx->data_end, &sum))
		return BAD_HEADER;
	why = syn_judge(j->pkt, &j->cpu->opts);
	if (why == GO_ON && is_from_us(j->pkt))
		why = SYN_MARTIAN;
	if (why == GO_ON)
		why = ipv4_judge(ctx, j);
	if (why != GO_ON)
		return why;
	return segment_checksum_ok(ctx, j, sum) ? GO_ON : SYN_BAD_CHECKSUM;
}

/* Would the kernel answer it all the same? */
static __always_inline bool is_fine_in_peace(enum reason why)
{
	return why == GO_ON || why == SYN_SMALL_MSS || why == SYN_TOO_LONG ||
	       why == SYN_SOURCE_ROUTED;
}

/*
 * What does the kernel hold for the tuple? What we know of it (@known, or NULL) is forgotten when
 * it is nothing, unless the kernel has not seen yet what was handed to it a moment ago. A known
 * flow's SYNs always ask, so they are few; but in peace, where a client takes a port again whose
 * connection has ended, as proxies do, the next handshake is followed whatever is in TIME_WAIT.
 */
static __always_inline enum tuple_state syn_tuple(struct xdp_md *ctx, const struct judgement *j,
						  struct listener_record *rec, struct flow *known)
{
	enum tuple_state tuple;

	if (known && !flow_takes_syn(known, j->now_ms))
		return is_armed(j) ? TUPLE_REPEATED : TUPLE_HELD;
	if ((!known || flow_is_closing(known)) && j->cpu->list != LIST_ALLOW &&
	    lookup_spare_take(j, rec)) {
		if (known)
			flow_forget(known);
		return TUPLE_UNASKED;
	}
	if (!known && j->cpu->list != LIST_ALLOW && !lookup_allowed(j->cpu, rec, j->now_ms))
		return TUPLE_FREE; /* most probably; @rec says what was last seen */
	tuple = tuple_ask(ctx, j, rec);
	if (known && tuple == TUPLE_HELD && is_armed(j) && !flow_takes_held_syn(known))
		return TUPLE_REPEATED;
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
	return j->cpu->defect == GO_ON ? device_answers(j, dev) : (enum reason)j->cpu->defect;
}

/* A SYN of an allowed source is the kernel's as long as its queue is not half full; nobody is
 * worse off for being allowed. Such a SYN has asked, so @rec is of now. */
static __always_inline bool is_let_through(const struct judgement *j,
					   const struct listener_record *rec)
{
	return j->cpu->list == LIST_ALLOW && rec->syn_queue <= rec->backlog / 2;
}

/* What stands against a cookie of ours? */
static __always_inline enum reason cookie_against(const struct judgement *j,
						  const struct listener_record *rec)
{
	if (rec->is_mptcp)
		return SYN_MPTCP;
	return can_kernel_cookie && (j->row->flags & ROW_BY_KERNEL) ? SYN_TC_NOT_LIVE :
								      (enum reason)j->cpu->against;
}

/* Armed, perhaps by this very SYN: a cookie, or why not. */
static __always_inline enum reason syn_defend(struct xdp_md *ctx, struct judgement *j,
					      const struct dev_conf *dev,
					      struct listener_record *rec)
{
	enum reason against = cookie_against(j, rec), why;
	struct reply *reply = &j->cpu->reply;

	if (is_let_through(j, rec))
		return SYN_ALLOWED;
	if (rec->is_full)
		return SYN_ACCEPTQ_FULL;
	if (unlikely(j->cpu->opts.is_signed && rec->has_keys))
		return SYN_SIGNED;
	why = way_back(ctx, j, dev);
	if (why == SYN_NO_NEIGHBOUR && rec->syn_queue > rec->backlog / 2)
		return SYN_NO_ROUTE; /* its place in the kernel's queue is for others */
	if (why != GO_ON)
		return why;
	if (!synack_take(j, j->pkt))
		return SYN_OVER_CAP;
	if (likely(against == GO_ON))
		cookie_plan(j, j->pkt, &j->cpu->opts, settings.flags,
			    epoch_key(j->cpu, epoch_now(j)), reply);
	else
		why = kernel_cookie_plan(ctx, j, against, reply);
	if (why != GO_ON)
		return why;
	answer_plan(&j->cpu->opts, own_mss(j->cpu->way.mtu, j->pkt->is_v6), rec->wscale,
		    listener_window(rec, reply->got.mss), own_hop_limit(dev, j->pkt->is_v6), reply);
	if (!answer_write(ctx, j->pkt, pkt_l3_off(j->pkt), reply))
		return SYN_NO_ROOM;
	answer_count(j, bucket_of(j, j->now_ms));
	cookies_begin(j);
	why = SYN_COOKIE;
	if (unlikely(j->cpu->way.ifindex))
		why = way_take(ctx);
	if (unlikely(j->row->flags & ROW_SERVER_FIRST))
		retry_write(ctx, j->flow_id, j->now_ms,
			    j->cpu->way.ifindex ?: ctx->ingress_ifindex);
	return against == GO_ON || why != SYN_COOKIE ? why : SYN_KERNEL_COOKIE;
}

/* Nobody listens: the kernel's answer is a reset, of which an attacked service sends few. */
static __always_inline enum reason syn_without_listener(const struct judgement *j)
{
	return !is_armed(j) || reset_take(j) ? SYN_NO_LISTENER : SYN_NO_LISTENER_DROP;
}

/* Does what the kernel holds for it stand against a cookie, and in peace against following it? A
 * connection in TIME_WAIT says nothing of a listener. */
static __always_inline enum reason tuple_judge(const struct judgement *j,
					       const struct listener_record *rec,
					       enum tuple_state tuple)
{
	if (tuple == TUPLE_REPEATED)
		return SYN_REPEATED;
	if (tuple == TUPLE_HELD || (tuple == TUPLE_TIME_WAIT && (is_armed(j) || !rec->is_there)))
		return SYN_KNOWN;
	return rec->is_there ? GO_ON : syn_without_listener(j);
}

/* Does the operator want none from there? Asked before it counts for anything. */
static __always_inline bool is_denied(struct judgement *j)
{
	j->cpu->list = list_of(j);
	return unlikely(j->cpu->list == LIST_DENY) && j->row->mode >= SVC_AUTO;
}

static __always_inline enum reason judge_syn(struct xdp_md *ctx, struct judgement *j,
					     const struct dev_conf *dev)
{
	struct listener_record *rec = bpf_map_lookup_elem(&listeners, &j->listener);
	enum tuple_state tuple;
	enum reason why;

	j->here->counts.syns++;
	if (is_denied(j))
		return SYN_DENIED;
	arm_by_rate(j);
	if (is_attacked(j))
		source_sample(j, j->pkt);
	why = is_armed(j) ? device_answers(j, dev) : GO_ON;
	if (why != GO_ON)
		return why;
	why = rec ? syn_read(ctx, j) : BAD_HEADER;
	if (is_armed(j) && why != GO_ON)
		return why;
	if (!is_fine_in_peace(why))
		return SYN_PEACE;
	j->cpu->defect = why;
	j->flow_id = flow_id_ask();
	if (!is_armed(j))
		flow_prefetch(j->flow_id);
	tuple = syn_tuple(ctx, j, rec, flow_find(j->flow_id, j->now_ms));
	why = tuple_judge(j, rec, tuple);
	if (why == GO_ON && !is_armed(j)) {
		why = syn_in_peace(j, dev, rec, tuple);
		if (why == GO_ON && tuple == TUPLE_UNASKED) /* it is armed now */
			why = tuple_judge(j, rec, tuple_ask(ctx, j, rec));
	}
	return why == GO_ON ? syn_defend(ctx, j, dev, rec) : why;
}

#endif
