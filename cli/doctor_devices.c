// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the doctor looks at on each interface: are both programs attached, how are SYNs answered,
 * and what does the device below them do to packets.
 */
#include <stdio.h>
#include <string.h>

#include "doctor_checks.h"
#include "out.h"

#define MTU_IPV6 1280

/* ---- what is attached ---- */

static void check_xdp(json_t *checks, const json_t *interface, const char *look)
{
	const char *device = out_text_of(interface, "name");
	const char *mode = out_text_of(interface, "xdp_mode");
	char name[CHECK_NAME_SIZE], driver[64];

	snprintf(name, sizeof(name), "xdp %s", device);
	snprintf(driver, sizeof(driver), "ethtool -i %s", device);
	if (!strcmp(mode, "native"))
		check_add(checks, name, "ok", NULL, "native mode");
	else if (!strcmp(mode, "generic"))
		check_add(checks, name, "warn", driver,
			  "generic mode: the driver has no XDP of its own, and each packet costs "
			  "several times as much");
	else
		check_add(checks, name, "fail", look, "the XDP program is not attached");
}

static void check_tc(json_t *checks, const json_t *interface, const char *look)
{
	const char *tc = out_text_of(interface, "tc"), *path = out_text_of(interface, "path");
	char name[CHECK_NAME_SIZE];

	snprintf(name, sizeof(name), "tc %s", out_text_of(interface, "name"));
	if (strcmp(tc, "none"))
		check_add(checks, name, "ok", NULL, "attached as %s", tc);
	else if (!strcmp(path, "kernel-cookie"))
		check_add(checks, name, "ok", NULL, "not attached, and not needed by this path");
	else
		check_add(checks, name, "fail", look, "the TC half is not attached");
}

static void check_confirmed(json_t *checks, const json_t *interface)
{
	const json_t *left = json_object_get(interface, "unconfirmed_seconds");
	char name[CHECK_NAME_SIZE];

	snprintf(name, sizeof(name), "attach %s", out_text_of(interface, "name"));
	if (json_is_integer(left))
		check_add(checks, name, "warn", "synward confirm",
			  "it is not confirmed, and taken back in %d s",
			  (int)json_integer_value(left));
}

/* Is it one to attach to, as things are? If not that is all there is to say of it. */
static bool check_is_there(json_t *checks, const char *name, const json_t *interface)
{
	const char *device = out_text_of(interface, "name");
	const char *state = out_text_of(interface, "state");
	char remedy[64];

	snprintf(remedy, sizeof(remedy), "synward attach %s", device);
	if (!strcmp(state, "absent"))
		check_add(checks, name, "fail", "ip link",
			  "it is absent: no device is called so; it is attached as soon as there "
			  "is one");
	else if (!strcmp(state, "detached"))
		check_add(checks, name, "warn", remedy, "it was detached by command");
	else
		return true;
	return false;
}

void check_interfaces(json_t *checks, const json_t *status)
{
	const json_t *interface;
	size_t i;

	json_array_foreach (json_object_get(status, "interfaces"), i, interface) {
		const char *device = out_text_of(interface, "name");
		char name[CHECK_NAME_SIZE], look[64];

		snprintf(name, sizeof(name), "interface %s", device);
		snprintf(look, sizeof(look), "bpftool net show dev %s", device);
		if (!check_is_there(checks, name, interface))
			continue;
		check_path(checks, name, interface, look);
		check_confirmed(checks, interface);
		check_xdp(checks, interface, look);
		check_tc(checks, interface, look);
	}
}

/* ---- the device itself ---- */

static void check_vlans(json_t *checks, const json_t *device)
{
	const json_t *vlans = json_object_get(device, "vlans"), *vlan;
	const char *name = out_text_of(device, "name");
	char check[CHECK_NAME_SIZE], remedy[64];
	size_t i;

	snprintf(check, sizeof(check), "vlan %s", name);
	snprintf(remedy, sizeof(remedy), "ethtool -K %s rxvlan off", name);
	if (!json_array_size(vlans))
		return;
	if (json_is_true(json_object_get(device, "rx_vlan_offload")))
		check_add(checks, check, "warn", remedy,
			  "%zu VLAN devices are on %s, and it may take the tags off before XDP "
			  "sees them: their clients would get no answer",
			  json_array_size(vlans), name);
	else
		check_add(checks, check, "ok", NULL, "XDP sees the tags");
	json_array_foreach ((json_t *)vlans, i, vlan) {
		json_int_t mtu = out_integer_of(vlan, "mtu");

		snprintf(check, sizeof(check), "mtu %s", out_text_of(vlan, "name"));
		snprintf(remedy, sizeof(remedy), "ip link set %s mtu %d", out_text_of(vlan, "name"),
			 (int)out_integer_of(device, "mtu"));
		if (mtu && mtu < out_integer_of(device, "mtu"))
			check_add(checks, check, "warn", remedy,
				  "%d is less than that of %s below it, by which the MSS is "
				  "announced",
				  (int)mtu, name);
	}
}

/* Generic mode comes behind them, and the kernel switches them off for it; native mode is often
 * refused because of them. */
static void check_merging(json_t *checks, const json_t *device)
{
	const char *name = out_text_of(device, "name");
	const bool is_lro = json_is_true(json_object_get(device, "lro"));
	const bool is_gro = json_is_true(json_object_get(device, "gro_hw"));
	char check[CHECK_NAME_SIZE], remedy[128];

	snprintf(check, sizeof(check), "merging %s", name);
	snprintf(remedy, sizeof(remedy),
		 "ethtool -K %s%s%s && synward detach %s && synward attach %s", name,
		 is_lro ? " lro off" : "", is_gro ? " rx-gro-hw off" : "", name, name);
	if (is_lro || is_gro)
		check_add(
			checks, check, "warn", remedy,
			"%s%s%s is on: packets are merged before XDP could see them; most drivers "
			"refuse native XDP then",
			is_lro ? "LRO" : "", is_lro && is_gro ? " and " : "",
			is_gro ? "the NIC's GRO" : "");
	else
		check_add(checks, check, "ok", NULL, "no packets are merged before XDP");
}

void check_devices(json_t *checks, const json_t *facts)
{
	const json_t *device;
	size_t i;

	json_array_foreach (json_object_get(facts, "interfaces"), i, device) {
		const char *name = out_text_of(device, "name");
		json_int_t mtu = out_integer_of(device, "mtu");
		char check[CHECK_NAME_SIZE], remedy[64];

		snprintf(check, sizeof(check), "mtu %s", name);
		snprintf(remedy, sizeof(remedy), "ip link set %s mtu %d", name, MTU_IPV6);
		if (mtu >= MTU_IPV6)
			check_add(checks, check, "ok", NULL, "%d", (int)mtu);
		else
			check_add(checks, check, "warn", remedy, "%d: IPv6 needs %d", (int)mtu,
				  MTU_IPV6);
		check_merging(checks, device);
		check_vlans(checks, device);
	}
}
