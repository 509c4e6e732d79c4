/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The client of rawtcp: what it knows of its connection, the segments that it sends, and what it
 * takes of those that come. It acknowledges data, and sends nothing else by itself.
 */
#ifndef LAB_RAWTCP_CLIENT_H
#define LAB_RAWTCP_CLIENT_H

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "batch_send.h"
#include "clock.h"
#include "rawfrag.h"
#include "rawsock.h"
#include "rawtcp_args.h"

#define SYN_WINDOW 64240

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

static inline void fail(const char *what, int err)
{
	fprintf(stderr, "rawtcp: %s: %s\n", what, strerror(err < 0 ? -err : err));
	exit(1);
}

/* ---- segments out ------------------------------------------------------------------------------
 */

static inline void client_send_frame(struct client *client, struct batch_frame *frame,
				     size_t l4_off)
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
static inline size_t client_build(struct client *client, struct rawseg *seg,
				  struct batch_frame *frame)
{
	if (!(seg->flags & RAW_SYN))
		seg->has_ts = client->has_ts;
	seg->tsval = (uint32_t)(monotonic_ns() / 1000000);
	seg->tsecr = client->peer_tsval;
	seg->window = SYN_WINDOW;
	return raw_build(frame, &client->args->path, seg, client->args->is_partial);
}

static inline void client_send(struct client *client, struct rawseg *seg, bool is_bad_sum)
{
	struct batch_frame frame;
	size_t l4_off = client_build(client, seg, &frame);

	if (is_bad_sum)
		frame.bytes[l4_off + 16] ^= 0x5a;
	client_send_frame(client, &frame, l4_off);
}

static inline struct rawseg client_ack_of(const struct client *client)
{
	return (struct rawseg){ .flags = RAW_ACK, .seq = client->nxt, .ack = client->rcv_nxt };
}

static inline struct rawseg client_data_of(const struct client *client)
{
	struct rawseg seg = client_ack_of(client);

	seg.flags |= RAW_PSH;
	seg.seq = client->isn + 1;
	seg.payload = client->args->payload;
	seg.payload_len = client->args->payload_len;
	return seg;
}

static inline void client_send_ack(struct client *client, bool is_first)
{
	struct rawseg seg = client_ack_of(client);

	client_send(client, &seg, is_first && client->args->is_bad_ack);
}

static inline void client_send_data(struct client *client)
{
	struct rawseg seg = client_data_of(client);

	if (!seg.payload_len)
		return;
	client_send(client, &seg, false);
	client->nxt = seg.seq + (uint32_t)seg.payload_len;
}

static inline void client_send_syn(struct client *client)
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

static inline void client_take_synack(struct client *client, const struct rawseg *seg,
				      size_t frame_len)
{
	if (client->nr_synacks++)
		return;
	client->synack = *seg;
	client->synack_frame_len = frame_len;
	client->synack_ns = monotonic_ns();
	client->rcv_nxt = seg->seq + 1;
	client->has_ts = client->args->syn.has_ts && seg->has_ts;
}

static inline void client_take_data(struct client *client, const struct rawseg *seg)
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

static inline void client_take(struct client *client, const struct rawseg *seg, size_t frame_len)
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

static inline void client_receive(struct client *client)
{
	const struct rawpath *path = &client->args->path;
	struct rawseg seg;
	size_t len = rawsock_receive(client->rx, &seg);

	if (len && raw_is_answer(&seg, path) && seg.dport == path->sport)
		client_take(client, &seg, len);
}

/* Takes what comes until is_done says so or the time is over; true when it said so. */
static inline bool client_wait(struct client *client, unsigned int ms,
			       bool (*is_done)(struct client *))
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

static inline bool is_never(struct client *client)
{
	(void)client;
	return false;
}

static inline bool is_answered(struct client *client)
{
	return client->nr_synacks || client->nr_rsts;
}

static inline bool is_answered_twice(struct client *client)
{
	return client->nr_synacks > 1 || client->nr_rsts;
}

static inline bool is_exchanged(struct client *client)
{
	return client->nr_rsts ||
	       (client->una == client->nxt && client->received_len >= client->args->expect_len);
}

static inline bool is_closed(struct client *client)
{
	return client->nr_rsts || (client->is_fin_seen && client->una == client->nxt);
}

#endif
