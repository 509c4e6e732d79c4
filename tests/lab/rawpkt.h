/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Segments in and out of frames for rawtcp: builds Ethernet, up to two tags, IPv4 or IPv6, TCP and
 * its options from a struct rawseg, and reads them back with every checksum verified. The checksum
 * code here is the lab's own, byte by byte in network order: nothing of synward is used to judge
 * synward. RFC 1071 (checksum), RFC 9293 (TCP), RFC 7323 (timestamps, window scale).
 */
#ifndef LAB_RAWPKT_H
#define LAB_RAWPKT_H

#include <linux/if_ether.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "batch.h"
#include "neigh.h"

enum {
	RAW_FIN = 0x01,
	RAW_SYN = 0x02,
	RAW_RST = 0x04,
	RAW_PSH = 0x08,
	RAW_ACK = 0x10,
	RAW_URG = 0x20,
	RAW_ECE = 0x40,
	RAW_CWR = 0x80,
};

enum rawsum { RAWSUM_VALID, RAWSUM_INVALID, RAWSUM_PARTIAL };

/* What stays the same for all segments of a connection. */
struct rawpath {
	uint8_t smac[6], dmac[6];
	struct lab_addr src, dst;
	uint16_t sport, dport;
	unsigned int vlans[2], nr_vlans;
	unsigned int nr_ext; /* IPv6 destination options headers, or IPv4 words of no-operations */
};

struct rawseg {
	uint8_t flags;
	uint32_t seq, ack;
	uint16_t window, urgent;
	bool has_mss, has_wscale, has_sack, has_ts;
	uint16_t mss;
	uint8_t wscale;
	uint32_t tsval, tsecr;
	const uint8_t *payload;
	size_t payload_len;
	/* Only of received ones: */
	struct lab_addr from, to;
	uint16_t sport, dport;
	unsigned int vlans[2], nr_vlans;
	unsigned int ttl, tos, ip_id, total_length, doff, reserved;
	bool is_df;
	enum rawsum ip_sum, tcp_sum;
	char options[128]; /* names in order, separated by commas */
};

static inline uint32_t raw_get(const uint8_t *at, size_t len)
{
	uint32_t value = 0;

	while (len--)
		value = value << 8 | *at++;
	return value;
}

static inline void raw_put(uint8_t *at, size_t len, uint32_t value)
{
	while (len--) {
		at[len] = (uint8_t)value;
		value >>= 8;
	}
}

static inline uint32_t raw_sum(const uint8_t *bytes, size_t len, uint32_t sum)
{
	size_t i;

	for (i = 0; i < len; i++) {
		sum += i & 1 ? bytes[i] : (uint32_t)bytes[i] << 8;
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return sum;
}

static inline uint32_t raw_pseudo(const struct lab_addr *a, const struct lab_addr *b,
				  size_t tcp_len)
{
	uint8_t rest[4] = { 0, 6, (uint8_t)(tcp_len >> 8), (uint8_t)tcp_len };

	return raw_sum(rest, 4, raw_sum(b->bytes, b->len, raw_sum(a->bytes, a->len, 0)));
}

/* ---- out ---------------------------------------------------------------------------------------
 */

static inline size_t raw_put_options(uint8_t *at, const struct rawseg *seg)
{
	bool is_syn = seg->flags & RAW_SYN;
	size_t len = 0;

	if (is_syn && seg->has_mss) {
		memcpy(at, (uint8_t[]){ 2, 4, (uint8_t)(seg->mss >> 8), (uint8_t)seg->mss }, 4);
		len = 4;
	}
	if ((is_syn && seg->has_sack) || seg->has_ts) {
		bool has_sack = is_syn && seg->has_sack;

		memcpy(at + len, has_sack ? (uint8_t[]){ 4, 2 } : (uint8_t[]){ 1, 1 }, 2);
		len += 2;
		if (seg->has_ts) {
			memcpy(at + len, (uint8_t[]){ 8, 10 }, 2);
			raw_put(at + len + 2, 4, seg->tsval);
			raw_put(at + len + 6, 4, seg->tsecr);
			len += 10;
		} else {
			memcpy(at + len, (uint8_t[]){ 1, 1 }, 2);
			len += 2;
		}
	}
	if (is_syn && seg->has_wscale) {
		memcpy(at + len, (uint8_t[]){ 1, 3, 3, seg->wscale }, 4);
		len += 4;
	}
	return len;
}

#define RAW_EXT_MAX 10

/* Of 8 bytes each, filled with PadN; returns how much they take. */
static inline size_t raw_put_ext(uint8_t *at, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		memcpy(at + i * 8, (uint8_t[]){ i + 1 < nr ? 60 : 6, 0, 1, 4, 0, 0, 0, 0 }, 8);
	return nr * 8;
}

static inline size_t raw_put_ip(uint8_t *at, const struct rawpath *path, size_t tcp_len)
{
	size_t head = 20;

	if (path->dst.family == AF_INET6) {
		memset(at, 0, 8);
		at[0] = 0x60;
		raw_put(at + 4, 2, (uint32_t)tcp_len + path->nr_ext * 8);
		at[6] = path->nr_ext ? 60 : 6;
		at[7] = 64;
		memcpy(at + 8, path->src.bytes, 16);
		memcpy(at + 24, path->dst.bytes, 16);
		return 40 + raw_put_ext(at + 40, path->nr_ext);
	}
	head += path->nr_ext * 4;
	memset(at, 0, 20);
	memset(at + 20, 1, head - 20);
	at[0] = (uint8_t)(0x40 | head / 4);
	raw_put(at + 2, 2, (uint32_t)(tcp_len + head));
	raw_put(at + 6, 2, 0x4000); /* DF */
	at[8] = 64;
	at[9] = 6;
	memcpy(at + 12, path->src.bytes, 4);
	memcpy(at + 16, path->dst.bytes, 4);
	raw_put(at + 10, 2, ~raw_sum(at, head, 0));
	return head;
}

/* Returns where TCP begins in the frame. A partial checksum is left as local senders leave it. */
static inline size_t raw_build(struct batch_frame *frame, const struct rawpath *path,
			       const struct rawseg *seg, bool is_partial)
{
	bool is_v6 = path->dst.family == AF_INET6;
	uint8_t *at = frame->bytes, *tcp;
	uint8_t options[40];
	size_t options_len = raw_put_options(options, seg);
	size_t tcp_len = 20 + options_len + seg->payload_len;
	unsigned int i;
	uint32_t sum;

	memcpy(at, path->dmac, 6);
	memcpy(at + 6, path->smac, 6);
	at += 12;
	for (i = 0; i < path->nr_vlans; i++, at += 4) {
		raw_put(at, 2, i + 1 < path->nr_vlans ? ETH_P_8021AD : ETH_P_8021Q);
		raw_put(at + 2, 2, path->vlans[i]);
	}
	raw_put(at, 2, is_v6 ? ETH_P_IPV6 : ETH_P_IP);
	at += 2;
	tcp = at + raw_put_ip(at, path, tcp_len);
	memset(tcp, 0, 20);
	raw_put(tcp, 2, path->sport);
	raw_put(tcp + 2, 2, path->dport);
	raw_put(tcp + 4, 4, seg->seq);
	raw_put(tcp + 8, 4, seg->ack);
	tcp[12] = (uint8_t)((20 + options_len) / 4 << 4);
	tcp[13] = seg->flags;
	raw_put(tcp + 14, 2, seg->window);
	memcpy(tcp + 20, options, options_len);
	if (seg->payload_len)
		memcpy(tcp + 20 + options_len, seg->payload, seg->payload_len);
	sum = raw_pseudo(&path->src, &path->dst, tcp_len);
	raw_put(tcp + 16, 2, is_partial ? sum : ~raw_sum(tcp, tcp_len, sum));
	frame->len = (uint32_t)(tcp + tcp_len - frame->bytes);
	return (size_t)(tcp - frame->bytes);
}

/* ---- in; every reader returns false when the frame is not what it wants ------------------------
 */

static inline void raw_note_option(struct rawseg *seg, const char *name)
{
	size_t used = strlen(seg->options);

	snprintf(seg->options + used, sizeof(seg->options) - used, "%s%s", used ? "," : "", name);
}

static inline bool raw_read_options(struct rawseg *seg, const uint8_t *at, size_t left)
{
	while (left) {
		size_t len = at[0] < 2 ? 1 : left > 1 ? at[1] : 0;

		if (!len || len > left || (at[0] >= 2 && len < 2))
			return false;
		if (at[0] == 0) {
			raw_note_option(seg, "eol");
			return true;
		}
		if (at[0] == 1) {
			raw_note_option(seg, "nop");
		} else if (at[0] == 2 && len == 4) {
			raw_note_option(seg, "mss");
			seg->has_mss = true;
			seg->mss = (uint16_t)raw_get(at + 2, 2);
		} else if (at[0] == 3 && len == 3) {
			raw_note_option(seg, "wscale");
			seg->has_wscale = true;
			seg->wscale = at[2];
		} else if (at[0] == 4 && len == 2) {
			raw_note_option(seg, "sack");
			seg->has_sack = true;
		} else if (at[0] == 8 && len == 10) {
			raw_note_option(seg, "ts");
			seg->has_ts = true;
			seg->tsval = raw_get(at + 2, 4);
			seg->tsecr = raw_get(at + 6, 4);
		} else {
			raw_note_option(seg, "other");
		}
		at += len;
		left -= len;
	}
	return true;
}

static inline bool raw_read_tcp(struct rawseg *seg, const uint8_t *tcp, size_t len, bool is_partial)
{
	uint32_t pseudo = raw_pseudo(&seg->from, &seg->to, len);

	if (len < 20)
		return false;
	seg->sport = (uint16_t)raw_get(tcp, 2);
	seg->dport = (uint16_t)raw_get(tcp + 2, 2);
	seg->seq = raw_get(tcp + 4, 4);
	seg->ack = raw_get(tcp + 8, 4);
	seg->doff = tcp[12] >> 4;
	seg->reserved = tcp[12] & 0xf;
	seg->flags = tcp[13];
	seg->window = (uint16_t)raw_get(tcp + 14, 2);
	seg->urgent = (uint16_t)raw_get(tcp + 18, 2);
	if (raw_sum(tcp, len, pseudo) == 0xffff)
		seg->tcp_sum = RAWSUM_VALID;
	else
		seg->tcp_sum = is_partial && raw_get(tcp + 16, 2) == pseudo ? RAWSUM_PARTIAL :
									      RAWSUM_INVALID;
	if (seg->doff < 5 || seg->doff * 4 > len)
		return false;
	seg->payload = tcp + seg->doff * 4;
	seg->payload_len = len - seg->doff * 4;
	return raw_read_options(seg, tcp + 20, seg->doff * 4 - 20);
}

static inline bool raw_read_ip4(struct rawseg *seg, const uint8_t *ip, size_t len, bool is_partial)
{
	size_t head = len >= 20 ? (ip[0] & 0xf) * 4u : 0;

	if (head < 20 || ip[0] >> 4 != 4 || ip[9] != 6)
		return false;
	seg->total_length = raw_get(ip + 2, 2);
	if (seg->total_length > len || seg->total_length < head)
		return false;
	seg->tos = ip[1];
	seg->ip_id = raw_get(ip + 4, 2);
	seg->is_df = ip[6] & 0x40;
	seg->ttl = ip[8];
	seg->ip_sum = raw_sum(ip, head, 0) == 0xffff ? RAWSUM_VALID : RAWSUM_INVALID;
	seg->from = (struct lab_addr){ .family = AF_INET, .len = 4 };
	seg->to = seg->from;
	memcpy(seg->from.bytes, ip + 12, 4);
	memcpy(seg->to.bytes, ip + 16, 4);
	return raw_read_tcp(seg, ip + head, seg->total_length - head, is_partial);
}

static inline bool raw_read_ip6(struct rawseg *seg, const uint8_t *ip, size_t len, bool is_partial)
{
	if (len < 40 || ip[0] >> 4 != 6 || ip[6] != 6)
		return false;
	seg->total_length = 40 + raw_get(ip + 4, 2);
	if (seg->total_length > len)
		return false;
	seg->tos = raw_get(ip, 2) >> 4 & 0xff;
	seg->ttl = ip[7];
	seg->is_df = true;
	seg->from = (struct lab_addr){ .family = AF_INET6, .len = 16 };
	seg->to = seg->from;
	memcpy(seg->from.bytes, ip + 8, 16);
	memcpy(seg->to.bytes, ip + 24, 16);
	return raw_read_tcp(seg, ip + 40, seg->total_length - 40, is_partial);
}

/* The frame as captured; tags that the kernel took off are already in ret. */
static inline bool raw_read(const uint8_t *frame, size_t len, bool is_partial, struct rawseg *ret)
{
	const uint8_t *at = frame + 12;
	uint32_t proto;

	if (len < 14)
		return false;
	for (proto = raw_get(at, 2), at += 2; proto == ETH_P_8021Q || proto == ETH_P_8021AD;
	     at += 4) {
		if (ret->nr_vlans == 2 || (size_t)(at - frame) + 4 > len)
			return false;
		ret->vlans[ret->nr_vlans++] = raw_get(at, 2) & 0xfff;
		proto = raw_get(at + 2, 2);
	}
	len -= (size_t)(at - frame);
	if (proto == ETH_P_IP)
		return raw_read_ip4(ret, at, len, is_partial);
	return proto == ETH_P_IPV6 && raw_read_ip6(ret, at, len, is_partial);
}

#endif
