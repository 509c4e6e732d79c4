/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: daemon/offloads.c */
/*
 * Why a driver may refuse XDP: what merges packets is named, with one command for all of it, and a
 * large MTU only where nothing else is in the way.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "offloads.h"

static const struct {
	struct offloads offloads;
	__u32 mtu;
	const char *words;
} rows[] = {
	{ { false, false }, 1500, "" },
	{ { false, false }, 3498, "" },
	{ { true, false },
	  1500,
	  "; LRO merges packets before XDP could see them, which drivers refuse: 'ethtool -K eth0 "
	  "lro off' helps" },
	{ { false, true },
	  9000,
	  "; the NIC's GRO merges packets before XDP could see them, which drivers refuse: "
	  "'ethtool -K eth0 rx-gro-hw off' helps" },
	{ { true, true },
	  1500,
	  "; LRO and the NIC's GRO merge packets before XDP could see them, which drivers refuse: "
	  "'ethtool -K eth0 lro off rx-gro-hw off' helps" },
	{ { false, false },
	  9000,
	  "; its MTU is 9000, and many drivers take XDP up to some 3498 only: 'ip link set dev "
	  "eth0 mtu 3498' tells" },
};

static void test_words(void **state)
{
	char text[320];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(offloads_explain("eth0", &rows[i].offloads, rows[i].mtu, text,
						     sizeof(text)),
				    rows[i].words);
}

static void test_no_device(void **state)
{
	struct offloads offloads = { true, true };

	(void)state;
	offloads_read("there-is-none", &offloads);
	assert_false(offloads.lro);
	assert_false(offloads.gro_hw);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_no_device),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
