/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: */
/*
 * What may hide a SYN. Fragments: RFC 791 and RFC 8200 §4.5 a second time, over all flags, all
 * lengths that the IP header can claim and all lengths of the frame. Tags that name no VLAN, of
 * which the kernel takes off any number. Packets that name no length. IPv4 addresses inside IPv6.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "wire.h"
#include "parse.h"

#define TCP_SHOWN_MAX 20 /* a header without options */

/* A fragment as it is built, and where it lies. */
struct fragment {
	bool v6;
	bool is_first, is_last;
	unsigned int before; /* IPv6: extension headers before the fragment header */
	uint8_t next;        /* IPv6: what the fragment header names */
	uint8_t flags;
	int claimed; /* bytes of the segment that the IP header says are here */
	size_t cut;  /* bytes that the frame lacks */
};

static size_t fragment_build(const struct fragment *f, struct wire *w)
{
	struct shape s = { .v6 = f->v6,
			   .flags = f->flags,
			   .transport = f->v6 ? f->next : 0,
			   .lie_length = f->claimed - TCP_SHOWN_MAX,
			   .nr_ext = f->v6 ? f->before + 1 : 0 };
	unsigned int bits = f->is_first ? 0 : 0x00b9;

	for (unsigned int i = 0; i < f->before; i++)
		s.ext[i] = (struct ext){ .kind = NEXT_DST };
	s.ext[f->before].kind = NEXT_FRAGMENT;
	s.fragment = bits | (f->is_last ? 0 : 0x2000);
	wire_build(w, &s);
	if (f->v6) {
		uint8_t *header = w->byte + w->l3 + 40 + 8 * f->before;

		header[0] = f->next;
		set16(header + 2, bits << 3 | !f->is_last);
		return header + 8 - w->byte;
	}
	return w->l3 + 20;
}

static enum reason parse(const struct wire *w, size_t n, struct pkt *ret)
{
	uint8_t *frame = exact_copy(w->byte, n);
	enum reason why;

	memset(ret, 0xa5, sizeof(*ret));
	why = parse_packet(frame, frame + n, n, ret);
	exact_free(frame);
	return why;
}

/* Flags are in byte 13 of the segment, if both the header and the frame have that. */
static bool hides_syn(const struct fragment *f, size_t tcp, size_t n)
{
	bool shows_flags = f->claimed >= 14 && n >= tcp + 14;

	return f->is_first && (!shows_flags || (f->flags & (SYN | ACK)) == SYN);
}

static void verdict_is(const struct fragment *f, struct wire *w)
{
	size_t tcp = fragment_build(f, w), n = w->n - f->cut;
	struct pkt p;

	assert_int_equal(parse(w, n, &p), FRAGMENT);
	if (p.may_begin_syn != hides_syn(f, tcp, n))
		print_error("IPv%d, flags %02x, %d bytes claimed, %zu cut, %s %s\n", f->v6 ? 6 : 4,
			    f->flags, f->claimed, f->cut, f->is_first ? "first" : "later",
			    f->is_last ? "last" : "");
	assert_int_equal(p.may_begin_syn, hides_syn(f, tcp, n));
}

/* IPv4 has no fragment that is both first and last: that is a whole packet. */
static void test_all_flags_and_lengths(void **state)
{
	static struct wire w;

	(void)state;
	for (int i = 0; i < 16; i++) {
		struct fragment f = { .v6 = i & 1,
				      .is_first = i & 2,
				      .is_last = i & 4,
				      .before = i & 8 ? 2 : 0,
				      .next = NEXT_TCP };

		if (!f.v6 && ((f.is_first && f.is_last) || f.before))
			continue;
		for (int flags = 0; flags < 256; flags++)
			for (int n = 0; n <= TCP_SHOWN_MAX; n++) {
				f.flags = flags;
				f.claimed = n;
				f.cut = 0;
				verdict_is(&f, &w);
				f.claimed = TCP_SHOWN_MAX;
				f.cut = n;
				verdict_is(&f, &w);
			}
	}
}

/* A claim of less than the headers themselves shows nothing of the segment. */
static void test_claims_nothing(void **state)
{
	static struct wire w;

	(void)state;
	for (int v6 = 0; v6 < 2; v6++)
		for (int claimed = -1; claimed >= (v6 ? -8 : -20); claimed--) {
			struct fragment f = { .v6 = v6,
					      .is_first = true,
					      .next = NEXT_TCP,
					      .flags = ACK,
					      .claimed = claimed };

			verdict_is(&f, &w);
		}
}

/* Behind the fragment header: what is walked may lead to a SYN, all else is none. */
static void test_what_is_behind(void **state)
{
	static struct wire w;

	(void)state;
	for (int next = 0; next < 256; next++)
		for (int later = 0; later < 2; later++) {
			struct fragment f = { .v6 = true,
					      .is_first = !later,
					      .next = next,
					      .flags = ACK,
					      .claimed = TCP_SHOWN_MAX };
			bool is_ext = next == NEXT_HBH || next == NEXT_ROUTING ||
				      next == NEXT_DST || next == NEXT_AH;
			struct pkt p;

			if (next == NEXT_TCP)
				continue;
			fragment_build(&f, &w);
			assert_int_equal(parse(&w, w.n, &p), FRAGMENT);
			assert_int_equal(p.may_begin_syn, is_ext && !later);
		}
}

/* Of IPv4 the header says TCP or not in every fragment. */
static void test_other_protocols_v4(void **state)
{
	static struct wire w;
	struct pkt p;

	(void)state;
	for (int protocol = 1; protocol < 256; protocol++) {
		struct shape s = { .transport = protocol, .fragment = 0x2000, .flags = SYN };

		wire_build(&w, &s);
		assert_int_equal(parse(&w, w.n, &p), protocol == NEXT_TCP ? FRAGMENT : NOT_TCP);
	}
}

/* Where the TCP header begins is what the header says, and not where it usually is. */
static void test_behind_options_v4(void **state)
{
	static struct wire w;
	struct pkt p;

	(void)state;
	for (int ihl = 5; ihl <= 15; ihl++)
		for (int shown = 13; shown <= 14; shown++)
			for (int i = 0; i < 2; i++) {
				struct shape s = { .ihl = ihl,
						   .fragment = 0x2000,
						   .flags = i ? SYN : ACK,
						   .lie_length = shown - TCP_SHOWN_MAX };

				wire_build(&w, &s);
				assert_int_equal(parse(&w, w.n, &p), FRAGMENT);
				assert_int_equal(p.may_begin_syn, i || shown == 13);
			}
}

/* A fragment header that is not whole. */
static void test_cut_header_v6(void **state)
{
	struct fragment f = { .v6 = true, .is_first = true, .next = NEXT_TCP, .claimed = 20 };
	static struct wire w;
	size_t tcp = fragment_build(&f, &w);
	struct pkt p;

	(void)state;
	for (size_t n = tcp - 8; n < tcp; n++)
		assert_int_equal(parse(&w, n, &p), BAD_HEADER);
	assert_int_equal(parse(&w, tcp, &p), FRAGMENT);
	assert_true(p.may_begin_syn);
}

/* ---- tags ---- */

/* More than two tags: what cannot be a VLAN's may be the kernel's, and so may what is cut off. */
static void test_tags(void **state)
{
	static struct wire w;
	struct pkt p;

	(void)state;
	for (int i = 0; i < 16; i++) {
		struct shape s = { .v6 = i & 1, .nr_vlans = 3, .flags = SYN };
		bool is_priority[3];

		wire_build(&w, &s);
		for (int tag = 0; tag < 3; tag++) {
			is_priority[tag] = i >> tag & 2;
			if (is_priority[tag]) /* priority and drop bits name nothing */
				set16(w.byte + 14 + 4 * tag, tag * 0xf000);
		}
		for (size_t n = 22; n <= w.n; n++) {
			bool hides = is_priority[0] || is_priority[1] || is_priority[2] || n < 26;

			assert_int_equal(parse(&w, n, &p), hides ? TAGS_TOO_DEEP : NOT_IP);
		}
		for (size_t n = 0; n < 22; n++)
			assert_int_equal(parse(&w, n, &p), NOT_IP);
	}
}

/* Up to two are looked behind, whatever they name. */
static void test_priority_tags_are_tags(void **state)
{
	static struct wire w;
	struct pkt p;

	(void)state;
	for (int i = 0; i < 16; i++) {
		struct shape s = { .v6 = i & 1, .nr_vlans = 1 + (i & 2) / 2, .flags = SYN };

		wire_build(&w, &s);
		for (unsigned int tag = 0; tag < s.nr_vlans; tag++)
			if (i >> tag & 4)
				set16(w.byte + 14 + 4 * tag, 0);
		assert_int_equal(parse(&w, w.n, &p), GO_ON);
		assert_int_equal(p.l3_off, 14 + 4 * s.nr_vlans);
	}
}

/* ---- IPv6 that is not what it seems ---- */

/* RFC 2675: the length is in the options, if they come first and the header names none. */
static void test_jumbogram(void **state)
{
	static const uint8_t kinds[] = { NEXT_HBH, NEXT_DST, NEXT_ROUTING, NEXT_AH };
	static struct wire w;
	struct pkt p;

	(void)state;
	for (size_t i = 0; i < sizeof(kinds); i++)
		for (unsigned int length = 0; length < 3; length++) {
			struct shape s = { .v6 = true,
					   .flags = SYN,
					   .ext = { { .kind = kinds[i] } },
					   .nr_ext = 1 };

			wire_build(&w, &s);
			set16(w.byte + w.l3 + 4, length);
			assert_int_equal(parse(&w, w.n, &p), !length && kinds[i] == NEXT_HBH ?
								     EXT_TOO_DEEP :
								     BAD_HEADER);
		}
}

/* An address of ours in IPv4 is none of ours in IPv6; one bit less, and it is some address. */
static void test_mapped_destination(void **state)
{
	static struct wire w;
	struct shape s = { .v6 = true, .flags = SYN };
	uint8_t *dst;
	struct pkt p;

	(void)state;
	wire_build(&w, &s);
	dst = w.byte + w.l3 + 24;
	memset(dst, 0, 10);
	memset(dst + 10, 0xff, 2);
	memcpy(dst + 12, v4_server, 4);
	assert_int_equal(parse(&w, w.n, &p), NOT_SERVICE);
	for (int bit = 0; bit < 128; bit++) {
		dst[bit / 8] ^= 0x80 >> bit % 8;
		assert_int_equal(parse(&w, w.n, &p), bit < 96 ? GO_ON : NOT_SERVICE);
		dst[bit / 8] ^= 0x80 >> bit % 8;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_flags_and_lengths),
		cmocka_unit_test(test_claims_nothing),
		cmocka_unit_test(test_what_is_behind),
		cmocka_unit_test(test_other_protocols_v4),
		cmocka_unit_test(test_behind_options_v4),
		cmocka_unit_test(test_cut_header_v6),
		cmocka_unit_test(test_tags),
		cmocka_unit_test(test_priority_tags_are_tags),
		cmocka_unit_test(test_jumbogram),
		cmocka_unit_test(test_mapped_destination),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
