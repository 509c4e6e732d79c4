/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The TC half: from XDP's note to the kernel's own listener, with every option that was negotiated.
 */
#ifndef SYNWARD_HANDOFF_H
#define SYNWARD_HANDOFF_H

#include <linux/errno.h>

#include "listener.h"

#define HEADERS_MAX 128 /* enough for every header that is parsed, to make an skb linear */

/* The kernel's; see include/net/tcp.h. */
struct bpf_tcp_req_attrs {
	__u32 rcv_tsval;
	__u32 rcv_tsecr;
	__u16 mss;
	__u8 rcv_wscale;
	__u8 snd_wscale;
	__u8 ecn_ok;
	__u8 wscale_ok;
	__u8 sack_ok;
	__u8 tstamp_ok;
	__u8 usec_ts_ok;
	__u8 reserved[3];
};

extern int bpf_sk_assign_tcp_reqsk(struct __sk_buff *skb, struct sock___local *sk,
				   struct bpf_tcp_req_attrs *attrs, int attrs__sz) __ksym __weak;

/* Copied byte by byte: it may lie at an odd place. */
static __always_inline bool note_read_at(struct __sk_buff *skb, __u32 magic_at, struct note *ret)
{
	const __u8 *from = (void *)(long)skb->data_meta + magic_at;
	__u16 magic;

	if ((void *)(from + sizeof(magic) + sizeof(*ret)) > (void *)(long)skb->data)
		return false;
	__builtin_memcpy(&magic, from, sizeof(magic));
	__builtin_memcpy(ret, from + sizeof(magic), sizeof(*ret));
	return magic == NOTE_MAGIC;
}

static __always_inline bool note_read(struct __sk_buff *skb, struct note *ret, bool *ret_without_l2)
{
	if (note_read_at(skb, NOTE_MAGIC_AT, ret))
		return true;
	*ret_without_l2 = note_read_at(skb, NOTE_MAGIC_AT_WITHOUT_L2, ret);
	return *ret_without_l2;
}

static __always_inline enum reason skb_parse(struct __sk_buff *skb, bool without_l2,
					     struct pkt *ret)
{
	void *data, *end;

	bpf_skb_pull_data(skb, min_u32(skb->len, HEADERS_MAX));
	data = (void *)(long)skb->data;
	end = (void *)(long)skb->data_end;
	if (without_l2)
		return parse_packet_l3(data, end, skb->len, skb->protocol, ret);
	return parse_packet(data, end, skb->len, ret);
}

/* On a driver without metadata: the same judgement again, for the one packet that XDP found valid
 * and could not mark. */
static __always_inline bool note_remake(struct __sk_buff *skb, struct note *ret)
{
	struct judgement j = {};
	struct flow *flow;
	__u64 sum;
	__u32 is;

	if (!judgement_begin(&j))
		return false;
	if (skb_parse(skb, false, j.pkt) != GO_ON || !port_number(j.pkt->dport) ||
	    service_find(&j, j.pkt) != GO_ON)
		return false;
	clock_read(&j);
	j.flow_id = flow_id_ask();
	flow = flow_find(j.flow_id, j.now_ms);
	if (!flow || FLOW_STATE(flow->is) != FLOW_VALIDATED ||
	    !header_read(&j, (void *)(long)skb->data, (void *)(long)skb->data_end, &sum))
		return false;
	if (cookie_judge(j.now_ms, j.flow_id) != ACK_COOKIE_VALID)
		return false;
	*ret = j.cpu->note;
	is = flow->is;
	return flow_change(flow, is,
			   FLOW_IS(FLOW_ROW(is), FLOW_HANDED_OFF,
				   FLOW_BY_ON(FLOW_ACCEPTED_BY(is), FLOW_CPU(is))));
}

static __always_inline bool note_take(struct __sk_buff *skb, struct note *ret, bool *ret_without_l2)
{
	struct dev_notes *notes = &device_notes[dev_slot];

	if (!note_read(skb, ret, ret_without_l2) &&
	    !(notes->is_without_metadata && note_remake(skb, ret)))
		return false;
	notes->taken++;
	if (notes->untaken)
		notes->untaken = 0;
	return true;
}

/* What the kernel is to make of the handshake. The echoed time is moved forward by the time that
 * has passed since the SYN-ACK: the kernel takes its first RTT sample from the difference, and
 * finds the true one. */
static __always_inline void attrs_make(const struct note *note, const struct listener_record *rec,
				       struct bpf_tcp_req_attrs *ret)
{
	__u32 elapsed_ms = (__u32)(bpf_ktime_get_ns() / NS_PER_MS) - note->sent_ms;
	bool has_wscale = note->wscale != WSCALE_NONE;

	ret->mss = note->mss;
	ret->wscale_ok = has_wscale;
	ret->snd_wscale = has_wscale ? note->wscale : 0;
	ret->rcv_wscale = has_wscale ? rec->wscale : 0;
	ret->sack_ok = !!(note->flags & NOTE_SACK);
	ret->ecn_ok = !!(note->flags & NOTE_ECN);
	ret->tstamp_ok = !!(note->flags & NOTE_TIMESTAMPS);
	ret->rcv_tsval = note->tsval;
	ret->rcv_tsecr = note->tsecr + elapsed_ms;
}

static __always_inline enum reason listener_assign(struct __sk_buff *skb, struct bpf_sock *sk,
						   const struct note *note)
{
	struct bpf_tcp_req_attrs attrs = {};
	struct listener_record rec = {};
	struct sock___local *listener;
	int err;

	if (sk->state != BPF_TCP_LISTEN)
		return HANDOFF_NO_LISTENER;
	listener = (void *)bpf_skc_to_tcp_sock(sk);
	if (!listener)
		return HANDOFF_NO_LISTENER;
	listener_read(sk, &rec);
	if (rec.is_mptcp)
		return HANDOFF_REFUSED;
	attrs_make(note, &rec, &attrs);
	err = bpf_sk_assign_tcp_reqsk(skb, listener, &attrs, sizeof(attrs));
	if (!err)
		return HANDOFF;
	return err == -EINVAL ? HANDOFF_SYSCTL : HANDOFF_REFUSED;
}

static __always_inline enum reason hand_off(struct __sk_buff *skb, const struct note *note,
					    bool without_l2)
{
	struct judgement j = {};
	struct bpf_sock *sk;
	enum reason why;

	if (!judgement_begin(&j) || skb_parse(skb, without_l2, j.pkt) != GO_ON)
		return HANDOFF_REFUSED;
	sk = socket_lookup(skb, j.pkt);
	if (!sk)
		return HANDOFF_NO_LISTENER;
	why = listener_assign(skb, sk, note);
	bpf_sk_release(sk);
	return why;
}

/*
 * A frame with two tags: the kernel has taken the outer one off, and the kfunc sees no IP behind
 * the inner one. So that is taken off too, for as long as the call lasts.
 */
static __always_inline enum reason hand_off_tagged(struct __sk_buff *skb, const struct note *note)
{
	__be16 proto = skb->vlan_proto;
	__u16 tci = skb->vlan_tci;
	enum reason why;

	if (bpf_skb_vlan_pop(skb))
		return HANDOFF_REFUSED;
	why = hand_off(skb, note, false);
	if (bpf_skb_vlan_push(skb, proto, tci))
		return HANDOFF_REFUSED;
	return why;
}

#endif
