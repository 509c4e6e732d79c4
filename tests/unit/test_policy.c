/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: */
/*
 * What is wanted: which flags open a connection, which sources cannot have one, what is offered,
 * and the window, against a transcript of the kernel's own rule.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "wire.h"
#include "policy.h"

#define MAY_ALL (MAY_TIMESTAMPS | MAY_SACK | MAY_WSCALE | MAY_ECN | MAY_COOKIE)

static struct ip_addr addr_v4(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
	uint8_t byte[16] = { [10] = 0xff, [11] = 0xff, a, b, c, d };
	struct ip_addr ret;

	memcpy(&ret, byte, 16);
	return ret;
}

/* Eight groups, as they are written. */
static struct ip_addr addr_v6(const uint16_t group[8])
{
	struct ip_addr ret;

	for (int i = 0; i < 8; i++)
		set16((uint8_t *)&ret + 2 * i, group[i]);
	return ret;
}

static struct pkt syn_from(struct ip_addr src, bool v6)
{
	static const uint16_t server[8] = { 0x2001, 0xdb8, 0, 0, 0, 0, 0, 7 };

	return (struct pkt){ .src = src,
			     .dst = v6 ? addr_v6(server) : addr_v4(203, 0, 113, 7),
			     .sport = bpf_htons(40000),
			     .dport = bpf_htons(443),
			     .flags = SYN,
			     .is_v6 = v6 };
}

static struct pkt syn_ordinary(bool v6)
{
	static const uint16_t client[8] = { 0x2001, 0xdb8, 1, 2, 3, 4, 5, 6 };

	return syn_from(v6 ? addr_v6(client) : addr_v4(198, 18, 1, 2), v6);
}

/* SYN without ACK, whatever else. */
static void test_is_syn(void **state)
{
	int nr = 0;

	(void)state;
	for (int flags = 0; flags < 256; flags++) {
		bool wanted = flags / 2 % 2 == 1 && flags / 16 % 2 == 0;

		assert_int_equal(is_syn(flags), wanted);
		nr += is_syn(flags);
	}
	assert_int_equal(nr, 64);
}

static void test_martians_v4(void **state)
{
	static const struct {
		uint8_t a[4];
		bool is_martian;
	} rows[] = {
		{ { 0, 0, 0, 0 }, true },          { { 0, 0, 0, 1 }, true },
		{ { 0, 255, 255, 255 }, true },    { { 1, 0, 0, 0 }, false },
		{ { 10, 0, 0, 1 }, false },        { { 100, 64, 0, 1 }, false },
		{ { 126, 255, 255, 255 }, false }, { { 127, 0, 0, 0 }, true },
		{ { 127, 0, 0, 1 }, true },        { { 127, 255, 255, 255 }, true },
		{ { 128, 0, 0, 0 }, false },       { { 169, 254, 1, 1 }, false },
		{ { 192, 168, 0, 1 }, false },     { { 198, 18, 0, 1 }, false },
		{ { 223, 255, 255, 255 }, false }, { { 224, 0, 0, 0 }, true },
		{ { 239, 255, 255, 255 }, true },  { { 240, 0, 0, 0 }, true },
		{ { 255, 255, 255, 254 }, true },  { { 255, 255, 255, 255 }, true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const uint8_t *a = rows[i].a;
		struct pkt p = syn_from(addr_v4(a[0], a[1], a[2], a[3]), false);

		assert_int_equal(is_martian(&p), rows[i].is_martian);
	}
	for (int first = 0; first < 256; first++) {
		bool wanted = first == 0 || first == 127 || first >= 224;
		struct pkt p = syn_from(addr_v4(first, rng(), rng(), rng()), false);

		assert_int_equal(is_martian(&p), wanted);
	}
}

static void test_martians_v6(void **state)
{
	static const struct {
		uint16_t a[8];
		bool is_martian;
	} rows[] = {
		{ {}, true },          /* :: */
		{ { [7] = 1 }, true }, /* ::1 */
		{ { [7] = 2 }, false },
		{ { [7] = 0x100 }, false },
		{ { [6] = 1, [7] = 0 }, false },
		{ { [6] = 1, [7] = 1 }, false },
		{ { [5] = 1 }, false },
		{ { [4] = 1, [7] = 1 }, false },
		{ { [3] = 1, [7] = 1 }, false },
		{ { [2] = 1 }, false },
		{ { [1] = 1, [7] = 1 }, false },
		{ { [0] = 1 }, false },
		{ { [5] = 0xffff, [6] = 0xc612, [7] = 1 }, true }, /* ::ffff:198.18.0.1 */
		{ { [5] = 0xffff }, true },
		{ { [5] = 0xfffe, [6] = 0xc612 }, false },
		{ { [4] = 1, [5] = 0xffff }, false },
		{ { [3] = 1, [5] = 0xffff }, false },
		{ { [0] = 0x64, [1] = 0xff9b, [6] = 0xc612, [7] = 1 }, false }, /* NAT64 */
		{ { 0xfe80, [7] = 1 }, false },
		{ { 0xfd00, [7] = 1 }, false },
		{ { 0xfeff, 0xffff, 0xffff, 0xffff, 0xffff, 0xffff, 0xffff, 0xffff }, false },
		{ { 0xff00 }, true },
		{ { 0xff02, [7] = 1 }, true },
		{ { 0xffff, 0xffff, 0xffff, 0xffff, 0xffff, 0xffff, 0xffff, 0xffff }, true },
		{ { 0x2001, 0xdb8, [7] = 1 }, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct pkt p = syn_from(addr_v6(rows[i].a), true);

		assert_int_equal(is_martian(&p), rows[i].is_martian);
	}
}

static void test_martians_other(void **state)
{
	(void)state;
	for (int v6 = 0; v6 < 2; v6++) {
		struct pkt p = syn_ordinary(v6);

		assert_false(is_martian(&p));
		p.sport = 0;
		assert_true(is_martian(&p));
		p = syn_ordinary(v6);
		p.is_from_group = true;
		assert_true(is_martian(&p));
		p = syn_ordinary(v6);
		p.src = p.dst;
		assert_true(is_martian(&p));
		for (int word = 0; word < 4; word++) {
			if (!v6 && word < 3)
				continue;
			p.src = p.dst;
			p.src.word[word] ^= bpf_htonl(1);
			assert_false(is_martian(&p));
		}
	}
}

/* ---- which SYN is answered ------------------------------------------------------------------ */

struct judge_row {
	const char *name;
	uint8_t flags;
	uint16_t payload, mss;
	bool is_signed, is_land, is_port_0, is_from_group;
	enum reason why;
};

static const struct judge_row judge_rows[] = {
	{ "plain", SYN, .mss = 1460, .why = GO_ON },
	{ "no MSS", SYN, .why = GO_ON },
	{ "every harmless flag", SYN | PSH | URG | ECE | CWR, .mss = 1460, .why = GO_ON },
	{ "SYN and RST", SYN | RST, .mss = 1460, .why = SYN_BAD_FLAGS },
	{ "SYN and FIN", SYN | FIN, .mss = 1460, .why = SYN_BAD_FLAGS },
	{ "SYN, RST and FIN", SYN | RST | FIN, .mss = 1460, .why = SYN_BAD_FLAGS },
	{ "everything but ACK", 0xef, .mss = 1460, .why = SYN_BAD_FLAGS },
	{ "land", SYN, .mss = 1460, .is_land = true, .why = SYN_MARTIAN },
	{ "port 0", SYN, .mss = 1460, .is_port_0 = true, .why = SYN_MARTIAN },
	{ "a multicast MAC", SYN, .mss = 1460, .is_from_group = true, .why = SYN_MARTIAN },
	{ "payload of 1460", SYN, .mss = 1460, .payload = 1460, .why = GO_ON },
	{ "payload of 1461", SYN, .mss = 1460, .payload = 1461, .why = SYN_TOO_LONG },
	{ "payload of 65535", SYN, .mss = 1460, .payload = 65535, .why = SYN_TOO_LONG },
	{ "signed: the listener decides", SYN, .mss = 1460, .is_signed = true, .why = GO_ON },
	{ "MSS 1", SYN, .mss = 1, .why = SYN_SMALL_MSS },
	{ "MSS 47", SYN, .mss = 47, .why = SYN_SMALL_MSS },
	{ "MSS 48", SYN, .mss = 48, .why = SYN_SMALL_MSS },
	{ "MSS 215", SYN, .mss = 215, .why = SYN_SMALL_MSS },
	{ "MSS 216", SYN, .mss = 216, .why = GO_ON },
	{ "MSS 535", SYN, .mss = 535, .why = GO_ON },
	{ "MSS 536", SYN, .mss = 536, .why = GO_ON },
	{ "MSS 65535", SYN, .mss = 65535, .why = GO_ON },
	/* what is dropped is not passed because it is signed, too */
	{ "signed, with RST", SYN | RST, .is_signed = true, .why = SYN_BAD_FLAGS },
	{ "signed, from nowhere", SYN, .is_signed = true, .is_land = true, .why = SYN_MARTIAN },
	{ "signed, too long", SYN, .is_signed = true, .payload = 1461, .why = SYN_TOO_LONG },
	{ "signed, small MSS", SYN, .is_signed = true, .mss = 100, .why = SYN_SMALL_MSS },
};

static void test_syn_judge(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_LEN(judge_rows); i++) {
		const struct judge_row *row = &judge_rows[i / 2];
		struct tcp_opts opts = { .mss = row->mss,
					 .wscale = WSCALE_NONE,
					 .is_signed = row->is_signed };
		struct pkt p = syn_ordinary(i & 1);

		p.flags = row->flags;
		p.payload_bytes = row->payload;
		if (row->is_land)
			p.src = p.dst;
		if (row->is_port_0)
			p.sport = 0;
		p.is_from_group = row->is_from_group;
		if (syn_judge(&p, &opts) != row->why)
			print_error("%s, IPv%d\n", row->name, i & 1 ? 6 : 4);
		assert_int_equal(syn_judge(&p, &opts), row->why);
	}
}

/* ---- what is offered ------------------------------------------------------------------------ */

/* Every value of the flags and of the DS field; AE is a bit of another byte and cannot matter. */
static void test_asks_ecn(void **state)
{
	(void)state;
	for (int flags = 0; flags < 256; flags++) {
		for (int ds = 0; ds < 256; ds++) {
			struct pkt p = { .flags = flags, .dsfield = ds };

			assert_int_equal(syn_asks_ecn(&p), flags / 64 == 3 && ds % 4 == 0);
		}
	}
}

static void offer_is(const struct pkt *p, const struct tcp_opts *opts, uint32_t may,
		     const struct offer *wanted)
{
	struct offer got;

	memset(&got, 0x5a, sizeof(got));
	offer_from_syn(p, opts, may, &got);
	assert_int_equal(got.mss, wanted->mss);
	assert_int_equal(got.wscale, wanted->wscale);
	assert_int_equal(got.sack, wanted->sack);
	assert_int_equal(got.timestamps, wanted->timestamps);
	assert_int_equal(got.ecn, wanted->ecn);
}

/* All that was offered, with each set of sysctls. */
static void test_offer_sysctls(void **state)
{
	(void)state;
	for (uint32_t may = 0; may <= MAY_ALL; may++) {
		struct tcp_opts opts = {
			.mss = 1460, .wscale = 9, .has_sack = true, .has_timestamps = true
		};
		struct offer all = { .mss = 1460,
				     .wscale = may & MAY_WSCALE ? 9 : WSCALE_NONE,
				     .sack = may & MAY_SACK,
				     .timestamps = may & MAY_TIMESTAMPS,
				     .ecn = may & MAY_ECN };
		struct offer nothing = { .mss = 1460, .wscale = WSCALE_NONE };

		for (int v6 = 0; v6 < 2; v6++) {
			struct pkt p = syn_ordinary(v6);

			p.flags = SYN | ECE | CWR;
			opts = (struct tcp_opts){
				.mss = 1460, .wscale = 9, .has_sack = true, .has_timestamps = true
			};
			offer_is(&p, &opts, may, &all);
			p.flags = SYN;
			opts = (struct tcp_opts){ .mss = 1460, .wscale = WSCALE_NONE };
			offer_is(&p, &opts, may, &nothing);
		}
	}
}

/* Each option alone brings that option alone. */
static void test_offer_single(void **state)
{
	struct offer wanted;
	struct tcp_opts opts;

	(void)state;
	for (int v6 = 0; v6 < 2; v6++) {
		struct offer none = { .mss = v6 ? 1220 : 536, .wscale = WSCALE_NONE };
		struct pkt p = syn_ordinary(v6);

		opts = TCP_OPTS_NONE;
		offer_is(&p, &opts, MAY_ALL, &none);
		opts.mss = 300; /* less than a cookie can carry */
		offer_is(&p, &opts, MAY_ALL, &none);
		opts.mss = 1300, wanted = none, wanted.mss = 1300;
		offer_is(&p, &opts, MAY_ALL, &wanted);
		opts = TCP_OPTS_NONE, opts.wscale = 0, wanted = none, wanted.wscale = 0;
		offer_is(&p, &opts, MAY_ALL, &wanted);
		opts = TCP_OPTS_NONE, opts.has_sack = true, wanted = none, wanted.sack = true;
		offer_is(&p, &opts, MAY_ALL, &wanted);
		opts = TCP_OPTS_NONE, opts.has_timestamps = true;
		wanted = none, wanted.timestamps = true;
		offer_is(&p, &opts, MAY_ALL, &wanted);
		p.flags |= ECE | CWR, opts = TCP_OPTS_NONE, wanted = none, wanted.ecn = true;
		offer_is(&p, &opts, MAY_ALL, &wanted);
	}
}

/* ---- the window ----------------------------------------------------------------------------- */

static int ilog2(uint64_t v)
{
	int n = -1;

	for (; v; v /= 2)
		n++;
	return n;
}

/*
 * tcp_select_initial_window() of Linux 6.12, without the rounding to segments, which moves a power
 * of two only when the listener's own buffer is beyond rmem_max.
 */
static int kernel_wscale(uint64_t space, uint64_t clamp, uint64_t rmem_max)
{
	int scale;

	if (!clamp)
		clamp = 65535ULL << 14;
	if (space > clamp)
		space = clamp;
	if (space < rmem_max)
		space = rmem_max;
	if (space > clamp)
		space = clamp;
	scale = ilog2(space) - 15;
	return scale < 0 ? 0 : scale > 14 ? 14 : scale;
}

static uint32_t size_random(void)
{
	uint32_t v = rng() >> rng_below(64);

	switch (rng_below(4)) {
	case 0:
		return (1u << rng_below(32)) + rng_below(3) - 1;
	case 1:
		return 0;
	}
	return v;
}

static void test_wscale(void **state)
{
	static const struct {
		struct rcv_space rcv;
		uint32_t rmem_max;
		int scale;
	} rows[] = {
		{ { 65536, 0 }, 6291456, 7 },   /* Linux since 2009 */
		{ { 65536, 0 }, 33554432, 10 }, /* 6.18 */
		{ { 65536, 0 }, 212992, 2 },
		{ { 0, 0 }, 0, 0 },
		{ { 65535, 0 }, 0, 0 },
		{ { 65536, 0 }, 0, 1 },
		{ { 131071, 0 }, 0, 1 },
		{ { 131072, 0 }, 0, 2 },
		{ { 4096, 4096 }, 6291456, 0 }, /* a small SO_RCVBUF */
		{ { 300000, 300000 }, 6291456, 3 },
		{ { 1 << 30, 0 }, 0, 14 },
		{ { UINT32_MAX, 0 }, UINT32_MAX, 14 },
		{ { UINT32_MAX, UINT32_MAX }, UINT32_MAX, 14 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(rcv_wscale(&rows[i].rcv, rows[i].rmem_max), rows[i].scale);
	for (int i = 0; i < 300000; i++) {
		struct rcv_space rcv = { size_random(), size_random() };
		uint32_t rmem_max = size_random();

		assert_int_equal(rcv_wscale(&rcv, rmem_max),
				 kernel_wscale(rcv.space_bytes, rcv.clamp_bytes, rmem_max));
	}
}

static uint32_t kernel_window(uint64_t space, uint64_t clamp, uint32_t mss)
{
	if (clamp && space > clamp)
		space = clamp;
	if (space > 65535ULL << 14)
		space = 65535ULL << 14;
	if (mss && space > mss)
		space = space / mss * mss;
	return space < 65535 ? space : 65535;
}

static void test_window(void **state)
{
	static const struct {
		struct rcv_space rcv;
		uint16_t mss, window;
	} rows[] = {
		{ { 65536, 0 }, 1460, 64240 }, /* what Linux announces on Ethernet */
		{ { 65536, 0 }, 1440, 64800 },   { { 6291456, 0 }, 1460, 65535 },
		{ { 65536, 2920 }, 1460, 2920 }, { { 65536, 2919 }, 1460, 1460 },
		{ { 1460, 0 }, 1460, 1460 },     { { 1459, 0 }, 1460, 1459 },
		{ { 0, 0 }, 1460, 0 },           { { 100000, 0 }, 0, 65535 },
		{ { 100, 0 }, 0, 100 },          { { 65536, 0 }, 65535, 65535 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(rcv_window(&rows[i].rcv, rows[i].mss), rows[i].window);
	for (int i = 0; i < 300000; i++) {
		struct rcv_space rcv = { size_random(), size_random() };
		uint16_t mss = size_random();

		assert_int_equal(rcv_window(&rcv, mss),
				 kernel_window(rcv.space_bytes, rcv.clamp_bytes, mss));
	}
}

static void test_lookups_spared(void **state)
{
	(void)state;
	assert_int_equal(lookups_spared(4096, 0, 0), 256);
	assert_int_equal(lookups_spared(511, 0, 0), 31);
	assert_int_equal(lookups_spared(15, 0, 0), 0);
	assert_int_equal(lookups_spared(0, 0, 0), 0);
	assert_int_equal(lookups_spared(4096, 1024, 1024), 256);
	assert_int_equal(lookups_spared(4096, 1025, 0), 0);
	assert_int_equal(lookups_spared(4096, 0, 1025), 0);
	assert_int_equal(lookups_spared(1U << 20, 0, 0), 0xffff);
	assert_int_equal(lookups_spared(~0U, ~0U / 4, ~0U / 4), 0xffff);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_is_syn),         cmocka_unit_test(test_martians_v4),
		cmocka_unit_test(test_martians_v6),    cmocka_unit_test(test_martians_other),
		cmocka_unit_test(test_syn_judge),      cmocka_unit_test(test_asks_ecn),
		cmocka_unit_test(test_offer_sysctls),  cmocka_unit_test(test_offer_single),
		cmocka_unit_test(test_wscale),         cmocka_unit_test(test_window),
		cmocka_unit_test(test_lookups_spared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
