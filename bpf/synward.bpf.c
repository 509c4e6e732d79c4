// SPDX-License-Identifier: GPL-2.0-only
/*
 * synward's data path: the order of the questions. XDP judges every frame; a SYN to an armed
 * service is answered with a cookie, the ACK that brings a valid one back is noted, and TC hands
 * noted ACKs to the listener. How a question is answered is in the header that is named after it.
 */
#include <linux/bpf.h>
#include <linux/errno.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

#include "finish.h"
#include "judge.h"
#include "policy.h"
#include "reply.h"

#define TCX_NEXT_PROGRAM (-1) /* TCX_NEXT, TC_ACT_UNSPEC: whoever comes after us decides */
#define TC_SILENT_MS 200 /* notes that nobody took for so long, and enough of them: no TC half */
#define FRAME_MIN 60     /* Ethernet pads to this anyway */
#define HEADERS_MAX 128  /* enough for every header that is parsed, to make an skb linear */

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

/* For tests: behave as on a driver that carries no metadata. */
const volatile bool without_metadata;

/* ---- SYN
 * ------------------------------------------------------------------------------------------ */

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
	low = cookie_pack(&offer, epoch, p->is_v6);
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
	j->counts->cookies_sent++;
	if (j->now_ms - *j->last_cookie_ms > 1000)
		*j->last_cookie_ms = j->now_ms;
	return SYN_COOKIE;
}

static __always_inline enum reason judge_syn(struct xdp_md *ctx, struct judgement *j,
					     const struct dev_conf *dev)
{
	struct listener_record *rec = bpf_map_lookup_elem(&listeners, &j->listener);
	struct sip_key key;
	enum reason why;
	__u64 sum;

	j->counts->syns++;
	if (!is_armed(j))
		return SYN_PEACE;
	why = device_ready(j, dev);
	if (why != GO_ON)
		return why;
	if (!rec || !header_read(j, (void *)(long)ctx->data, (void *)(long)ctx->data_end, &sum))
		return BAD_HEADER;
	why = syn_judge(j->pkt, &j->cpu->opts);
	if (why != GO_ON)
		return why;
	if (!syn_checksum_ok(ctx, j, sum))
		return SYN_BAD_CHECKSUM;

	flow_key(&key);
	j->flow_id = flow_id_make(&key, j->pkt);
	why = listener_for_syn(ctx, j->pkt, j->set, j->cpu, rec, j->now_ms,
			       flow_find(j->flow_id, j->now_ms));
	if (why != GO_ON)
		return why;
	if (unlikely(j->cpu->opts.is_signed && rec->has_keys))
		return SYN_SIGNED;
	return syn_answer(ctx, j, dev, rec);
}

/* ---- everything that is no SYN
 * -------------------------------------------------------------------- */

/* Leave a note for TC. False when the driver has no room for metadata. */
static __always_inline bool note_leave(struct xdp_md *ctx, const struct note *note)
{
	struct note_area *to;

	if (without_metadata || bpf_xdp_adjust_meta(ctx, -(int)sizeof(*to)))
		return false;
	to = (void *)(long)ctx->data_meta;
	if ((void *)(to + 1) > (void *)(long)ctx->data)
		return false;
	__builtin_memset(to->lead, 0, sizeof(to->lead));
	to->magic = NOTE_MAGIC;
	to->note = *note;
	return true;
}

static __always_inline enum reason ack_note(struct xdp_md *ctx, struct judgement *j,
					    const struct note *note)
{
	__u32 slot = dev_slot;
	struct dev_notes *notes = bpf_map_lookup_elem(&device_notes, &slot);

	if (notes && !notes->untaken++)
		notes->since_ms = j->now_ms;
	if (note_leave(ctx, note)) {
		flow_put(j->flow_id, FLOW_HANDED_OFF, j->now_ms);
		return ACK_COOKIE_VALID;
	}
	if (notes)
		notes->is_without_metadata = true;
	flow_put(j->flow_id, FLOW_VALIDATED, j->now_ms);
	return ACK_NO_NOTE;
}

/* A segment for which the kernel has no more than a listener. */
static __always_inline enum reason judge_ack(struct xdp_md *ctx, struct judgement *j,
					     bool is_queue_full)
{
	struct note note;
	enum reason why;
	__u64 sum;

	if ((j->pkt->flags & (TCP_SYN | TCP_RST | TCP_ACK)) != TCP_ACK)
		return is_armed(j) ? OUT_OF_STATE : AT_PEACE;
	if (!header_read(j, (void *)(long)ctx->data, (void *)(long)ctx->data_end, &sum))
		return BAD_HEADER;
	why = cookie_judge(j, &note);
	if (why != ACK_COOKIE_VALID) {
		if (!is_armed(j))
			return ACK_INVALID_PEACE;
		if (is_kernel_cookie(j))
			return KERNEL_COOKIE;
		j->counts->cookies_invalid++;
		return why;
	}
	j->counts->cookies_valid++;
	if (is_queue_full)
		return ACK_ACCEPTQ_FULL;
	return ack_note(ctx, j, &note);
}

static __always_inline enum reason judge_unknown(struct xdp_md *ctx, struct judgement *j)
{
	struct bpf_sock *sk = socket_lookup(ctx, j->pkt);
	struct listener_record rec = {};
	__u32 state;

	if (!sk) {
		if (j->pkt->flags & TCP_ACK)
			return ACK_NO_LISTENER;
		return is_armed(j) ? OUT_OF_STATE : AT_PEACE;
	}
	state = sk->state;
	if (state == BPF_TCP_LISTEN)
		listener_read(sk, j->set, &rec);
	bpf_sk_release(sk);
	switch (state) {
	case BPF_TCP_LISTEN:
		return judge_ack(ctx, j, rec.is_full);
	case BPF_TCP_NEW_SYN_RECV:
		return KERNEL_HANDSHAKE;
	case BPF_TCP_TIME_WAIT:
		return KERNEL_TIME_WAIT;
	}
	flow_put(j->flow_id, FLOW_ESTABLISHED, j->now_ms);
	return FLOW_LEARNED;
}

static __always_inline enum reason judge_segment(struct xdp_md *ctx, struct judgement *j)
{
	struct sip_key key;
	struct flow *flow;

	if (!is_armed(j) && !is_draining(j))
		return AT_PEACE;
	flow_key(&key);
	j->flow_id = flow_id_make(&key, j->pkt);
	flow = flow_find(j->flow_id, j->now_ms);
	if (flow && flow->state == FLOW_ESTABLISHED) {
		flow_refresh(flow, j->now_ms);
		return FLOW_KNOWN;
	}
	if (flow && (__u32)j->now_ms - flow->seen_ms < HAND_OFF_WINDOW_MS)
		return FLOW_JUST_HANDED_OFF;
	return judge_unknown(ctx, j);
}

/* ---- XDP
 * ------------------------------------------------------------------------------------------ */

/* A veth peer can redirect frames that carry metadata of their own: it would pass for ours. */
static __always_inline void metadata_cut(struct xdp_md *ctx)
{
	int bytes = (int)(ctx->data - ctx->data_meta);

	if (unlikely(bytes > 0))
		bpf_xdp_adjust_meta(ctx, bytes);
}

static __always_inline bool is_for_device(struct xdp_md *ctx, const struct dev_conf *dev)
{
	const __u16 *to = (void *)(long)ctx->data;
	const __u16 *mac = (const void *)dev->mac;

	if ((void *)(to + ETH_ALEN / 2) > (void *)(long)ctx->data_end)
		return false;
	return to[0] == mac[0] && to[1] == mac[1] && to[2] == mac[2];
}

static __always_inline enum reason judge(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct judgement j = {};
	struct dev_conf *dev;
	__u32 slot = dev_slot;
	enum reason why;

	if (!judgement_begin(&j))
		return GO_ON;
	why = parse_packet(data, end, bpf_xdp_get_buff_len(ctx), j.pkt);
	if (why != GO_ON)
		return why;
	why = service_find(&j);
	if (why != GO_ON)
		return why;
	dev = bpf_map_lookup_elem(&devices, &slot);
	if (!dev || !is_for_device(ctx, dev))
		return OTHER_HOST;
	j.now_ms = clock_ms();
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

/* ---- TC
 * ------------------------------------------------------------------------------------------- */

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
	struct sip_key key;
	struct flow *flow;
	__u64 sum;

	if (!judgement_begin(&j))
		return false;
	if (skb_parse(skb, false, j.pkt) != GO_ON || service_find(&j) != GO_ON)
		return false;
	j.now_ms = clock_ms();
	flow_key(&key);
	j.flow_id = flow_id_make(&key, j.pkt);
	flow = flow_find(j.flow_id, j.now_ms);
	if (!flow || flow->state != FLOW_VALIDATED ||
	    !header_read(&j, (void *)(long)skb->data, (void *)(long)skb->data_end, &sum))
		return false;
	if (cookie_judge(&j, ret) != ACK_COOKIE_VALID)
		return false;
	flow->state = FLOW_HANDED_OFF;
	return true;
}

static __always_inline bool note_take(struct __sk_buff *skb, struct note *ret, bool *ret_without_l2)
{
	__u32 slot = dev_slot;
	struct dev_notes *notes = bpf_map_lookup_elem(&device_notes, &slot);

	if (!notes)
		return false;
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
	const struct settings *set = ONLY(settings);
	struct bpf_tcp_req_attrs attrs = {};
	struct listener_record rec = {};
	struct sock___local *listener;
	int err;

	if (!set || sk->state != BPF_TCP_LISTEN)
		return HANDOFF_NO_LISTENER;
	listener = (void *)bpf_skc_to_tcp_sock(sk);
	if (!listener)
		return HANDOFF_NO_LISTENER;
	listener_read(sk, set, &rec);
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

char LICENSE[] SEC("license") = "GPL";
