// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the maps take of the kernel's memory, in its own words: fdinfo of each. From Linux 6.4 on
 * that is what was allocated, before that an estimate of the most that it can be.
 */
#include "dataplane_inside.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "cleanup.h"
#include "synward.skel.h"

/* Adds to *sum. Returns 0, or -errno where the kernel does not say. */
static int add_map(const struct bpf_map *map, __u64 *sum)
{
	FILE *file __cleanup(cleanup_file) = NULL;
	char path[64], line[128];
	uint64_t nr_bytes;

	if (bpf_map__fd(map) < 0) /* not made: nobody traces */
		return 0;
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", bpf_map__fd(map));
	file = fopen(path, "re");
	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "memlock: %" SCNu64, &nr_bytes) != 1)
			continue;
		*sum += nr_bytes;
		return 0;
	}
	return -ENODATA;
}

/* As add_map(), of all maps that @skel does not share with the others; or of those that it does. */
static int add_maps(const struct synward_bpf *skel, bool is_shared, __u64 *sum)
{
	const struct bpf_map *map;
	int err = 0;

	bpf_object__for_each_map (map, skel->obj)
		if (!err && device_map_is_shared(map) == is_shared)
			err = add_map(map, sum);
	return err;
}

/* The taps' own maps, while somebody traces; the rest is counted with the devices. */
static int add_taps(const struct dataplane *dp, __u64 *sum)
{
	const struct bpf_object *taps = dataplane_taps(dp);
	const struct bpf_map *map;

	if (!taps)
		return 0;
	bpf_object__for_each_map (map, taps)
		if (device_map_is_of_taps(map) && add_map(map, sum))
			return -ENODATA;
	return 0;
}

/* Devices share all maps but what is baked into their programs. */
__u64 dataplane_memory_bytes(const struct dataplane *dp)
{
	__u64 sum = 0;
	int err = add_maps(dp->shared, true, &sum);

	for (size_t i = 0; i < dp->nr_devices && !err; i++)
		err = add_maps(dp->devices[i].skel, false, &sum);
	return err || add_taps(dp, &sum) ? 0 : sum;
}
