/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Is this the right answer to that SYN? Field by field, by this file's own arithmetic: addresses
 * turned round, nothing that was not offered, not longer on the wire than the SYN, checksums, and a
 * cookie that ref.h makes too. And the ACK that a client sends when it got that answer.
 */
#ifndef SYNWARD_TEST_ANSWER_H
#define SYNWARD_TEST_ANSWER_H

#include <stdio.h>

#include "verdict.h"

#define WIRE_MIN 60 /* bytes of a frame that Ethernet pads shorter ones to */

/* What the host is like. */
struct answerer {
	const __u64 *master, *flow_key;
	uint16_t mtu;
	uint8_t ttl;
	int wscale;              /* that its receive buffers ask for */
	uint32_t space;          /* bytes that a new connection may receive */
	uint64_t from_ms, to_ms; /* when it answered */
};

/* What the cookie keeps of the client's offer. */
struct kept {
	uint16_t mss;
	int wscale; /* -1: none */
	bool sack, ecn, ts;
};

/* MSS classes of the cookie with timestamps, and the profiles of that without: DESIGN's table. */
static const uint16_t answer_mss[2][16] = {
	{ 536, 1024, 1220, 1260, 1300, 1340, 1360, 1370, 1380, 1400, 1410, 1420, 1440, 1452, 1460,
	  8960 },
	{ 1220, 1240, 1260, 1280, 1300, 1320, 1340, 1350, 1360, 1380, 1390, 1400, 1420, 1432, 1440,
	  8940 },
};

static const struct {
	uint16_t mss; /* IPv4; IPv6 has 20 less, and no less than 1220 */
	int wscale;
	bool sack;
} answer_profiles[16] = {
	{ 1460, 10, true }, { 1460, 8, true },  { 1460, 7, true },   { 1440, 8, true },
	{ 1400, 8, true },  { 1360, 8, true },  { 1300, 8, true },   { 1240, 8, true },
	{ 1460, 5, true },  { 1240, 5, true },  { 1460, 0, true },   { 1240, 0, true },
	{ 1460, -1, true }, { 1240, -1, true }, { 1460, -1, false }, { 536, -1, false },
};

static inline uint16_t profile_mss_of(int i, bool v6)
{
	if (!v6)
		return answer_profiles[i].mss;
	return answer_profiles[i].mss < 1240 ? 1220 : answer_profiles[i].mss - 20;
}

/* The best profile that asks nothing that was not offered. */
static inline int profile_of(const struct ref_options *o, unsigned int mss, bool v6)
{
	int i = 0;

	while (i < 15 && (profile_mss_of(i, v6) > mss || answer_profiles[i].wscale > o->wscale ||
			  answer_profiles[i].sack > o->sack))
		i++;
	return i;
}

/* What a SYN with these options is answered for; *ret_low: how the cookie says it, but for the
 * parity of its epoch. */
static inline struct kept kept_of(const struct view *syn, const struct ref_options *o,
				  uint32_t *ret_low)
{
	unsigned int least = syn->v6 ? 1220 : 536, mss = o->mss > least ? o->mss : least;
	uint8_t dsfield = syn->v6 ? syn->frame[syn->l3 + 1] >> 4 : syn->frame[syn->l3 + 1];
	struct kept k = { .ts = o->ts };
	int class = 15;

	if (!o->ts) {
		*ret_low = class = profile_of(o, mss, syn->v6);
		k.mss = profile_mss_of(class, syn->v6);
		k.wscale = answer_profiles[class].wscale;
		k.sack = answer_profiles[class].sack;
		return k;
	}
	while (answer_mss[syn->v6][class] > mss)
		class --;
	k.mss = answer_mss[syn->v6][class];
	k.wscale = o->wscale;
	k.sack = o->sack;
	/* RFC 3168 §6.1.1 */
	k.ecn = (syn->flags & (ECE | CWR)) == (ECE | CWR) && !(dsfield & 3);
	*ret_low = class << 6 | (k.wscale < 0 ? 15 : k.wscale) << 2 | k.sack << 1 | k.ecn;
	return k;
}

/* What is wrong, in words; NULL: nothing. */
#define WRONG_UNLESS(x, words)        \
	do {                          \
		if (!(x))             \
			return words; \
	} while (0)

static inline const char *answer_wrong_frame(const struct view *syn, const uint8_t *out,
					     size_t bytes, size_t segment)
{
	size_t header = syn->v6 ? 40 : 20, whole = syn->l3 + header + segment;

	WRONG_UNLESS(!memcmp(out, syn->frame + 6, 6) && !memcmp(out + 6, syn->frame, 6), "MACs");
	WRONG_UNLESS(!memcmp(out + 12, syn->frame + 12, syn->l3 - 12), "VLAN tags or type");
	/* What is behind it can only be padding that was there, of a frame that has to have it. */
	WRONG_UNLESS(bytes == whole || (bytes > whole && bytes == syn->bytes && bytes <= WIRE_MIN),
		     "length of the frame");
	WRONG_UNLESS(bytes <= syn->bytes || bytes <= WIRE_MIN, "longer than the SYN on the wire");
	return NULL;
}

static inline const char *answer_wrong_ip(const struct view *syn, const struct answerer *host,
					  const uint8_t *ip, size_t *ret_segment)
{
	if (syn->v6) {
		*ret_segment = at16(ip + 4);
		WRONG_UNLESS(get32(ip) == 0x60000000, "IPv6 version, class or flow label");
		WRONG_UNLESS(ip[6] == 6 && ip[7] == host->ttl, "next header or hop limit");
		WRONG_UNLESS(!memcmp(ip + 8, syn->dst, 16) && !memcmp(ip + 24, syn->src, 16),
			     "IPv6 addresses");
		return NULL;
	}
	*ret_segment = at16(ip + 2) - 20;
	WRONG_UNLESS(ip[0] == 0x45 && !ip[1], "IPv4 version, length or ToS");
	WRONG_UNLESS(at16(ip + 6) == 0x4000, "IPv4 DF and no fragment");
	WRONG_UNLESS(ip[8] == host->ttl && ip[9] == 6, "TTL or protocol");
	WRONG_UNLESS(sum_bytes(ip, 20, 0) == 0xffff, "IPv4 checksum");
	WRONG_UNLESS(!memcmp(ip + 12, syn->dst, 4) && !memcmp(ip + 16, syn->src, 4),
		     "IPv4 addresses");
	return NULL;
}

static inline const char *answer_wrong_tcp(const struct view *syn, const struct answerer *host,
					   const struct kept *k, const uint8_t *tcp, size_t segment)
{
	uint32_t space = host->space - host->space % k->mss;
	struct view back = { .v6 = syn->v6, .tcp_bytes = segment };

	back.src = syn->dst;
	back.dst = syn->src;
	WRONG_UNLESS(at16(tcp) == syn->dport && at16(tcp + 2) == syn->sport, "ports");
	WRONG_UNLESS(get32(tcp + 8) == syn->seq + 1, "acknowledgment");
	WRONG_UNLESS(segment >= 20 && tcp[12] == segment / 4 << 4, "data offset or reserved bits");
	WRONG_UNLESS(tcp[13] == (SYN | ACK | (k->ecn ? ECE : 0)), "flags");
	WRONG_UNLESS(at16(tcp + 14) == (space > 65535 ? 65535 : space), "window");
	WRONG_UNLESS(!at16(tcp + 18), "urgent pointer");
	WRONG_UNLESS(sum_bytes(tcp, segment, ref_pseudo_sum(&back)) == 0xffff, "TCP checksum");
	return NULL;
}

/* The options that it has, against those of the SYN (@o). */
static inline const char *answer_wrong_options(const struct view *syn, const struct answerer *host,
					       const struct ref_options *o, const struct kept *k,
					       const struct ref_options *got)
{
	unsigned int mss = host->mtu - (syn->v6 ? 60 : 40);

	WRONG_UNLESS(got->mss == (o->mss ? mss : 0), "MSS option");
	WRONG_UNLESS(got->wscale == (k->wscale < 0 ? -1 : host->wscale), "window scale option");
	WRONG_UNLESS(got->sack == k->sack, "SACK option");
	WRONG_UNLESS(got->ts == k->ts, "timestamps option");
	WRONG_UNLESS(!got->ts || got->tsecr == o->tsval, "echoed timestamp");
	return NULL;
}

/* Is the sequence number the cookie of a moment within the run? */
static inline const char *answer_wrong_cookie(const struct view *syn, const struct answerer *host,
					      uint32_t low, const struct ref_options *got,
					      uint32_t isn)
{
	__u64 flow = ref_flow_of(syn, host->flow_key);
	uint64_t ms = host->from_ms;

	if (got->ts)
		ms += (int32_t)(got->tsval - (uint32_t)(flow >> 32) - (uint32_t)ms);
	WRONG_UNLESS(ms + TICK_MS >= host->from_ms && ms <= host->to_ms, "timestamp");
	for (; ms <= host->to_ms; ms++) {
		uint64_t epoch = ms >> REF_EPOCH_SHIFT;
		uint32_t bits = got->ts ? low : low | (epoch & 1) << 4;

		if (ref_cookie(host->master, epoch, flow, syn->seq, bits, got->ts) == isn)
			return NULL;
		if (got->ts)
			break;
	}
	return "cookie";
}

/* @syn is what was asked; @out what came. *ret: what was agreed. */
static inline const char *answer_wrong(const struct view *syn, const struct answerer *host,
				       const uint8_t *out, size_t bytes, struct kept *ret)
{
	const uint8_t *ip = out + syn->l3, *tcp = ip + (syn->v6 ? 40 : 20);
	struct ref_options offered = ref_options_of(syn), got;
	size_t segment = 0;
	const char *wrong;
	uint32_t low;

	*ret = kept_of(syn, &offered, &low);
	WRONG_UNLESS(bytes >= (size_t)(tcp - out) + 20, "cut short");
	wrong = answer_wrong_ip(syn, host, ip, &segment);
	wrong = wrong ?: answer_wrong_frame(syn, out, bytes, segment);
	wrong = wrong ?: answer_wrong_tcp(syn, host, ret, tcp, segment);
	if (wrong)
		return wrong;
	got = ref_read_options(tcp + 20, segment - 20);
	wrong = answer_wrong_options(syn, host, &offered, ret, &got);
	return wrong ?: answer_wrong_cookie(syn, host, low, &got, get32(tcp + 4));
}

/* The ACK of a client that got @out, as a frame with the SYN's addresses and tags. */
static inline size_t answer_ack(const struct view *syn, const uint8_t *out, uint8_t *ret)
{
	size_t header = syn->v6 ? 40 : 20, tcp = syn->l3 + header;
	struct ref_options got = ref_read_options(out + tcp + 20, (out[tcp + 12] >> 4) * 4 - 20);
	struct frame_net net = { .v6 = syn->v6 };
	struct frame f = {
		.sport = syn->sport,
		.dport = syn->dport,
		.flags = ACK,
		.seq = syn->seq + 1,
		.ack = get32(out + tcp + 4) + 1,
		.ts = got.ts,
		.tsval = got.tsecr + 1,
		.tsecr = got.tsval,
	};
	uint8_t untagged[FRAME_ROOM];
	size_t bytes;

	memcpy(net.dst_mac, syn->frame, 6);
	memcpy(net.src_mac, syn->frame + 6, 6);
	memcpy(net.src, syn->src, syn->v6 ? 16 : 4);
	memcpy(net.dst, syn->dst, syn->v6 ? 16 : 4);
	bytes = frame_build(&f, &net, untagged);
	memcpy(ret, syn->frame, syn->l3);
	memcpy(ret + syn->l3, untagged + 14, bytes - 14);
	put16(ret + tcp, syn->sport); /* to a frame, some ports mean something else */
	return syn->l3 + bytes - 14;
}

#endif
