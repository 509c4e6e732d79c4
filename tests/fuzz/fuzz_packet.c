/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: */
/*
 * A frame of arbitrary bytes through everything that is pure: parser, copy of the header, both
 * option parsers, the IPv4 header, policy, cookie, answer. The first two bytes of the input say
 * which sysctls are on, how much of the frame is not linear, and what time it is; the rest is the
 * frame.
 */
#include "begun.h"
#include "fuzz.h"
#include "ipv4.h"
#include "note.h"
#include "policy.h"
#include "refs.h"
#include "reply.h"

#define SETTINGS_BYTES 2
#define SHIFT 16

static const struct sip_key master = { { 0x0123456789abcdef, 0xfedcba9876543210 } };

/* Every header lies in the frame, one behind the other. */
static void check_offsets(const struct pkt *p, size_t frame_bytes)
{
	HOLDS(p->frame_bytes == frame_bytes);
	HOLDS(p->l3_off == 14 || p->l3_off == 18 || p->l3_off == 22);
	HOLDS(p->l4_off >= p->l3_off + (p->is_v6 ? 40 : 20));
	HOLDS(p->l4_off <= p->l3_off + (p->is_v6 ? 40 + 256 : 60));
	HOLDS(p->l4_bytes >= 20 && p->l4_bytes <= 60 && p->l4_bytes % 4 == 0);
	HOLDS((size_t)p->l4_off + p->l4_bytes + p->payload_bytes <= frame_bytes);
}

static bool opts_equal(const struct tcp_opts *a, const struct tcp_opts *b)
{
	return a->mss == b->mss && a->wscale == b->wscale && a->has_sack == b->has_sack &&
	       a->has_timestamps == b->has_timestamps && a->is_signed == b->is_signed &&
	       a->tsval == b->tsval && a->tsecr == b->tsecr;
}

static struct tcp_opts read_options(const struct tcp_header *h, const struct pkt *p)
{
	struct ref_opts ref =
		ref_options((const uint8_t *)h + TCP_HEADER_MIN, p->l4_bytes - TCP_HEADER_MIN);
	struct tcp_opts common;
	struct opts_walk walk;
	int nr_steps = 0;

	tcp_options_begin(&walk, h, p->l4_bytes);
	while (tcp_options_step(&walk))
		HOLDS(++nr_steps <= TCP_OPTIONS_MAX);
	if (tcp_options_common(h, p->l4_bytes, &common))
		HOLDS(opts_equal(&common, &walk.got));
	HOLDS(walk.got.wscale == (ref.has_wscale ? ref.wscale : WSCALE_NONE));
	HOLDS(walk.got.mss == ref.mss && walk.got.has_sack == ref.has_sack);
	HOLDS(walk.got.has_timestamps == ref.has_timestamps);
	HOLDS(walk.got.tsval == ref.tsval && walk.got.tsecr == ref.tsecr);
	HOLDS(walk.got.is_signed == ref.is_signed);
	return walk.got;
}

/* RFC 791 §3.1: is there a loose (131) or strict (137) source route before an end or what is no
 * option? */
static bool ref_is_routed(const uint8_t *ip, size_t n)
{
	size_t at = 20;

	while (at < n && ip[at]) {
		if (ip[at] == 131 || ip[at] == 137)
			return true;
		if (ip[at] != 1 && (at + 1 == n || ip[at + 1] < 2))
			return false;
		at += ip[at] == 1 ? 1 : ip[at + 1];
	}
	return false;
}

static void check_ipv4(const uint8_t *frame, const struct pkt *p)
{
	struct ipv4_header h = { 0 };
	size_t n = p->l4_off - p->l3_off;

	memcpy(h.byte, frame + p->l3_off, n);
	HOLDS(ipv4_checksum_ok(h.word, IPV4_HEADER_MAX / 4) == (rfc1071(h.byte, n, 0) == 0xffff));
	HOLDS(ipv4_is_source_routed(&h) == ref_is_routed(h.byte, n));
}

/*
 * What comes back from a cookie is no more than went in, but for the least that the kernel takes.
 */
static void check_offer(const struct offer *got, const struct offer *o, bool v6)
{
	HOLDS(got->mss >= (v6 ? MSS_MIN_V6 : MSS_MIN_V4));
	HOLDS(got->mss <= o->mss || got->mss == (v6 ? MSS_MIN_V6 : MSS_MIN_V4));
	HOLDS(got->wscale == WSCALE_NONE || (o->wscale != WSCALE_NONE && got->wscale <= o->wscale));
	HOLDS(got->sack <= o->sack && got->ecn <= o->ecn && got->timestamps == o->timestamps);
}

/* The ACK that would come back: it is accepted, its note says what the cookie does. */
static void check_return(const struct pkt *p, const struct reply *r, uint64_t flow_id,
			 uint64_t now_ms)
{
	bool timestamps = r->got.timestamps;
	uint64_t epoch = cookie_epoch(now_ms, r->isn, SHIFT);
	struct tcp_opts opts = { .tsecr = r->tsval };
	struct sip_key key;
	struct offer again;
	struct note note;
	__u64 sent_ms = now_ms;

	if (timestamps) {
		HOLDS(cookie_sent_at(now_ms + 3000, flow_id, r->tsval, SHIFT, &sent_ms));
		HOLDS(sent_ms == now_ms);
		epoch = epoch_of(sent_ms, SHIFT);
	} else {
		HOLDS(cookie_epoch(now_ms + (1 << SHIFT) - CLOCK_SKEW_MS, r->isn, SHIFT) == epoch);
	}
	HOLDS(epoch == epoch_of(now_ms, SHIFT));
	epoch_key_make(&master, epoch, &key);
	HOLDS(cookie_check(begun(&key), flow_id, bpf_ntohl(p->seq), r->isn, timestamps));
	HOLDS(!cookie_check(begun(&key), flow_id, bpf_ntohl(p->seq), r->isn ^ 1u << 31,
			    timestamps));
	cookie_unpack(cookie_low(r->isn, timestamps), timestamps, p->is_v6, &again);
	HOLDS(again.mss == r->got.mss && again.wscale == r->got.wscale);
	HOLDS(again.sack == r->got.sack && again.ecn == r->got.ecn);
	note_make(&again, &opts, sent_ms, &note);
	HOLDS(note.mss == r->got.mss && note.wscale == r->got.wscale);
}

static void check_written(const uint8_t *frame, size_t bytes, const struct pkt *p,
			  const struct reply *r, const struct tcp_opts *offered)
{
	static struct wire w;
	const uint8_t *tcp;
	struct ref_opts said;

	memcpy(w.byte, frame, bytes);
	w.l3 = p->l3_off;
	w.l4 = p->l3_off + (p->is_v6 ? 40 : 20);
	tcp = w.byte + w.l4;
	HOLDS(wire_tcp_sum(&w, p->is_v6, bytes - w.l4) == 0xffff);
	HOLDS(p->is_v6 || rfc1071(w.byte + w.l3, 20, 0) == 0xffff);
	HOLDS(get32(tcp + 4) == r->isn && get32(tcp + 8) == bpf_ntohl(p->seq) + 1);
	HOLDS(tcp[12] == (bytes - w.l4) / 4 * 16);
	HOLDS((tcp[13] & ~ECE) == (SYN | ACK));
	said = ref_options(tcp + 20, bytes - w.l4 - 20);
	HOLDS(!said.mss == !offered->mss);
	HOLDS(!said.has_wscale || offered->wscale != WSCALE_NONE);
	HOLDS(said.has_sack <= offered->has_sack);
	HOLDS(said.has_timestamps <= offered->has_timestamps);
}

/* @frame is linear and whole from here on. */
static void check_answer(uint8_t *frame, const struct pkt *p, const struct tcp_opts *opts,
			 uint32_t may, uint64_t now_ms)
{
	uint64_t flow_id = (uint64_t)p->src.word[3] << 32 | p->sport;
	uint64_t epoch = epoch_of(now_ms, SHIFT);
	struct rcv_space rcv = { .space_bytes = 65536 };
	struct reply r = { .tsecr = opts->tsval, .hop_limit = 64 };
	struct offer offer;
	struct sip_key key;
	uint32_t low;

	offer_from_syn(p, opts, may, &offer);
	low = cookie_pack(&offer, epoch, p->is_v6);
	cookie_unpack(low, offer.timestamps, p->is_v6, &r.got);
	check_offer(&r.got, &offer, p->is_v6);
	epoch_key_make(&master, epoch, &key);
	r.isn = cookie_make(begun(&key), flow_id, bpf_ntohl(p->seq), low, offer.timestamps);
	r.tsval = now_ms + ts_offset(flow_id);
	r.window = rcv_window(&rcv, r.got.mss);
	r.has_mss = opts->mss;
	r.mss = 1460;
	r.wscale = rcv_wscale(&rcv, 6291456);
	check_return(p, &r, flow_id, now_ms);
	HOLDS(reply_bytes(p, reply_layout(&r)) <= p->frame_bytes);
	HOLDS(reply_write(frame, frame + p->l3_off, frame + p->frame_bytes, p, &r,
			  reply_layout(&r)));
	check_written(frame, reply_bytes(p, reply_layout(&r)), p, &r, opts);
}

static void judge(uint8_t *frame, size_t frame_bytes, size_t linear, const uint8_t *settings)
{
	uint32_t may = settings[0] & 15;
	uint64_t now_ms = (0xffff0000ULL + settings[1] * 1000ULL);
	struct tcp_header header;
	struct tcp_opts opts;
	struct pkt p;
	__u64 sum;

	memset(&p, 0x5a, sizeof(p));
	memset(&header, 0x5a, sizeof(header));
	if (parse_packet(frame, frame + linear, frame_bytes, &p) != GO_ON)
		return;
	check_offsets(&p, frame_bytes);
	if (!p.is_v6)
		check_ipv4(frame, &p);
	HOLDS((size_t)p.l4_off + 20 <= linear);
	if (!tcp_header_read(frame, frame + linear, &p, &header, &sum)) {
		HOLDS((size_t)p.l4_off + p.l4_bytes > linear);
		return;
	}
	HOLDS(!memcmp(&header, frame + p.l4_off, p.l4_bytes));
	opts = read_options(&header, &p);
	if (is_syn(p.flags) && syn_judge(&p, &opts) == GO_ON && linear == frame_bytes)
		check_answer(frame, &p, &opts, may, now_ms);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t frame_bytes, linear;
	uint8_t *frame;

	if (size < SETTINGS_BYTES || size > WIRE_MAX)
		return 0;
	frame_bytes = size - SETTINGS_BYTES;
	linear = frame_bytes;
	if (data[0] & 0x10) /* the upper bits: how much is not linear */
		linear -= linear * (data[0] >> 5) / 8;
	frame = exact_copy(data + SETTINGS_BYTES, linear);
	judge(frame, frame_bytes, linear, data);
	exact_free(frame);
	return 0;
}
