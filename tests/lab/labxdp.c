// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attaches the lab's own programs (labxdp.bpf.c), takes them off, and prints what they counted.
 * They are attached without a link, so that they outlive this process and go with the device.
 * `off` takes off only the XDP program that this tool attached: never synward's.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>
#include <stdbool.h>
#include <stdlib.h>

#include "guard.h"
#include "lab/labxdp.skel.h"
#include "labxdp.h"

static const char *const count_names[] = {
#define LAB_COUNT_NAME(id, name) [LAB_COUNT_##id] = name,
	LAB_COUNTS(LAB_COUNT_NAME)
#undef LAB_COUNT_NAME
};

static int fail(const char *dev, const char *what, int err)
{
	fprintf(stderr, "labxdp: %s: %s: %s\n", dev, what, strerror(-err));
	return 1;
}

static struct bpf_program *labxdp_prog(const struct labxdp_bpf *skel, const char *verb)
{
	if (!strcmp(verb, "peer"))
		return skel->progs.lab_peer;
	if (!strcmp(verb, "pass"))
		return skel->progs.lab_pass;
	return strcmp(verb, "floor") ? skel->progs.lab_bare : skel->progs.lab_floor;
}

#define ATTACH_TCX_INGRESS 46 /* BPF_TCX_INGRESS, which older headers do not have */

/* Linux before 6.6 has no tcx: synward attaches nothing at TC there either. */
static int labxdp_tc_on(int ifindex, const struct bpf_program *prog)
{
	int err = bpf_prog_attach(bpf_program__fd(prog), ifindex,
				  (enum bpf_attach_type)ATTACH_TCX_INGRESS, 0);

	return err == -EINVAL ? 0 : err;
}

static int labxdp_on(const char *dev, int ifindex, const char *verb)
{
	struct labxdp_bpf *skel = labxdp_bpf__open_and_load();
	int err;

	if (!skel)
		return fail(dev, "cannot load the programs", -errno);
	err = bpf_xdp_attach(ifindex, bpf_program__fd(labxdp_prog(skel, verb)),
			     XDP_FLAGS_DRV_MODE | XDP_FLAGS_UPDATE_IF_NOEXIST, NULL);
	if (!err && !strcmp(verb, "hooks"))
		err = labxdp_tc_on(ifindex, skel->progs.lab_next);
	labxdp_bpf__destroy(skel);
	return err ? fail(dev, "cannot attach (is another XDP program there?)", err) : 0;
}

/* The fd of the lab's own program on the device, or -errno; *ret_info describes it. */
static int labxdp_own(int ifindex, struct bpf_prog_info *ret_info)
{
	__u32 len = sizeof(*ret_info), id = 0;
	int fd, err = bpf_xdp_query_id(ifindex, 0, &id);

	if (err)
		return err;
	if (!id)
		return -ENOENT;
	fd = bpf_prog_get_fd_by_id(id);
	if (fd < 0)
		return fd;
	err = bpf_obj_get_info_by_fd(fd, ret_info, &len);
	if (!err && strncmp(ret_info->name, "lab_", 4))
		err = -EPERM;
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

static int labxdp_off(const char *dev, int ifindex)
{
	LIBBPF_OPTS(bpf_xdp_attach_opts, opts);
	struct bpf_prog_info info = { 0 };
	int fd = labxdp_own(ifindex, &info);
	int err;

	if (fd == -ENOENT)
		return 0;
	if (fd < 0)
		return fail(dev, "the program there is not the lab's", fd);
	opts.old_prog_fd = fd;
	err = bpf_xdp_detach(ifindex, XDP_FLAGS_DRV_MODE | XDP_FLAGS_REPLACE, &opts);
	close(fd);
	return err ? fail(dev, "cannot detach", err) : 0;
}

static int labxdp_counts(const char *dev, int ifindex)
{
	int nr_cpus = libbpf_num_possible_cpus();
	struct bpf_prog_info info = { 0 };
	__u32 map_id = 0, which;
	__u64 *values;
	int fd;

	info.map_ids = (__u64)(unsigned long)&map_id;
	info.nr_map_ids = 1;
	fd = labxdp_own(ifindex, &info);
	if (fd < 0)
		return fail(dev, "no program of the lab there", fd);
	close(fd);
	fd = bpf_map_get_fd_by_id(map_id);
	if (fd < 0)
		return fail(dev, "cannot open the counters", fd);
	values = nr_cpus > 0 ? calloc(nr_cpus, sizeof(*values)) : NULL;
	if (!values)
		return fail(dev, "out of memory", -ENOMEM);
	for (which = 0; which < NR_LAB_COUNTS; which++) {
		__u64 sum = 0;
		int cpu;

		if (bpf_map_lookup_elem(fd, &which, values))
			return fail(dev, "cannot read the counters", -errno);
		for (cpu = 0; cpu < nr_cpus; cpu++)
			sum += values[cpu];
		printf("%s\"%s\": %llu", which ? ", " : "{", count_names[which], sum);
	}
	printf("}\n");
	free(values);
	close(fd);
	return 0;
}

static bool labxdp_knows(const char *verb)
{
	static const char *const verbs[] = { "peer",  "pass", "bare",  "hooks",
					     "floor", "off",  "counts" };

	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (!strcmp(verb, verbs[i]))
			return true;
	return false;
}

int main(int argc, char **argv)
{
	const char *verb = argc == 3 ? argv[1] : "", *dev = argc == 3 ? argv[2] : "";
	const char *refused;
	int ifindex;

	if (!labxdp_knows(verb)) {
		fprintf(stderr, "usage: labxdp peer|pass|bare|hooks|floor|off|counts DEV\n");
		return 2;
	}
	refused = guard_refuses(dev);
	if (refused) {
		fprintf(stderr, "labxdp: refusing %s: %s\n", dev, refused);
		return 1;
	}
	ifindex = (int)if_nametoindex(dev);
	if (!strcmp(verb, "counts"))
		return labxdp_counts(dev, ifindex);
	if (!strcmp(verb, "off"))
		return labxdp_off(dev, ifindex);
	return labxdp_on(dev, ifindex, verb);
}
