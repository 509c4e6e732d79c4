// SPDX-License-Identifier: GPL-2.0-only
/*
 * A scripted TCP client on a packet socket, for what a kernel's client never does at will: late
 * ACKs, lost ACKs, ACK and data in one NAPI batch, wrong ACKs, replays. Its address belongs to no
 * kernel (lab.sh: LAB_RAW4, LAB_RAW6), so nobody interferes. Each scenario prints one JSON line
 * with what was seen; it judges nothing but the echo and the checksums. Exit 0 when it ran, 1 when
 * it could not, 2 on misuse. It never retransmits unless told to (--retransmit).
 */
#include <getopt.h>
#include <jansson.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#include "args.h"
#include "batch_send.h"
#include "clock.h"
#include "guard.h"
#include "neigh.h"
#include "rawfrag.h"
#include "rawsock.h"

#define PAYLOAD_MAX 1200
#define RECEIVED_MAX 65536
#define SYN_WINDOW 64240

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

struct client {
	const struct args *args;
	int ifindex, rx, tx;
	uint32_t isn, una, nxt, rcv_nxt; /* una: what the server has acknowledged */
	struct rawseg synack;            /* the first */
	size_t synack_frame_len;
	uint64_t syn_ns, synack_ns;
	unsigned int nr_synacks, nr_replies, nr_bad_sums, nr_rsts;
	bool has_ts, is_fin_seen, is_connected;
	uint32_t peer_tsval;
	uint8_t received[RECEIVED_MAX];
	size_t received_len;
};

struct scenario {
	const char *name;
	int (*run)(struct client *client, json_t *out);
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

static void fail(const char *what, int err)
{
	fprintf(stderr, "rawtcp: %s: %s\n", what, strerror(err < 0 ? -err : err));
	exit(1);
}

/* ---- options -----------------------------------------------------------------------------------
 */

static bool read_switch(const char *text)
{
	if (strcmp(text, "on") && strcmp(text, "off"))
		misuse("--sack and --ts want on or off");
	return !strcmp(text, "on");
}

static size_t read_payload(const char *text, uint8_t ret[PAYLOAD_MAX])
{
	size_t len = strlen(text);

	if (len > PAYLOAD_MAX)
		misuse("the payload is too long");
	memcpy(ret, text, len);
	return len;
}

static void read_path_arg(struct args *args, int which, const char *text)
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

static void read_tcp_arg(struct args *args, int which, const char *text)
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

static void read_run_arg(struct args *args, int which, const char *text)
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

static void set_defaults(struct args *args)
{
	struct rawseg *syn = &args->syn;
	uint16_t port;

	if (!args->dev || !args->path.src.len || !args->path.dst.len || !args->path.dport)
		misuse("--dev, --src, --dst and --port are needed");
	if (args->path.src.family != args->path.dst.family)
		misuse("--src and --dst want the same family");
	if (args->expect_len == SIZE_MAX)
		args->expect_len = args->payload_len;
	if (syn->has_mss && !syn->mss)
		syn->mss = args->path.dst.family == AF_INET6 ? 1440 : 1460;
	if (!args->path.sport && getrandom(&port, sizeof(port), 0) == sizeof(port))
		args->path.sport = port | 0x8000;
}

static void read_args(struct args *args, int argc, char **argv)
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

/* ---- segments out ------------------------------------------------------------------------------
 */

static void sleep_ms(unsigned int ms)
{
	struct timespec left = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };

	while (nanosleep(&left, &left) && errno == EINTR)
		;
}

static void client_send_frame(struct client *client, struct batch_frame *frame, size_t l4_off)
{
	const struct args *args = client->args;
	struct batch_frame parts[2];
	int err;

	if (rawfrag_split(frame, l4_off, args->path.dst.family == AF_INET6, args->fragment_bytes,
			  parts)) {
		err = rawsock_send(client->tx, &parts[0], l4_off, false);
		if (!err)
			err = rawsock_send(client->tx, &parts[1], l4_off, false);
	} else {
		err = rawsock_send(client->tx, frame, l4_off, args->is_partial);
	}
	if (err)
		fail("cannot send", err);
}

/* Builds a segment with the timestamps of now, without sending it. Returns where TCP begins. */
static size_t client_build(struct client *client, struct rawseg *seg, struct batch_frame *frame)
{
	if (!(seg->flags & RAW_SYN))
		seg->has_ts = client->has_ts;
	seg->tsval = (uint32_t)(monotonic_ns() / 1000000);
	seg->tsecr = client->peer_tsval;
	seg->window = SYN_WINDOW;
	return raw_build(frame, &client->args->path, seg, client->args->is_partial);
}

static void client_send(struct client *client, struct rawseg *seg, bool is_bad_sum)
{
	struct batch_frame frame;
	size_t l4_off = client_build(client, seg, &frame);

	if (is_bad_sum)
		frame.bytes[l4_off + 16] ^= 0x5a;
	client_send_frame(client, &frame, l4_off);
}

static struct rawseg client_ack_of(const struct client *client)
{
	return (struct rawseg){ .flags = RAW_ACK, .seq = client->nxt, .ack = client->rcv_nxt };
}

static struct rawseg client_data_of(const struct client *client)
{
	struct rawseg seg = client_ack_of(client);

	seg.flags |= RAW_PSH;
	seg.seq = client->isn + 1;
	seg.payload = client->args->payload;
	seg.payload_len = client->args->payload_len;
	return seg;
}

static void client_send_ack(struct client *client, bool is_first)
{
	struct rawseg seg = client_ack_of(client);

	client_send(client, &seg, is_first && client->args->is_bad_ack);
}

static void client_send_data(struct client *client)
{
	struct rawseg seg = client_data_of(client);

	if (!seg.payload_len)
		return;
	client_send(client, &seg, false);
	client->nxt = seg.seq + (uint32_t)seg.payload_len;
}

static void client_send_syn(struct client *client)
{
	struct rawseg seg = client->args->syn;

	seg.flags = RAW_SYN;
	if (client->args->is_ecn)
		seg.flags |= RAW_ECE | RAW_CWR;
	seg.seq = client->isn;
	seg.payload = client->args->syn_payload;
	seg.payload_len = client->args->syn_payload_len;
	client->syn_ns = monotonic_ns();
	client_send(client, &seg, client->args->is_bad_syn);
	client->nxt = client->isn + 1;
}

/* ---- segments in -------------------------------------------------------------------------------
 */

static void client_take_synack(struct client *client, const struct rawseg *seg, size_t frame_len)
{
	if (client->nr_synacks++)
		return;
	client->synack = *seg;
	client->synack_frame_len = frame_len;
	client->synack_ns = monotonic_ns();
	client->rcv_nxt = seg->seq + 1;
	client->has_ts = client->args->syn.has_ts && seg->has_ts;
}

static void client_take_data(struct client *client, const struct rawseg *seg)
{
	bool is_next = seg->seq == client->rcv_nxt;
	size_t room = RECEIVED_MAX - client->received_len;

	if (is_next && seg->payload_len <= room) {
		memcpy(client->received + client->received_len, seg->payload, seg->payload_len);
		client->received_len += seg->payload_len;
		client->rcv_nxt += (uint32_t)seg->payload_len;
		if (seg->flags & RAW_FIN) {
			client->is_fin_seen = true;
			client->rcv_nxt++;
		}
	}
	client_send_ack(client, false);
}

static void client_take(struct client *client, const struct rawseg *seg, size_t frame_len)
{
	client->nr_replies++;
	client->nr_bad_sums += seg->tcp_sum == RAWSUM_INVALID || seg->ip_sum == RAWSUM_INVALID;
	if (seg->has_ts)
		client->peer_tsval = seg->tsval;
	if (seg->flags & RAW_RST) {
		client->nr_rsts++;
		return;
	}
	if ((seg->flags & (RAW_SYN | RAW_ACK)) == (RAW_SYN | RAW_ACK)) {
		client_take_synack(client, seg, frame_len);
		return;
	}
	if (!client->nr_synacks)
		return;
	if ((seg->flags & RAW_ACK) && (int32_t)(seg->ack - client->una) > 0)
		client->una = seg->ack;
	if (seg->payload_len || (seg->flags & RAW_FIN))
		client_take_data(client, seg);
}

static void client_receive(struct client *client)
{
	const struct rawpath *path = &client->args->path;
	struct rawseg seg;
	size_t len = rawsock_receive(client->rx, &seg);

	if (len && raw_is_answer(&seg, path) && seg.dport == path->sport)
		client_take(client, &seg, len);
}

/* Takes what comes until is_done says so or the time is over; true when it said so. */
static bool client_wait(struct client *client, unsigned int ms, bool (*is_done)(struct client *))
{
	uint64_t now_ns = monotonic_ns(), end_ns = now_ns + ms * 1000000ull;
	struct pollfd pfd = { .fd = client->rx, .events = POLLIN };

	while (!is_done(client)) {
		now_ns = monotonic_ns();
		if (now_ns >= end_ns)
			return false;
		if (poll(&pfd, 1, (int)((end_ns - now_ns) / 1000000) + 1) > 0)
			client_receive(client);
	}
	return true;
}

static bool is_never(struct client *client)
{
	(void)client;
	return false;
}

static bool is_answered(struct client *client)
{
	return client->nr_synacks || client->nr_rsts;
}

static bool is_answered_twice(struct client *client)
{
	return client->nr_synacks > 1 || client->nr_rsts;
}

static bool is_exchanged(struct client *client)
{
	return client->nr_rsts ||
	       (client->una == client->nxt && client->received_len >= client->args->expect_len);
}

static bool is_closed(struct client *client)
{
	return client->nr_rsts || (client->is_fin_seen && client->una == client->nxt);
}

/* ---- what comes out ----------------------------------------------------------------------------
 */

static const char *sum_name(enum rawsum sum)
{
	return sum == RAWSUM_VALID ? "valid" : sum == RAWSUM_PARTIAL ? "partial" : "invalid";
}

static json_t *flags_json(uint8_t flags)
{
	json_t *list = json_array();
	int i;

	for (i = 0; i < 8; i++)
		if (flags & 1 << i)
			json_array_append_new(list, json_string(args_flag_names[i]));
	return list;
}

static json_t *synack_json(const struct client *client)
{
	const struct rawseg *seg = &client->synack;
	json_t *out, *vlans = json_array();
	unsigned int i;

	for (i = 0; i < seg->nr_vlans; i++)
		json_array_append_new(vlans, json_integer(seg->vlans[i]));
	out = json_pack("{s:o, s:o, s:I, s:I, s:b, s:i, s:i, s:i, s:i, s:s, s:b, s:s, s:s}",
			"flags", flags_json(seg->flags), "vlans", vlans, "seq",
			(json_int_t)seg->seq, "ack", (json_int_t)seg->ack, "ack_ok",
			seg->ack == client->isn + 1, "window", (int)seg->window, "urgent",
			(int)seg->urgent, "doff", (int)seg->doff, "reserved", (int)seg->reserved,
			"checksum", sum_name(seg->tcp_sum), "checksum_valid",
			seg->tcp_sum != RAWSUM_INVALID, "ip_checksum", sum_name(seg->ip_sum),
			"options", seg->options);
	json_object_update_new(
		out,
		json_pack("{s:i, s:b, s:i, s:i, s:i, s:i, s:i, s:I}", "ttl", (int)seg->ttl, "df",
			  seg->is_df, "tos", (int)seg->tos, "ip_id", (int)seg->ip_id,
			  "total_length", (int)seg->total_length, "payload_length",
			  (int)seg->payload_len, "frame_length", (int)client->synack_frame_len,
			  "after_us", (json_int_t)(client->synack_ns - client->syn_ns) / 1000));
	json_object_set_new(out, "mss", seg->has_mss ? json_integer(seg->mss) : json_null());
	json_object_set_new(out, "wscale",
			    seg->has_wscale ? json_integer(seg->wscale) : json_null());
	json_object_set_new(out, "sack", json_boolean(seg->has_sack));
	json_object_set_new(out, "ts", json_boolean(seg->has_ts));
	json_object_set_new(out, "tsval", seg->has_ts ? json_integer(seg->tsval) : json_null());
	json_object_set_new(out, "tsecr", seg->has_ts ? json_integer(seg->tsecr) : json_null());
	json_object_set_new(out, "ecn",
			    json_boolean((seg->flags & (RAW_ECE | RAW_CWR)) == RAW_ECE));
	return out;
}

static void client_report(const struct client *client, json_t *out)
{
	size_t len = client->args->payload_len;
	bool has_echo = len && client->received_len >= len;
	json_t *text = json_stringn((const char *)client->received, client->received_len);

	json_object_set_new(out, "synack", client->nr_synacks ? synack_json(client) : json_null());
	json_object_set_new(out, "nr_synacks", json_integer(client->nr_synacks));
	json_object_set_new(out, "nr_replies", json_integer(client->nr_replies));
	json_object_set_new(out, "connected", json_boolean(client->is_connected));
	json_object_set_new(out, "received", text ? text : json_null());
	json_object_set_new(out, "received_length", json_integer((json_int_t)client->received_len));
	json_object_set_new(
		out, "echo_ok",
		json_boolean(has_echo && !memcmp(client->received + client->received_len - len,
						 client->args->payload, len)));
	json_object_set_new(out, "rst", json_boolean(client->nr_rsts));
	json_object_set_new(out, "nr_bad_checksums", json_integer(client->nr_bad_sums));
	json_object_set_new(out, "sport", json_integer(client->args->path.sport));
	json_dumpf(out, stdout, JSON_PRESERVE_ORDER);
	printf("\n");
}

/* ---- scenarios ---------------------------------------------------------------------------------
 */

static bool client_open(struct client *client)
{
	client_send_syn(client);
	client_wait(client, client->args->wait_ms, is_answered);
	if (!client->nr_synacks || client->nr_rsts)
		return false;
	client->una = client->isn + 1;
	return true;
}

/* After the first ACK or data went out: waits for the echo, retransmits if told to, and closes. */
static void client_finish(struct client *client, json_t *out)
{
	const struct args *args = client->args;
	struct rawseg fin;
	bool is_done;
	unsigned int i;

	is_done = client_wait(client, args->nr_retransmits ? args->rto_ms : args->wait_ms,
			      is_exchanged);
	for (i = 0; !is_done && i < args->nr_retransmits; i++) {
		client_send_data(client);
		is_done = client_wait(client, args->rto_ms, is_exchanged);
	}
	json_object_set_new(out, "nr_retransmits", json_integer(i));
	client->is_connected = is_done && !client->nr_rsts;
	if (client->nr_rsts)
		return;
	fin = client_ack_of(client);
	fin.flags |= RAW_FIN;
	client_send(client, &fin, false);
	client->nxt++;
	is_done = client_wait(client, args->wait_ms, is_closed);
	json_object_set_new(out, "closed", json_boolean(is_done && !client->nr_rsts));
	/* With nothing to send, only an acknowledged FIN tells that there was a connection. */
	if (!args->payload_len && !args->expect_len)
		client->is_connected = is_done && !client->nr_rsts;
}

static int run_handshake(struct client *client, json_t *out)
{
	if (!client_open(client))
		return 0;
	client_wait(client, client->args->delay_ms, is_never);
	client_send_ack(client, true);
	sleep_ms(client->args->gap_ms);
	client_send_data(client);
	client_finish(client, out);
	return 0;
}

static int run_data_in_ack(struct client *client, json_t *out)
{
	if (!client_open(client))
		return 0;
	client_wait(client, client->args->delay_ms, is_never);
	client_send_data(client);
	client_finish(client, out);
	return 0;
}

/* On the wire the same as data-in-ack, but for the time and what the server did meanwhile. */
static int run_lost_ack(struct client *client, json_t *out)
{
	if (!client_open(client))
		return 0;
	client_wait(client, client->args->gap_ms, is_never);
	client_send_data(client);
	client_finish(client, out);
	return 0;
}

/* A kernel that waits for the server to speak. */
static int run_mute(struct client *client, json_t *out)
{
	if (!client_open(client))
		return 0;
	if (!client_wait(client, client->args->wait_ms, is_answered_twice))
		return 0;
	client_send_ack(client, false);
	client_finish(client, out);
	return 0;
}

static int run_batch(struct client *client, json_t *out)
{
	struct batch_frame frames[2];
	struct rawseg ack, data;
	int err;

	if (!client_open(client))
		return 0;
	client_wait(client, client->args->delay_ms, is_never);
	ack = client_ack_of(client);
	data = client_data_of(client);
	client_build(client, &ack, &frames[0]);
	client_build(client, &data, &frames[1]);
	client->nxt = data.seq + (uint32_t)data.payload_len;
	err = batch_send(client->args->dev, frames, 2);
	if (err == -ENOTCONN)
		fprintf(stderr, "rawtcp: the server's device wants an XDP program or GRO\n");
	if (err)
		return err;
	client_finish(client, out);
	return 0;
}

/* For what answers something that asks for no answer. */
static void client_settle(struct client *client)
{
	const struct args *args = client->args;

	client_wait(client, args->settle_ms ? args->settle_ms : args->wait_ms, is_never);
}

static int run_bogus_ack(struct client *client, json_t *out)
{
	const struct args *args = client->args;
	struct rawseg seg;
	unsigned int before;

	if (!args->is_blind && !client_open(client))
		return 0;
	if (args->is_blind) {
		client->nxt = client->isn + 1;
		client->rcv_nxt = ~client->isn;
		client->has_ts = args->syn.has_ts;
		client->peer_tsval = client->isn ^ 0x5a5a5a5a;
	}
	before = client->nr_replies;
	seg = client_ack_of(client);
	seg.ack ^= 0x00010001;
	client_send(client, &seg, false);
	client_settle(client);
	json_object_set_new(out, "nr_replies_to_ack", json_integer(client->nr_replies - before));
	return 0;
}

static int run_syn_only(struct client *client, json_t *out)
{
	unsigned int settle_ms = client->args->settle_ms;

	(void)out;
	client_send_syn(client);
	if (client_wait(client, client->args->wait_ms, settle_ms ? is_answered : is_never))
		client_wait(client, settle_ms, is_never);
	return 0;
}

/* Acknowledges and echoes something, where it has the flag for that, that nobody ever sent. */
static int run_stray(struct client *client, json_t *out)
{
	struct rawseg seg = { .flags = client->args->stray_flags, .seq = client->isn };

	(void)out;
	if (seg.flags & RAW_ACK)
		seg.ack = ~client->isn;
	client->has_ts = client->args->syn.has_ts;
	client->peer_tsval = client->isn ^ 0x5a5a5a5a;
	client_send(client, &seg, false);
	client_settle(client);
	return 0;
}

static int run_replay(struct client *client, json_t *out)
{
	unsigned int before, rsts;
	struct batch_frame frame;
	struct rawseg ack;
	size_t l4_off;

	if (!client_open(client))
		return 0;
	client_wait(client, client->args->delay_ms, is_never);
	ack = client_ack_of(client);
	l4_off = client_build(client, &ack, &frame);
	client_send_frame(client, &frame, l4_off);
	client_send_data(client);
	client_finish(client, out);
	client_wait(client, client->args->gap_ms, is_never);
	before = client->nr_replies;
	rsts = client->nr_rsts;
	client_send_frame(client, &frame, l4_off);
	client_wait(client, client->args->wait_ms, is_never);
	json_object_set_new(out, "replay_replies", json_integer(client->nr_replies - before));
	json_object_set_new(out, "replay_rst", json_boolean(client->nr_rsts > rsts));
	return 0;
}

static const struct scenario scenarios[] = {
	{ "handshake", run_handshake }, { "data-in-ack", run_data_in_ack },
	{ "lost-ack", run_lost_ack },   { "mute", run_mute },
	{ "batch", run_batch },         { "bogus-ack", run_bogus_ack },
	{ "syn-only", run_syn_only },   { "replay", run_replay },
	{ "stray", run_stray },
};

static const struct scenario *find_scenario(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++)
		if (!strcmp(scenarios[i].name, name))
			return &scenarios[i];
	return NULL;
}

static void client_open_sockets(struct client *client)
{
	client->rx = rawsock_listen(client->ifindex);
	if (client->rx < 0)
		fail("cannot open a packet socket", client->rx);
	client->tx = rawsock_send_only(client->ifindex, client->args->is_partial);
	if (client->tx < 0)
		fail("cannot open a packet socket to send by", client->tx);
}

int main(int argc, char **argv)
{
	static struct args args = { .expect_len = SIZE_MAX,
				    .wait_ms = 1000,
				    .rto_ms = 300,
				    .syn = { .has_mss = true,
					     .has_sack = true,
					     .has_ts = true,
					     .has_wscale = true,
					     .wscale = 7 } };
	static struct client client = { .args = &args };
	const struct scenario *scenario = argc > 1 ? find_scenario(argv[1]) : NULL;
	const char *refused;
	json_t *out;
	int err;

	if (!scenario)
		misuse("the first word names the scenario");
	read_args(&args, argc - 1, argv + 1);
	refused = guard_refuses(args.dev);
	if (refused) {
		fprintf(stderr, "rawtcp: refusing %s: %s\n", args.dev, refused);
		return 1;
	}
	client.ifindex = (int)if_nametoindex(args.dev);
	err = lab_own_mac(args.dev, args.path.smac);
	if (!err && !args.has_dmac)
		err = lab_neigh_find(client.ifindex, &args.path.dst, args.path.dmac);
	if (err)
		fail("no MAC known for the destination (--dmac MAC gives one)", err);
	client.isn = args.isn;
	if (!args.has_isn && getrandom(&client.isn, sizeof(client.isn), 0) != sizeof(client.isn))
		fail("getrandom", errno);
	client_open_sockets(&client);
	out = json_pack("{s:s}", "scenario", scenario->name);
	err = scenario->run(&client, out);
	if (err)
		fail(scenario->name, err);
	client_report(&client, out);
	json_decref(out);
	return 0;
}
