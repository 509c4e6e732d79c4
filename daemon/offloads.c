// SPDX-License-Identifier: GPL-2.0-only
/*
 * A feature has a name and no number: which bit it is, the kernel says (ETH_SS_FEATURES).
 */
#include "offloads.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "cleanup.h"

#define FEATURES_MAX 512     /* the kernel has some 70 */
#define MTU_OF_ONE_PAGE 3498 /* of 4096 bytes, less what drivers need around a frame */

static int ask(int fd, const char *device, void *command)
{
	struct ifreq request = { .ifr_data = command };

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", device);
	return ioctl(fd, SIOCETHTOOL, &request);
}

static __u32 nr_features(int fd, const char *device)
{
	struct {
		struct ethtool_sset_info info;
		__u32 nr;
	} sets = { .info = { .cmd = ETHTOOL_GSSET_INFO, .sset_mask = 1ULL << ETH_SS_FEATURES } };

	if (ask(fd, device, &sets) || !sets.info.sset_mask || sets.nr > FEATURES_MAX)
		return 0;
	return sets.nr;
}

static struct ethtool_gstrings *feature_names(int fd, const char *device, __u32 nr)
{
	struct ethtool_gstrings *names = calloc(1, sizeof(*names) + (size_t)nr * ETH_GSTRING_LEN);

	if (!names)
		return NULL;
	names->cmd = ETHTOOL_GSTRINGS;
	names->string_set = ETH_SS_FEATURES;
	names->len = nr;
	if (!ask(fd, device, names))
		return names;
	free(names);
	return NULL;
}

static struct ethtool_gfeatures *feature_bits(int fd, const char *device, __u32 nr)
{
	__u32 nr_blocks = (nr + 31) / 32;
	struct ethtool_gfeatures *bits =
		calloc(1, sizeof(*bits) + nr_blocks * sizeof(bits->features[0]));

	if (!bits)
		return NULL;
	bits->cmd = ETHTOOL_GFEATURES;
	bits->size = nr_blocks;
	if (!ask(fd, device, bits))
		return bits;
	free(bits);
	return NULL;
}

void offloads_read(const char *device, struct offloads *ret)
{
	int fd __cleanup(cleanup_close) = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	__u32 nr = nr_features(fd, device);
	struct ethtool_gstrings *names __cleanup(cleanup_free) =
		nr ? feature_names(fd, device, nr) : NULL;
	struct ethtool_gfeatures *bits __cleanup(cleanup_free) =
		names ? feature_bits(fd, device, nr) : NULL;

	*ret = (struct offloads){};
	for (__u32 i = 0; bits && i < names->len && i < nr; i++) {
		const char *name = (const char *)names->data + (size_t)i * ETH_GSTRING_LEN;
		bool is_on = bits->features[i / 32].active >> (i % 32) & 1;

		if (!strncmp(name, "rx-lro", ETH_GSTRING_LEN))
			ret->lro = is_on;
		else if (!strncmp(name, "rx-gro-hw", ETH_GSTRING_LEN))
			ret->gro_hw = is_on;
	}
}

const char *offloads_explain(const char *device, const struct offloads *offloads, __u32 mtu,
			     char *ret, size_t room)
{
	bool is_both = offloads->lro && offloads->gro_hw;

	ret[0] = '\0';
	if (offloads->lro || offloads->gro_hw)
		snprintf(
			ret, room,
			"; %s%s%s merge%s packets before XDP could see them, which drivers refuse: "
			"'ethtool -K %s%s%s' helps",
			offloads->lro ? "LRO" : "", is_both ? " and " : "",
			offloads->gro_hw ? "the NIC's GRO" : "", is_both ? "" : "s", device,
			offloads->lro ? " lro off" : "", offloads->gro_hw ? " rx-gro-hw off" : "");
	else if (mtu > MTU_OF_ONE_PAGE)
		snprintf(ret, room,
			 "; its MTU is %u, and many drivers take XDP up to some %d only: "
			 "'ip link set dev %s mtu %d' tells",
			 mtu, MTU_OF_ONE_PAGE, device, MTU_OF_ONE_PAGE);
	return ret;
}
