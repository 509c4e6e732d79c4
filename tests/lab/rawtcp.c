// SPDX-License-Identifier: GPL-2.0-only
/*
 * A scripted TCP client on a packet socket, for what a kernel's client never does at will: late
 * ACKs, lost ACKs, ACK and data in one NAPI batch, wrong ACKs, replays. Its address belongs to no
 * kernel (lab.sh: LAB_RAW4, LAB_RAW6), so nobody interferes. Each scenario prints one JSON line
 * with what was seen; it judges nothing but the echo and the checksums. Exit 0 when it ran, 1 when
 * it could not, 2 on misuse. It never retransmits unless told to (--retransmit).
 */
#include <jansson.h>
#include <sys/random.h>
#include <time.h>

#include "guard.h"
#include "neigh.h"
#include "rawtcp_client.h"

struct scenario {
	const char *name;
	int (*run)(struct client *client, json_t *out);
};

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

static void sleep_ms(unsigned int ms)
{
	struct timespec left = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };

	while (nanosleep(&left, &left) && errno == EINTR)
		;
}

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
