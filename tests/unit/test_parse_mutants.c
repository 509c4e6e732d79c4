/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: */
/*
 * The parser against a second one, which is written for this test and knows one thing alone: is
 * this plain TCP, and where? Both get the rows of parse_rows.h, with random bytes changed.
 */
#include "parse_rows.h"

#define NR_MUTANTS 200000

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

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_mutants) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
