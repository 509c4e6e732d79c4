// SPDX-License-Identifier: GPL-2.0-only
#include "link_stack.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

#define STACK_DEPTH_MAX 8 /* the kernel's own MAX_NEST_DEV */

/* What we know of a kind of link (IFLA_INFO_KIND). */
static const struct kind {
	const char *name;
	const char *words;   /* a device whose frames others see first; NULL: XDP belongs there */
	bool comes_up_to_us; /* what it takes goes up to this host's stack */
	bool has_ports;      /* others belong to it, rather than that it stands on one */
} kinds[] = {
	{ "vlan", "a VLAN", true, false },
	{ "macvlan", "a macvlan", true, false },
	{ "macvtap", "a macvtap", false, false },
	{ "ipvlan", "an ipvlan", false, false },
	{ "bridge", "a bridge", true, true },
	{ "team", "a team", true, true },
	{ "vrf", "a VRF", false, true },
	{ "bond", NULL, true, true }, /* hands a program on to its ports */
};

static const struct kind *kind_of(const struct link *link)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(link->kind, kinds[i].name))
			return &kinds[i];
	return NULL;
}

const struct link *link_by_index(const struct links *links, int ifindex)
{
	for (size_t i = 0; i < links->nr; i++)
		if (links->link[i].ifindex == ifindex)
			return &links->link[i];
	return NULL;
}

const struct link *link_by_name(const struct links *links, const char *name)
{
	for (size_t i = 0; i < links->nr; i++)
		if (!strcmp(links->link[i].name, name))
			return &links->link[i];
	return NULL;
}

/* ---- what is above ---- */

static bool has_mac(const __u8 (*macs)[6], size_t nr, const __u8 *mac)
{
	for (size_t i = 0; i < nr; i++)
		if (!memcmp(macs[i], mac, sizeof(*macs)))
			return true;
	return false;
}

static bool comes_up_to_us(const struct link *link)
{
	const struct kind *kind = kind_of(link);

	return kind && kind->comes_up_to_us;
}

/* Mark what stands directly on what is marked. True when there was something new. */
static bool climb(const struct links *links, bool *is_in)
{
	const struct link *link = links->link;
	bool found = false;

	for (size_t i = 0; i < links->nr; i++)
		for (size_t k = 0; k < links->nr && !is_in[i] && comes_up_to_us(&link[i]); k++)
			if (is_in[k] &&
			    (link[i].lower == link[k].ifindex || link[k].master == link[i].ifindex))
				found = is_in[i] = true;
	return found;
}

size_t link_macs_above(const struct links *links, int ifindex, __u8 (*ret)[6])
{
	const struct link *self = link_by_index(links, ifindex);
	bool *is_in __cleanup(cleanup_free) = calloc(links->nr + 1, sizeof(*is_in));
	size_t found = 0;

	if (!self || !is_in)
		return 0;
	is_in[self - links->link] = true;
	for (int depth = 0; depth < STACK_DEPTH_MAX && climb(links, is_in); depth++)
		;
	for (size_t i = 0; i < links->nr; i++) {
		const __u8 *mac = links->link[i].mac;
		size_t kept = found < MACS_ABOVE_MAX ? found : MACS_ABOVE_MAX;

		if (!is_in[i] || !memcmp(mac, self->mac, sizeof(self->mac)) ||
		    has_mac((const __u8(*)[6])ret, kept, mac))
			continue;
		if (found < MACS_ABOVE_MAX)
			memcpy(ret[found], mac, sizeof(*ret));
		found++;
	}
	return found;
}

/* ---- what is below ---- */

#define PORTS_NAMED 4

/* Its frames are seen first by a device below it. */
static bool is_upper(const struct link *link)
{
	const struct kind *kind = kind_of(link);

	return kind && kind->words;
}

static bool is_directly_below(const struct link *upper, const struct link *link)
{
	return kind_of(upper)->has_ports ? link->master == upper->ifindex :
					   link->ifindex == upper->lower;
}

/* Mark what is directly below those marked that stand on others. True when there was something
 * new. */
static bool descend(const struct links *links, bool *is_in)
{
	const struct link *link = links->link;
	bool found = false;

	for (size_t i = 0; i < links->nr; i++)
		for (size_t k = 0; k < links->nr && !is_in[i]; k++)
			if (is_in[k] && is_upper(&link[k]) && is_directly_below(&link[k], &link[i]))
				found = is_in[i] = true;
	return found;
}

/* "eth0, eth1": the first ones below it that take XDP themselves. */
static void name_below(const struct links *links, const struct link *upper, char *ret, size_t room)
{
	bool *is_in __cleanup(cleanup_free) = calloc(links->nr, sizeof(*is_in));
	size_t length = 0, nr = 0;

	ret[0] = '\0';
	if (!is_in)
		return;
	is_in[upper - links->link] = true;
	for (int depth = 0; depth < STACK_DEPTH_MAX && descend(links, is_in); depth++)
		;
	for (size_t i = 0; i < links->nr; i++) {
		const struct link *link = &links->link[i];

		if (!is_in[i] || is_upper(link) || !link->is_ether)
			continue;
		if (nr == PORTS_NAMED) {
			snprintf(ret + length, room - length, ", ...");
			return;
		}
		length += (size_t)snprintf(ret + length, room - length, "%s%s", nr ? ", " : "",
					   link->name);
		nr++;
	}
}

/* Generic mode works there, for who wants just that. */
static void explain_upper(const struct links *links, const struct link *link,
			  char ret_why[LINK_WHY_SIZE])
{
	char below[(PORTS_NAMED + 1) * (IF_NAMESIZE + 2)];
	const char *words = kind_of(link)->words;

	name_below(links, link, below, sizeof(below));
	if (below[0])
		snprintf(ret_why, LINK_WHY_SIZE,
			 "%s is %s on %s, where its frames are seen first and can be answered in "
			 "the driver: name %s instead (or set xdp-mode = generic, which is slow)",
			 link->name, words, below, below);
	else
		snprintf(ret_why, LINK_WHY_SIZE,
			 "%s is %s, and no device below it that takes XDP is in this network "
			 "namespace: name that device, where it is (or set xdp-mode = generic, "
			 "which is slow)",
			 link->name, words);
}

int link_check(const struct links *links, const struct link *link, enum xdp_mode mode,
	       char ret_why[LINK_WHY_SIZE])
{
	if (!link->is_ether) {
		snprintf(
			ret_why, LINK_WHY_SIZE,
			"%s carries no Ethernet frames%s%s%s, and XDP answers none but those: what "
			"comes in by it is left to the kernel; name the device that clients come "
			"in by",
			link->name, link->kind[0] ? " (it is of kind " : "", link->kind,
			link->kind[0] ? ")" : "");
		return -EOPNOTSUPP;
	}
	if (!is_upper(link) || mode == XDP_MODE_GENERIC)
		return 0;
	explain_upper(links, link, ret_why);
	return -EOPNOTSUPP;
}
