/* SPDX-License-Identifier: GPL-2.0-only */
/* sources: daemon/link_stack.c */
/*
 * Which MACs a device's frames may be addressed to: of what stands on it in this host, however
 * high, and of nothing beside it. And which devices are none to attach to, with those below them
 * that are.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "link_stack.h"

#define LINKS_MAX 24
#define DEVICE 2 /* the ifindex of what is asked about, its MAC ends with it as all do */

struct row {
	const char *name;
	struct link links[LINKS_MAX]; /* beside the device; until ifindex 0 */
	int master;                   /* of the device */
	int above[LINKS_MAX];         /* whose MACs, in the order of `links` */
};

#define MACVLAN .kind = "macvlan"
#define VLAN .kind = "vlan"
#define BRIDGE .kind = "bridge"

static const struct row rows[] = {
	{ .name = "nothing" },
	{ .name = "a macvlan", .links = { { 5, .lower = DEVICE, MACVLAN } }, .above = { 5 } },
	{ .name = "a kind that does not come up to us: a virtual machine's",
	  .links = { { 5, .lower = DEVICE, .kind = "macvtap" } } },
	{ .name = "a kind that nobody knows, whose lower device is its peer",
	  .links = { { 5, .lower = DEVICE, .kind = "veth" } } },
	{ .name = "hardware on it", .links = { { 5, .lower = DEVICE } } },
	{ .name = "a macvlan on another device", .links = { { 4 }, { 5, .lower = 4, MACVLAN } } },
	{ .name = "its bridge", .links = { { 7, BRIDGE } }, .master = 7, .above = { 7 } },
	{ .name = "a master that is no such thing", .links = { { 7 } }, .master = 7 },
	{ .name = "another port of its bridge",
	  .links = { { 6, .master = 7, VLAN }, { 7, BRIDGE } },
	  .master = 7,
	  .above = { 7 } },
	{ .name = "a macvlan on a VLAN of a bridge of a bond, named from the top",
	  .links = { { 9, .lower = 8, MACVLAN },
		     { 8, .lower = 7, VLAN },
		     { 7, BRIDGE },
		     { 6, .master = 7, .kind = "bond" } },
	  .master = 6,
	  .above = { 9, 8, 7, 6 } },
	{ .name = "a VLAN that has the device's own MAC",
	  .links = { { DEVICE + 256, .lower = DEVICE, VLAN } } },
	{ .name = "two with the same MAC",
	  .links = { { 5, .lower = DEVICE, MACVLAN }, { 5 + 256, .lower = DEVICE, MACVLAN } },
	  .above = { 5 } },
	{ .name = "two that stand on each other",
	  .links = { { 5, .lower = 6, VLAN }, { 6, .lower = 5, VLAN } } },
};

static size_t fill(const struct row *row, struct link *ret)
{
	size_t nr = 0;

	while (nr < LINKS_MAX && row->links[nr].ifindex) {
		ret[nr] = row->links[nr];
		nr++;
	}
	ret[nr] = (struct link){ .ifindex = DEVICE, .master = row->master };
	for (size_t i = 0; i <= nr; i++)
		ret[i].mac[5] = (__u8)ret[i].ifindex;
	return nr + 1;
}

static void test_rows(void **state)
{
	(void)state;
	for (const struct row *row = rows; row < rows + sizeof(rows) / sizeof(rows[0]); row++) {
		struct link links[LINKS_MAX + 1];
		__u8 macs[MACS_ABOVE_MAX][6];
		const struct links all = { links, fill(row, links) };
		size_t nr = link_macs_above(&all, DEVICE, macs), want = 0;

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
	struct link links[LINKS_MAX + 1];
	struct links all = { links, 0 };
	__u8 macs[MACS_ABOVE_MAX + 1][6] = {};

	(void)state;
	for (int i = 0; i < MACS_ABOVE_MAX + 3; i++)
		row.links[i] = (struct link){ 10 + i, .lower = DEVICE, MACVLAN };
	all.nr = fill(&row, links);
	assert_int_equal(link_macs_above(&all, DEVICE, macs), MACS_ABOVE_MAX + 3);
	assert_int_equal(macs[MACS_ABOVE_MAX - 1][5], 10 + MACS_ABOVE_MAX - 1);
	assert_int_equal(macs[MACS_ABOVE_MAX][5], 0);
}

static void test_device_is_gone(void **state)
{
	struct link one = { .ifindex = 9, .lower = DEVICE, MACVLAN };
	const struct links all = { &one, 1 }, none = {};
	__u8 macs[MACS_ABOVE_MAX][6];

	(void)state;
	assert_int_equal(link_macs_above(&all, DEVICE, macs), 0);
	assert_int_equal(link_macs_above(&none, DEVICE, macs), 0);
}

/* ---- which devices are for XDP ---- */

static struct link stack[] = {
	{ 2, .name = "eth0", .is_ether = true },
	{ 3, .name = "eth1", .is_ether = true, .master = 10 },
	{ 4, .name = "eth2", .is_ether = true, .master = 10 },
	{ 5, .lower = 2, .name = "eth0.7", .is_ether = true, .kind = "vlan" },
	{ 6, .lower = 5, .name = "vmac0", .is_ether = true, .kind = "macvlan" },
	{ 7, .lower = 0, .name = "far0", .is_ether = true, .kind = "ipvlan" },
	{ 8, .name = "wg0", .kind = "wireguard" },
	{ 9, .name = "lo" },
	{ 10, .name = "br0", .is_ether = true, .kind = "bridge" },
	{ 11, .name = "bond0", .is_ether = true, .kind = "bond" },
	{ 12, .name = "tap0", .is_ether = true, .kind = "tun" },
	{ 13, .name = "team0", .is_ether = true, .kind = "team" },
	{ 14, .name = "p1", .is_ether = true, .master = 13 },
	{ 15, .name = "p2", .is_ether = true, .master = 13 },
	{ 16, .name = "p3", .is_ether = true, .master = 13 },
	{ 17, .name = "p4", .is_ether = true, .master = 13 },
	{ 18, .name = "p5", .is_ether = true, .master = 13 },
	{ 20, .name = "br1", .is_ether = true, .kind = "bridge" },
	{ 21, .lower = 2, .name = "eth0.8", .is_ether = true, .kind = "vlan", .master = 20 },
	{ 22, .lower = 2, .name = "eth0.9", .is_ether = true, .kind = "vlan", .master = 20 },
	{ 23, .lower = 11, .name = "bond0.7", .is_ether = true, .kind = "vlan" },
	{ 24, .name = "p6", .is_ether = true, .master = 11 },
	{ 25, .lower = 7, .name = "far0.7", .is_ether = true, .kind = "vlan" },
	{ 26, .name = "vrf0", .is_ether = true, .kind = "vrf" },
	{ 27, .name = "wg1", .kind = "wireguard", .master = 26 },
	{ 28, .lower = 29, .name = "loop0", .is_ether = true, .kind = "vlan" },
	{ 29, .lower = 28, .name = "loop1", .is_ether = true, .kind = "vlan" },
};

static const struct {
	const char *name;
	const char *words; /* separated by '|'; NULL: it is one */
	bool is_generic_fine;
} checks[] = {
	{ "eth0", NULL, true },
	{ "eth1", NULL, true }, /* a port is what XDP belongs to */
	{ "bond0", NULL, true },
	{ "tap0", NULL, true },
	{ "eth0.7", "eth0.7 is a VLAN on eth0,|name eth0 instead|xdp-mode = generic", true },
	{ "vmac0", "vmac0 is a macvlan on eth0,|name eth0 instead", true }, /* not eth0.7 */
	{ "far0", "far0 is an ipvlan, and no device below it", true },
	{ "br1", "br1 is a bridge on eth0,", true }, /* of two VLANs of it: once */
	{ "bond0.7", "bond0.7 is a VLAN on bond0,", true },
	{ "far0.7", "far0.7 is a VLAN, and no device below it", true },
	{ "vrf0", "vrf0 is a VRF, and no device below it that takes XDP", true }, /* wg1: none */
	{ "loop0", "loop0 is a VLAN, and no device below it", true },
	{ "br0", "br0 is a bridge on eth1, eth2,|name eth1, eth2 instead", true },
	{ "team0", "a team on p1, p2, p3, p4, ...,", true },
	{ "wg0", "wg0 carries no Ethernet frames (it is of kind wireguard)", false },
	{ "lo", "lo carries no Ethernet frames, and", false },
};

static void says(const char *why, const char *words)
{
	char copy[256], *rest = NULL;

	snprintf(copy, sizeof(copy), "%s", words);
	for (char *word = strtok_r(copy, "|", &rest); word; word = strtok_r(NULL, "|", &rest))
		if (!strstr(why, word))
			fail_msg("'%s' is not in '%s'", word, why);
}

static void test_checks(void **state)
{
	const struct links links = { stack, sizeof(stack) / sizeof(stack[0]) };
	char why[LINK_WHY_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		const struct link *link = link_by_name(&links, checks[i].name);
		int want = checks[i].words ? -EOPNOTSUPP : 0;

		assert_non_null(link);
		assert_ptr_equal(link_by_index(&links, link->ifindex), link);
		assert_int_equal(link_check(&links, link, XDP_MODE_AUTO, why), want);
		if (want)
			says(why, checks[i].words);
		assert_int_equal(link_check(&links, link, XDP_MODE_NATIVE, why), want);
		assert_int_equal(link_check(&links, link, XDP_MODE_GENERIC, why),
				 checks[i].is_generic_fine ? 0 : want);
	}
	assert_null(link_by_name(&links, "eth"));
	assert_null(link_by_index(&links, 19));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_more_than_room),
		cmocka_unit_test(test_device_is_gone),
		cmocka_unit_test(test_checks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
