/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What must become of a frame, a second time: written from the RFCs and from what reasons.h says
 * that a reason means, and not from bpf/. Where several reasons are true of one frame (a martian
 * source and a wrong checksum) each of them may be given, so the answer is a set. What a service
 * is, and which connections the kernel holds, the caller says.
 *
 * RFC 791, 8200 (with 4302 and 6946), 9293, 7323, 2018; RFC 1071 through frame.h.
 */
#ifndef SYNWARD_TEST_VERDICT_H
#define SYNWARD_TEST_VERDICT_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "frame.h"
#include "reasons.h"
#include "ref.h"

/* The limits that the documents name. */
#define REF_VLAN_TAGS 2
#define REF_EXT_HEADERS 6
#define REF_EXT_BYTES 256
#define REF_PAYLOAD 1460 /* that a SYN may have */
#define REF_MSS_LEAST 216
#define REF_SKEW_MS 64 /* of the clocks of two CPUs */
#define REF_EPOCH_SHIFT 16

/* Which reasons may be given. */
struct verdict {
	bool may[NR_REASONS];
};

static inline void may(struct verdict *v, enum reason why)
{
	v->may[why] = true;
}

static inline bool is_settled(const struct verdict *v)
{
	for (int i = 0; i < NR_REASONS; i++)
		if (v->may[i])
			return true;
	return false;
}

/* A TCP packet where it lies in its frame. */
struct view {
	const uint8_t *frame;
	size_t bytes, l3, l4;
	size_t ip_bytes;  /* IP header with options; IPv6: 40 */
	size_t tcp_bytes; /* the whole segment, by the IP header */
	size_t doff;      /* bytes */
	bool v6, is_for_us;
	const uint8_t *src, *dst;
	uint16_t sport, dport;
	uint32_t seq, ack;
	uint8_t flags;
};

static inline unsigned int at16(const uint8_t *p)
{
	return p[0] << 8 | p[1];
}

/* ---- what is no whole TCP packet ---- */

static inline bool ref_is_syn(uint8_t flags)
{
	return (flags & SYN) && !(flags & ACK);
}

/* One that begins a segment (@is_first) of which @shown bytes are said to be here. @is_tcp: not
 * behind further headers, which are not looked through. */
static inline void ref_fragment(const struct view *w, struct verdict *v, bool is_first, bool is_tcp,
				const uint8_t *tcp, long shown)
{
	bool has_flags = shown > 13 && tcp + 13 < w->frame + w->bytes;

	if (is_first && w->is_for_us && (!is_tcp || !has_flags || ref_is_syn(tcp[13])))
		may(v, FRAGMENT_SYN);
	else
		may(v, FRAGMENT);
}

static inline void ref_ipv4(struct view *w, struct verdict *v)
{
	const uint8_t *ip = w->frame + w->l3;
	size_t room = w->bytes - w->l3, total;
	unsigned int fragment;

	if (room < 20)
		return may(v, BAD_HEADER);
	w->ip_bytes = (ip[0] & 15) * 4;
	total = at16(ip + 2);
	fragment = at16(ip + 6) & 0x3fff;
	if (ip[0] >> 4 != 4 || w->ip_bytes < 20 || total < w->ip_bytes || total > room)
		may(v, BAD_HEADER);
	if (ip[9] != 6)
		may(v, NOT_TCP);
	if (fragment && ip[9] == 6)
		ref_fragment(w, v, !(fragment & 0x1fff), true, ip + w->ip_bytes,
			     (long)total - (long)w->ip_bytes);
	else if (fragment)
		may(v, FRAGMENT);
	w->src = ip + 12;
	w->dst = ip + 16;
	w->l4 = w->l3 + w->ip_bytes;
	w->tcp_bytes = total - w->ip_bytes;
}

static inline bool is_walked(uint8_t next)
{
	return next == 0 || next == 43 || next == 60 || next == 51;
}

/* Along the extension headers, each as long as it says. Returns what is behind them, and how far;
 * or -1, and then why is in @v. */
static inline int ref_walk(const struct view *w, struct verdict *v, uint8_t next, size_t *ret)
{
	const uint8_t *ext = w->frame + w->l3 + 40, *end = w->frame + w->bytes;
	size_t walked = 0;

	for (int nr = 0; is_walked(next); nr++) {
		const uint8_t *at = ext + walked;

		if (nr == REF_EXT_HEADERS) {
			may(v, w->is_for_us ? EXT_TOO_DEEP_ARMED : EXT_TOO_DEEP);
			return -1;
		}
		if (at + 4 > end || (next == 43 && at[3])) {
			may(v, at + 4 > end ? BAD_HEADER : EXT_ROUTED);
			return -1;
		}
		walked += next == 51 ? (at[1] + 2) * 4 : (at[1] + 1) * 8; /* RFC 4302 §2.2 */
		next = at[0];
		if (walked > REF_EXT_BYTES) {
			may(v, w->is_for_us ? EXT_TOO_DEEP_ARMED : EXT_TOO_DEEP);
			return -1;
		}
	}
	*ret = walked;
	return next;
}

static inline void ref_fragment_v6(const struct view *w, struct verdict *v, size_t walked,
				   size_t payload)
{
	const uint8_t *at = w->frame + w->l3 + 40 + walked;

	if (at + 8 > w->frame + w->bytes)
		return may(v, BAD_HEADER);
	ref_fragment(w, v, at16(at + 2) < 8 && (at[0] == 6 || is_walked(at[0])), at[0] == 6, at + 8,
		     (long)payload - (long)walked - 8);
}

static inline bool is_mapped(const uint8_t *addr)
{
	static const uint8_t mapped[12] = { [10] = 0xff, 0xff };

	return !memcmp(addr, mapped, 12);
}

static inline void ref_ipv6(struct view *w, struct verdict *v)
{
	const uint8_t *ip = w->frame + w->l3;
	size_t room = w->bytes - w->l3, payload, walked = 0;
	int next;

	if (room < 40)
		return may(v, BAD_HEADER);
	payload = at16(ip + 4);
	if (ip[0] >> 4 != 6 || payload + 40 > room)
		may(v, BAD_HEADER);
	w->v6 = true;
	w->ip_bytes = 40;
	w->src = ip + 8;
	w->dst = ip + 24;
	if (is_mapped(w->dst)) { /* RFC 4038 §4.2: not on the wire */
		may(v, NOT_SERVICE), may(v, BAD_HEADER);
		may(v, w->is_for_us ? NOT_SERVICE : OTHER_HOST);
	}
	/* No length but that of the frame: a jumbogram, or a lie that Linux believes. */
	if (!payload && ip[6] == 0)
		may(v, w->is_for_us ? EXT_TOO_DEEP_ARMED : EXT_TOO_DEEP);
	next = ref_walk(w, v, ip[6], &walked);
	if (next < 0 || payload < walked)
		may(v, BAD_HEADER);
	if (next == 44)
		ref_fragment_v6(w, v, walked, payload);
	else if (next >= 0 && next != 6)
		may(v, NOT_TCP);
	w->l4 = w->l3 + 40 + walked;
	w->tcp_bytes = payload - walked;
}

static inline void ref_tcp(struct view *w, struct verdict *v)
{
	const uint8_t *tcp = w->frame + w->l4;

	if (w->tcp_bytes < 20)
		return may(v, BAD_HEADER);
	w->doff = (tcp[12] >> 4) * 4;
	if (w->doff < 20 || w->doff > w->tcp_bytes)
		return may(v, BAD_HEADER);
	w->sport = at16(tcp);
	w->dport = at16(tcp + 2);
	w->seq = get32(tcp + 4);
	w->ack = get32(tcp + 8);
	w->flags = tcp[13];
}

/* Fills @w, or @v with why there is no TCP packet. @mac is ours. */
static inline void ref_read(struct view *w, struct verdict *v, const uint8_t *mac)
{
	unsigned int proto = 0;
	bool has_priority = false; /* a tag with VID 0 */

	w->l3 = 14;
	if (w->bytes < 14)
		return may(v, NOT_IP);
	w->is_for_us = !memcmp(w->frame, mac, 6);
	proto = at16(w->frame + 12);
	for (int nr = 0; nr < REF_VLAN_TAGS && (proto == 0x8100 || proto == 0x88a8); nr++) {
		if (w->bytes < w->l3 + 4)
			return may(v, NOT_IP);
		has_priority |= !(at16(w->frame + w->l3) & 0xfff);
		proto = at16(w->frame + w->l3 + 2);
		w->l3 += 4;
	}
	if (proto == 0x8100 || proto == 0x88a8) { /* one more, which may be cut short */
		has_priority |= w->bytes < w->l3 + 4 || !(at16(w->frame + w->l3) & 0xfff);
		return may(v, !has_priority ? NOT_IP :
			      w->is_for_us  ? TAGS_TOO_DEEP_ARMED :
					      TAGS_TOO_DEEP);
	}
	if (proto == 0x0800)
		ref_ipv4(w, v);
	else if (proto == 0x86dd)
		ref_ipv6(w, v);
	else
		may(v, NOT_IP);
	if (!is_settled(v))
		ref_tcp(w, v);
}

/* ---- TCP options ---- */

struct ref_options {
	unsigned int mss; /* 0: none */
	int wscale;       /* -1: none */
	bool sack, ts;
	uint32_t tsval, tsecr;
};

/* One of @size bytes. RFC 7323 §2.3: a shift above 14 means 14. */
static inline void ref_option(const uint8_t *o, size_t size, struct ref_options *r)
{
	if (o[0] == 2 && size == 4)
		r->mss = at16(o + 2);
	if (o[0] == 3 && size == 3)
		r->wscale = o[2] > 14 ? 14 : o[2];
	if (o[0] == 4 && size == 2)
		r->sack = true;
	if (o[0] == 8 && size == 10) {
		r->ts = true;
		r->tsval = get32(o + 2);
		r->tsecr = get32(o + 6);
	}
}

/* Of two that are alike the last counts; one that cannot be so long ends the list. Both as in
 * Linux. */
static inline struct ref_options ref_read_options(const uint8_t *o, size_t n)
{
	struct ref_options r = { .wscale = -1 };
	size_t size;

	for (; n && *o; o += size, n -= size) {
		size = 1;
		if (*o == 1)
			continue;
		if (n < 2 || o[1] < 2 || o[1] > n)
			break;
		size = o[1];
		ref_option(o, size, &r);
	}
	return r;
}

static inline struct ref_options ref_options_of(const struct view *w)
{
	return ref_read_options(w->frame + w->l4 + 20, w->doff - 20);
}

/* ---- what stands against a SYN ---- */

static inline uint32_t ref_pseudo_sum(const struct view *w)
{
	size_t addr = w->v6 ? 16 : 4;

	return sum_bytes(w->dst, addr, sum_bytes(w->src, addr, 6 + (uint32_t)w->tcp_bytes));
}

/* Right, or left by a local sender to its hardware: the sum of the pseudo-header alone. */
static inline bool ref_checksum_ok(const struct view *w)
{
	const uint8_t *tcp = w->frame + w->l4;
	uint32_t pseudo = ref_pseudo_sum(w);

	return sum_bytes(tcp, w->tcp_bytes, pseudo) == 0xffff ||
	       at16(tcp + 16) == sum_bytes(NULL, 0, pseudo);
}

/* Loose or strict source route: 1 there is one, 0 there is none; -1: one that cannot be so long,
 * which makes the whole list none. */
static inline int ref_source_route(const struct view *w)
{
	const uint8_t *ip = w->frame + w->l3;
	size_t at = 20, size;

	if (w->v6)
		return 0;
	for (; at < w->ip_bytes && ip[at]; at += size) {
		bool is_route = ip[at] == 131 || ip[at] == 137, is_whole;

		size = 1;
		if (ip[at] == 1)
			continue;
		is_whole =
			at + 1 < w->ip_bytes && ip[at + 1] >= 2 && at + ip[at + 1] <= w->ip_bytes;
		if (is_route || !is_whole)
			return !is_route ? 0 : is_whole ? 1 : -1;
		size = ip[at + 1];
	}
	return 0;
}

/* RFC 1122 §3.2.1.3, RFC 6890, RFC 4291 §2.5: no packet has such a source. */
static inline bool ref_is_martian(const struct view *w)
{
	static const uint8_t zero[16];

	if (!w->v6)
		return w->src[0] == 0 || w->src[0] == 127 || w->src[0] >= 224;
	return w->src[0] == 0xff || (!memcmp(w->src, zero, 15) && w->src[15] <= 1) ||
	       is_mapped(w->src);
}

/* @is_from_us: the source is an address of our own. */
static inline void ref_syn_defects(const struct view *w, bool is_from_us, struct verdict *v)
{
	struct ref_options o = ref_options_of(w);
	int route = ref_source_route(w);

	if (w->flags & (FIN | RST))
		may(v, SYN_BAD_FLAGS);
	if (!w->sport || is_from_us || (w->frame[6] & 1) || ref_is_martian(w) ||
	    !memcmp(w->src, w->dst, w->v6 ? 16 : 4))
		may(v, SYN_MARTIAN);
	if (w->tcp_bytes - w->doff > REF_PAYLOAD)
		may(v, SYN_TOO_LONG);
	if (o.mss && o.mss < REF_MSS_LEAST)
		may(v, SYN_SMALL_MSS);
	if (route > 0)
		may(v, SYN_SOURCE_ROUTED);
	if (!ref_checksum_ok(w) ||
	    (!w->v6 && sum_bytes(w->frame + w->l3, w->ip_bytes, 0) != 0xffff))
		may(v, SYN_BAD_CHECKSUM);
}

/* ---- what an ACK brings back ---- */

static inline __u64 ref_flow_of(const struct view *w, const __u64 key[2])
{
	return ref_flow_id(key, w->v6, w->src, w->dst, w->sport, w->dport);
}

/* The cookie of the client's ISN seq - 1 is ack - 1. Returns ACK_COOKIE_VALID, _EXPIRED or
 * _INVALID. */
static inline enum reason ref_cookie_judge(const struct view *w, const __u64 master[2], __u64 flow,
					   uint64_t now_ms)
{
	struct ref_options o = ref_options_of(w);
	uint32_t isn = w->seq - 1, cookie = w->ack - 1;
	uint64_t epoch = now_ms >> REF_EPOCH_SHIFT, sent_ms;
	int32_t elapsed;

	if (!o.ts) {
		epoch = (now_ms + REF_SKEW_MS) >> REF_EPOCH_SHIFT;
		epoch -= (epoch ^ cookie >> 4) & 1;
		return ref_cookie(master, epoch, flow, isn, cookie & 0x1f, false) == cookie ?
			       ACK_COOKIE_VALID :
			       ACK_COOKIE_INVALID;
	}
	elapsed = (int32_t)((uint32_t)now_ms - (o.tsecr - (uint32_t)(flow >> 32)));
	sent_ms = now_ms - elapsed;
	if (elapsed < -REF_SKEW_MS || elapsed > (int64_t)now_ms ||
	    epoch > (sent_ms >> REF_EPOCH_SHIFT) + 1)
		return ACK_COOKIE_EXPIRED;
	return ref_cookie(master, sent_ms >> REF_EPOCH_SHIFT, flow, isn, cookie & 0x3ff, true) ==
			       cookie ?
		       ACK_COOKIE_VALID :
		       ACK_COOKIE_INVALID;
}

#endif
