// SPDX-License-Identifier: GPL-2.0-only
/*
 * synward's data path: the order of the questions. XDP judges every frame; a SYN in peace is the
 * kernel's, whose handshakes are followed (handshake.h) until they are too many (arm.h); a SYN to
 * an armed service is answered with a cookie (syn.h), the ACK that brings a valid one back is noted
 * (segment.h), and TC hands noted ACKs to the listener (handoff.h).
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

#include "finish.h"
#include "glance.h"
#include "handoff.h"
#include "segment.h"
#include "syn.h"
#include "trace.h"

#define TCX_NEXT_PROGRAM (-1) /* TCX_NEXT, TC_ACT_UNSPEC: whoever comes after us decides */

/* A veth peer can redirect frames that carry metadata of their own: it would pass for ours. */
static __always_inline void metadata_cut(struct xdp_md *ctx)
{
	int bytes = (int)(ctx->data - ctx->data_meta);

	if (unlikely(bytes > 0))
		bpf_xdp_adjust_meta(ctx, bytes);
}

/* Global, so that it is verified once: most frames need no look here. */
__noinline bool is_for_above(const struct mac *to, const struct dev_conf *dev)
{
	for (__u32 i = 0; to && dev && i < MACS_ABOVE_MAX && i < dev->nr_macs_above; i++)
		if (mac_equal(to, (const void *)dev->macs_above[i]))
			return true;
	return false;
}

/* Or for a device of this host that stands on it. */
static __always_inline bool is_for_device(struct xdp_md *ctx, const struct dev_conf *dev)
{
	const struct mac *frame = (void *)(long)ctx->data;
	struct mac to;

	if ((void *)(frame + 1) > (void *)(long)ctx->data_end)
		return false;
	if (likely(mac_equal(frame, (const void *)dev->mac)))
		return true;
	if (likely(!dev->nr_macs_above))
		return false;
	to = *frame;
	return is_for_above(&to, dev);
}

/* What may hide a SYN, for a service that cannot be told, is not let past an armed one: real SYNs
 * come neither in fragments nor behind so many headers. */
static __always_inline enum reason judge_hidden(struct xdp_md *ctx, const struct pkt *p,
						enum reason why)
{
	if ((why == FRAGMENT && !p->may_begin_syn) || !is_for_device(ctx, &devices[dev_slot]) ||
	    !is_host_armed())
		return why;
	switch (why) {
	case FRAGMENT:
		return FRAGMENT_SYN;
	case TAGS_TOO_DEEP:
		return TAGS_TOO_DEEP_ARMED;
	default:
		return EXT_TOO_DEEP_ARMED;
	}
}

static __always_inline enum reason judge(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct judgement j;
	const struct dev_conf *dev;
	enum reason why;

	if (!judgement_begin(&j))
		return GO_ON;
	why = glance(ctx, &j, data, end);
	if (why != GO_ON)
		return why;
	dev = &devices[dev_slot];
	why = parse_packet(data, end, bpf_xdp_get_buff_len(ctx), j.pkt);
	if (unlikely(why == FRAGMENT || why == EXT_TOO_DEEP || why == TAGS_TOO_DEEP))
		return judge_hidden(ctx, j.pkt, why);
	if (why != GO_ON)
		return why;
	why = port_number(j.pkt->dport) ? service_find(&j, j.pkt) : NOT_SERVICE;
	if (why != GO_ON)
		return why;
	if (!is_for_device(ctx, dev))
		return OTHER_HOST;
	clock_read(&j);
	state_read(&j);
	if (j.row->mode == SVC_OFF && (is_syn(j.pkt->flags) || !is_draining(&j)))
		return NOT_SERVICE;
	return is_syn(j.pkt->flags) ? judge_syn(ctx, &j, dev) : judge_segment(ctx, &j);
}

/* The daemon sets BPF_F_XDP_HAS_FRAGS for native mode. In generic mode the kernel would copy every
 * skb for it. */
SEC("xdp")
int synward_xdp(struct xdp_md *ctx)
{
	metadata_cut(ctx);
	return finish(judge(ctx));
}

SEC("tc")
int synward_tc(struct __sk_buff *skb)
{
	bool without_l2 = false;
	struct note note;

	if (!can_hand_off || !note_take(skb, &note, &without_l2))
		return TCX_NEXT_PROGRAM;
	if (unlikely(skb->vlan_present && is_vlan(skb->protocol)) && !without_l2)
		count_reason(hand_off_tagged(skb, &note));
	else
		count_reason(hand_off(skb, &note, without_l2));
	return TCX_NEXT_PROGRAM;
}

/* What the daemon sends through it leaves the device: SYN-ACKs that are sent once more. */
SEC("xdp")
int synward_send(struct xdp_md *ctx)
{
	return XDP_TX;
}

/*
 * The same two for as long as somebody traces: they take the place of the others, so that those
 * have nothing in them of all this.
 */
SEC("?xdp")
int synward_xdp_tap(struct xdp_md *ctx)
{
	metadata_cut(ctx);
	trace_begin(ctx);
	return trace_end(ctx, judge(ctx));
}

SEC("?tc")
int synward_tc_tap(struct __sk_buff *skb)
{
	bool without_l2 = false;
	enum reason why;
	struct note note;

	if (!can_hand_off || !note_take(skb, &note, &without_l2))
		return TCX_NEXT_PROGRAM;
	if (unlikely(skb->vlan_present && is_vlan(skb->protocol)) && !without_l2)
		why = hand_off_tagged(skb, &note);
	else
		why = hand_off(skb, &note, without_l2);
	count_reason(why);
	trace_hand_off(skb, why, without_l2);
	return TCX_NEXT_PROGRAM;
}

char LICENSE[] SEC("license") = "GPL";
