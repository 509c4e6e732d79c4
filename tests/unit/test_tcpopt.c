/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: */
/*
 * TCP options: rows, and two parsers of the data path (by words for the common layouts, option by
 * option for the rest) against each other and against a third one, over mutants of what real stacks
 * send and over noise. The bytes behind the header are noise always: they must not matter.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "refs.h"
#include "tcpopt.h"

#define NR_MUTANTS 2000000

struct row {
	const char *name;
	uint8_t bytes[40];
	unsigned int n;
	struct ref_opts says;
};

#define SAYS(...) .says = { __VA_ARGS__ }

/* clang-format off */
static const struct row rows[] = {
	{ "nothing", {}, 0, {} },
	{ "EOL and zeros", {}, 40, {} },
	{ "MSS", { 2, 4, 0x05, 0xb4 }, 4, SAYS(.mss = 1460) },
	{ "MSS 65535", { 2, 4, 0xff, 0xff }, 4, SAYS(.mss = 65535) },
	{ "window scale", { 3, 3, 7, 0 }, 4, SAYS(.has_wscale = true, .wscale = 7) },
	{ "window scale 0", { 3, 3, 0, 0 }, 4, SAYS(.has_wscale = true, .wscale = 0) },
	{ "window scale 14", { 1, 3, 3, 14 }, 4, SAYS(.has_wscale = true, .wscale = 14) },
	{ "window scale 15", { 1, 3, 3, 15 }, 4, SAYS(.has_wscale = true, .wscale = 14) },
	{ "window scale 255", { 1, 3, 3, 255 }, 4, SAYS(.has_wscale = true, .wscale = 14) },
	{ "SACK permitted", { 4, 2, 0, 0 }, 4, SAYS(.has_sack = true) },
	{ "timestamps", { 8, 10, 0x81, 2, 3, 4, 0xf5, 6, 7, 8, 0, 0 }, 12,
	  SAYS(.has_timestamps = true, .tsval = 0x81020304, .tsecr = 0xf5060708) },
	{ "MD5", { 19, 18 }, 20, SAYS(.is_signed = true) },
	{ "AO", { 29, 16 }, 16, SAYS(.is_signed = true) },
	{ "AO behind others", { 2, 4, 5, 180, 1, 1, 29, 4, 1, 2, 4, 2 }, 12,
	  SAYS(.mss = 1460, .is_signed = true, .has_sack = true) },

	{ "Linux", { 2, 4, 5, 180, 4, 2, 8, 10, 1, 2, 3, 4, 0, 0, 0, 0, 1, 3, 3, 10 }, 20,
	  SAYS(.mss = 1460, .has_sack = true, .has_timestamps = true, .tsval = 0x01020304,
	       .has_wscale = true, .wscale = 10) },
	{ "Windows", { 2, 4, 5, 180, 1, 3, 3, 8, 1, 1, 4, 2 }, 12,
	  SAYS(.mss = 1460, .has_wscale = true, .wscale = 8, .has_sack = true) },
	{ "macOS",
	  { 2, 4, 5, 180, 1, 3, 3, 6, 1, 1, 8, 10, 9, 8, 7, 6, 0, 0, 0, 0, 4, 2, 0, 0 }, 24,
	  SAYS(.mss = 1460, .has_wscale = true, .wscale = 6, .has_sack = true,
	       .has_timestamps = true, .tsval = 0x09080706) },
	{ "packed, no NOP", { 8, 10, 1, 1, 1, 1, 2, 2, 2, 2, 4, 2, 3, 3, 5, 2, 4, 2, 24, 0 }, 20,
	  SAYS(.mss = 536, .has_wscale = true, .wscale = 5, .has_sack = true,
	       .has_timestamps = true, .tsval = 0x01010101, .tsecr = 0x02020202) },

	{ "the last of two MSS", { 2, 4, 5, 180, 2, 4, 2, 24 }, 8, SAYS(.mss = 536) },
	{ "the last of two window scales", { 3, 3, 9, 3, 3, 2, 1, 1 }, 8,
	  SAYS(.has_wscale = true, .wscale = 2) },
	{ "the last of two timestamps",
	  { 8, 10, 1, 1, 1, 1, 2, 2, 2, 2, 8, 10, 3, 3, 3, 3, 4, 4, 4, 4 }, 20,
	  SAYS(.has_timestamps = true, .tsval = 0x03030303, .tsecr = 0x04040404) },
	{ "SACK permitted twice", { 4, 2, 4, 2 }, 4, SAYS(.has_sack = true) },

	{ "EOL hides the rest", { 4, 2, 0, 2, 2, 4, 5, 180 }, 8, SAYS(.has_sack = true) },
	{ "NOPs to the end", { 1, 1, 1, 1, 1, 1, 1, 1 }, 8, {} },
	{ "NOPs before", { 1, 1, 1, 1, 1, 1, 2, 4, 5, 180, 1, 1 }, 12, SAYS(.mss = 1460) },
	{ "unknown kinds",
	  { 254, 4, 9, 9, 34, 2, 77, 2, 4, 2, 30, 2 }, 12, SAYS(.has_sack = true) },

	{ "MSS of length 3", { 2, 3, 5, 4, 2, 1, 1, 1 }, 8, SAYS(.has_sack = true) },
	{ "MSS of length 6", { 2, 6, 5, 180, 1, 1, 4, 2 }, 8, SAYS(.has_sack = true) },
	{ "window scale of length 2", { 3, 2, 4, 2 }, 4, SAYS(.has_sack = true) },
	{ "window scale of length 4", { 3, 4, 7, 7, 4, 2, 1, 1 }, 8, SAYS(.has_sack = true) },
	{ "SACK permitted of length 3", { 4, 3, 1, 1 }, 4, {} },
	{ "timestamps of length 8", { 8, 8, 1, 1, 1, 1, 2, 2, 4, 2, 1, 1 }, 12,
	  SAYS(.has_sack = true) },
	{ "timestamps of length 12", { 8, 12, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3 }, 12, {} },
	{ "length 0", { 4, 2, 254, 0, 2, 4, 5, 180 }, 8, SAYS(.has_sack = true) },
	{ "length 1", { 4, 2, 254, 1, 2, 4, 5, 180 }, 8, SAYS(.has_sack = true) },
	{ "MSS of length 0", { 2, 0, 5, 180 }, 4, {} },
	{ "MSS of length 1", { 2, 1, 5, 180 }, 4, {} },
	{ "length one past the end", { 4, 2, 254, 3 }, 4, SAYS(.has_sack = true) },
	{ "MSS past the end", { 1, 2, 4, 5 }, 4, {} },
	{ "timestamps past the end", { 4, 2, 8, 10, 1, 1, 1, 1, 1, 1, 1, 1 }, 8,
	  SAYS(.has_sack = true) },
	{ "length 255", { 254, 255, 2, 4 }, 4, {} },
	{ "a kind as the last byte", { 1, 1, 1, 2 }, 4, {} },
	{ "SACK permitted as the last byte", { 1, 1, 1, 4 }, 4, {} },

	{ "40 bytes, MSS at the end",
	  { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
	    1, 1, 1, 1, 1, 1, 1, 2, 4, 5, 180 }, 40, SAYS(.mss = 1460) },
	{ "40 bytes, one option", { 253, 40 }, 40, {} },
	{ "40 bytes, one option of 41", { 253, 41 }, 40, {} },
	{ "40 bytes, two of 20", { 253, 20, [20] = 253, 20 }, 40, {} },
	{ "40 bytes, SACK permitted 20 times",
	  { 4, 2, 4, 2, 4, 2, 4, 2, 4, 2, 4, 2, 4, 2, 4, 2, 4, 2, 4, 2,
	    4, 2, 4, 2, 4, 2, 4, 2, 4, 2, 4, 2, 4, 2, 4, 2, 4, 2, 4, 2 }, 40,
	  SAYS(.has_sack = true) },
};
/* clang-format on */

/* A header with these options, and noise in the rest of its room. */
static void header_make(struct tcp_header *ret, const uint8_t *options, unsigned int n)
{
	uint8_t *byte = (uint8_t *)ret;

	rng_fill(byte, sizeof(*ret));
	memcpy(byte + 20, options, n);
}

static struct tcp_opts walk(const struct tcp_header *h, unsigned int n)
{
	struct opts_walk w;
	int nr_steps = 0;

	memset(&w, 0x5a, sizeof(w));
	tcp_options_begin(&w, h, 20 + n);
	while (tcp_options_step(&w))
		assert_true(++nr_steps <= TCP_OPTIONS_MAX);
	return w.got;
}

static bool agree(const struct tcp_opts *got, const struct ref_opts *wanted)
{
	return got->mss == wanted->mss &&
	       got->wscale == (wanted->has_wscale ? wanted->wscale : WSCALE_NONE) &&
	       got->has_sack == wanted->has_sack && got->has_timestamps == wanted->has_timestamps &&
	       got->tsval == wanted->tsval && got->tsecr == wanted->tsecr &&
	       got->is_signed == wanted->is_signed;
}

static void dump(const char *what, const uint8_t *options, unsigned int n)
{
	print_error("%s:", what);
	for (unsigned int i = 0; i < n; i++)
		print_error(" %u", options[i]);
	print_error("\n");
}

/* All of the parsers on the same bytes. Returns whether the layout was one of the common ones. */
static bool all_agree(const char *what, const uint8_t *options, unsigned int n,
		      const struct ref_opts *wanted)
{
	struct tcp_opts got, common, untouched;
	struct tcp_header h;
	bool is_common;

	header_make(&h, options, n);
	got = walk(&h, n);
	memset(&untouched, 0x5a, sizeof(untouched));
	common = untouched;
	is_common = tcp_options_common(&h, 20 + n, &common);
	if (!agree(&got, wanted) || (is_common && !agree(&common, wanted))) {
		dump(what, options, n);
		assert_true(agree(&got, wanted));
		fail_msg("by words it says something else");
	}
	if (!is_common)
		assert_memory_equal(&common, &untouched, sizeof(common));
	return is_common;
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct ref_opts third = ref_options(rows[i].bytes, rows[i].n);

		all_agree(rows[i].name, rows[i].bytes, rows[i].n, &rows[i].says);
		assert_memory_equal(&third, &rows[i].says, sizeof(third));
	}
}

/* ---- the common layouts ----------------------------------------------------------------- */

static unsigned int layout_linux(uint8_t *o)
{
	memcpy(o, (uint8_t[]){ 2, 4, 0, 0, 4, 2, 8, 10 }, 8);
	set16(o + 2, rng());
	rng_fill(o + 8, 8);
	memcpy(o + 16, (uint8_t[]){ 1, 3, 3, rng_below(15) }, 4);
	return 20;
}

static unsigned int layout_windows(uint8_t *o)
{
	memcpy(o, (uint8_t[]){ 2, 4, 0, 0, 1, 3, 3, rng_below(15), 1, 1, 4, 2 }, 12);
	set16(o + 2, rng());
	return 12;
}

static unsigned int layout_timestamps(uint8_t *o)
{
	memcpy(o, (uint8_t[]){ 1, 1, 8, 10 }, 4);
	rng_fill(o + 4, 8);
	return 12;
}

static unsigned int layout_none(uint8_t *o)
{
	(void)o;
	return 0;
}

static unsigned int (*const layouts[])(uint8_t *o) = { layout_linux, layout_windows,
						       layout_timestamps, layout_none };

/* What nearly every packet has must not fall to the slow path. */
static void test_common_is_found(void **state)
{
	(void)state;
	for (int i = 0; i < 100000; i++) {
		uint8_t o[40];
		unsigned int n = layouts[i % ARRAY_LEN(layouts)](o);
		struct ref_opts wanted = ref_options(o, n);

		assert_true(all_agree("common", o, n, &wanted));
	}
}

/* One byte different, every value of it: nowhere do words and walk disagree. */
static void test_common_nearly(void **state)
{
	(void)state;
	for (size_t k = 0; k < ARRAY_LEN(layouts); k++) {
		uint8_t o[40];
		unsigned int n = layouts[k](o);

		for (unsigned int at = 0; at < n; at++) {
			uint8_t was = o[at];

			for (int v = 0; v < 256; v++) {
				struct ref_opts wanted;

				o[at] = v;
				wanted = ref_options(o, n);
				all_agree("nearly common", o, n, &wanted);
			}
			o[at] = was;
		}
	}
}

/* The words of one layout in a header of every other length. */
static void test_common_other_lengths(void **state)
{
	(void)state;
	for (size_t k = 0; k < ARRAY_LEN(layouts); k++) {
		for (unsigned int n = 0; n <= 40; n += 4) {
			struct ref_opts wanted;
			uint8_t o[40];

			rng_fill(o, sizeof(o));
			layouts[k](o);
			wanted = ref_options(o, n);
			all_agree("other length", o, n, &wanted);
		}
	}
}

/* ---- mutants ---------------------------------------------------------------------------- */

static unsigned int put_option(uint8_t *o, unsigned int at)
{
	static const uint8_t kinds[] = { 0, 1, 1, 1, 2, 2, 3, 3, 4, 4, 8, 8, 19, 29, 5, 254 };
	static const uint8_t sizes[] = {
		[2] = 4, [3] = 3, [4] = 2, [5] = 10, [8] = 10, [19] = 18, [29] = 16, [254] = 4
	};
	uint8_t kind = kinds[rng_below(sizeof(kinds))], size = sizes[kind];
	uint8_t option[40];

	if (kind < 2)
		size = 1;
	else if (rng_below(8) == 0)
		size = rng_below(12);
	rng_fill(option, sizeof(option));
	option[0] = kind;
	if (kind >= 2)
		option[1] = size;
	if (kind == 3)
		option[2] = rng_below(20);
	for (unsigned int i = 0; i < (size ?: 2) && at < 40; i++)
		o[at++] = option[i];
	return at;
}

/* Options as some stack might send them, or might not. */
static unsigned int options_random(uint8_t *o)
{
	unsigned int at = 0, n = rng_below(11) * 4;

	rng_fill(o, 40);
	switch (rng_below(4)) {
	case 0:
		break;
	case 1:
		n = layouts[rng_below(ARRAY_LEN(layouts))](o);
		if (n)
			o[rng_below(n)] = rng_below(2) ? rng() : rng_below(12);
		break;
	default:
		while (at < 40)
			at = put_option(o, at);
	}
	return n;
}

static void test_mutants(void **state)
{
	unsigned int nr_common = 0, nr_timestamps = 0, nr_signed = 0;

	(void)state;
	for (int i = 0; i < NR_MUTANTS; i++) {
		uint8_t o[40];
		unsigned int n = options_random(o);
		struct ref_opts wanted = ref_options(o, n);

		nr_common += all_agree("mutant", o, n, &wanted);
		nr_timestamps += wanted.has_timestamps;
		nr_signed += wanted.is_signed;
	}
	assert_in_range(nr_common, NR_MUTANTS / 20, NR_MUTANTS / 2);
	assert_in_range(nr_timestamps, NR_MUTANTS / 20, NR_MUTANTS);
	assert_in_range(nr_signed, NR_MUTANTS / 20, NR_MUTANTS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),          cmocka_unit_test(test_common_is_found),
		cmocka_unit_test(test_common_nearly), cmocka_unit_test(test_common_other_lengths),
		cmocka_unit_test(test_mutants),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
