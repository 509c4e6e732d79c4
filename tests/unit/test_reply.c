/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: */
/*
 * The SYN-ACK: every byte of it against one built here from the RFCs, for each family, layout of
 * tags and subset of options; nothing written where it does not fit; and it fits wherever a SYN
 * did, however tightly that packed its options.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "refs.h"
#include "policy.h"
#include "reply.h"

static const uint16_t tags[][3] = {
	{ 0 }, { 0x8100 }, { 0x88a8 }, { 0x8100, 0x8100 }, { 0x88a8, 0x8100 }
};

static void shape_tags(struct shape *s, const uint16_t tag[3])
{
	memcpy(s->vlan_proto, tag, sizeof(s->vlan_proto));
	s->nr_vlans = !!tag[0] + !!tag[1];
}

/* ---- the answer, a second time -------------------------------------------------------------- */

/* RFC 9293 §3.2, RFC 7323, RFC 2018; words and order as in Linux's tcp_options_write(). */
static void second_options(struct wire *w, const struct reply *r)
{
	bool has_wscale = r->got.wscale != 15;

	if (r->has_mss) {
		wire8(w, 2), wire8(w, 4);
		wire16(w, r->mss);
	}
	if (r->got.timestamps) {
		wire8(w, r->got.sack ? 4 : 1), wire8(w, r->got.sack ? 2 : 1);
		wire8(w, 8), wire8(w, 10);
		wire32(w, r->tsval);
		wire32(w, r->tsecr);
	}
	if (r->got.sack && !r->got.timestamps)
		wire8(w, 1), wire8(w, 1), wire8(w, 4), wire8(w, 2);
	if (has_wscale)
		wire8(w, 1), wire8(w, 3), wire8(w, 3), wire8(w, r->wscale);
}

static void second_ip(struct wire *w, const struct reply *r, bool v6, size_t bytes)
{
	uint8_t *ip = w->byte + w->n;

	if (v6) {
		wire32(w, 0x60000000);
		wire16(w, bytes);
		wire8(w, 6);
		wire8(w, r->hop_limit);
		wire_bytes(w, v6_server, 16);
		wire_bytes(w, v6_client, 16);
		return;
	}
	wire8(w, 0x45);
	wire8(w, 0);
	wire16(w, 20 + bytes);
	wire16(w, 0);
	wire16(w, 0x4000);
	wire8(w, r->hop_limit);
	wire8(w, 6);
	wire16(w, 0);
	wire_bytes(w, v4_server, 4);
	wire_bytes(w, v4_client, 4);
	set16(ip + 10, 0xffff - rfc1071(ip, 20, 0));
}

/* What must stand in the frame after @r was written over the SYN of shape @s. */
static void second_reply(struct wire *w, const struct shape *s, const struct reply *r)
{
	struct wire options = {};
	size_t bytes;

	second_options(&options, r);
	bytes = 20 + options.n;
	w->n = 0;
	wire_ethernet(w, s, mac_client, mac_server);
	second_ip(w, r, s->v6, bytes);
	w->l4 = w->n;
	wire16(w, s->dport);
	wire16(w, s->sport);
	wire32(w, r->isn);
	wire32(w, s->seq + 1);
	wire8(w, bytes / 4 * 16);
	wire8(w, SYN | ACK | (r->got.ecn ? ECE : 0));
	wire16(w, r->window);
	wire32(w, 0);
	wire_bytes(w, options.byte, options.n);
	set16(w->byte + w->l4 + 16, 0xffff - wire_tcp_sum(w, s->v6, bytes));
}

/* Complete and right: what the receiver adds up is all ones (RFC 1071 §1, RFC 9293 §3.1). */
static void checksums_hold(const uint8_t *frame, size_t n, bool v6, size_t l3)
{
	static struct wire w;

	memcpy(w.byte, frame, n);
	w.l3 = l3;
	w.l4 = l3 + (v6 ? 40 : 20);
	assert_int_equal(wire_tcp_sum(&w, v6, n - w.l4), 0xffff);
	if (!v6)
		assert_int_equal(rfc1071(frame + l3, 20, 0), 0xffff);
}

/* ---- byte for byte -------------------------------------------------------------------------- */

static struct reply reply_random(unsigned int options)
{
	struct reply r = { .isn = rng(), .tsval = rng(), .tsecr = rng(), .window = rng() };

	r.hop_limit = rng();
	r.has_mss = options & 1;
	r.mss = rng();
	r.wscale = rng_below(15);
	r.got.sack = options & 4;
	r.got.timestamps = options & 8;
	r.got.ecn = options & 16;
	r.got.mss = rng();
	r.got.wscale = options & 2 ? rng_below(15) : 15;
	return r;
}

static struct shape syn_random(bool v6, const uint16_t tag[3])
{
	struct shape s = { .v6 = v6, .flags = SYN | ECE | CWR, .reserved = rng_below(16) };

	shape_tags(&s, tag);
	s.sport = rng();
	s.dport = rng();
	s.seq = rng_below(8) ? rng() : UINT32_MAX;
	s.ack = rng();
	s.window = rng();
	s.dsfield = rng();
	s.nr_options = 20 + rng_below(6) * 4;
	rng_fill(s.options, s.nr_options);
	s.payload = rng_below(3) ? 0 : rng_below(200);
	if (!v6)
		s.ihl = 5 + rng_below(11);
	else if (rng_below(2))
		s.nr_ext = 1, s.ext[0] = (struct ext){ NEXT_DST, rng_below(4), 0 };
	return s;
}

static void reply_is(const struct shape *s, const struct reply *r)
{
	static struct wire syn, wanted;
	struct pkt p;
	uint8_t *frame;

	wire_build(&syn, s);
	second_reply(&wanted, s, r);
	frame = exact_copy(syn.byte, syn.n);
	assert_int_equal(parse_packet(frame, frame + syn.n, syn.n, &p), GO_ON);
	assert_int_equal(reply_bytes(&p, reply_layout(r)), wanted.n);
	assert_true(wanted.n <= syn.n);
	assert_true(reply_write(frame, frame + p.l3_off, frame + syn.n, &p, r, reply_layout(r)));
	assert_memory_equal(frame, wanted.byte, wanted.n);
	checksums_hold(frame, wanted.n, s->v6, syn.l3);
	/* and nothing else */
	assert_memory_equal(frame + wanted.n, syn.byte + wanted.n, syn.n - wanted.n);
	exact_free(frame);
}

static void test_byte_for_byte(void **state)
{
	(void)state;
	for (unsigned int options = 0; options < 32; options++) {
		for (size_t k = 0; k < 2 * ARRAY_LEN(tags); k++) {
			for (int i = 0; i < 20; i++) {
				struct shape s = syn_random(k % 2, tags[k / 2]);
				struct reply r = reply_random(options);

				reply_is(&s, &r);
			}
		}
	}
}

/* One answer written out by hand, so that not even this file's own builder has to be believed. */
static void test_by_hand(void **state)
{
	static const uint8_t wanted[] = {
		0x06, 0xa1, 0xb2, 0xc3, 0xd4, 0xe5, 0x02, 0x10, 0x20, 0x30, 0x40, 0x50, 0x08,
		0x00, 0x45, 0x00, 0x00, 0x3c, 0x00, 0x00, 0x40, 0x00, 0x40, 0x06, 0x9d, 0xe5,
		203,  0,    113,  7,    198,  18,   0x9a, 0xbc, 0x01, 0xbb, 0x9c, 0x40, 0x12,
		0x34, 0x56, 0x78, 0x00, 0x00, 0x00, 0x00, 0xa0, 0x12, 0xfa, 0xf0, 0xa9, 0x7d,
		0x00, 0x00, 2,    4,    0x05, 0xb4, 4,    2,    8,    10,   0,    0,    0,
		1,    0,    0,    0,    2,    1,    3,    3,    7,
	};
	struct shape s = {
		.sport = 40000, .dport = 443, .seq = 0xffffffff, .flags = SYN, .nr_options = 20
	};
	struct reply r = { .isn = 0x12345678,
			   .tsval = 1,
			   .tsecr = 2,
			   .window = 64240,
			   .mss = 1460,
			   .has_mss = true,
			   .wscale = 7,
			   .hop_limit = 64,
			   .got = { .sack = true, .timestamps = true } };
	static struct wire w;
	struct pkt p;
	uint8_t *frame;

	(void)state;
	wire_build(&w, &s);
	frame = exact_copy(w.byte, w.n);
	assert_int_equal(parse_packet(frame, frame + w.n, w.n, &p), GO_ON);
	assert_int_equal(reply_bytes(&p, reply_layout(&r)), sizeof(wanted));
	assert_true(reply_write(frame, frame + p.l3_off, frame + w.n, &p, &r, reply_layout(&r)));
	assert_memory_equal(frame, wanted, sizeof(wanted));
	exact_free(frame);
}

/* ---- where it does not fit ------------------------------------------------------------------ */

static void nothing_written(const struct wire *syn, const struct pkt *p, const struct reply *r,
			    size_t n)
{
	uint8_t *frame = exact_copy(syn->byte, n);

	assert_false(reply_write(frame, frame + p->l3_off, frame + n, p, r, reply_layout(r)));
	assert_memory_equal(frame, syn->byte, n);
	exact_free(frame);
}

static struct pkt parsed(const struct wire *syn)
{
	uint8_t *frame = exact_copy(syn->byte, syn->n);
	struct pkt p;

	assert_int_equal(parse_packet(frame, frame + syn->n, syn->n, &p), GO_ON);
	exact_free(frame);
	return p;
}

static void test_too_short(void **state)
{
	(void)state;
	for (unsigned int options = 0; options < 32; options++) {
		for (size_t k = 0; k < 2 * ARRAY_LEN(tags); k++) {
			struct shape s = syn_random(k % 2, tags[k / 2]);
			struct reply r = reply_random(options);
			static struct wire syn;
			struct pkt p;

			wire_build(&syn, &s);
			p = parsed(&syn);
			for (size_t n = 0; n < reply_bytes(&p, reply_layout(&r)); n++)
				nothing_written(&syn, &p, &r, n);
		}
	}
}

/* ---- where a SYN was, its answer fits ------------------------------------------------------- */

static const uint8_t order[24][4] = {
	{ 0, 1, 2, 3 }, { 0, 1, 3, 2 }, { 0, 2, 1, 3 }, { 0, 2, 3, 1 }, { 0, 3, 1, 2 },
	{ 0, 3, 2, 1 }, { 1, 0, 2, 3 }, { 1, 0, 3, 2 }, { 1, 2, 0, 3 }, { 1, 2, 3, 0 },
	{ 1, 3, 0, 2 }, { 1, 3, 2, 0 }, { 2, 0, 1, 3 }, { 2, 0, 3, 1 }, { 2, 1, 0, 3 },
	{ 2, 1, 3, 0 }, { 2, 3, 0, 1 }, { 2, 3, 1, 0 }, { 3, 0, 1, 2 }, { 3, 0, 2, 1 },
	{ 3, 1, 0, 2 }, { 3, 1, 2, 0 }, { 3, 2, 0, 1 }, { 3, 2, 1, 0 },
};

/* A subset of the four options in one order, without a NOP between them. */
static void pack_tight(struct shape *s, unsigned int subset, const uint8_t by[4], uint16_t mss,
		       uint8_t wscale)
{
	const uint8_t option[4][10] = { { 2, 4, mss >> 8, mss & 0xff },
					{ 3, 3, wscale },
					{ 4, 2 },
					{ 8, 10, 1, 2, 3, 4, 5, 6, 7, 8 } };

	memset(s->options, 0, sizeof(s->options));
	s->nr_options = 0;
	for (int i = 0; i < 4; i++) {
		const uint8_t *o = option[by[i]];

		if (!(subset >> by[i] & 1))
			continue;
		memcpy(s->options + s->nr_options, o, o[1]);
		s->nr_options += o[1];
	}
	s->nr_options = (s->nr_options + 3) / 4 * 4;
}

/* As the data path goes from the SYN to the plan of its answer. */
static struct reply answer_of(const struct pkt *p, const struct tcp_opts *opts, uint32_t may)
{
	struct reply r = { .isn = rng(), .tsval = rng(), .tsecr = opts->tsval, .window = 64240 };
	struct offer offer;

	offer_from_syn(p, opts, may, &offer);
	cookie_unpack(cookie_pack(&offer, rng(), p->is_v6), offer.timestamps, p->is_v6, &r.got);
	r.has_mss = opts->mss;
	r.mss = 1460;
	r.wscale = 10;
	r.hop_limit = 64;
	return r;
}

/* No option that was not offered. */
static void answers_only_offers(const uint8_t *frame, size_t n, const struct pkt *p,
				const struct ref_opts *offered)
{
	size_t options = p->l3_off + (p->is_v6 ? 40 : 20) + 20;
	struct ref_opts said = ref_options(frame + options, n - options);

	assert_true(!said.mss == !offered->mss);
	assert_true(said.has_wscale <= offered->has_wscale);
	assert_true(said.has_sack <= offered->has_sack);
	assert_true(said.has_timestamps <= offered->has_timestamps);
	assert_false(said.is_signed);
	if (said.has_timestamps)
		assert_int_equal(said.tsecr, offered->tsval);
}

static void fits(const struct shape *s, uint32_t may)
{
	struct ref_opts offered = ref_options(s->options, s->nr_options);
	static struct wire syn;
	struct tcp_header header;
	struct opts_walk walk;
	struct reply r;
	struct pkt p;
	uint8_t *frame;
	__u64 sum;

	wire_build(&syn, s);
	frame = exact_copy(syn.byte, syn.n);
	assert_int_equal(parse_packet(frame, frame + syn.n, syn.n, &p), GO_ON);
	assert_true(tcp_header_read(frame, frame + syn.n, &p, &header, &sum));
	tcp_options_begin(&walk, &header, p.l4_bytes);
	while (tcp_options_step(&walk))
		;
	r = answer_of(&p, &walk.got, may);
	assert_true(reply_bytes(&p, reply_layout(&r)) <= syn.n);
	assert_true(reply_write(frame, frame + p.l3_off, frame + syn.n, &p, &r, reply_layout(&r)));
	answers_only_offers(frame, reply_bytes(&p, reply_layout(&r)), &p, &offered);
	checksums_hold(frame, reply_bytes(&p, reply_layout(&r)), s->v6, syn.l3);
	exact_free(frame);
}

static void test_fits_where_the_syn_was(void **state)
{
	static const uint16_t mss[] = { 216, 1240, 1460 };

	(void)state;
	for (unsigned int i = 0; i < 16 * 24 * 16 * 3; i++) {
		struct shape s = { .v6 = rng() & 1, .flags = SYN | ECE | CWR, .sport = 1 };
		unsigned int subset = i % 16, by = i / 16 % 24, may = i / 384 % 16;

		shape_tags(&s, tags[rng_below(ARRAY_LEN(tags))]);
		pack_tight(&s, subset, order[by], mss[i / 6144], rng_below(16));
		fits(&s, may);
	}
}

/* The same with noise for options, which offers who knows what. */
static void test_fits_noise(void **state)
{
	static const uint8_t bytes[] = { 0, 1, 2, 3, 4, 8, 10, 19, 255 };

	(void)state;
	for (int i = 0; i < 30000; i++) {
		struct shape s = { .v6 = i & 1, .flags = SYN, .nr_options = rng_below(11) * 4 };

		for (unsigned int k = 0; k < s.nr_options; k++)
			s.options[k] = bytes[rng_below(sizeof(bytes))];
		fits(&s, MAY_TIMESTAMPS | MAY_SACK | MAY_WSCALE | MAY_ECN);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_byte_for_byte), cmocka_unit_test(test_by_hand),
		cmocka_unit_test(test_too_short),     cmocka_unit_test(test_fits_where_the_syn_was),
		cmocka_unit_test(test_fits_noise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
