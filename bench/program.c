// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the data path costs by kind of packet: nanoseconds above a floor that swaps MACs and
 * answers. The program is the one that a running synwardd has attached to a device; generator and
 * floor are program.bpf.c. A row is measured in rounds, floor and synward taking turns, and is
 * worth nothing unless every packet was judged for the reason that the row names.
 *
 *   program --dev DEV --dst4 ADDR --dst6 ADDR --port N [--ports N] [--flows N] [--list NAME,...]
 *           [--untagged] [--rounds N] [--cores A,B]
 *
 * --ports: so many from --port on, and packets to any of them. --flows: known ones in the table,
 * whatever the row. Prints a JSON object a line: {name, family, vlans, ns, ns_min, ns_max,
 * floor_ns, rounds, packets}. With --cores instead how many times as many packets both CPUs do than
 * one of them, floor and synward.
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <getopt.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "abi.h"
#include "names.h"

#include "program.h"
#include "program.skel.h"
#include "program_rows.h"
#include "../tests/lab/clock.h"
#include "../tests/lab/neigh.h"

#define PACKETS 200000
#define PACKETS_OF_CORE 1000000 /* long enough that both run at once nearly all the time */
#define ROUNDS_DEFAULT 5
#define ROUNDS_MAX 99

struct bench {
	struct bench_bpf *skel;
	int ifindex, reasons_fd, nr_cpus;
	const char *only;
	struct bench_to to;
	bool is_untagged;
	int cpus[2]; /* to run on at once; -1: on one, whichever it is */
	__u32 nr_rounds;
};

static void die(const char *what, int err)
{
	fprintf(stderr, "program: %s%s%s\n", what, err ? ": " : "", err ? strerror(abs(err)) : "");
	exit(1);
}

/* ---- the program that is attached, and its maps ---- */

static int attached_program(int ifindex)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, q);
	int fd;

	if (bpf_xdp_query(ifindex, 0, &q) || !q.prog_id)
		die("no XDP program on the device: start synwardd first", 0);
	fd = bpf_prog_get_fd_by_id(q.prog_id);
	if (fd < 0)
		die("cannot open the attached program", errno);
	return fd;
}

/* Take every map that the two have in common from the program. */
static void share_maps(struct bench *b, int prog_fd)
{
	__u32 ids[64], bytes = sizeof(struct bpf_prog_info);
	struct bpf_prog_info info = { .nr_map_ids = 64, .map_ids = (__u64)(long)ids };

	if (bpf_obj_get_info_by_fd(prog_fd, &info, &bytes))
		die("cannot ask for the program's maps", errno);
	for (__u32 i = 0; i < info.nr_map_ids; i++) {
		struct bpf_map_info map_info = {};
		__u32 len = sizeof(map_info);
		int fd = bpf_map_get_fd_by_id(ids[i]);
		struct bpf_map *map;

		if (fd < 0 || bpf_obj_get_info_by_fd(fd, &map_info, &len))
			die("cannot open a map of the program", errno);
		if (!strcmp(map_info.name, "flows"))
			b->skel->rodata->flow_set_mask = map_info.max_entries - 1;
		if (!strcmp(map_info.name, "reason_counts"))
			b->reasons_fd = fd;
		map = bpf_object__find_map_by_name(b->skel->obj, map_info.name);
		if (map && bpf_map__reuse_fd(map, fd))
			die(map_info.name, errno);
	}
}

static void load(struct bench *b)
{
	int prog_fd = attached_program(b->ifindex), floor_fd, err;
	__u32 at = BENCH_SYNWARD;
	struct bpf_program *prog;

	b->skel = bench_bpf__open();
	if (!b->skel)
		die("cannot open the generator", errno);
	share_maps(b, prog_fd);
	/* tail calls want both alike, and native mode loads ours so */
	bpf_object__for_each_program(prog, b->skel->obj)
		bpf_program__set_flags(prog, BPF_F_XDP_HAS_FRAGS);
	err = bench_bpf__load(b->skel);
	if (err)
		die("cannot load the generator", err);
	err = bpf_map_update_elem(bpf_map__fd(b->skel->maps.targets), &at, &prog_fd, 0);
	at = BENCH_FLOOR;
	floor_fd = bpf_program__fd(b->skel->progs.bench_floor);
	if (!err)
		err = bpf_map_update_elem(bpf_map__fd(b->skel->maps.targets), &at, &floor_fd, 0);
	if (err)
		die("the attached program cannot be called (is it in native mode?)", errno);
}

static __u64 count_of(const struct bench *b, enum reason why)
{
	__u64 here[b->nr_cpus], sum = 0;
	__u32 key = why;

	if (bpf_map_lookup_elem(b->reasons_fd, &key, here))
		die("cannot read the reasons' counters", errno);
	for (int i = 0; i < b->nr_cpus; i++)
		sum += here[i];
	return sum;
}

/* ---- what must be there before ---- */

/* The services behind the first port have no server of their own; they last as long as this
 * program.
 */
static void servers_open(const struct bench *b)
{
	for (__u32 i = 1; i < b->to.nr_ports; i++) {
		struct sockaddr_in6 at = { .sin6_family = AF_INET6,
					   .sin6_port = htons(b->to.port + i) };
		int fd = socket(AF_INET6, SOCK_STREAM, 0);

		if (fd < 0 || bind(fd, (void *)&at, sizeof(at)) || listen(fd, 4096))
			die("cannot listen on the services' ports", errno);
	}
}

/* Real ones, from an address of this host to itself; they last as long as this program. */
static void connections_open(const struct bench *b, bool v6)
{
	struct sockaddr_in6 to6 = { .sin6_family = AF_INET6, .sin6_port = htons(b->to.port) };
	struct sockaddr_in to4 = { .sin_family = AF_INET, .sin_port = htons(b->to.port) };
	int map = bpf_map__fd(b->skel->maps.connections);

	memcpy(&to4.sin_addr, b->to.dst4, 4);
	memcpy(&to6.sin6_addr, b->to.dst6, 16);
	for (__u32 i = 0; i < BENCH_TUPLES_MAX; i++) {
		int fd = socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM, 0);
		const struct sockaddr *to = v6 ? (void *)&to6 : (void *)&to4;
		struct sockaddr_in6 from;
		socklen_t len = sizeof(from);
		struct bench_tuple tuple = {};

		if (fd < 0 || connect(fd, to, v6 ? sizeof(to6) : sizeof(to4)) ||
		    getsockname(fd, (void *)&from, &len))
			die("cannot connect to the service", errno);
		tuple.sport = v6 ? from.sin6_port : ((struct sockaddr_in *)&from)->sin_port;
		if (v6) {
			memcpy(tuple.src, b->to.dst6, 16);
		} else {
			tuple.src[2] = htonl(0xffff);
			memcpy(&tuple.src[3], b->to.dst4, 4);
		}
		bpf_map_update_elem(map, &i, &tuple, 0);
	}
}

static __u32 run(const struct bench *b, const struct bpf_program *prog, __u32 nr)
{
	const struct bench_conf *c = &b->skel->bss->conf;
	struct xdp_md ctx = { .data_end = c->bytes, .ingress_ifindex = b->ifindex };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = c->frame, .data_size_in = c->bytes,
		    .ctx_in = &ctx, .ctx_size_in = sizeof(ctx), .repeat = nr);

	if (bpf_prog_test_run_opts(bpf_program__fd(prog), &opts))
		die("BPF_PROG_TEST_RUN", errno);
	return opts.duration;
}

static __u32 run_to(const struct bench *b, enum bench_target target)
{
	b->skel->bss->conf.target = target;
	return run(b, b->skel->progs.bench_xdp, PACKETS);
}

static void flows_fill(const struct bench *b)
{
	b->skel->bss->nr_filled = 0;
	run(b, b->skel->progs.bench_fill, b->to.nr_flows);
}

/* The table holds those of one family at a time. */
static void flows_forget(const struct bench *b)
{
	b->skel->bss->nr_filled = 0;
	run(b, b->skel->progs.bench_forget, b->to.nr_flows);
}

/* ---- rounds ---- */

static int by_size(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static __u64 judged_so(const struct bench *b, const struct row *row)
{
	__u64 sum = count_of(b, row->why);

	for (int i = 0; i < 2; i++)
		if (row->or_why[i] != GO_ON)
			sum += count_of(b, row->or_why[i]);
	return sum;
}

/* Ends the program when the packets were judged otherwise than the row says. */
static void check_reason(const struct bench *b, const struct row *row, __u64 nr, __u64 before)
{
	__u64 got = judged_so(b, row) - before;
	char name[REASON_NAME_SIZE];

	/* a packet or two are the namespace's own; in a table that is half full some sets are full,
	 * and lose a flow */
	if (got >= nr - nr / (row->from == FROM_FLOWS ? 50 : 1000))
		return;
	fprintf(stderr, "program: %s: only %llu of %llu packets were judged so\n", row->name,
		(unsigned long long)got, (unsigned long long)nr);
	for (enum reason why = 0; why < NR_REASONS; why++)
		if (count_of(b, why))
			fprintf(stderr, "  %s: %llu\n", reason_name(why, name),
				(unsigned long long)count_of(b, why));
	exit(1);
}

static void measure(const struct bench *b, const struct row *row, bool v6, int nr_vlans)
{
	int above[ROUNDS_MAX], floors[ROUNDS_MAX];
	__u64 before;

	template_make(&b->to, row, !v6, nr_vlans, &b->skel->bss->conf);
	flows_forget(b);
	template_make(&b->to, row, v6, nr_vlans, &b->skel->bss->conf);
	flows_fill(b);
	if (row->from == FROM_CONNECTIONS)
		connections_open(b, v6);
	run_to(b, BENCH_SYNWARD); /* once to warm up */
	before = judged_so(b, row);
	for (__u32 i = 0; i < b->nr_rounds; i++) {
		floors[i] = run_to(b, BENCH_FLOOR);
		above[i] = run_to(b, BENCH_SYNWARD) - floors[i];
	}
	check_reason(b, row, (__u64)PACKETS * b->nr_rounds, before);
	qsort(above, b->nr_rounds, sizeof(*above), by_size);
	qsort(floors, b->nr_rounds, sizeof(*floors), by_size);
	printf("{\"name\":\"%s\",\"family\":%d,\"vlans\":%d,\"ns\":%d,\"ns_min\":%d,\"ns_max\":%d,"
	       "\"floor_ns\":%d,\"rounds\":%u,\"packets\":%d}\n",
	       row->name, v6 ? 6 : 4, nr_vlans, above[b->nr_rounds / 2], above[0],
	       above[b->nr_rounds - 1], floors[b->nr_rounds / 2], b->nr_rounds, PACKETS);
	fflush(stdout);
}

/* ---- two cores at once ---- */

struct runner {
	const struct bench *b;
	pthread_barrier_t *start;
	int cpu;
	__u64 begin_ns, end_ns;
};

static void *run_on_cpu(void *arg)
{
	struct runner *r = arg;
	cpu_set_t only;

	CPU_ZERO(&only);
	CPU_SET(r->cpu, &only);
	if (pthread_setaffinity_np(pthread_self(), sizeof(only), &only))
		die("cannot run on a CPU that was named", errno);
	pthread_barrier_wait(r->start);
	r->begin_ns = monotonic_ns();
	run(r->b, r->b->skel->progs.bench_xdp, PACKETS_OF_CORE);
	r->end_ns = monotonic_ns();
	return NULL;
}

/* Nanoseconds from the first of their packets to the last, for each packet of one of them. */
static double ns_on(const struct bench *b, enum bench_target target, const int *cpus,
		    unsigned int nr)
{
	struct runner runners[2];
	pthread_t threads[2];
	pthread_barrier_t start;
	__u64 begin_ns = ~0ULL, end_ns = 0;

	b->skel->bss->conf.target = target;
	pthread_barrier_init(&start, NULL, nr);
	for (unsigned int i = 0; i < nr; i++) {
		runners[i] = (struct runner){ .b = b, .start = &start, .cpu = cpus[i] };
		if (pthread_create(&threads[i], NULL, run_on_cpu, &runners[i]))
			die("cannot start a thread", errno);
	}
	for (unsigned int i = 0; i < nr; i++) {
		pthread_join(threads[i], NULL);
		begin_ns = runners[i].begin_ns < begin_ns ? runners[i].begin_ns : begin_ns;
		end_ns = runners[i].end_ns > end_ns ? runners[i].end_ns : end_ns;
	}
	pthread_barrier_destroy(&start);
	return (double)(end_ns - begin_ns) / PACKETS_OF_CORE;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *of, __u32 nr)
{
	qsort(of, nr, sizeof(*of), by_value);
	return of[nr / 2];
}

/* One core is each of the two alone, in turns with both. */
static void measure_cores(const struct bench *b)
{
	double one[BENCH_NR_TARGETS][ROUNDS_MAX], two[BENCH_NR_TARGETS][ROUNDS_MAX];
	double times[BENCH_NR_TARGETS][ROUNDS_MAX];
	const struct row *row = &rows[0]; /* SYNs of Linux */
	__u64 before;

	template_make(&b->to, row, false, 0, &b->skel->bss->conf);
	ns_on(b, BENCH_SYNWARD, b->cpus, 2); /* once to warm up */
	before = judged_so(b, row);
	for (__u32 i = 0; i < b->nr_rounds; i++)
		for (int t = 0; t < BENCH_NR_TARGETS; t++) {
			one[t][i] = (ns_on(b, t, b->cpus, 1) + ns_on(b, t, b->cpus + 1, 1)) / 2;
			two[t][i] = ns_on(b, t, b->cpus, 2);
			times[t][i] = 2 * one[t][i] / two[t][i];
		}
	check_reason(b, row, (__u64)4 * PACKETS_OF_CORE * b->nr_rounds, before);
	printf("{\"name\":\"two-cores\",\"row\":\"%s\",\"family\":4,\"cpus\":[%d,%d],", row->name,
	       b->cpus[0], b->cpus[1]);
	for (int t = 0; t < BENCH_NR_TARGETS; t++)
		printf("\"%s\":{\"times\":%.3f,\"pps_one\":%.0f,\"pps_two\":%.0f},",
		       t == BENCH_FLOOR ? "floor" : "synward", median(times[t], b->nr_rounds),
		       1e9 / median(one[t], b->nr_rounds), 2e9 / median(two[t], b->nr_rounds));
	printf("\"rounds\":%u,\"packets\":%d}\n", b->nr_rounds, PACKETS_OF_CORE);
}

static bool is_wanted(const struct bench *b, const struct row *row)
{
	size_t len = strlen(row->name);

	for (const char *at = b->only; at; at = strchr(at, ',')) {
		at += *at == ',';
		if (!strncmp(at, row->name, len) && (at[len] == ',' || !at[len]))
			return true;
	}
	return !b->only;
}

/* ---- the command line ---- */

static void read_device(struct bench *b, const char *dev)
{
	b->ifindex = if_nametoindex(dev);
	if (!b->ifindex || lab_own_mac(dev, b->to.mac))
		die("no such device", ENODEV);
}

static void read_args(struct bench *b, int argc, char **argv)
{
	static const struct option options[] = {
		{ "dev", 1, NULL, 'd' },
		{ "dst4", 1, NULL, '4' },
		{ "dst6", 1, NULL, '6' },
		{ "port", 1, NULL, 'p' },
		{ "ports", 1, NULL, 'P' },
		{ "flows", 1, NULL, 'f' },
		{ "list", 1, NULL, 'l' },
		{ "rounds", 1, NULL, 'r' },
		{ "untagged", 0, NULL, 'u' },
		{ "cores", 1, NULL, 'c' },
		{ 0 },
	};
	int which;

	while ((which = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (which == 'd')
			read_device(b, optarg);
		else if (which == '4' && inet_pton(AF_INET, optarg, b->to.dst4) != 1)
			die("--dst4 wants an IPv4 address", 0);
		else if (which == '6' && inet_pton(AF_INET6, optarg, b->to.dst6) != 1)
			die("--dst6 wants an IPv6 address", 0);
		else if (which == 'p')
			b->to.port = strtoul(optarg, NULL, 10);
		else if (which == 'P')
			b->to.nr_ports = strtoul(optarg, NULL, 10);
		else if (which == 'f')
			b->to.nr_flows = strtoul(optarg, NULL, 10);
		else if (which == 'l')
			b->only = optarg;
		else if (which == 'r')
			b->nr_rounds = strtoul(optarg, NULL, 10);
		else if (which == 'u')
			b->is_untagged = true;
		else if (which == 'c' && sscanf(optarg, "%d,%d", &b->cpus[0], &b->cpus[1]) != 2)
			die("--cores wants two CPUs: 0,1", 0);
		else if (which == '?')
			exit(2);
	}
	if (!b->ifindex || !b->to.port || !b->nr_rounds || b->nr_rounds > ROUNDS_MAX)
		die("--dev and --port are needed, and 1 to 99 --rounds", 0);
}

int main(int argc, char **argv)
{
	struct bench b = { .to = { .nr_ports = 1, .nr_flows = 10 },
			   .cpus = { -1, -1 },
			   .nr_rounds = ROUNDS_DEFAULT };

	read_args(&b, argc, argv);
	b.nr_cpus = libbpf_num_possible_cpus();
	load(&b);
	servers_open(&b);
	if (b.cpus[0] >= 0) {
		measure_cores(&b);
		return 0;
	}
	for (const struct row *row = rows; row < rows + sizeof(rows) / sizeof(rows[0]); row++)
		for (int v6 = 0; v6 < 2 && is_wanted(&b, row); v6++)
			for (int nr_vlans = 0; nr_vlans < 2 - b.is_untagged; nr_vlans++)
				measure(&b, row, v6, nr_vlans);
	return 0;
}
