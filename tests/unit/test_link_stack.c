/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: daemon/link_stack.c */
/*
 * Which MACs a device's frames may be addressed to: of what stands on it in this host, however
 * high, and of nothing beside it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "link_stack.h"

#define LINKS_MAX 24
#define DEVICE 2 /* the ifindex of what is asked about, its MAC ends with it as all do */

struct row {
	const char *name;
	struct stack_link links[LINKS_MAX]; /* beside the device; until ifindex 0 */
	int master;                         /* of the device */
	int above[LINKS_MAX];               /* whose MACs, in the order of `links` */
};

static const struct row rows[] = {
	{ .name = "nothing" },
	{ .name = "a macvlan",
	  .links = { { 5, .lower = DEVICE, .is_ours = true } },
	  .above = { 5 } },
	{ .name = "a kind that does not come up to us", .links = { { 5, .lower = DEVICE } } },
	{ .name = "a macvlan on another device",
	  .links = { { 4 }, { 5, .lower = 4, .is_ours = true } } },
	{ .name = "its bridge", .links = { { 7, .is_ours = true } }, .master = 7, .above = { 7 } },
	{ .name = "a master that is no such thing", .links = { { 7 } }, .master = 7 },
	{ .name = "another port of its bridge",
	  .links = { { 6, .master = 7, .is_ours = true }, { 7, .is_ours = true } },
	  .master = 7,
	  .above = { 7 } },
	{ .name = "a macvlan on a VLAN of a bridge of a bond, named from the top",
	  .links = { { 9, .lower = 8, .is_ours = true },
		     { 8, .lower = 7, .is_ours = true },
		     { 7, .is_ours = true },
		     { 6, .master = 7, .is_ours = true } },
	  .master = 6,
	  .above = { 9, 8, 7, 6 } },
	{ .name = "a VLAN that has the device's own MAC",
	  .links = { { DEVICE + 256, .lower = DEVICE, .is_ours = true } } },
	{ .name = "two with the same MAC",
	  .links = { { 5, .lower = DEVICE, .is_ours = true },
		     { 5 + 256, .lower = DEVICE, .is_ours = true } },
	  .above = { 5 } },
	{ .name = "two that stand on each other",
	  .links = { { 5, .lower = 6, .is_ours = true }, { 6, .lower = 5, .is_ours = true } } },
};

static size_t fill(const struct row *row, struct stack_link *ret)
{
	size_t nr = 0;

	while (nr < LINKS_MAX && row->links[nr].ifindex) {
		ret[nr] = row->links[nr];
		nr++;
	}
	ret[nr] = (struct stack_link){ .ifindex = DEVICE, .master = row->master };
	for (size_t i = 0; i <= nr; i++)
		ret[i].mac[5] = (__u8)ret[i].ifindex;
	return nr + 1;
}

static void test_rows(void **state)
{
	(void)state;
	for (const struct row *row = rows; row < rows + sizeof(rows) / sizeof(rows[0]); row++) {
		struct stack_link links[LINKS_MAX + 1];
		__u8 macs[MACS_ABOVE_MAX][6];
		size_t nr = link_stack_macs(links, fill(row, links), DEVICE, macs), want = 0;

		while (row->above[want])
			want++;
		if (nr != want)
			fail_msg("%s: %zu MACs, not %zu", row->name, nr, want);
		for (size_t i = 0; i < nr; i++)
			if (macs[i][5] != row->above[i])
				fail_msg("%s: the MAC of %u, not %d", row->name, macs[i][5],
					 row->above[i]);
	}
}

static void test_more_than_room(void **state)
{
	struct row row = {};
	struct stack_link links[LINKS_MAX + 1];
	__u8 macs[MACS_ABOVE_MAX + 1][6] = {};

	(void)state;
	for (int i = 0; i < MACS_ABOVE_MAX + 3; i++)
		row.links[i] = (struct stack_link){ 10 + i, .lower = DEVICE, .is_ours = true };
	assert_int_equal(link_stack_macs(links, fill(&row, links), DEVICE, macs),
			 MACS_ABOVE_MAX + 3);
	assert_int_equal(macs[MACS_ABOVE_MAX - 1][5], 10 + MACS_ABOVE_MAX - 1);
	assert_int_equal(macs[MACS_ABOVE_MAX][5], 0);
}

static void test_device_is_gone(void **state)
{
	const struct stack_link one = { .ifindex = 9, .lower = DEVICE, .is_ours = true };
	__u8 macs[MACS_ABOVE_MAX][6];

	(void)state;
	assert_int_equal(link_stack_macs(&one, 1, DEVICE, macs), 0);
	assert_int_equal(link_stack_macs(NULL, 0, DEVICE, macs), 0);
}

static void test_kinds(void **state)
{
	(void)state;
	assert_true(link_stack_has_kind("macvlan"));
	assert_true(link_stack_has_kind("bridge"));
	assert_false(link_stack_has_kind("macvtap")); /* a virtual machine's */
	assert_false(link_stack_has_kind("veth"));    /* IFLA_LINK is its peer */
	assert_false(link_stack_has_kind(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_more_than_room),
		cmocka_unit_test(test_device_is_gone),
		cmocka_unit_test(test_kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
