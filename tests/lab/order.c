// SPDX-License-Identifier: GPL-2.0-only
/*
 * Shows in which order a device's XDP and TC hooks see TCP packets: attaches order.bpf.c, prints
 * "ready", waits for `--count` hook runs (or `--seconds`), and prints one letter per run. "XXTT"
 * for two packets proves that they came in one NAPI batch; "XTXT" that they did not.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <getopt.h>
#include <stdlib.h>
#include <time.h>

#include "args.h"
#include "guard.h"
#include "lab/order.skel.h"
#include "order.h"

#define TCX_INGRESS 46 /* BPF_TCX_INGRESS, which older linux/bpf.h lack */

static void misuse(const char *what)
{
	fprintf(stderr, "order: %s\nusage: order --dev DEV --count RUNS [--seconds S=5]\n", what);
	exit(2);
}

static int fail(const char *what)
{
	fprintf(stderr, "order: %s: %s\n", what, strerror(errno));
	return 1;
}

static int watch(struct order_bpf *skel, unsigned int count, unsigned int seconds)
{
	const struct timespec tick = { .tv_nsec = 5000000 };
	unsigned int left = seconds * 200, nr;

	printf("ready\n");
	fflush(stdout);
	while (left-- && __atomic_load_n(&skel->bss->nr_events, __ATOMIC_RELAXED) < count)
		nanosleep(&tick, NULL);
	nr = __atomic_load_n(&skel->bss->nr_events, __ATOMIC_RELAXED);
	printf("%.*s\n", (int)(nr < ORDER_MAX ? nr : ORDER_MAX), skel->bss->events);
	return nr < count;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "dev", 1, NULL, 'd' },
		{ "count", 1, NULL, 'c' },
		{ "seconds", 1, NULL, 's' },
		{ 0 },
	};
	unsigned int count = 0, seconds = 5;
	const char *dev = NULL, *refused;
	struct order_bpf *skel;
	int which, ifindex, status;

	while ((which = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (which == 'd')
			dev = optarg;
		else if (which == 'c')
			count = (unsigned int)args_number(optarg, ORDER_MAX);
		else if (which == 's')
			seconds = (unsigned int)args_number(optarg, ARGS_SECONDS_MAX);
		else
			misuse("unknown option");
	}
	if (!dev || !count || !seconds)
		misuse("--dev and --count are needed");
	refused = guard_refuses(dev);
	if (refused) {
		fprintf(stderr, "order: refusing %s: %s\n", dev, refused);
		return 1;
	}
	ifindex = (int)if_nametoindex(dev);
	skel = order_bpf__open_and_load();
	if (!skel)
		return fail("cannot load");
	skel->links.order_xdp = bpf_program__attach_xdp(skel->progs.order_xdp, ifindex);
	if (!skel->links.order_xdp)
		return fail("cannot attach to XDP (is another program there?)");
	/* The link's fd closes, and the program detaches, when this process ends. */
	if (bpf_link_create(bpf_program__fd(skel->progs.order_tc), ifindex, TCX_INGRESS, NULL) < 0)
		return fail("cannot attach to TC");
	status = watch(skel, count, seconds);
	order_bpf__destroy(skel);
	return status;
}
