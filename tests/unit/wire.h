/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: */
/*
 * Packets for unit tests, put together byte by byte from a description, and random numbers that are
 * the same in every run. Nothing of bpf/ is used here, neither its constants nor its checksum, so
 * that a mistake there cannot hide.
 */
#ifndef SYNWARD_TEST_WIRE_H
#define SYNWARD_TEST_WIRE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define WIRE_MAX 2048
#define EXTS_MAX 8

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

enum {
	NEXT_HBH = 0,
	NEXT_TCP = 6,
	NEXT_ROUTING = 43,
	NEXT_FRAGMENT = 44,
	NEXT_AH = 51,
	NEXT_DST = 60
};

static uint64_t rng_state = 0x73796e77617264ULL;

/* splitmix64 (Steele, Lea, Flood 2014). */
static inline uint64_t rng(void)
{
	uint64_t z = rng_state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

static inline uint32_t rng_below(uint32_t n)
{
	return rng() % n;
}

static inline void rng_fill(uint8_t *p, size_t n)
{
	while (n--)
		*p++ = rng();
}

static inline unsigned int get16(const uint8_t *p)
{
	return p[0] * 256u + p[1];
}

static inline uint32_t get32(const uint8_t *p)
{
	return get16(p) * 65536u + get16(p + 2);
}

static inline void set16(uint8_t *p, unsigned int v)
{
	p[0] = v / 256;
	p[1] = v % 256;
}

static inline void set32(uint8_t *p, uint32_t v)
{
	set16(p, v / 65536);
	set16(p + 2, v % 65536);
}

/*
 * RFC 1071 as it is told there: 16 bits at a time, the carry added back at once. @sum is what came
 * before.
 */
static inline uint16_t rfc1071(const uint8_t *p, size_t n, uint16_t sum)
{
	uint32_t s = sum;

	for (size_t i = 0; i < n; i++) {
		s += i % 2 ? p[i] : p[i] * 256u;
		if (s > 0xffff)
			s -= 0xffff;
	}
	return s;
}

/* An extension header of IPv6: @len_field is its length field as it stands in the packet. */
struct ext {
	uint8_t kind;
	uint8_t len_field;
	uint8_t segments_left;
};

/* What a packet is made of. Zero is an ordinary, untagged IPv4 packet without options. */
struct shape {
	bool v6;
	unsigned int nr_vlans;
	uint16_t vlan_proto[3]; /* 0: 0x8100 */
	uint16_t eth_proto;     /* 0: that of the family */
	uint8_t version;        /* 0: that of the family */
	uint8_t dsfield;
	uint8_t transport;        /* 0: TCP */
	uint8_t ihl;              /* IPv4, words; 0: 5 */
	uint16_t fragment;        /* IPv4: flags and offset as they stand in the packet; 0: DF */
	bool no_df;               /* IPv4: and not even DF */
	struct ext ext[EXTS_MAX]; /* IPv6 */
	unsigned int nr_ext;
	int lie_length; /* added to the IP length */
	int lie_doff;   /* added to the data offset */
	uint16_t sport, dport;
	uint32_t seq, ack;
	uint8_t flags;
	uint8_t reserved; /* the low half of the byte with the data offset */
	uint16_t window;
	uint8_t options[40];
	unsigned int nr_options; /* a multiple of 4 */
	unsigned int payload;
	unsigned int padding;
};

struct wire {
	uint8_t byte[WIRE_MAX];
	size_t n;
	size_t l3, l4; /* where the IP and the TCP header are */
};

static const uint8_t mac_server[6] = { 0x02, 0x10, 0x20, 0x30, 0x40, 0x50 };
static const uint8_t mac_client[6] = { 0x06, 0xa1, 0xb2, 0xc3, 0xd4, 0xe5 };
static const uint8_t v4_client[4] = { 198, 18, 0x9a, 0xbc };
static const uint8_t v4_server[4] = { 203, 0, 113, 7 };
static const uint8_t v6_client[16] = { 0x20, 1,    0xd,  0xb8, 0x11, 0x22, 0x33, 0x44,
				       0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc };
static const uint8_t v6_server[16] = { 0x20, 1, 0xd, 0xb8, [8] = 0xfe, [15] = 0x07 };

static inline void wire8(struct wire *w, unsigned int v)
{
	w->byte[w->n++] = v;
}

static inline void wire16(struct wire *w, unsigned int v)
{
	set16(w->byte + w->n, v);
	w->n += 2;
}

static inline void wire32(struct wire *w, uint32_t v)
{
	set32(w->byte + w->n, v);
	w->n += 4;
}

static inline void wire_bytes(struct wire *w, const void *p, size_t n)
{
	memcpy(w->byte + w->n, p, n);
	w->n += n;
}

static inline void wire_repeat(struct wire *w, unsigned int v, size_t n)
{
	while (n--)
		wire8(w, v);
}

static inline void wire_ethernet(struct wire *w, const struct shape *s, const uint8_t *to,
				 const uint8_t *from)
{
	wire_bytes(w, to, 6);
	wire_bytes(w, from, 6);
	for (unsigned int i = 0; i < s->nr_vlans; i++) {
		wire16(w, s->vlan_proto[i] ?: 0x8100);
		wire16(w, 0x6064 + i);
	}
	wire16(w, s->eth_proto ?: s->v6 ? 0x86dd : 0x0800);
	w->l3 = w->n;
}

static inline size_t ext_bytes(const struct ext *e)
{
	return e->kind == NEXT_AH ? e->len_field * 4u + 8 : e->len_field * 8u + 8;
}

static inline size_t tcp_bytes(const struct shape *s)
{
	return 20 + s->nr_options + s->payload;
}

static inline void wire_ipv4(struct wire *w, const struct shape *s)
{
	size_t header = (s->ihl ?: 5) * 4;
	uint8_t *ip = w->byte + w->n;

	wire8(w, (s->version ?: 4) * 16 + header / 4);
	wire8(w, s->dsfield);
	wire16(w, header + tcp_bytes(s) + s->lie_length);
	wire16(w, 0x1234);
	wire16(w, s->fragment || s->no_df ? s->fragment : 0x4000);
	wire8(w, 57);
	wire8(w, s->transport ?: NEXT_TCP);
	wire16(w, 0);
	wire_bytes(w, v4_client, 4);
	wire_bytes(w, v4_server, 4);
	if (header > 20)
		wire_repeat(w, 1, header - 20);
	set16(ip + 10, 0xffff - rfc1071(ip, w->n - w->l3, 0));
}

static inline void wire_ipv6(struct wire *w, const struct shape *s)
{
	uint8_t last = s->transport ?: NEXT_TCP;
	size_t exts = 0;

	for (unsigned int i = 0; i < s->nr_ext; i++)
		exts += ext_bytes(&s->ext[i]);
	wire8(w, (s->version ?: 6) * 16 + s->dsfield / 16);
	wire8(w, s->dsfield % 16 * 16 + 0x0a);
	wire16(w, 0xbcde);
	wire16(w, exts + tcp_bytes(s) + s->lie_length);
	wire8(w, s->nr_ext ? s->ext[0].kind : last);
	wire8(w, 57);
	wire_bytes(w, v6_client, 16);
	wire_bytes(w, v6_server, 16);
	for (unsigned int i = 0; i < s->nr_ext; i++) {
		wire8(w, i + 1 < s->nr_ext ? s->ext[i + 1].kind : last);
		wire8(w, s->ext[i].len_field);
		wire8(w, 0x77);
		wire8(w, s->ext[i].kind == NEXT_ROUTING ? s->ext[i].segments_left : 0x88);
		wire_repeat(w, 0x99, ext_bytes(&s->ext[i]) - 4);
	}
}

/* The sum of the pseudo-header and of what stands in the TCP segment, not complemented. */
static inline uint16_t wire_tcp_sum(const struct wire *w, bool v6, size_t bytes)
{
	size_t addrs = v6 ? 32 : 8;
	uint8_t rest[8] = {};
	uint16_t sum;

	sum = rfc1071(w->byte + w->l3 + (v6 ? 8 : 12), addrs, 0);
	set32(rest, bytes);
	rest[7] = 6;
	sum = rfc1071(rest, sizeof(rest), sum);
	return rfc1071(w->byte + w->l4, bytes, sum);
}

static inline void wire_tcp(struct wire *w, const struct shape *s)
{
	uint8_t *tcp = w->byte + w->n;

	w->l4 = w->n;
	wire16(w, s->sport);
	wire16(w, s->dport);
	wire32(w, s->seq);
	wire32(w, s->ack);
	wire8(w, (5 + s->nr_options / 4 + s->lie_doff) * 16 + s->reserved);
	wire8(w, s->flags);
	wire16(w, s->window);
	wire32(w, 0);
	wire_bytes(w, s->options, s->nr_options);
	for (unsigned int i = 0; i < s->payload; i++)
		wire8(w, 'a' + i % 26);
	set16(tcp + 16, 0xffff - wire_tcp_sum(w, s->v6, tcp_bytes(s)));
}

static inline void wire_build(struct wire *w, const struct shape *s)
{
	w->n = 0;
	wire_ethernet(w, s, mac_server, mac_client);
	if (s->v6)
		wire_ipv6(w, s);
	else
		wire_ipv4(w, s);
	wire_tcp(w, s);
	wire_repeat(w, 0xee, s->padding);
}

/*
 * A copy on the heap that ends where its block ends, so that the sanitizer sees the first byte read
 * behind it. It starts two bytes into the block, as in a driver, so that the IP header is on a
 * word.
 */
static inline uint8_t *exact_copy(const uint8_t *p, size_t n)
{
	uint8_t *block = malloc(n + 2);

	if (!block)
		abort();
	memcpy(block + 2, p, n);
	return block + 2;
}

static inline void exact_free(uint8_t *frame)
{
	free(frame - 2);
}

#endif
