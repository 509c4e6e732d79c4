/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: cli/frame.c */
/*
 * What `synward trace` says of a packet: of every shape that the data path answers, of packets that
 * are cut short at each of their bytes, and of noise.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>

#include "frame.h"
#include "wire.h"

#define NR_MUTANTS 300000

struct row {
	struct shape shape;
	const char *flags, *options;
};

#define LINUX                                                                            \
	.options = { 2, 4, 5, 180, 4, 2, 8, 10, 0x80, 0, 0, 1, 0, 0, 0, 9, 1, 3, 3, 7 }, \
	.nr_options = 20

/* clang-format off */
static const struct row rows[] = {
	{ { .flags = SYN, LINUX }, "SYN", "mss 1460, sackOK, ts 2147483649 9, wscale 7" },
	{ { .flags = SYN | ACK, .options = { 2, 4, 4, 0xc4 }, .nr_options = 4 }, "SYN ACK", "mss 1220" },
	{ { .flags = SYN }, "SYN", "" },
	{ { .flags = SYN | ECE | CWR, .reserved = 1, LINUX, .nr_vlans = 1 }, "SYN ECE CWR AE",
	  "mss 1460, sackOK, ts 2147483649 9, wscale 7" },
	{ { .flags = ACK | PSH, .payload = 5, .nr_vlans = 2, .vlan_proto = { 0x88a8, 0x8100 } }, "PSH ACK", "" },
	{ { .flags = FIN | ACK, .padding = 6 }, "FIN ACK", "" },
	{ { .flags = RST, .nr_vlans = 3, .vlan_proto = { 0x9100 } }, "RST", "" },
	{ { .flags = URG }, "URG", "" },
	{ { .flags = 0 }, "none", "" },
	{ { .flags = SYN, .options = { 3, 3, 14, 1 }, .nr_options = 4 }, "SYN", "wscale 14" },
	{ { .flags = SYN, .options = { 34, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 1 }, .nr_options = 12 }, "SYN", "fast open" },
	{ { .flags = SYN, .options = { 19, 18 }, .nr_options = 20 }, "SYN", "TCP-MD5" },
	{ { .flags = SYN, .options = { 29, 4, 1, 2 }, .nr_options = 4 }, "SYN", "TCP-AO" },
	/* Lengths that lie: what is before them holds. */
	{ { .flags = SYN, .options = { 2, 4, 5, 180, 4, 7, 1, 1 }, .nr_options = 8 }, "SYN", "mss 1460, ..." },
	{ { .flags = SYN, .options = { 2, 4, 5, 180, 4, 1, 1, 1 }, .nr_options = 8 }, "SYN", "mss 1460, ..." },
	{ { .flags = SYN, .options = { 2, 4, 5, 180, 1, 1, 1, 4 }, .nr_options = 8 }, "SYN", "mss 1460, ..." },
	{ { .flags = SYN, .options = { 2, 3, 5, 0 }, .nr_options = 4 }, "SYN", "" },
	{ { .flags = SYN, .options = { 0, 2, 4, 5 }, .nr_options = 4 }, "SYN", "" },
};

/* No TCP header in them. */
static const struct shape strangers[] = {
	{ .eth_proto = 0x0806 },
	{ .transport = 17 },
	{ .version = 5 },
	{ .lie_length = -1 },
	{ .lie_doff = -1 },
	{ .lie_doff = 1 },
};
/* clang-format on */

static struct shape shape_of(const struct shape *shape, bool v6)
{
	struct shape s = *shape;

	s.v6 = v6;
	s.sport = 40000;
	s.dport = 443;
	s.seq = 0xfffffff0;
	s.ack = 0x80000001;
	s.window = 65535;
	return s;
}

/* On a heap block of its own. */
static int read_exactly(const uint8_t *bytes, size_t nr, bool has_ethernet, struct frame_tcp *ret)
{
	uint8_t *copy = exact_copy(bytes, nr);
	int err = frame_read(copy, nr, has_ethernet, ret);

	exact_free(copy);
	return err;
}

static void check(const struct row *row, const struct shape *s, const struct frame_tcp *tcp)
{
	char buffer[FRAME_WORDS_SIZE];
	json_t *json = frame_json(tcp);

	assert_memory_equal(s->v6 ? (void *)&tcp->src : (void *)&tcp->src.word[3],
			    s->v6 ? v6_client : v4_client, s->v6 ? 16 : 4);
	assert_memory_equal(s->v6 ? (void *)&tcp->dst : (void *)&tcp->dst.word[3],
			    s->v6 ? v6_server : v4_server, s->v6 ? 16 : 4);
	assert_int_equal(address_is_ipv4(&tcp->src), !s->v6);
	assert_int_equal(tcp->sport, 40000);
	assert_int_equal(tcp->dport, 443);
	assert_int_equal(tcp->seq, 0xfffffff0);
	assert_int_equal(tcp->ack, 0x80000001);
	assert_int_equal(tcp->window, 65535);
	assert_int_equal(tcp->payload_bytes, s->payload);
	assert_string_equal(frame_flags(tcp, buffer), row->flags);
	assert_string_equal(frame_options(tcp, buffer), row->options);
	assert_int_equal(json_integer_value(json_object_get(json, "seq")), 0xfffffff0);
	assert_int_equal(json_integer_value(json_object_get(json, "mss")), tcp->mss);
	assert_int_equal(json_is_true(json_object_get(json, "fast_open")), tcp->has_fast_open);
	assert_int_equal(json_is_true(json_object_get(json, "tcp_md5")), tcp->has_md5);
	assert_int_equal(json_is_true(json_object_get(json, "tcp_ao")), tcp->has_ao);
	assert_int_equal(json_is_true(json_object_get(json, "options_cut")), tcp->is_cut);
	assert_string_equal(json_string_value(json_object_get(json, "source")),
			    s->v6 ? "2001:db8:1122:3344:5566:7788:99aa:bbcc" : "198.18.154.188");
	json_decref(json);
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i / 2];
		const struct shape s = shape_of(&row->shape, i % 2);
		struct frame_tcp tcp;
		struct wire w;

		wire_build(&w, &s);
		assert_int_equal(read_exactly(w.byte, w.n, true, &tcp), 0);
		check(row, &s, &tcp);
		assert_int_equal(read_exactly(w.byte + w.l3, w.n - w.l3, false, &tcp), 0);
		check(row, &s, &tcp);
	}
}

/* Cut at each byte: without a whole TCP header it is none; from there on the numbers are the same,
 * and that options are missing is said. */
static void test_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
		const struct shape s = shape_of(&rows[i / 2].shape, i % 2);
		struct frame_tcp tcp;
		struct wire w;

		wire_build(&w, &s);
		for (size_t nr = 0; nr < w.l4 + 20 + s.nr_options; nr++) {
			const int err = read_exactly(w.byte, nr, true, &tcp);

			assert_int_equal(err, nr < w.l4 + 20 ? -EINVAL : 0);
			if (err)
				continue;
			assert_int_equal(tcp.seq, 0xfffffff0);
			assert_int_equal(tcp.payload_bytes, s.payload);
			assert_true(tcp.is_cut);
		}
	}
}

static void test_strangers(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2 * sizeof(strangers) / sizeof(strangers[0]); i++) {
		const struct shape s = shape_of(&strangers[i / 2], i % 2);
		struct frame_tcp tcp;
		struct wire w;

		wire_build(&w, &s);
		if (frame_read(w.byte, w.n, true, &tcp) != -EINVAL)
			fail_msg("stranger %zu is taken for TCP", i);
	}
}

/* Headers between IP and TCP. */
static void test_between(void **state)
{
	static const struct shape between[] = {
		{ .ihl = 15 },
		{ .v6 = true, .nr_ext = 1, .ext = { { NEXT_DST, 3, 0 } } },
		{ .v6 = true,
		  .nr_ext = 4,
		  .ext = { { NEXT_HBH, 0, 0 },
			   { NEXT_ROUTING, 2, 0 },
			   { NEXT_AH, 4, 0 },
			   { NEXT_DST, 1, 0 } } },
	};
	const struct row row = { .shape = { .flags = SYN, LINUX },
				 .flags = "SYN",
				 .options = "mss 1460, sackOK, ts 2147483649 9, wscale 7" };

	(void)state;
	for (size_t i = 0; i < sizeof(between) / sizeof(between[0]); i++) {
		struct shape s = shape_of(&row.shape, between[i].v6);
		struct frame_tcp tcp;
		struct wire w;

		s.ihl = between[i].ihl;
		s.nr_ext = between[i].nr_ext;
		memcpy(s.ext, between[i].ext, sizeof(s.ext));
		wire_build(&w, &s);
		assert_int_equal(frame_read(w.byte, w.n, true, &tcp), 0);
		check(&row, &s, &tcp);
	}
}

/* A fragment that is not the first has no TCP header. */
static void test_fragment(void **state)
{
	struct shape s = shape_of(&(struct shape){ .flags = SYN, .fragment = 0x2000 }, false);
	struct frame_tcp tcp;
	struct wire w;

	(void)state;
	wire_build(&w, &s);
	assert_int_equal(frame_read(w.byte, w.n, true, &tcp), 0);
	s.fragment = 0x2001;
	wire_build(&w, &s);
	assert_int_equal(frame_read(w.byte, w.n, true, &tcp), -EINVAL);
}

/* Bytes that are turned, and lengths: the sanitizer watches, and texts end. */
static void test_mutants(void **state)
{
	char buffer[FRAME_WORDS_SIZE];
	unsigned int nr_read = 0;

	(void)state;
	for (int i = 0; i < NR_MUTANTS; i++) {
		const struct row *row = &rows[rng_below(sizeof(rows) / sizeof(rows[0]))];
		const struct shape s = shape_of(&row->shape, rng_below(2));
		struct frame_tcp tcp;
		struct wire w;

		wire_build(&w, &s);
		for (unsigned int n = rng_below(4); n; n--)
			w.byte[12 + rng_below((uint32_t)w.n - 12)] = (uint8_t)rng();
		if (read_exactly(w.byte, rng_below(8) ? w.n : rng_below((uint32_t)w.n), true, &tcp))
			continue;
		nr_read++;
		assert_true(strlen(frame_options(&tcp, buffer)) < FRAME_WORDS_SIZE - 1);
		assert_true(strlen(frame_flags(&tcp, buffer)) < FRAME_WORDS_SIZE - 1);
	}
	assert_in_range(nr_read, NR_MUTANTS / 10, NR_MUTANTS - 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),      cmocka_unit_test(test_cut),
		cmocka_unit_test(test_strangers), cmocka_unit_test(test_between),
		cmocka_unit_test(test_fragment),  cmocka_unit_test(test_mutants),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
