// SPDX-License-Identifier: GPL-2.0-only
/*
 * The flood generator: reads the options, builds the template of the packet, and keeps the BPF half
 * (flood.bpf.c) running on live frames until time, count or a signal ends it. It decides what a
 * packet of the flood looks like; guard.h decides whether it may run at all. It keeps one CPU busy
 * at any rate, since the pacing waits inside BPF: pin it.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <getopt.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#include "args.h"
#include "clock.h"
#include "ethstat.h"
#include "flood.h"
#include "guard.h"
#include "lab/flood.skel.h"
#include "neigh.h"
#include "rawpkt.h"

enum layout { LAYOUT_LINUX, LAYOUT_WINDOWS, LAYOUT_NONE };

struct args {
	const char *dev;
	struct lab_addr dst;
	uint8_t dmac[6];
	bool has_dmac;
	uint8_t flags;
	struct lab_addr src; /* the bits that do not vary */
	unsigned int src_bits;
	bool is_json;
	bool is_announced;
	enum layout layout;
	unsigned int port;
	unsigned int vlans[2];
	unsigned int nr_vlans;
	uint64_t pps;
	uint64_t limit;
	double seconds;
};

/* What the watching thread must know. */
struct watch {
	struct flood_state *state;
	pthread_t runner;
	bool is_announced;
	bool is_done;
};

static volatile sig_atomic_t is_stopped;

static const char usage_text[] =
	"usage: flood --dev DEV --dst ADDR --pps N|max --seconds S\n"
	"             [--port N=80] [--count N] [--flags SYN] [--options linux|windows|none]\n"
	"             [--vlan VID[,VID2]] [--src random|one|PREFIX] [--dmac MAC] [--announce] "
	"[-j]\n"
	"--flags: none, or names such as FIN,ACK. --src PREFIX: of 198.18.0.0/15 or\n"
	"2001:db8:8000::/33, IPv6 not longer than /64; its sources vary in all the other bits.\n"
	"Only on a veth in a namespace of the lab. --announce: print \"flowing\" once packets "
	"flow.\n";

static void misuse(const char *what)
{
	fprintf(stderr, "flood: %s\n%s", what, usage_text);
	exit(2);
}

static void fail(const char *what, int err)
{
	fprintf(stderr, "flood: %s: %s\n", what, strerror(err < 0 ? -err : err));
	exit(1);
}

static void read_layout(struct args *args, const char *word)
{
	if (!strcmp(word, "linux"))
		args->layout = LAYOUT_LINUX;
	else if (!strcmp(word, "windows"))
		args->layout = LAYOUT_WINDOWS;
	else if (!strcmp(word, "none"))
		args->layout = LAYOUT_NONE;
	else
		misuse(word);
}

/* The source's bits beyond the first so many vary. */
static uint32_t source_mask(unsigned int word, unsigned int bits)
{
	unsigned int kept = bits > word * 32 ? bits - word * 32 : 0;

	return kept >= 32 ? 0 : htonl(0xffffffffu >> kept);
}

/* Nobody but the lab's own ranges may get answers: RFC 2544 and RFC 3849. */
static void read_source(struct args *args, const char *text)
{
	bool is_v6 = args->dst.family == AF_INET6;
	const char *range = is_v6 ? "2001:db8:8000::" : "198.18.0.0", *slash = strchr(text, '/');
	unsigned int range_bits = is_v6 ? 33 : 15, bits_max = is_v6 ? 64 : 32, i;
	struct lab_addr all = args_address(range, range);
	uint32_t word, base;
	char addr[64] = "";

	if (!strcmp(text, "random") || !strcmp(text, "one")) {
		args->src = *text == 'r' ?
				    all :
				    args_address(is_v6 ? "2001:db8:ffff::101" : "198.18.1.1", text);
		args->src_bits = *text == 'r' ? range_bits : 128;
		return;
	}
	if (!slash || (size_t)(slash - text) >= sizeof(addr))
		misuse("--src wants random, one, or ADDRESS/BITS");
	memcpy(addr, text, (size_t)(slash - text));
	args->src = args_address(addr, "--src wants random, one, or ADDRESS/BITS");
	args->src_bits = (unsigned int)args_number(slash + 1, bits_max);
	if (args->src.family != args->dst.family || args->src_bits < range_bits)
		misuse("--src wants a prefix of 198.18.0.0/15 or 2001:db8:8000::/33");
	for (i = 0; i < args->src.len / 4; i++) {
		memcpy(&word, &args->src.bytes[i * 4], 4);
		memcpy(&base, &all.bytes[i * 4], 4);
		if ((word ^ base) & ~source_mask(i, range_bits))
			misuse("--src wants a prefix of 198.18.0.0/15 or 2001:db8:8000::/33");
		word &= ~source_mask(i, args->src_bits);
		memcpy(&args->src.bytes[i * 4], &word, 4);
	}
}

static void read_arg(struct args *args, int which, const char *text)
{
	switch (which) {
	case 'd':
		args->dev = text;
		break;
	case 'a':
		args->dst = args_address(text, "--dst wants an IPv4 or IPv6 address");
		break;
	case 'p':
		args->port = (unsigned int)args_number_or(text, 65535, "--port wants a port");
		break;
	case 'r':
		args->pps = strcmp(text, "max") ?
				    args_number_or(text, 100000000, "--pps wants N or max") :
				    0;
		break;
	case 't':
		args->seconds = args_seconds(text);
		break;
	case 'c':
		args->limit = args_number_or(text, UINT64_MAX, "--count wants a number");
		break;
	case 'v':
		args->nr_vlans = args_vlans(text, 4094, args->vlans);
		break;
	case 'm':
		args_mac(text, args->dmac);
		args->has_dmac = true;
		break;
	case 'A':
		args->is_announced = true;
		break;
	case 'j':
		args->is_json = true;
		break;
	case 'f':
		args->flags = args_flags(text);
		break;
	case 'o':
		read_layout(args, text);
		break;
	default:
		misuse("unknown option");
	}
}

static void read_args(struct args *args, int argc, char **argv)
{
	static const struct option options[] = {
		{ "dev", 1, NULL, 'd' },     { "dst", 1, NULL, 'a' },
		{ "port", 1, NULL, 'p' },    { "pps", 1, NULL, 'r' },
		{ "seconds", 1, NULL, 't' }, { "count", 1, NULL, 'c' },
		{ "flags", 1, NULL, 'f' },   { "options", 1, NULL, 'o' },
		{ "vlan", 1, NULL, 'v' },    { "src", 1, NULL, 's' },
		{ "dmac", 1, NULL, 'm' },    { "announce", 0, NULL, 'A' },
		{ "json", 0, NULL, 'j' },    { 0 },
	};
	const char *source = "random";
	bool has_pps = false;
	int which;

	while ((which = getopt_long(argc, argv, "j", options, NULL)) != -1) {
		has_pps |= which == 'r';
		if (which == 's')
			source = optarg;
		else
			read_arg(args, which, optarg);
	}
	if (optind < argc)
		misuse(argv[optind]);
	if (!args->dev || !args->dst.len || !has_pps || !args->seconds)
		misuse("--dev, --dst, --pps and --seconds are needed");
	read_source(args, source);
}

/* ---- the template ------------------------------------------------------------------------------
 */

static size_t put(struct flood_conf *conf, size_t off, const void *bytes, size_t len)
{
	memcpy(&conf->frame[off], bytes, len);
	return off + len;
}

static size_t put16(struct flood_conf *conf, size_t off, unsigned int value)
{
	__be16 wire = htons((uint16_t)value);

	return put(conf, off, &wire, sizeof(wire));
}

static uint32_t sum16(const uint8_t *bytes, size_t len, uint32_t sum)
{
	uint16_t half;
	size_t i;

	for (i = 0; i + 2 <= len; i += 2) {
		memcpy(&half, &bytes[i], 2);
		sum += half;
	}
	return sum;
}

static size_t put_link(struct flood_conf *conf, const struct args *args, const uint8_t smac[6])
{
	size_t off = put(conf, put(conf, 0, args->dmac, 6), smac, 6);
	unsigned int i;

	for (i = 0; i < args->nr_vlans; i++) {
		off = put16(conf, off, i + 1 < args->nr_vlans ? ETH_P_8021AD : ETH_P_8021Q);
		off = put16(conf, off, args->vlans[i]);
	}
	return put16(conf, off, args->dst.family == AF_INET6 ? ETH_P_IPV6 : ETH_P_IP);
}

static size_t put_ip4(struct flood_conf *conf, size_t off, const struct args *args, size_t tcp_len)
{
	struct iphdr ip = { .version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_TCP };

	ip.tot_len = htons((uint16_t)(sizeof(ip) + tcp_len));
	ip.frag_off = htons(0x4000); /* DF */
	memcpy(&ip.saddr, args->src.bytes, 4);
	memcpy(&ip.daddr, args->dst.bytes, 4);
	conf->ip_sum = sum16((uint8_t *)&ip, sizeof(ip), 0);
	conf->tcp_sum = sum16((uint8_t *)&ip.saddr, 8, 0);
	return put(conf, off, &ip, sizeof(ip));
}

static size_t put_ip6(struct flood_conf *conf, size_t off, const struct args *args, size_t tcp_len)
{
	struct ipv6hdr ip = { .version = 6, .nexthdr = IPPROTO_TCP, .hop_limit = 64 };

	ip.payload_len = htons((uint16_t)tcp_len);
	memcpy(&ip.saddr, args->src.bytes, 16);
	memcpy(&ip.daddr, args->dst.bytes, 16);
	conf->tcp_sum = sum16((uint8_t *)&ip.saddr, 32, 0);
	return put(conf, off, &ip, sizeof(ip));
}

/* The option bytes of the layout; *ret_tsval is the timestamp's place in them, 0: none. */
static size_t tcp_options(const struct args *args, uint8_t ret[40], uint32_t *ret_tsval)
{
	unsigned int mss = args->dst.family == AF_INET6 ? 1440 : 1460;
	uint8_t mss_hi = (uint8_t)(mss >> 8), mss_lo = (uint8_t)mss;
	const uint8_t syn_linux[20] = { 2, 4, mss_hi, mss_lo, 4, 2, 8, 10, 0, 0,
					0, 0, 0,      0,      0, 0, 1, 3,  3, 10 };
	const uint8_t syn_windows[12] = { 2, 4, mss_hi, mss_lo, 1, 3, 3, 8, 1, 1, 4, 2 };
	const uint8_t ack_linux[12] = { 1, 1, 8, 10, 0, 0, 0, 0, 0, 0, 0, 1 };

	bool is_syn = (args->flags & (RAW_SYN | RAW_ACK)) == RAW_SYN;

	*ret_tsval = 0;
	if (args->layout == LAYOUT_LINUX && !is_syn) {
		*ret_tsval = 4;
		memcpy(ret, ack_linux, sizeof(ack_linux));
		return sizeof(ack_linux);
	}
	if (args->layout == LAYOUT_LINUX) {
		*ret_tsval = 8;
		memcpy(ret, syn_linux, sizeof(syn_linux));
		return sizeof(syn_linux);
	}
	if (args->layout == LAYOUT_WINDOWS && is_syn) {
		memcpy(ret, syn_windows, sizeof(syn_windows));
		return sizeof(syn_windows);
	}
	return 0;
}

static void make_template(struct flood_conf *conf, const struct args *args, const uint8_t smac[6])
{
	uint8_t options[40];
	uint32_t tsval;
	size_t options_len = tcp_options(args, options, &tsval);
	struct tcphdr tcp = { .dest = htons((uint16_t)args->port), .window = htons(64240) };
	size_t tcp_len = sizeof(tcp) + options_len, off;
	unsigned int i;

	tcp.doff = tcp_len / 4 & 0xf;
	((uint8_t *)&tcp)[13] = args->flags;
	off = put_link(conf, args, smac);
	conf->l3_off = (uint32_t)off;
	off = args->dst.family == AF_INET6 ? put_ip6(conf, off, args, tcp_len) :
					     put_ip4(conf, off, args, tcp_len);
	conf->l4_off = (uint32_t)off;
	off = put(conf, put(conf, off, &tcp, sizeof(tcp)), options, options_len);
	conf->frame_len = (uint32_t)off;
	conf->tsval_off = tsval ? (uint32_t)(conf->l4_off + sizeof(tcp) + tsval) : 0;
	conf->tcp_sum = sum16(&conf->frame[conf->l4_off], tcp_len, conf->tcp_sum);
	conf->tcp_sum += htons((uint16_t)tcp_len) + htons(IPPROTO_TCP);
	conf->is_v6 = args->dst.family == AF_INET6;
	conf->is_ack = args->flags & RAW_ACK;
	for (i = 0; i < 4; i++)
		conf->source_mask[i] = source_mask(i, args->src_bits);
}

/* ---- the run -----------------------------------------------------------------------------------
 */

static void on_signal(int sig)
{
	(void)sig;
	is_stopped = 1;
}

/* Only there to interrupt the test run. */
static void on_poke(int sig)
{
	(void)sig;
}

static void set_signals(void)
{
	struct sigaction stop = { .sa_handler = on_signal }, poke = { .sa_handler = on_poke };

	sigaction(SIGINT, &stop, NULL);
	sigaction(SIGTERM, &stop, NULL);
	sigaction(SIGUSR1, &poke, NULL);
}

/*
 * Interrupts the runner when the flood is over, again and again until it has noticed: a signal that
 * comes before the system call would else be lost.
 */
static void *watch_run(void *arg)
{
	const struct timespec tick = { .tv_nsec = 2000000 };
	struct watch *watch = arg;

	while (!__atomic_load_n(&watch->is_done, __ATOMIC_ACQUIRE)) {
		nanosleep(&tick, NULL);
		if (watch->is_announced && __atomic_load_n(&watch->state->sent, __ATOMIC_RELAXED)) {
			printf("flowing\n");
			fflush(stdout);
			watch->is_announced = false;
		}
		if (is_stopped || __atomic_load_n(&watch->state->is_over, __ATOMIC_RELAXED))
			pthread_kill(watch->runner, SIGUSR1);
	}
	return NULL;
}

static void run(struct flood_bpf *skel, int ifindex)
{
	const struct flood_conf *conf = (const struct flood_conf *)&skel->rodata->conf;
	struct flood_state *state = &skel->bss->state;
	struct xdp_md ctx = { .data_end = conf->frame_len, .ingress_ifindex = (__u32)ifindex };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = conf->frame,
		    .data_size_in = conf->frame_len, .ctx_in = &ctx, .ctx_size_in = sizeof(ctx),
		    .repeat = 1 << 30, .batch_size = FLOOD_BATCH,
		    .flags = BPF_F_TEST_XDP_LIVE_FRAMES);

	while (!is_stopped && !__atomic_load_n(&state->is_over, __ATOMIC_RELAXED)) {
		int err = bpf_prog_test_run_opts(bpf_program__fd(skel->progs.flood), &opts);

		if (err && err != -EINTR)
			fail("the kernel refuses to run live frames (needs 5.18, XDP on the "
			     "device)",
			     err);
	}
}

/* Returns the exit status. */
static int report(const struct flood_state *state, const struct args *args, uint64_t taken,
		  uint64_t dropped)
{
	uint64_t now_ns = monotonic_ns();
	uint64_t end_ns = state->end_ns && state->end_ns < now_ns ? state->end_ns : now_ns;
	double seconds = state->start_ns ? (double)(end_ns - state->start_ns) / 1e9 : 0;
	double pps = seconds > 0 ? (double)state->sent / seconds : 0;

	printf(args->is_json ?
		       "{\"sent\": %llu, \"seconds\": %.3f, \"pps\": %.0f, \"ring_full\": %llu}\n" :
		       "sent %llu packets in %.3f s: %.0f pps (%llu found the ring full)\n",
	       state->sent, seconds, pps, (unsigned long long)dropped);
	if (!state->sent || taken || dropped)
		return 0;
	fprintf(stderr, "flood: the peer of %s took none: it wants an XDP program or GRO\n",
		args->dev);
	return 1;
}

static struct flood_bpf *load(const struct args *args, const uint8_t smac[6])
{
	struct flood_bpf *skel = flood_bpf__open();
	struct flood_conf *conf;

	if (!skel)
		fail("cannot open the program", errno);
	conf = (struct flood_conf *)&skel->rodata->conf;
	make_template(conf, args, smac);
	conf->burst = FLOOD_BATCH;
	conf->late_max = (uint32_t)(args->pps / 50) + FLOOD_BATCH;
	conf->pps = args->pps;
	conf->limit = args->limit;
	conf->duration_ns = (uint64_t)(args->seconds * 1e9);
	if (getrandom(&skel->bss->state.random, sizeof(skel->bss->state.random), 0) < 0)
		fail("getrandom", errno);
	skel->bss->state.random |= 1;
	if (flood_bpf__load(skel))
		fail("cannot load the program", errno);
	return skel;
}

int main(int argc, char **argv)
{
	struct args args = { .port = 80, .flags = RAW_SYN, .limit = UINT64_MAX };
	struct watch watch = { .runner = pthread_self() };
	struct flood_bpf *skel;
	const char *refused;
	uint64_t taken, dropped;
	pthread_t watcher;
	uint8_t smac[6];
	int ifindex, err, status;

	read_args(&args, argc, argv);
	refused = guard_refuses(args.dev);
	if (refused) {
		fprintf(stderr, "flood: refusing %s: %s\n", args.dev, refused);
		return 1;
	}
	ifindex = (int)if_nametoindex(args.dev);
	err = lab_own_mac(args.dev, smac);
	if (err)
		fail("cannot read the device's MAC", err);
	err = args.has_dmac ? 0 : lab_neigh_find(ifindex, &args.dst, args.dmac);
	if (err)
		fail("no neighbour entry for the destination (--dmac MAC gives one)", err);
	skel = load(&args, smac);
	taken = ethstat_sum(args.dev, "xdp_xmit");
	dropped = ethstat_sum(args.dev, "xdp_xmit_errors");
	set_signals();
	watch.state = &skel->bss->state;
	watch.is_announced = args.is_announced;
	err = pthread_create(&watcher, NULL, watch_run, &watch);
	if (err)
		fail("cannot start a thread", err);
	run(skel, ifindex);
	__atomic_store_n(&watch.is_done, true, __ATOMIC_RELEASE);
	pthread_join(watcher, NULL);
	taken = ethstat_sum(args.dev, "xdp_xmit") - taken;
	dropped = ethstat_sum(args.dev, "xdp_xmit_errors") - dropped;
	status = report(&skel->bss->state, &args, taken, dropped);
	flood_bpf__destroy(skel);
	return status;
}
