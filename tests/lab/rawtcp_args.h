/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How rawtcp is called: what its scripted client sends, how late, and how wrong.
 */
#ifndef LAB_RAWTCP_ARGS_H
#define LAB_RAWTCP_ARGS_H

#include <getopt.h>
#include <stdlib.h>
#include <unistd.h>

#include "args.h"
#include "rawpkt.h"

#define PAYLOAD_MAX 1200
#define RECEIVED_MAX 65536

struct args {
	const char *dev;
	struct rawpath path;
	bool has_dmac;
	struct rawseg syn; /* the options of the SYN */
	uint8_t payload[PAYLOAD_MAX], syn_payload[PAYLOAD_MAX];
	size_t payload_len, syn_payload_len, expect_len;
	size_t fragment_bytes; /* of TCP in the first of two fragments; 0: whole */
	unsigned int delay_ms, gap_ms, wait_ms, settle_ms, rto_ms, nr_retransmits;
	uint32_t isn;
	uint8_t stray_flags;
	bool is_ecn, is_bad_syn, is_bad_ack, is_partial, is_blind, has_isn;
};

static const char usage_text[] =
	"usage: rawtcp SCENARIO --dev DEV --src ADDR --dst ADDR --port N [OPTION...]\n"
	"  handshake    SYN, SYN-ACK, ACK (after --delay-ms), data, echo, FIN\n"
	"  data-in-ack  the first ACK carries the data\n"
	"  lost-ack     the first ACK is lost; the data comes --gap-ms after the SYN-ACK\n"
	"  mute         the first ACK is lost, and nothing is said: acknowledges a second SYN-ACK\n"
	"  batch        ACK and data reach the server in one NAPI batch\n"
	"  bogus-ack    an ACK with a wrong number (--blind: with no SYN before)\n"
	"  syn-only     no ACK: shows the SYN-ACK and how many come within --wait-ms, or,\n"
	"               with --settle-ms, how many follow the first in that time\n"
	"  replay       a whole connection, then its first ACK again after --gap-ms\n"
	"  stray        one segment of no connection, with --flags\n"
	"options: --sport N --mss N|off --wscale N|off --sack on|off --ts on|off --ecn\n"
	"  --payload TEXT --syn-payload TEXT --expect-bytes N --vlan VID[,VID2] --dmac MAC\n"
	"  --delay-ms N=0 --gap-ms N=0 --wait-ms N=1000 --settle-ms N --retransmit N=0\n"
	"  --rto-ms N=300\n"
	"  --bad-checksum (of the SYN) --bad-ack-checksum --partial-checksum\n"
	"  --ext N (IPv6 destination options headers, or IPv4 words of options, before TCP)\n"
	"  --fragment N (all in two IP fragments, the first with N bytes of TCP)\n"
	"  --isn N=random --flags none|FIN|SYN|RST|PSH|ACK|URG|ECE|CWR[,...]\n";

static void misuse(const char *what)
{
	fprintf(stderr, "rawtcp: %s\n%s", what, usage_text);
	exit(2);
}

static inline bool read_switch(const char *text)
{
	if (strcmp(text, "on") && strcmp(text, "off"))
		misuse("--sack and --ts want on or off");
	return !strcmp(text, "on");
}

static inline size_t read_payload(const char *text, uint8_t ret[PAYLOAD_MAX])
{
	size_t len = strlen(text);

	if (len > PAYLOAD_MAX)
		misuse("the payload is too long");
	memcpy(ret, text, len);
	return len;
}

static inline void read_path_arg(struct args *args, int which, const char *text)
{
	struct rawpath *path = &args->path;

	if (which == 'D')
		args->dev = text;
	else if (which == 'd')
		path->dst = args_address(text, "--dst wants an address");
	else if (which == 's')
		path->src = args_address(text, "--src wants an address");
	else if (which == 'p')
		path->dport = (uint16_t)args_number(text, 65535);
	else if (which == 'S')
		path->sport = (uint16_t)args_number(text, 65535);
	else if (which == 'v')
		path->nr_vlans = args_vlans(text, 4095, path->vlans);
	else if (which == 'M') {
		args_mac(text, path->dmac);
		args->has_dmac = true;
	} else if (which == 'X')
		path->nr_ext = (unsigned int)args_number(text, RAW_EXT_MAX);
	else if (which == 'F')
		args->fragment_bytes = args_number(text, 1000) & ~7ull;
}

static inline void read_tcp_arg(struct args *args, int which, const char *text)
{
	struct rawseg *syn = &args->syn;

	if (which == 'm') {
		syn->has_mss = strcmp(text, "off");
		syn->mss = syn->has_mss ? (uint16_t)args_number(text, 65535) : 0;
	} else if (which == 'w') {
		syn->has_wscale = strcmp(text, "off");
		syn->wscale = syn->has_wscale ? (uint8_t)args_number(text, 255) : 0;
	} else if (which == 'k') {
		syn->has_sack = read_switch(text);
	} else if (which == 't') {
		syn->has_ts = read_switch(text);
	} else if (which == 'P') {
		args->payload_len = read_payload(text, args->payload);
	} else if (which == 'Y') {
		args->syn_payload_len = read_payload(text, args->syn_payload);
	} else if (which == 'x') {
		args->expect_len = (unsigned int)args_number(text, RECEIVED_MAX);
	}
}

static inline void read_run_arg(struct args *args, int which, const char *text)
{
	if (which == 'L')
		args->delay_ms = (unsigned int)args_number(text, 60000);
	else if (which == 'g')
		args->gap_ms = (unsigned int)args_number(text, 60000);
	else if (which == 'W')
		args->wait_ms = (unsigned int)args_number(text, 60000);
	else if (which == 'T')
		args->settle_ms = (unsigned int)args_number(text, 60000);
	else if (which == 'r')
		args->nr_retransmits = (unsigned int)args_number(text, 100);
	else if (which == 'o')
		args->rto_ms = (unsigned int)args_number(text, 60000);
	else if (which == 'e')
		args->is_ecn = true;
	else if (which == 'b')
		args->is_bad_syn = true;
	else if (which == 'B')
		args->is_bad_ack = true;
	else if (which == 'c')
		args->is_partial = true;
	else if (which == 'n')
		args->is_blind = true;
	else if (which == 'f')
		args->stray_flags = args_flags(text);
	else if (which == 'I') {
		args->isn = (uint32_t)args_number(text, UINT32_MAX);
		args->has_isn = true;
	}
}

static inline void set_defaults(struct args *args)
{
	struct rawseg *syn = &args->syn;

	if (!args->dev || !args->path.src.len || !args->path.dst.len || !args->path.dport)
		misuse("--dev, --src, --dst and --port are needed");
	if (args->path.src.family != args->path.dst.family)
		misuse("--src and --dst want the same family");
	if (args->expect_len == SIZE_MAX)
		args->expect_len = args->payload_len;
	if (syn->has_mss && !syn->mss)
		syn->mss = args->path.dst.family == AF_INET6 ? 1440 : 1460;
	/* A pid does not come again soon; of ports drawn at random two of a test would be the same
	 * now and then. */
	if (!args->path.sport)
		args->path.sport = 0x8000 | (getpid() & 0x7fff);
}

static inline void read_args(struct args *args, int argc, char **argv)
{
	static const struct option options[] = {
		{ "dev", 1, NULL, 'D' },
		{ "dst", 1, NULL, 'd' },
		{ "src", 1, NULL, 's' },
		{ "port", 1, NULL, 'p' },
		{ "sport", 1, NULL, 'S' },
		{ "vlan", 1, NULL, 'v' },
		{ "dmac", 1, NULL, 'M' },
		{ "mss", 1, NULL, 'm' },
		{ "wscale", 1, NULL, 'w' },
		{ "sack", 1, NULL, 'k' },
		{ "ts", 1, NULL, 't' },
		{ "payload", 1, NULL, 'P' },
		{ "syn-payload", 1, NULL, 'Y' },
		{ "expect-bytes", 1, NULL, 'x' },
		{ "delay-ms", 1, NULL, 'L' },
		{ "gap-ms", 1, NULL, 'g' },
		{ "wait-ms", 1, NULL, 'W' },
		{ "settle-ms", 1, NULL, 'T' },
		{ "retransmit", 1, NULL, 'r' },
		{ "rto-ms", 1, NULL, 'o' },
		{ "ecn", 0, NULL, 'e' },
		{ "bad-checksum", 0, NULL, 'b' },
		{ "bad-ack-checksum", 0, NULL, 'B' },
		{ "blind", 0, NULL, 'n' },
		{ "partial-checksum", 0, NULL, 'c' },
		{ "isn", 1, NULL, 'I' },
		{ "flags", 1, NULL, 'f' },
		{ "ext", 1, NULL, 'X' },
		{ "fragment", 1, NULL, 'F' },
		{ 0 },
	};
	int which;

	args->payload_len = read_payload("synward lab", args->payload);
	while ((which = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (which == '?')
			misuse("unknown option");
		read_path_arg(args, which, optarg);
		read_tcp_arg(args, which, optarg);
		read_run_arg(args, which, optarg);
	}
	if (optind < argc)
		misuse(argv[optind]);
	set_defaults(args);
}

#endif
