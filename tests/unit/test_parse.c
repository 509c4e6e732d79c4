/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: */
/*
 * From bytes to struct pkt: rows of packets with one thing each that is unusual, short, long or a
 * lie, for both families and each layout of VLAN tags; every packet cut at every byte; random
 * mutants against a second parser.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "wire.h"
#include "parse.h"

#define NR_MUTANTS 200000

enum { BOTH = 0, ONLY_V4, ONLY_V6 };

struct row {
	const char *name;
	struct shape in;
	int family;
	enum reason why;
};

#define DST(n)                                   \
	{                                        \
		.kind = NEXT_DST, .len_field = n \
	}
#define DSTS_2 DST(0), DST(0)
#define DSTS_6 DSTS_2, DSTS_2, DSTS_2

/* clang-format off */
static const struct row rows[] = {
	{ "bare", { .flags = SYN }, .why = GO_ON },
	{ "every flag", { .flags = 0xff, .reserved = 0xf, .window = 0xffff }, .why = GO_ON },
	{ "no flag", {}, .why = GO_ON },
	{ "payload", { .flags = ACK, .payload = 99 }, .why = GO_ON },
	{ "payload and padding", { .flags = ACK, .payload = 1, .padding = 5 }, .why = GO_ON },
	{ "40 bytes of options", { .flags = SYN, .nr_options = 40, .payload = 3 }, .why = GO_ON },
	{ "dsfield", { .dsfield = 0xb9 }, .why = GO_ON },
	{ "dsfield, low bits", { .dsfield = 0x03 }, .why = GO_ON },
	{ "dsfield, high bits", { .dsfield = 0xfc }, .why = GO_ON },
	{ "ports and numbers of all ones",
	  { .sport = 0xffff, .dport = 0xffff, .seq = ~0u, .ack = ~0u }, .why = GO_ON },

	{ "UDP", { .transport = 17 }, .why = NOT_TCP },
	{ "ICMPv6", { .transport = 58 }, .why = NOT_TCP },
	{ "ESP", { .transport = 50 }, .why = NOT_TCP },
	{ "no next header", { .transport = 59 }, .why = NOT_TCP },
	{ "mobility header", { .transport = 135 }, .why = NOT_TCP },
	{ "ARP", { .eth_proto = 0x0806 }, .why = NOT_IP },
	{ "802.3 length instead of a type", { .eth_proto = 0x0040 }, .why = NOT_IP },
	{ "a third tag", { .eth_proto = 0x9100 }, .why = NOT_IP },
	{ "version 5", { .version = 5 }, .why = BAD_HEADER },
	{ "IPv6 says 4", { .version = 4 }, ONLY_V6, BAD_HEADER },
	{ "IPv4 says 6", { .version = 6 }, ONLY_V4, BAD_HEADER },

	{ "data offset 0", { .lie_doff = -5 }, .why = BAD_HEADER },
	{ "data offset 4", { .lie_doff = -1 }, .why = BAD_HEADER },
	{ "data offset shorter than the options",
	  { .nr_options = 8, .lie_doff = -2 }, .why = GO_ON },
	{ "data offset into the payload", { .lie_doff = 1, .payload = 4 }, .why = GO_ON },
	{ "data offset one past the segment", { .lie_doff = 1, .payload = 3 }, .why = BAD_HEADER },
	{ "data offset into the padding", { .lie_doff = 2, .padding = 20 }, .why = BAD_HEADER },
	{ "data offset 15 of 20 bytes", { .lie_doff = 10, .padding = 40 }, .why = BAD_HEADER },

	{ "IP length one too long", { .lie_length = 1 }, .why = BAD_HEADER },
	{ "IP length into the padding", { .lie_length = 6, .padding = 6 }, .why = GO_ON },
	{ "IP length past the padding", { .lie_length = 7, .padding = 6 }, .why = BAD_HEADER },
	{ "IP length without the payload", { .payload = 9, .lie_length = -9 }, .why = GO_ON },
	{ "IP length in the TCP header", { .lie_length = -1 }, .why = BAD_HEADER },
	{ "IP length at the TCP header", { .lie_length = -20 }, .why = BAD_HEADER },
	{ "IP length in the TCP options",
	  { .nr_options = 4, .lie_length = -1 }, .why = BAD_HEADER },
	{ "total length in the IP header", { .lie_length = -21 }, ONLY_V4, BAD_HEADER },
	{ "total length 0", { .lie_length = -40 }, ONLY_V4, BAD_HEADER },
	{ "total length 65535", { .lie_length = 65535 - 40 }, ONLY_V4, BAD_HEADER },
	{ "payload length 65535", { .lie_length = 65535 - 20 }, ONLY_V6, BAD_HEADER },

	{ "ihl 6", { .ihl = 6 }, ONLY_V4, GO_ON },
	{ "ihl 7", { .ihl = 7, .nr_options = 20 }, ONLY_V4, GO_ON },
	{ "ihl 8", { .ihl = 8, .payload = 8 }, ONLY_V4, GO_ON },
	{ "ihl 9", { .ihl = 9 }, ONLY_V4, GO_ON },
	{ "ihl 10", { .ihl = 10 }, ONLY_V4, GO_ON },
	{ "ihl 11", { .ihl = 11 }, ONLY_V4, GO_ON },
	{ "ihl 12", { .ihl = 12 }, ONLY_V4, GO_ON },
	{ "ihl 13", { .ihl = 13 }, ONLY_V4, GO_ON },
	{ "ihl 14", { .ihl = 14 }, ONLY_V4, GO_ON },
	{ "ihl 15", { .ihl = 15, .nr_options = 40 }, ONLY_V4, GO_ON },
	{ "ihl 4", { .ihl = 4, .padding = 9 }, ONLY_V4, BAD_HEADER },
	{ "ihl 1", { .ihl = 1, .padding = 9 }, ONLY_V4, BAD_HEADER },

	{ "no DF", { .no_df = true }, ONLY_V4, GO_ON },
	{ "the reserved bit", { .fragment = 0x8000 }, ONLY_V4, GO_ON },
	{ "MF", { .fragment = 0x2000 }, ONLY_V4, FRAGMENT },
	{ "MF and DF", { .fragment = 0x6000 }, ONLY_V4, FRAGMENT },
	{ "offset 1", { .fragment = 0x0001 }, ONLY_V4, FRAGMENT },
	{ "the largest offset", { .fragment = 0x1fff }, ONLY_V4, FRAGMENT },
	{ "offset 256", { .fragment = 0x0100 }, ONLY_V4, FRAGMENT },
	{ "MF and offset", { .fragment = 0x2005 }, ONLY_V4, FRAGMENT },
	{ "fragment of UDP", { .fragment = 0x2005, .transport = 17 }, ONLY_V4, NOT_TCP },

	{ "hop-by-hop", { .ext = { { .kind = NEXT_HBH } }, .nr_ext = 1 }, ONLY_V6, GO_ON },
	{ "destination options of 24 bytes", { .ext = { DST(2) }, .nr_ext = 1 }, ONLY_V6, GO_ON },
	{ "AH of 24 bytes", { .ext = { { NEXT_AH, 4, 0 } }, .nr_ext = 1 }, ONLY_V6, GO_ON },
	{ "AH of 8 bytes", { .ext = { { NEXT_AH, 0, 0 } }, .nr_ext = 1 }, ONLY_V6, GO_ON },
	{ "routing header, spent",
	  { .ext = { { NEXT_ROUTING, 2, 0 } }, .nr_ext = 1 }, ONLY_V6, GO_ON },
	{ "routing header, 1 left",
	  { .ext = { { NEXT_ROUTING, 2, 1 } }, .nr_ext = 1 }, ONLY_V6, EXT_ROUTED },
	{ "routing header, 255 left, as the second",
	  { .ext = { DST(0), { NEXT_ROUTING, 2, 255 } }, .nr_ext = 2 }, ONLY_V6, EXT_ROUTED },
	{ "one of each",
	  { .ext = { { NEXT_HBH, 1, 0 }, DST(0), { NEXT_ROUTING, 4, 0 }, { NEXT_AH, 2, 0 },
	             DST(3) },
	    .nr_ext = 5, .nr_options = 20, .payload = 7 }, ONLY_V6, GO_ON },
	{ "2 headers", { .ext = { DSTS_2 }, .nr_ext = 2 }, ONLY_V6, GO_ON },
	{ "3 headers", { .ext = { DSTS_6 }, .nr_ext = 3 }, ONLY_V6, GO_ON },
	{ "4 headers", { .ext = { DSTS_6 }, .nr_ext = 4 }, ONLY_V6, GO_ON },
	{ "5 headers", { .ext = { DSTS_6 }, .nr_ext = 5 }, ONLY_V6, GO_ON },
	{ "6 headers", { .ext = { DSTS_6 }, .nr_ext = 6 }, ONLY_V6, GO_ON },
	{ "7 headers", { .ext = { DSTS_6, DST(0) }, .nr_ext = 7 }, ONLY_V6, EXT_TOO_DEEP },
	{ "8 headers", { .ext = { DSTS_6, DSTS_2 }, .nr_ext = 8 }, ONLY_V6, EXT_TOO_DEEP },
	{ "6 headers, then UDP",
	  { .ext = { DSTS_6 }, .nr_ext = 6, .transport = 17 }, ONLY_V6, NOT_TCP },
	{ "one header of 256 bytes", { .ext = { DST(31) }, .nr_ext = 1 }, ONLY_V6, GO_ON },
	{ "one header of 264 bytes", { .ext = { DST(32) }, .nr_ext = 1 }, ONLY_V6, EXT_TOO_DEEP },
	{ "256 bytes in two",
	  { .ext = { DST(15), DST(15) }, .nr_ext = 2, .nr_options = 40 }, ONLY_V6, GO_ON },
	{ "264 bytes in two", { .ext = { DST(15), DST(16) }, .nr_ext = 2 }, ONLY_V6, EXT_TOO_DEEP },
	{ "AH of 260 bytes",
	  { .ext = { { NEXT_AH, 63, 0 } }, .nr_ext = 1 }, ONLY_V6, EXT_TOO_DEEP },
	{ "AH of 256 bytes", { .ext = { { NEXT_AH, 62, 0 } }, .nr_ext = 1 }, ONLY_V6, GO_ON },
	{ "fragment header",
	  { .ext = { { NEXT_FRAGMENT, 0, 0 } }, .nr_ext = 1 }, ONLY_V6, FRAGMENT },
	{ "fragment header behind another",
	  { .ext = { DST(0), { NEXT_FRAGMENT, 0, 0 } }, .nr_ext = 2 }, ONLY_V6, FRAGMENT },
	{ "UDP behind a header",
	  { .ext = { DST(0) }, .nr_ext = 1, .transport = 17 }, ONLY_V6, NOT_TCP },
	{ "payload length inside an extension header",
	  { .ext = { DST(1) }, .nr_ext = 1, .lie_length = -21 }, ONLY_V6, BAD_HEADER },
	{ "payload length at the end of the extension headers",
	  { .ext = { DST(1) }, .nr_ext = 1, .lie_length = -20 }, ONLY_V6, BAD_HEADER },
	{ "payload length 0", { .lie_length = -20 }, ONLY_V6, BAD_HEADER },
};
/* clang-format on */

static const struct {
	unsigned int nr;
	uint16_t proto[3];
} tags[] = {
	{ 0, {} },
	{ 1, { 0x8100 } },
	{ 1, { 0x88a8 } },
	{ 2, { 0x8100, 0x8100 } },
	{ 2, { 0x88a8, 0x8100 } },
	{ 2, { 0x8100, 0x88a8 } },
	{ 2, { 0x88a8, 0x88a8 } },
};

/* What every row has unless it says otherwise, and one family and layout of tags. */
static void shape_variant(struct shape *s, bool v6, size_t tag)
{
	s->sport = s->sport ?: 0xc001;
	s->dport = s->dport ?: 0x01bb;
	s->seq = s->seq ?: 0x81828384;
	s->ack = s->ack ?: 0xf1f2f3f4;
	s->v6 = v6;
	s->nr_vlans = tags[tag].nr;
	memcpy(s->vlan_proto, tags[tag].proto, sizeof(s->vlan_proto));
}

/* Calls @each for every row in every variant of it. */
static void each_variant(void (*each)(const struct row *row, const struct shape *s))
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		for (size_t k = 0; k < 2 * ARRAY_LEN(tags); k++) {
			struct shape s = rows[i].in;

			if (rows[i].family == (k % 2 ? ONLY_V4 : ONLY_V6))
				continue;
			shape_variant(&s, k % 2, k / 2);
			each(&rows[i], &s);
		}
	}
}

static enum reason parse_exact(const uint8_t *bytes, size_t n, size_t frame_bytes, struct pkt *p)
{
	uint8_t *frame = exact_copy(bytes, n);
	enum reason why;

	memset(p, 0xa5, sizeof(*p));
	why = parse_packet(frame, frame + n, frame_bytes, p);
	exact_free(frame);
	return why;
}

static void addr_is(const struct ip_addr *got, bool v6, const uint8_t *v4_bytes,
		    const uint8_t *v6_bytes)
{
	uint8_t mapped[16] = { [10] = 0xff, [11] = 0xff };

	memcpy(mapped + 12, v4_bytes, 4);
	assert_memory_equal(got, v6 ? v6_bytes : mapped, 16);
}

static void fields_are(const struct pkt *p, const struct wire *w, const struct shape *s)
{
	size_t header = 20 + s->nr_options + s->lie_doff * 4;

	assert_int_equal(p->is_v6, s->v6);
	addr_is(&p->src, s->v6, v4_client, v6_client);
	addr_is(&p->dst, s->v6, v4_server, v6_server);
	assert_int_equal(bpf_ntohs(p->sport), s->sport);
	assert_int_equal(bpf_ntohs(p->dport), s->dport);
	assert_int_equal(bpf_ntohl(p->seq), s->seq);
	assert_int_equal(bpf_ntohl(p->ack), s->ack);
	assert_int_equal(p->flags, s->flags);
	assert_int_equal(p->dsfield, s->dsfield);
	assert_int_equal(p->frame_bytes, w->n);
	assert_int_equal(p->l3_off, w->l3);
	assert_int_equal(p->l4_off, w->l4);
	assert_int_equal(p->l4_bytes, header);
	assert_int_equal(p->payload_bytes, tcp_bytes(s) + s->lie_length - header);
}

static void row_holds(const struct row *row, const struct shape *s)
{
	static struct wire w;
	struct pkt p;
	enum reason why;

	wire_build(&w, s);
	why = parse_exact(w.byte, w.n, w.n, &p);
	if (why != row->why)
		print_error("%s, IPv%d, %u tags: reason %d\n", row->name, s->v6 ? 6 : 4,
			    s->nr_vlans, why);
	assert_int_equal(why, row->why);
	if (why == GO_ON) {
		fields_are(&p, &w, s);
		assert_false(p.is_from_group);
	}
}

static void test_rows(void **state)
{
	(void)state;
	each_variant(row_holds);
}

/* More tags than are looked behind. */
static void test_three_tags(void **state)
{
	static struct wire w;
	struct pkt p;

	(void)state;
	for (int v6 = 0; v6 < 2; v6++) {
		struct shape s = { .v6 = v6, .nr_vlans = 3 };

		for (int i = 0; i < 8; i++) {
			for (int k = 0; k < 3; k++)
				s.vlan_proto[k] = i >> k & 1 ? 0x88a8 : 0x8100;
			wire_build(&w, &s);
			assert_int_equal(parse_exact(w.byte, w.n, w.n, &p), NOT_IP);
		}
	}
}

/* What a cut frame is: without its Ethernet header and tags not IP, else a bad header. */
static void cut_everywhere(const struct row *row, const struct shape *s)
{
	static struct wire w;
	struct tcp_header header;
	struct pkt p;
	__u64 sum;

	wire_build(&w, s);
	for (size_t n = 0; n < w.n; n++) {
		enum reason why = parse_exact(w.byte, n, n, &p), part;
		size_t whole = w.l4 + 20;
		uint8_t *frame = exact_copy(w.byte, n);

		memset(&p, 0xa5, sizeof(p));
		part = parse_packet(frame, frame + n, w.n, &p);
		if (part == GO_ON)
			assert_int_equal(tcp_header_read(frame, frame + n, &p, &header, &sum),
					 n >= w.l4 + p.l4_bytes);
		exact_free(frame);
		if (n < w.l3) {
			assert_int_equal(why, NOT_IP);
			assert_int_equal(part, NOT_IP);
		} else if (row->why == GO_ON) {
			if (n < w.n - s->padding + s->lie_length)
				assert_int_equal(why, BAD_HEADER);
			assert_int_equal(part, n < whole ? BAD_HEADER : GO_ON);
		}
	}
}

static void test_cut_at_every_byte(void **state)
{
	(void)state;
	each_variant(cut_everywhere);
}

/* The parser's offsets are 16 bits wide. */
static void test_frame_too_long(void **state)
{
	struct shape s = {};
	static struct wire w;
	struct pkt p;

	(void)state;
	wire_build(&w, &s);
	assert_int_equal(parse_exact(w.byte, w.n, 0xffff, &p), GO_ON);
	assert_int_equal(p.frame_bytes, 0xffff);
	assert_int_equal(parse_exact(w.byte, w.n, 0x10000, &p), BAD_HEADER);
	assert_int_equal(parse_exact(w.byte, w.n, 0xffffffff, &p), BAD_HEADER);
	assert_int_equal(parse_exact(w.byte, w.n, 0x10000 + w.n, &p), BAD_HEADER);
}

/* The first bit on the wire of an address is that of a group; whose it is, no other bit says. */
static void test_group_source(void **state)
{
	struct shape s = {};
	static struct wire w;
	struct pkt p;

	(void)state;
	wire_build(&w, &s);
	for (int first = 0; first < 256; first++) {
		w.byte[6] = first;
		assert_int_equal(parse_exact(w.byte, w.n, w.n, &p), GO_ON);
		assert_int_equal(p.is_from_group, first % 2);
		w.byte[0] = first; /* whom it is for does not matter */
		assert_int_equal(parse_exact(w.byte, w.n, w.n, &p), GO_ON);
		assert_int_equal(p.is_from_group, first % 2);
	}
}

/* ---- a second parser: is this plain TCP, and where? ------------------------------------------ */

struct second {
	size_t l3, l4, l4_bytes, payload;
	bool v6;
};

/*
 * How many bytes of extension headers lead from @at to TCP, or -1 when they are not such that we
 * follow them.
 */
static long second_exts(const uint8_t *f, size_t n, size_t at, unsigned int next)
{
	size_t begin = at, size;

	for (int nr = 0; next != NEXT_TCP; nr++) {
		if (nr == 6 || at + 4 > n)
			return -1;
		if (next == NEXT_AH)
			size = 4 * f[at + 1] + 8;
		else if (next == NEXT_HBH || next == NEXT_DST ||
			 (next == NEXT_ROUTING && !f[at + 3]))
			size = 8 * f[at + 1] + 8;
		else
			return -1;
		next = f[at];
		at += size;
		if (at - begin > 256)
			return -1;
	}
	return at - begin;
}

static bool second_ip(const uint8_t *f, size_t n, struct second *r, size_t *ret_end)
{
	const uint8_t *ip = f + r->l3;
	long exts;

	if (r->v6) {
		if (n < r->l3 + 40 || ip[0] / 16 != 6)
			return false;
		exts = second_exts(f, n, r->l3 + 40, ip[6]);
		if (exts < 0)
			return false;
		r->l4 = r->l3 + 40 + exts;
		*ret_end = r->l3 + 40 + get16(ip + 4);
	} else {
		if (n < r->l3 + 20 || ip[0] < 0x45 || ip[0] > 0x4f || ip[9] != NEXT_TCP ||
		    get16(ip + 6) % 0x4000)
			return false;
		r->l4 = r->l3 + ip[0] % 16 * 4;
		*ret_end = r->l3 + get16(ip + 2);
	}
	return r->l4 <= *ret_end && *ret_end <= n;
}

static bool second_parse(const uint8_t *f, size_t n, struct second *r)
{
	size_t at = 12, end;

	if (n < 14)
		return false;
	for (int i = 0; i < 2 && (get16(f + at) == 0x8100 || get16(f + at) == 0x88a8); i++) {
		at += 4;
		if (at + 2 > n)
			return false;
	}
	r->l3 = at + 2;
	r->v6 = get16(f + at) == 0x86dd;
	if ((!r->v6 && get16(f + at) != 0x0800) || !second_ip(f, n, r, &end) || r->l4 + 20 > end)
		return false;
	r->l4_bytes = f[r->l4 + 12] / 16 * 4;
	r->payload = end - r->l4 - r->l4_bytes;
	return r->l4_bytes >= 20 && r->l4 + r->l4_bytes <= end;
}

static void mutate(uint8_t *f, size_t *n)
{
	for (uint32_t nr = rng_below(4); nr; nr--) {
		uint8_t *byte = f + 12 + rng_below(*n < 112 ? *n - 12 : 100);

		switch (rng_below(4)) {
		case 0:
			*byte = rng();
			break;
		case 1:
			*byte ^= 1 << rng_below(8);
			break;
		case 2:
			*byte += rng_below(17) - 8;
			break;
		case 3:
			*n -= rng_below(*n > 40 ? 3 : 1);
			break;
		}
	}
}

static void parsers_agree(const uint8_t *f, const struct pkt *p, const struct second *r)
{
	assert_int_equal(p->is_v6, r->v6);
	assert_int_equal(p->l3_off, r->l3);
	assert_int_equal(p->l4_off, r->l4);
	assert_int_equal(p->l4_bytes, r->l4_bytes);
	assert_int_equal(p->payload_bytes, r->payload);
	assert_int_equal(bpf_ntohs(p->dport), get16(f + r->l4 + 2));
	assert_int_equal(bpf_ntohl(p->ack), get32(f + r->l4 + 8));
	assert_int_equal(p->flags, f[r->l4 + 13]);
	assert_int_equal(p->dsfield, r->v6 ? get16(f + r->l3) / 16 % 256 : f[r->l3 + 1]);
}

static void test_mutants(void **state)
{
	static struct wire w;
	unsigned int nr_good = 0;

	(void)state;
	for (int i = 0; i < NR_MUTANTS; i++) {
		struct shape s = rows[rng_below(ARRAY_LEN(rows))].in;
		struct second r;
		struct pkt p;
		bool is_good;

		shape_variant(&s, s.nr_ext || (!s.ihl && rng() & 1), rng_below(ARRAY_LEN(tags)));
		wire_build(&w, &s);
		mutate(w.byte, &w.n);
		is_good = parse_exact(w.byte, w.n, w.n, &p) == GO_ON;
		assert_int_equal(is_good, second_parse(w.byte, w.n, &r));
		if (is_good)
			parsers_agree(w.byte, &p, &r);
		nr_good += is_good;
	}
	assert_in_range(nr_good, NR_MUTANTS / 5, NR_MUTANTS * 4 / 5);
}

/* ---- from the network header on ----------------------------------------------------------- */

static enum reason parse_exact_l3(const uint8_t *bytes, size_t n, size_t frame_bytes, __be16 proto,
				  struct pkt *p)
{
	uint8_t *block = malloc(n);
	enum reason why;

	assert_true(block || !n);
	memcpy(block, bytes, n);
	memset(p, 0xa5, sizeof(*p));
	why = parse_packet_l3(block, block + n, frame_bytes, proto, p);
	free(block);
	return why;
}

/* Cut at every byte: a bad header, and nothing read behind any end. */
static void cut_from_l3(const struct row *row, const struct shape *s, const struct wire *w,
			__be16 proto)
{
	size_t bytes = w->n - w->l3;
	struct pkt p;

	for (size_t n = 0; n < bytes; n++) {
		enum reason why = parse_exact_l3(w->byte + w->l3, n, n, proto, &p);
		enum reason part = parse_exact_l3(w->byte + w->l3, n, bytes, proto, &p);

		if (row->why != GO_ON)
			continue;
		if (n < bytes - s->padding + s->lie_length)
			assert_int_equal(why, BAD_HEADER);
		assert_int_equal(part, n < w->l4 - w->l3 + 20 ? BAD_HEADER : GO_ON);
	}
}

/* The same verdict and fields as with the Ethernet header. */
static void same_from_l3(const struct row *row, const struct shape *s)
{
	static struct wire w;
	struct pkt p;
	__be16 proto;
	size_t bytes;

	if (s->nr_vlans)
		return;
	wire_build(&w, s);
	memcpy(&proto, w.byte + 12, sizeof(proto));
	bytes = w.n - w.l3;
	assert_int_equal(parse_exact_l3(w.byte + w.l3, bytes, bytes, proto, &p), row->why);
	if (row->why == GO_ON) {
		assert_int_equal(p.l3_off, 0);
		p.frame_bytes += w.l3;
		p.l3_off += w.l3;
		p.l4_off += w.l3;
		fields_are(&p, &w, s);
	}
	cut_from_l3(row, s, &w, proto);
}

static void test_from_l3(void **state)
{
	static const struct {
		uint32_t frame_bytes;
		uint16_t proto;
		enum reason why;
	} tries[] = {
		{ 0xffff, 0x0800, GO_ON }, { 0x10028, 0x0800, BAD_HEADER }, { 40, 0x86dd, NOT_TCP },
		{ 40, 0x8100, NOT_IP },    { 40, 0x88a8, NOT_IP },          { 40, 0x0806, NOT_IP },
	};
	struct shape s = { .sport = 1 };
	static struct wire w;
	struct pkt p;

	(void)state;
	each_variant(same_from_l3);
	wire_build(&w, &s);
	for (size_t i = 0; i < ARRAY_LEN(tries); i++)
		assert_int_equal(parse_exact_l3(w.byte + w.l3, 40, tries[i].frame_bytes,
						bpf_htons(tries[i].proto), &p),
				 tries[i].why);
}

/* ---- the copy of the TCP header -------------------------------------------------------------- */

static void header_is_read(const struct shape *s)
{
	size_t bytes = 20 + s->nr_options;
	struct tcp_header header;
	static struct wire w;
	struct pkt p;
	uint16_t folded;
	uint8_t *frame;
	__u64 sum;

	wire_build(&w, s);
	frame = exact_copy(w.byte, w.n);
	assert_int_equal(parse_packet(frame, frame + w.n, w.n, &p), GO_ON);
	memset(&header, 0x5a, sizeof(header));
	assert_true(tcp_header_read(frame, frame + w.n, &p, &header, &sum));
	assert_memory_equal(&header, w.byte + w.l4, bytes);
	for (size_t i = bytes; i < sizeof(header); i++)
		assert_int_equal(((uint8_t *)&header)[i], 0x5a);
	folded = csum_fold(sum);
	assert_int_equal(get16((uint8_t *)&folded), rfc1071(w.byte + w.l4, bytes, 0));
	assert_false(tcp_header_read(frame, frame + w.l4 + bytes - 1, &p, &header, &sum));
	assert_true(tcp_header_read(frame, frame + w.l4 + bytes, &p, &header, &sum));
	for (int wrong = 0; wrong < 256; wrong++) {
		if (wrong % 4 == 0 && wrong >= 20 && wrong <= 60)
			continue;
		p.l4_bytes = wrong;
		assert_false(tcp_header_read(frame, frame + w.n, &p, &header, &sum));
	}
	exact_free(frame);
}

static void test_header_read(void **state)
{
	(void)state;
	for (unsigned int words = 0; words <= 10; words++) {
		for (size_t k = 0; k < 2 * ARRAY_LEN(tags); k++) {
			struct shape s = { .flags = SYN, .nr_options = words * 4 };

			shape_variant(&s, k % 2, k / 2);
			rng_fill(s.options, s.nr_options);
			header_is_read(&s);
		}
	}
}

/* Every offset that the parser can make must come through the masks as it is. */
static void test_offset_masks(void **state)
{
	static struct wire w;
	struct pkt p = {};

	(void)state;
	for (int l3 = 0; l3 <= 22; l3 += l3 ? 4 : 14) {
		p.l3_off = l3;
		assert_ptr_equal(pkt_l3(w.byte, &p), w.byte + l3);
		for (int l4 = l3 + 20; l4 <= l3 + 40 + 256; l4 += 4) {
			p.l4_off = l4;
			assert_ptr_equal(pkt_l4(w.byte, &p), w.byte + l4);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_three_tags),
		cmocka_unit_test(test_cut_at_every_byte),
		cmocka_unit_test(test_frame_too_long),
		cmocka_unit_test(test_group_source),
		cmocka_unit_test(test_mutants),
		cmocka_unit_test(test_from_l3),
		cmocka_unit_test(test_header_read),
		cmocka_unit_test(test_offset_masks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
