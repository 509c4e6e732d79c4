// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sends what retry.c finds due: through XDP_TX of a frame that is let in at the device.
 */
#include "dataplane_inside.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "log.h"
#include "retry.h"
#include "synward.skel.h"

#define RESENDS_MAX \
	1000 /* in a turn; no rate of SYNs leaves more of them in the slots for a second */

bool dataplane_has_retries(const struct dataplane *dp)
{
	for (size_t i = 0; i < dp->conf->nr_services; i++)
		if (dp->conf->services[i].server_first)
			return true;
	return false;
}

int dataplane_map_retries(struct dataplane *dp)
{
	struct bpf_map *map = dp->shared->maps.retries;
	size_t nr = bpf_map__max_entries(map);
	void *at;

	if (!dataplane_has_retries(dp))
		return 0;
	at = mmap(NULL, nr * sizeof(struct retry), PROT_READ | PROT_WRITE, MAP_SHARED,
		  bpf_map__fd(map), 0);
	if (at == MAP_FAILED)
		return -errno;
	dp->retries = at;
	dp->nr_retries = nr;
	return 0;
}

void dataplane_unmap_retries(struct dataplane *dp)
{
	if (dp->retries)
		munmap(dp->retries, dp->nr_retries * sizeof(struct retry));
	dp->retries = NULL;
	dp->nr_retries = 0;
}

static const struct device *device_in_slot(const struct dataplane *dp, __u32 slot)
{
	for (size_t i = 0; i < dp->nr_devices; i++)
		if (dp->devices[i].slot == slot)
			return &dp->devices[i];
	return NULL;
}

static void resend(struct dataplane *dp, const struct retry *retry)
{
	const struct device *dev = device_in_slot(dp, retry->device);
	int err;

	if (!dev || dev->xdp_link < 0)
		return;
	err = device_run_live(bpf_program__fd(dev->skel->progs.synward_send), retry->ifindex,
			      retry->frame, retry->bytes);
	if (!err)
		dp->shared->data_conf->inherited.synacks_resent++;
	else if (!dp->has_complained_of_send)
		log_err("%s: SYN-ACKs of server-first services cannot be sent once more: %s",
			dev->name, strerror(-err));
	dp->has_complained_of_send = err;
}

void dataplane_resend(struct dataplane *dp, __u64 now_ms)
{
	unsigned int nr_sent = 0;
	struct retry retry;

	for (size_t i = 0; i < dp->nr_retries && nr_sent < RESENDS_MAX; i++) {
		if (!retry_take(&dp->retries[i], (__u32)now_ms, &retry))
			continue;
		resend(dp, &retry);
		nr_sent++;
	}
}
