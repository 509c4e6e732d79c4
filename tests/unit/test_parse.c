/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: */
/*
 * From bytes to struct pkt: the rows of parse_rows.h for both families and each layout of VLAN
 * tags; every packet cut at every byte; from the network header on; the copy of the TCP header.
 */
#include "parse_rows.h"

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
		cmocka_unit_test(test_from_l3),
		cmocka_unit_test(test_header_read),
		cmocka_unit_test(test_offset_masks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
