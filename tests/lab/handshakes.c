// SPDX-License-Identifier: GPL-2.0-only
/*
 * Opens so many TCP handshakes, at an even pace, and ends each as told: not at all, by the ACK, by
 * a reset, or by an ACK or a reset that a kernel must not believe. For counts of half-open
 * connections: what is opened here is opened exactly so often. Its address belongs to no kernel
 * (lab.sh: LAB_RAW4, LAB_RAW6), so that nobody resets what it leaves open; with --spoofed each
 * handshake has an address of its own, and nothing comes back. Between two segments it sleeps.
 *
 * A handshake is ended once all its SYNs are out and a SYN-ACK is in. When the last SYN is out, it
 * waits a second at most for the SYN-ACKs that are missing.
 */
#include <getopt.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/random.h>

#include "args.h"
#include "clock.h"
#include "guard.h"
#include "rawsock.h"

#define COUNT_MAX 1000000
#define SPORT_DEFAULT 20000
#define SPORT_SPOOFED_MIN 1024
#define SYN_WINDOW 64240
#define OUTSIDE_WINDOW 0x100000
#define WAIT_LAST_NS 1000000000ull

enum end { END_NONE, END_ACK, END_RST, END_BAD_ACK, END_BAD_RST, NR_ENDS };

static const char *const end_names[NR_ENDS] = { "none", "ack", "rst", "bad-ack", "bad-rst" };

struct args {
	const char *dev;
	struct rawpath path;
	bool has_dmac, is_spoofed, is_json;
	unsigned int count, nr_retransmits;
	unsigned int pps;
	enum end end;
};

struct opening {
	uint32_t isn;
	unsigned int nr_syns;
	uint32_t peer_isn, peer_tsval; /* of the last SYN-ACK */
	bool is_answered, is_ended, has_ts;
};

struct run {
	const struct args *args;
	int rx, tx;
	struct opening *openings;
	unsigned int first_port;
	unsigned int nr_opened, nr_answered, nr_ended;
};

static void misuse(const char *what)
{
	fprintf(stderr,
		"handshakes: %s\n"
		"usage: handshakes --dev DEV (--src ADDR [--sport FIRST=20000] | --spoofed)\n"
		"                  --dst ADDR --port N --count N [--pps N=1000] [--retransmit "
		"N=0]\n"
		"                  [--end none|ack|rst|bad-ack|bad-rst] [--dmac MAC] [-j]\n"
		"Only on a veth in a namespace of the lab. --sport: the first of --count ports.\n"
		"--pps: SYNs a second, those that are sent again included.\n",
		what);
	exit(2);
}

static void fail(const char *what, int err)
{
	fprintf(stderr, "handshakes: %s: %s\n", what, strerror(err < 0 ? -err : err));
	exit(1);
}

/* ---- options -----------------------------------------------------------------------------------
 */

static enum end read_end(const char *word)
{
	int i;

	for (i = 0; i < NR_ENDS; i++)
		if (!strcmp(word, end_names[i]))
			return (enum end)i;
	misuse("--end wants none, ack, rst, bad-ack or bad-rst");
}

static void read_arg(struct args *args, int which, const char *text)
{
	struct rawpath *path = &args->path;

	if (which == 'D')
		args->dev = text;
	else if (which == 's')
		path->src = args_address(text, "--src wants an address");
	else if (which == 'd')
		path->dst = args_address(text, "--dst wants an address");
	else if (which == 'S')
		path->sport = (uint16_t)args_number(text, 65535);
	else if (which == 'p')
		path->dport = (uint16_t)args_number(text, 65535);
	else if (which == 'c')
		args->count = (unsigned int)args_number(text, COUNT_MAX);
	else if (which == 'r')
		args->pps = (unsigned int)args_number(text, 1000000);
	else if (which == 't')
		args->nr_retransmits = (unsigned int)args_number(text, 100);
	else if (which == 'e')
		args->end = read_end(text);
	else if (which == 'x')
		args->is_spoofed = true;
	else if (which == 'j')
		args->is_json = true;
	else if (which == 'M') {
		args_mac(text, path->dmac);
		args->has_dmac = true;
	} else {
		misuse("unknown option");
	}
}

static void check_args(struct args *args)
{
	struct rawpath *path = &args->path;

	if (!args->dev || !path->dst.len || !path->dport || !args->count || !args->pps)
		misuse("--dev, --dst, --port and --count are needed, and --pps is 1 or more");
	if (args->is_spoofed == (path->src.len > 0))
		misuse("either --src or --spoofed");
	if (args->is_spoofed && args->end != END_NONE)
		misuse("what is spoofed gets no answer, and has no --end but none");
	if (args->is_spoofed)
		return;
	if (path->src.family != path->dst.family)
		misuse("--src and --dst want the same family");
	if (path->sport + args->count > 65536)
		misuse("--sport and --count lead beyond port 65535");
}

static void read_args(struct args *args, int argc, char **argv)
{
	static const struct option options[] = {
		{ "dev", 1, NULL, 'D' },
		{ "src", 1, NULL, 's' },
		{ "sport", 1, NULL, 'S' },
		{ "spoofed", 0, NULL, 'x' },
		{ "dst", 1, NULL, 'd' },
		{ "port", 1, NULL, 'p' },
		{ "count", 1, NULL, 'c' },
		{ "pps", 1, NULL, 'r' },
		{ "end", 1, NULL, 'e' },
		{ "retransmit", 1, NULL, 't' },
		{ "dmac", 1, NULL, 'M' },
		{ "json", 0, NULL, 'j' },
		{ 0 },
	};
	int which;

	while ((which = getopt_long(argc, argv, "j", options, NULL)) != -1)
		read_arg(args, which, optarg);
	if (optind < argc)
		misuse(argv[optind]);
	check_args(args);
}

/* ---- segments ----------------------------------------------------------------------------------
 */

static uint32_t random_word(void)
{
	uint32_t word;

	if (getrandom(&word, sizeof(word), 0) != sizeof(word))
		fail("getrandom", errno);
	return word;
}

/* Of 198.18.0.0/15 or 2001:db8:8000::/33 (lab.sh: LAB_SPOOFED4, LAB_SPOOFED6). */
static struct lab_addr random_source(const struct lab_addr *dst)
{
	struct lab_addr addr = { .family = dst->family, .len = dst->len };
	size_t off;

	if (dst->family == AF_INET) {
		raw_put(addr.bytes, 4, 0xc6120000 | (random_word() & 0x1ffff));
		return addr;
	}
	raw_put(addr.bytes, 4, 0x20010db8);
	raw_put(addr.bytes + 4, 4, 0x80000000 | (random_word() & 0x7fffffff));
	for (off = 8; off < 16; off += 4)
		raw_put(addr.bytes + off, 4, random_word());
	return addr;
}

/* Ports follow one another, so that no two handshakes are the same. */
static uint16_t port_of(const struct run *run, unsigned int i)
{
	unsigned int span = 65536 - SPORT_SPOOFED_MIN;

	if (!run->args->is_spoofed)
		return (uint16_t)(run->first_port + i);
	return (uint16_t)(SPORT_SPOOFED_MIN + (run->first_port + i) % span);
}

static void run_send(const struct run *run, const struct rawpath *path, struct rawseg *seg)
{
	struct batch_frame frame;
	size_t l4_off;
	int err;

	seg->window = SYN_WINDOW;
	seg->tsval = (uint32_t)(monotonic_ns() / 1000000);
	l4_off = raw_build(&frame, path, seg, false);
	err = rawsock_send(run->tx, &frame, l4_off, false);
	if (err)
		fail("cannot send", err);
}

/* Ends the handshake, when it is time for that. */
static void run_end(struct run *run, unsigned int i)
{
	struct opening *opening = &run->openings[i];
	struct rawpath path = run->args->path;
	enum end end = run->args->end;
	struct rawseg seg = { .flags = RAW_ACK,
			      .seq = opening->isn + 1,
			      .ack = opening->peer_isn + 1,
			      .has_ts = opening->has_ts,
			      .tsecr = opening->peer_tsval };

	if (!opening->is_answered || opening->is_ended ||
	    opening->nr_syns <= run->args->nr_retransmits)
		return;
	opening->is_ended = true;
	run->nr_ended++;
	if (end == END_NONE)
		return;
	if (end == END_BAD_ACK)
		seg.ack ^= 0x00010001;
	if (end == END_RST || end == END_BAD_RST)
		seg = (struct rawseg){ .flags = RAW_RST, .seq = opening->isn + 1 };
	if (end == END_BAD_RST)
		seg.seq += OUTSIDE_WINDOW;
	path.sport = port_of(run, i);
	run_send(run, &path, &seg);
}

static void run_take(struct run *run, const struct rawseg *seg)
{
	unsigned int i = (uint16_t)(seg->dport - run->first_port);
	struct opening *opening;

	if (!raw_is_answer(seg, &run->args->path) || i >= run->args->count ||
	    (seg->flags & (RAW_SYN | RAW_ACK | RAW_RST)) != (RAW_SYN | RAW_ACK))
		return;
	opening = &run->openings[i];
	if (!opening->nr_syns || seg->ack != opening->isn + 1)
		return;
	run->nr_answered += !opening->is_answered;
	opening->is_answered = true;
	opening->peer_isn = seg->seq;
	opening->peer_tsval = seg->tsval;
	opening->has_ts = seg->has_ts;
	run_end(run, i);
}

static void run_send_syn(struct run *run, unsigned int i, struct rawpath *path)
{
	struct opening *opening = &run->openings[i];
	struct rawseg syn = { .flags = RAW_SYN,
			      .has_mss = true,
			      .mss = path->dst.family == AF_INET6 ? 1440 : 1460,
			      .has_sack = true,
			      .has_ts = true,
			      .has_wscale = true,
			      .wscale = 7 };

	if (!opening->nr_syns++) {
		opening->isn = random_word();
		run->nr_opened++;
		path->sport = port_of(run, i);
		if (run->args->is_spoofed)
			path->src = random_source(&path->dst);
	}
	syn.seq = opening->isn;
	run_send(run, path, &syn);
	run_end(run, i);
}

/* Takes what comes in until then. */
static void run_until(struct run *run, uint64_t end_ns, bool (*is_done)(const struct run *))
{
	struct pollfd pfd = { .fd = run->rx, .events = POLLIN };
	struct timespec left;
	struct rawseg seg;
	uint64_t now_ns;

	while (now_ns = monotonic_ns(), now_ns < end_ns && !is_done(run)) {
		left = timespec_of(end_ns - now_ns);
		if (ppoll(&pfd, 1, &left, NULL) > 0 && rawsock_receive(run->rx, &seg))
			run_take(run, &seg);
	}
}

static bool is_never(const struct run *run)
{
	(void)run;
	return false;
}

static bool is_all_ended(const struct run *run)
{
	return run->args->is_spoofed || run->nr_ended == run->args->count;
}

/* Each SYN has a slot of its own, counted from the start, so that a late one does not delay all
 * after it. */
static void run_all(struct run *run)
{
	const struct args *args = run->args;
	unsigned int syns_each = 1 + args->nr_retransmits, i;
	uint64_t start_ns = monotonic_ns(), slot;
	struct rawpath path = args->path;

	for (i = 0; i < args->count; i++) {
		for (slot = (uint64_t)i * syns_each; slot < (i + 1ull) * syns_each; slot++) {
			run_until(run, start_ns + slot * 1000000000 / args->pps, is_never);
			run_send_syn(run, i, &path);
		}
	}
	run_until(run, monotonic_ns() + WAIT_LAST_NS, is_all_ended);
}

static void run_open(struct run *run)
{
	const struct args *args = run->args;
	int ifindex = (int)if_nametoindex(args->dev);

	run->first_port = args->is_spoofed ? random_word() >> 16 : args->path.sport;
	run->openings = calloc(args->count, sizeof(*run->openings));
	if (!run->openings)
		fail("no memory for so many", ENOMEM);
	run->rx = rawsock_listen(ifindex);
	if (run->rx < 0)
		fail("cannot open a packet socket", run->rx);
	run->tx = rawsock_send_only(ifindex, false);
	if (run->tx < 0)
		fail("cannot open a packet socket to send by", run->tx);
}

int main(int argc, char **argv)
{
	struct args args = { .path = { .sport = SPORT_DEFAULT }, .pps = 1000 };
	struct run run = { .args = &args };
	const char *refused;
	uint64_t start_ns;
	double seconds;
	int err;

	read_args(&args, argc, argv);
	refused = guard_refuses(args.dev);
	if (refused) {
		fprintf(stderr, "handshakes: refusing %s: %s\n", args.dev, refused);
		return 1;
	}
	err = lab_own_mac(args.dev, args.path.smac);
	if (!err && !args.has_dmac)
		err = lab_neigh_find((int)if_nametoindex(args.dev), &args.path.dst, args.path.dmac);
	if (err)
		fail("no MAC known for the destination (--dmac MAC gives one)", err);
	run_open(&run);
	start_ns = monotonic_ns();
	run_all(&run);
	seconds = (double)(monotonic_ns() - start_ns) / 1e9;
	printf(args.is_json ? "{\"opened\": %u, \"answered\": %u, \"seconds\": %.3f}\n" :
			      "opened %u handshakes, %u answered, in %.3f s\n",
	       run.nr_opened, run.nr_answered, seconds);
	free(run.openings);
	return 0;
}
