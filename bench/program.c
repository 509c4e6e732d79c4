// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the data path costs by kind of packet: nanoseconds above a floor that swaps MACs and
 * answers. The program is the one that a running synwardd has attached to a device; generator and
 * floor are program.bpf.c. A row is measured in rounds, floor and synward taking turns, and is
 * worth nothing unless every packet was judged for the reason that the row names.
 *
 *   program --dev DEV --dst4 ADDR --dst6 ADDR --port N [--ports N] [--flows N] [--list NAME,...]
 * [--rounds N]
 *
 * Prints a JSON object a line: {name, family, vlans, ns, ns_min, ns_max, floor_ns, rounds,
 * packets}.
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <getopt.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "abi.h"
#include "names.h"

#include "program.h"
#include "program.skel.h"
#include "../tests/lab/neigh.h"
#include "../tests/prog/frame.h"

#define PACKETS 200000
#define ROUNDS_DEFAULT 5
#define ROUNDS_MAX 99
#define PORT_NOBODY_PROTECTS 9

enum { WITHOUT_OPTIONS, LINUX, WINDOWS };

struct row {
	const char *name;
	enum frame_kind kind;
	__u8 flags;
	__u8 options;
	__u16 dport; /* 0: the service's */
	enum bench_from from;
	bool is_cookie, is_one_prefix;
	enum reason why;
	enum reason or_why[2]; /* of some, while a budget lasts or when it is spent; GO_ON: none */
};

static const struct row rows[] = {
	{ "syn-linux", .flags = SYN, .options = LINUX, .why = SYN_COOKIE },
	{ "syn-windows", .flags = SYN, .options = WINDOWS, .why = SYN_COOKIE },
	{ "syn-no-options", .flags = SYN, .why = SYN_COOKIE },
	{ "syn-over-cap", .flags = SYN, .options = LINUX, .is_one_prefix = true,
	  .why = SYN_OVER_CAP, .or_why = { SYN_COOKIE } },
	{ "ack-known-flow", .flags = ACK, .options = LINUX, .from = FROM_FLOWS, .why = FLOW_KNOWN },
	{ "ack-first-of-connection", .flags = ACK, .options = LINUX, .from = FROM_CONNECTIONS,
	  .why = FLOW_LEARNED },
	{ "ack-cookie", .flags = ACK, .options = LINUX, .is_cookie = true,
	  .why = ACK_COOKIE_VALID },
	{ "ack-cookie-no-timestamps", .flags = ACK, .is_cookie = true, .why = ACK_COOKIE_VALID },
	{ "ack-bogus", .flags = ACK, .options = LINUX, .why = ACK_COOKIE_EXPIRED,
	  .or_why = { ACK_RESET } },
	{ "ack-bogus-no-timestamps", .flags = ACK, .why = ACK_COOKIE_INVALID,
	  .or_why = { ACK_OVER_BUDGET, ACK_RESET } },
	{ "tcp-unprotected", .flags = SYN, .options = LINUX, .dport = PORT_NOBODY_PROTECTS,
	  .why = NOT_SERVICE },
	{ "udp", KIND_UDP, .why = NOT_TCP },
};

struct bench {
	struct bench_bpf *skel;
	int ifindex, reasons_fd, nr_cpus;
	const char *only;
	__u16 port;
	__u32 nr_ports, nr_flows, nr_rounds;
	uint8_t mac[6], dst4[16], dst6[16];
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

/* ---- packets ---- */

static struct frame frame_of(const struct bench *b, const struct row *row)
{
	struct frame f = { .kind = row->kind,
			   .sport = NO_PORT,
			   .dport = row->dport ?: b->port,
			   .flags = row->flags,
			   .window = 64240 };

	if (row->options == WINDOWS) /* MSS, NOP, wscale, NOP, NOP, SACK */
		memcpy(f.raw_options, "\2\4\5\264\1\3\3\10\1\1\4\2", f.raw_options_bytes = 12);
	if (row->options == LINUX) {
		f.ts = true;
		f.sack = row->flags & SYN;
		f.mss = row->flags & SYN ? 1460 : 0;
		f.wscale = row->flags & SYN ? 8 : 0;
	}
	return f;
}

/* Of words as they stand in memory. */
static __u32 wire_sum(const uint8_t *at, size_t bytes)
{
	__u32 sum = 0;
	__u16 word;

	for (; bytes > 1; bytes -= 2, at += 2) {
		memcpy(&word, at, 2);
		sum += word;
	}
	return sum;
}

static __u16 tcp_bytes(const struct row *row)
{
	static const __u8 syn_options[] = { [LINUX] = 20, [WINDOWS] = 12 };

	return 20 + (row->flags & SYN ? syn_options[row->options] : row->options == LINUX ? 12 : 0);
}

/* Zero what varies, and what the sums of the rest are. */
static void template_make(const struct bench *b, const struct row *row, bool v6, int nr_vlans)
{
	struct bench_conf *c = &b->skel->bss->conf;
	struct frame_net net = { .v6 = v6, .nr_vlans = nr_vlans, .src_mac = { 2, 0, 0, 0, 0, 2 } };
	struct frame f = frame_of(b, row);
	uint8_t built[FRAME_ROOM] = {};
	size_t ip_bytes = v6 ? 40 : 20;

	memcpy(net.dst_mac, b->mac, 6);
	memcpy(net.dst, v6 ? b->dst6 : b->dst4, 16);
	f.pad_to = row->kind == KIND_UDP ? 90 : 60; /* room for what the generator writes */
	*c = (struct bench_conf){ .from = row->from,
				  .nr_flows = b->nr_flows,
				  .nr_ports = row->dport ? 1 : b->nr_ports,
				  .dport = f.dport,
				  .is_v6 = v6,
				  .is_one_prefix = row->is_one_prefix,
				  .is_syn = row->flags & SYN,
				  .is_cookie = row->is_cookie,
				  .has_ts = row->options == LINUX,
				  .bytes = frame_build(&f, &net, built) };
	if (v6)
		memcpy(c->dst, b->dst6, 16);
	else
		c->dst[2] = htonl(0xffff), memcpy(&c->dst[3], b->dst4, 4);
	c->l3_off = 14 + 4 * nr_vlans;
	c->l4_off = c->l3_off + ip_bytes;
	c->ts_off = c->l4_off + 20 + 8; /* TSval behind an MSS, or TSecr */
	if (row->kind == KIND_TCP)
		put16(built + c->l4_off + 2, 0);
	put16(built + c->l4_off + 16, 0);
	if (!v6)
		put16(built + c->l3_off + 10, 0);
	c->l3_sum = wire_sum(built + c->l3_off, ip_bytes);
	c->l4_sum = wire_sum(built + c->l4_off, c->bytes - c->l4_off) + htons(6) +
		    htons(tcp_bytes(row)) + wire_sum(net.dst, v6 ? 16 : 4);
	memcpy(c->frame, built, sizeof(c->frame));
}

/* ---- what must be there before ---- */

/* Real ones, from an address of this host to itself; they last as long as this program. */
static void connections_open(const struct bench *b, bool v6)
{
	struct sockaddr_in6 to6 = { .sin6_family = AF_INET6, .sin6_port = htons(b->port) };
	struct sockaddr_in to4 = { .sin_family = AF_INET, .sin_port = htons(b->port) };
	int map = bpf_map__fd(b->skel->maps.connections);

	memcpy(&to4.sin_addr, b->dst4, 4);
	memcpy(&to6.sin6_addr, b->dst6, 16);
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
			memcpy(tuple.src, b->dst6, 16);
		} else {
			tuple.src[2] = htonl(0xffff);
			memcpy(&tuple.src[3], b->dst4, 4);
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
	run(b, b->skel->progs.bench_fill, b->nr_flows);
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

	/* a packet or two are the namespace's own */
	if (got >= nr - nr / 1000)
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

	template_make(b, row, v6, nr_vlans);
	if (row->from == FROM_FLOWS)
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
	if (!b->ifindex || lab_own_mac(dev, b->mac))
		die("no such device", ENODEV);
}

static void read_args(struct bench *b, int argc, char **argv)
{
	static const struct option options[] = {
		{ "dev", 1, NULL, 'd' },  { "dst4", 1, NULL, '4' },   { "dst6", 1, NULL, '6' },
		{ "port", 1, NULL, 'p' }, { "ports", 1, NULL, 'P' },  { "flows", 1, NULL, 'f' },
		{ "list", 1, NULL, 'l' }, { "rounds", 1, NULL, 'r' }, { 0 },
	};
	int which;

	while ((which = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (which == 'd')
			read_device(b, optarg);
		else if (which == '4' && inet_pton(AF_INET, optarg, b->dst4) != 1)
			die("--dst4 wants an IPv4 address", 0);
		else if (which == '6' && inet_pton(AF_INET6, optarg, b->dst6) != 1)
			die("--dst6 wants an IPv6 address", 0);
		else if (which == 'p')
			b->port = strtoul(optarg, NULL, 10);
		else if (which == 'P')
			b->nr_ports = strtoul(optarg, NULL, 10);
		else if (which == 'f')
			b->nr_flows = strtoul(optarg, NULL, 10);
		else if (which == 'l')
			b->only = optarg;
		else if (which == 'r')
			b->nr_rounds = strtoul(optarg, NULL, 10);
		else if (which == '?')
			exit(2);
	}
	if (!b->ifindex || !b->port || !b->nr_rounds || b->nr_rounds > ROUNDS_MAX)
		die("--dev and --port are needed, and 1 to 99 --rounds", 0);
}

int main(int argc, char **argv)
{
	struct bench b = { .nr_ports = 1, .nr_flows = 10, .nr_rounds = ROUNDS_DEFAULT };

	read_args(&b, argc, argv);
	b.nr_cpus = libbpf_num_possible_cpus();
	load(&b);
	for (const struct row *row = rows; row < rows + sizeof(rows) / sizeof(rows[0]); row++)
		for (int v6 = 0; v6 < 2 && is_wanted(&b, row); v6++)
			for (int nr_vlans = 0; nr_vlans < 2; nr_vlans++)
				measure(&b, row, v6, nr_vlans);
	return 0;
}
