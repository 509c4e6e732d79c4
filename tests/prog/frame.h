/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A frame described in words and built byte by byte, with this file's own arithmetic: nothing of
 * bpf/ is used, so that a mistake there cannot hide here.
 */
#ifndef SYNWARD_TEST_FRAME_H
#define SYNWARD_TEST_FRAME_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define FRAME_ROOM 4096

enum frame_kind { KIND_TCP = 0, KIND_UDP, KIND_ARP };
enum frame_csum { CSUM_GOOD = 0, CSUM_BAD, CSUM_PARTIAL };

enum frame_address {
	ADDR_USUAL = 0,
	ADDR_OTHER,
	ADDR_LAND,
	ADDR_MULTICAST,
	ADDR_LOOPBACK,
	ADDR_ZERO,
	ADDR_OWN,         /* another one of ours */
	ADDR_NEIGHBOUR,   /* in the /24 or /48 of the usual one */
	ADDR_NEXT_PREFIX, /* in the one behind that */
	ADDR_ROUTED,      /* behind a next hop */
	ADDR_NARROW,      /* the same, with a smaller MTU */
	ADDR_UNRESOLVED,  /* behind a next hop that nobody has seen */
	ADDR_SAME_LINK,   /* by the device that the packet came by */
	ADDR_NOWHERE,     /* there is no route */
	ADDR_LINK_LOCAL,  /* the last of fe80::/10 */
	ADDR_SITE_LOCAL,  /* the first one behind it */
};

enum {
	FIN = 0x01,
	SYN = 0x02,
	RST = 0x04,
	PSH = 0x08,
	ACK = 0x10,
	URG = 0x20,
	ECE = 0x40,
	CWR = 0x80,
};

/* How the IP layer looks; set by the runner for each variant of a row. */
struct frame_net {
	bool v6;
	int nr_vlans; /* 0..3 */
	uint8_t dst_mac[6];
	uint8_t src_mac[6];
	uint8_t src[16], dst[16]; /* the first 4 bytes for IPv4 */
};

struct frame {
	enum frame_kind kind;
	uint16_t sport, dport; /* sport 0: 40000; NO_PORT: 0 on the wire */
	uint32_t seq, ack;
	uint8_t flags;
	bool accurate_ecn; /* the AE bit */
	uint16_t window;

	uint16_t mss;
	int8_t wscale; /* shift + 1; 0: not there */
	bool sack, ts;
	uint32_t tsval, tsecr;
	bool md5;
	uint8_t raw_options[40]; /* instead of the above */
	uint8_t raw_options_bytes;

	uint16_t payload_bytes;
	enum frame_csum csum;
	enum frame_address src;
	bool to_other_host;    /* the destination MAC is not ours */
	bool from_group;       /* the source MAC is a multicast one */
	bool to_other_addr;    /* the destination address is no service's */
	bool to_mapped;        /* IPv6: it is ::ffff:192.0.2.1 */
	uint8_t priority_tags; /* a bit for each tag that names no VLAN */

	uint8_t dsfield, hop_limit; /* hop_limit 0: 64 */
	bool more_fragments;
	uint16_t fragment_offset;
	uint8_t ip_option_words; /* IPv4: NOPs */
	uint8_t ip_options[40];  /* instead of those, unless it begins with 0 */
	bool bad_ip_csum;
	uint8_t ext_headers;  /* IPv6: destination options of 8 bytes each */
	uint8_t ext_kind;     /* instead of 60 */
	bool hop_by_hop;      /* the first one is that */
	uint8_t ext_longer;   /* it is, by so many times 8 bytes */
	uint8_t routing_left; /* with ext_kind 43 */
	bool atomic_fragment; /* IPv6: a fragment header, although it is whole */
	uint8_t ext_behind;   /* headers like the above behind the fragment header */

	int16_t lie_ip_length; /* added to the IP length field */
	int8_t lie_doff;       /* added to the data offset */
	uint16_t cut;          /* bytes missing at the end of the frame */
	uint16_t pad_to;       /* Ethernet padding */
};

#define NO_PORT 1

/* Headers behind an IPv6 header. */
#define NEXT_HOP_BY_HOP 0
#define NEXT_ROUTING 43
#define NEXT_FRAGMENT 44
#define NEXT_OPTIONS 60

static inline void put16(uint8_t *p, unsigned int v)
{
	p[0] = v >> 8;
	p[1] = v;
}

static inline void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v & 0xffff);
}

static inline uint32_t get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
}

/* RFC 1071, two bytes at a time. */
static inline uint32_t sum_bytes(const uint8_t *p, size_t n, uint32_t sum)
{
	for (size_t i = 0; i + 1 < n; i += 2)
		sum += p[i] << 8 | p[i + 1];
	if (n & 1)
		sum += p[n - 1] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static inline size_t put_options(const struct frame *f, uint8_t *o)
{
	size_t n = 0;

	if (f->raw_options_bytes) {
		memcpy(o, f->raw_options, f->raw_options_bytes);
		return f->raw_options_bytes;
	}
	if (f->mss) {
		o[n] = 2, o[n + 1] = 4;
		put16(o + n + 2, f->mss);
		n += 4;
	}
	if (f->ts) {
		o[n] = f->sack ? 4 : 1, o[n + 1] = f->sack ? 2 : 1;
		o[n + 2] = 8, o[n + 3] = 10;
		put32(o + n + 4, f->tsval);
		put32(o + n + 8, f->tsecr);
		n += 12;
	}
	if (f->sack && !f->ts) {
		o[n] = 1, o[n + 1] = 1, o[n + 2] = 4, o[n + 3] = 2;
		n += 4;
	}
	if (f->wscale) {
		o[n] = 1, o[n + 1] = 3, o[n + 2] = 3, o[n + 3] = f->wscale - 1;
		n += 4;
	}
	if (f->md5) {
		o[n] = 1, o[n + 1] = 1, o[n + 2] = 19, o[n + 3] = 18;
		memset(o + n + 4, 0xab, 16);
		n += 20;
	}
	return n;
}

static inline void pick_source(const struct frame *f, struct frame_net *net)
{
	static const uint8_t v4[][4] = {
		[ADDR_OTHER] = { 198, 18, 7, 7 },       [ADDR_MULTICAST] = { 224, 0, 0, 1 },
		[ADDR_LOOPBACK] = { 127, 0, 0, 1 },     [ADDR_OWN] = { 192, 0, 2, 3 },
		[ADDR_NEIGHBOUR] = { 192, 0, 2, 200 },  [ADDR_NEXT_PREFIX] = { 192, 0, 3, 2 },
		[ADDR_ROUTED] = { 203, 0, 113, 7 },     [ADDR_NARROW] = { 203, 0, 113, 130 },
		[ADDR_UNRESOLVED] = { 203, 0, 114, 7 }, [ADDR_SAME_LINK] = { 198, 19, 7, 7 },
		[ADDR_NOWHERE] = { 100, 64, 0, 7 },
	};
	static const uint8_t v6[][16] = {
		[ADDR_OTHER] = { 0x20, 0x01, 0x0d, 0xb8, 0xff, 0xff, [15] = 7 },
		[ADDR_MULTICAST] = { 0xff, 0x02, [15] = 1 },
		[ADDR_LOOPBACK] = { [15] = 1 },
		[ADDR_OWN] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 3 },
		[ADDR_NEIGHBOUR] = { 0x20, 0x01, 0x0d, 0xb8, [6] = 0xff, 0xff, [15] = 2 },
		[ADDR_NEXT_PREFIX] = { 0x20, 0x01, 0x0d, 0xb8, [5] = 1, [15] = 2 },
		[ADDR_ROUTED] = { 0x20, 0x01, 0x0d, 0xb8, 0, 0x71, [15] = 7 },
		[ADDR_NARROW] = { 0x20, 0x01, 0x0d, 0xb8, 0, 0x71, 0x80, [15] = 7 },
		[ADDR_UNRESOLVED] = { 0x20, 0x01, 0x0d, 0xb8, 0, 0x72, [15] = 7 },
		[ADDR_SAME_LINK] = { 0x20, 0x01, 0x0d, 0xb8, 0, 0x73, [15] = 7 },
		[ADDR_NOWHERE] = { 0x20, 0x01, 0x0d, 0xb8, 0, 0x74, [15] = 7 },
		[ADDR_LINK_LOCAL] = { 0xfe, 0xbf, [15] = 7 },
		[ADDR_SITE_LOCAL] = { 0xfe, 0xc0, [15] = 7 },
	};

	static const uint8_t mapped[16] = { [10] = 0xff, 0xff, 192, 0, 2, 1 };

	if (f->src == ADDR_LAND)
		memcpy(net->src, net->dst, 16);
	else if (f->src == ADDR_ZERO)
		memset(net->src, 0, 16);
	else if (f->src != ADDR_USUAL)
		memcpy(net->src, net->v6 ? v6[f->src] : v4[f->src], net->v6 ? 16 : 4);
	if (f->to_other_host)
		net->dst_mac[5] ^= 0xff;
	if (f->from_group)
		net->src_mac[0] |= 1;
	if (f->to_other_addr)
		net->dst[net->v6 ? 15 : 3] ^= 0x40;
	if (f->to_mapped)
		memcpy(net->dst, mapped, 16);
}

static inline size_t put_ethernet(const struct frame *f, const struct frame_net *net, uint8_t *p)
{
	static const uint16_t tag[] = { 0x88a8, 0x8100, 0x8100 };
	size_t n = 12;

	memcpy(p, net->dst_mac, 6);
	memcpy(p + 6, net->src_mac, 6);
	for (int i = 0; i < net->nr_vlans; i++) {
		put16(p + n, net->nr_vlans == 1 ? 0x8100 : tag[i]);
		put16(p + n + 2, f->priority_tags >> i & 1 ? 0xe000 : 100 + i);
		n += 4;
	}
	put16(p + n, f->kind == KIND_ARP ? 0x0806 : net->v6 ? 0x86dd : 0x0800);
	return n + 2;
}

static inline size_t put_ipv4(const struct frame *f, const struct frame_net *net, uint8_t *p,
			      size_t l4_bytes)
{
	size_t header = 20 + 4 * f->ip_option_words;
	int total = header + l4_bytes + f->lie_ip_length;

	memset(p, 1, header); /* NOPs */
	if (f->ip_options[0])
		memcpy(p + 20, f->ip_options, header - 20);
	p[0] = 0x40 | header / 4;
	p[1] = f->dsfield;
	put16(p + 2, total);
	put16(p + 4, 0);
	put16(p + 6, f->more_fragments  ? 0x2000 | f->fragment_offset :
		     f->fragment_offset ? f->fragment_offset :
					  0x4000);
	p[8] = f->hop_limit ?: 64;
	p[9] = f->kind == KIND_UDP ? 17 : 6;
	put16(p + 10, 0);
	memcpy(p + 12, net->src, 4);
	memcpy(p + 16, net->dst, 4);
	put16(p + 10, ~sum_bytes(p, header, 0) & 0xffff);
	if (f->bad_ip_csum)
		p[11] ^= 1;
	return header;
}

static inline size_t put_ext_header(const struct frame *f, uint8_t kind, uint8_t next,
				    size_t longer, uint8_t *p)
{
	size_t n = 8 + 8 * longer;

	memset(p, 0, n);
	p[0] = next;
	p[1] = longer;
	if (kind == NEXT_FRAGMENT)
		put16(p + 2, f->fragment_offset << 3 | f->more_fragments);
	else if (kind == NEXT_ROUTING)
		p[3] = f->routing_left;
	else if (n - 4 <= 255)
		p[2] = 1, p[3] = n - 4; /* PadN */
	return n;
}

/* In this order: extension headers, a fragment header, more extension headers. */
static inline size_t put_ipv6(const struct frame *f, const struct frame_net *net, uint8_t *p,
			      size_t l4_bytes)
{
	bool fragment = f->more_fragments || f->fragment_offset || f->atomic_fragment;
	int nr = f->ext_headers + fragment + f->ext_behind;
	uint8_t kind[nr + 1];
	size_t n = 40;

	memset(kind, f->ext_kind ?: NEXT_OPTIONS, nr);
	if (f->hop_by_hop)
		kind[0] = NEXT_HOP_BY_HOP;
	if (fragment)
		kind[f->ext_headers] = NEXT_FRAGMENT;
	kind[nr] = f->kind == KIND_UDP ? 17 : 6;
	for (int i = 0; i < nr; i++)
		n += put_ext_header(f, kind[i], kind[i + 1], i ? 0 : f->ext_longer, p + n);
	put32(p, 0x60000000 | f->dsfield << 20);
	put16(p + 4, n - 40 + l4_bytes + f->lie_ip_length);
	p[6] = kind[0];
	p[7] = f->hop_limit ?: 64;
	memcpy(p + 8, net->src, 16);
	memcpy(p + 24, net->dst, 16);
	return n;
}

static inline void put_checksum(const struct frame *f, const struct frame_net *net, uint8_t *tcp,
				size_t bytes)
{
	size_t addr = net->v6 ? 16 : 4;
	uint32_t sum = sum_bytes(net->src, addr, 0);

	sum = sum_bytes(net->dst, addr, sum);
	sum += 6 + bytes;
	put16(tcp + 16, 0);
	if (f->csum == CSUM_PARTIAL)
		put16(tcp + 16, sum_bytes(NULL, 0, sum));
	else
		put16(tcp + 16, ~sum_bytes(tcp, bytes, sum) & 0xffff);
	if (f->csum == CSUM_BAD)
		tcp[16] ^= 0x55;
}

static inline size_t put_tcp(const struct frame *f, uint8_t *p)
{
	size_t options = put_options(f, p + 20);
	uint16_t sport = f->sport == NO_PORT ? 0 : f->sport ?: 40000;

	put16(p, sport);
	put16(p + 2, f->dport);
	put32(p + 4, f->seq);
	put32(p + 8, f->ack);
	p[12] = (5 + options / 4 + f->lie_doff) << 4 | f->accurate_ecn;
	p[13] = f->flags;
	put16(p + 14, f->window);
	put16(p + 18, 0);
	for (size_t i = 0; i < f->payload_bytes; i++)
		p[20 + options + i] = 'a' + i % 26;
	return 20 + options + f->payload_bytes;
}

/* Build it; @p has FRAME_ROOM bytes. Returns the length of the frame. */
static inline size_t frame_build(const struct frame *f, const struct frame_net *usual, uint8_t *p)
{
	struct frame_net net = *usual;
	uint8_t l4[FRAME_ROOM] = {};
	size_t n, bytes;

	pick_source(f, &net);
	bytes = f->kind == KIND_TCP ? put_tcp(f, l4) : 8;
	if (f->kind == KIND_TCP)
		put_checksum(f, &net, l4, bytes);
	n = put_ethernet(f, &net, p);
	if (f->kind == KIND_ARP) {
		memset(p + n, 0, 28);
		return n + 28;
	}
	n += net.v6 ? put_ipv6(f, &net, p + n, bytes) : put_ipv4(f, &net, p + n, bytes);
	memcpy(p + n, l4, bytes);
	n += bytes;
	while (n < f->pad_to)
		p[n++] = 0;
	return n - f->cut;
}

#endif
