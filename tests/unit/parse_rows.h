/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rows of packets with one thing each that is unusual, short, long or a lie, and what the parser is
 * to say of them: for test_parse.c, in all variants, and for test_parse_mutants.c, which changes
 * them further.
 */
#ifndef SYNWARD_PARSE_ROWS_H
#define SYNWARD_PARSE_ROWS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "wire.h"
#include "parse.h"

enum { BOTH = 0, ONLY_V4, ONLY_V6 };

struct row {
	const char *name;
	struct shape in;
	int family;
	enum reason why;
};

#define DST(n)                                   \
	{                                        \
		.kind = NEXT_DST, .len_field = n \
	}
#define DSTS_2 DST(0), DST(0)
#define DSTS_6 DSTS_2, DSTS_2, DSTS_2

/* clang-format off */
static const struct row rows[] = {
	{ "bare", { .flags = SYN }, .why = GO_ON },
	{ "every flag", { .flags = 0xff, .reserved = 0xf, .window = 0xffff }, .why = GO_ON },
	{ "no flag", {}, .why = GO_ON },
	{ "payload", { .flags = ACK, .payload = 99 }, .why = GO_ON },
	{ "payload and padding", { .flags = ACK, .payload = 1, .padding = 5 }, .why = GO_ON },
	{ "40 bytes of options", { .flags = SYN, .nr_options = 40, .payload = 3 }, .why = GO_ON },
	{ "dsfield", { .dsfield = 0xb9 }, .why = GO_ON },
	{ "dsfield, low bits", { .dsfield = 0x03 }, .why = GO_ON },
	{ "dsfield, high bits", { .dsfield = 0xfc }, .why = GO_ON },
	{ "ports and numbers of all ones",
	  { .sport = 0xffff, .dport = 0xffff, .seq = ~0u, .ack = ~0u }, .why = GO_ON },

	{ "UDP", { .transport = 17 }, .why = NOT_TCP },
	{ "ICMPv6", { .transport = 58 }, .why = NOT_TCP },
	{ "ESP", { .transport = 50 }, .why = NOT_TCP },
	{ "no next header", { .transport = 59 }, .why = NOT_TCP },
	{ "mobility header", { .transport = 135 }, .why = NOT_TCP },
	{ "ARP", { .eth_proto = 0x0806 }, .why = NOT_IP },
	{ "802.3 length instead of a type", { .eth_proto = 0x0040 }, .why = NOT_IP },
	{ "a third tag", { .eth_proto = 0x9100 }, .why = NOT_IP },
	{ "version 5", { .version = 5 }, .why = BAD_HEADER },
	{ "IPv6 says 4", { .version = 4 }, ONLY_V6, BAD_HEADER },
	{ "IPv4 says 6", { .version = 6 }, ONLY_V4, BAD_HEADER },

	{ "data offset 0", { .lie_doff = -5 }, .why = BAD_HEADER },
	{ "data offset 4", { .lie_doff = -1 }, .why = BAD_HEADER },
	{ "data offset shorter than the options",
	  { .nr_options = 8, .lie_doff = -2 }, .why = GO_ON },
	{ "data offset into the payload", { .lie_doff = 1, .payload = 4 }, .why = GO_ON },
	{ "data offset one past the segment", { .lie_doff = 1, .payload = 3 }, .why = BAD_HEADER },
	{ "data offset into the padding", { .lie_doff = 2, .padding = 20 }, .why = BAD_HEADER },
	{ "data offset 15 of 20 bytes", { .lie_doff = 10, .padding = 40 }, .why = BAD_HEADER },

	{ "IP length one too long", { .lie_length = 1 }, .why = BAD_HEADER },
	{ "IP length into the padding", { .lie_length = 6, .padding = 6 }, .why = GO_ON },
	{ "IP length past the padding", { .lie_length = 7, .padding = 6 }, .why = BAD_HEADER },
	{ "IP length without the payload", { .payload = 9, .lie_length = -9 }, .why = GO_ON },
	{ "IP length in the TCP header", { .lie_length = -1 }, .why = BAD_HEADER },
	{ "IP length at the TCP header", { .lie_length = -20 }, .why = BAD_HEADER },
	{ "IP length in the TCP options",
	  { .nr_options = 4, .lie_length = -1 }, .why = BAD_HEADER },
	{ "total length in the IP header", { .lie_length = -21 }, ONLY_V4, BAD_HEADER },
	{ "total length 0", { .lie_length = -40 }, ONLY_V4, BAD_HEADER },
	{ "total length 65535", { .lie_length = 65535 - 40 }, ONLY_V4, BAD_HEADER },
	{ "payload length 65535", { .lie_length = 65535 - 20 }, ONLY_V6, BAD_HEADER },

	{ "ihl 6", { .ihl = 6 }, ONLY_V4, GO_ON },
	{ "ihl 7", { .ihl = 7, .nr_options = 20 }, ONLY_V4, GO_ON },
	{ "ihl 8", { .ihl = 8, .payload = 8 }, ONLY_V4, GO_ON },
	{ "ihl 9", { .ihl = 9 }, ONLY_V4, GO_ON },
	{ "ihl 10", { .ihl = 10 }, ONLY_V4, GO_ON },
	{ "ihl 11", { .ihl = 11 }, ONLY_V4, GO_ON },
	{ "ihl 12", { .ihl = 12 }, ONLY_V4, GO_ON },
	{ "ihl 13", { .ihl = 13 }, ONLY_V4, GO_ON },
	{ "ihl 14", { .ihl = 14 }, ONLY_V4, GO_ON },
	{ "ihl 15", { .ihl = 15, .nr_options = 40 }, ONLY_V4, GO_ON },
	{ "ihl 4", { .ihl = 4, .padding = 9 }, ONLY_V4, BAD_HEADER },
	{ "ihl 1", { .ihl = 1, .padding = 9 }, ONLY_V4, BAD_HEADER },

	{ "no DF", { .no_df = true }, ONLY_V4, GO_ON },
	{ "the reserved bit", { .fragment = 0x8000 }, ONLY_V4, GO_ON },
	{ "MF", { .fragment = 0x2000 }, ONLY_V4, FRAGMENT },
	{ "MF and DF", { .fragment = 0x6000 }, ONLY_V4, FRAGMENT },
	{ "offset 1", { .fragment = 0x0001 }, ONLY_V4, FRAGMENT },
	{ "the largest offset", { .fragment = 0x1fff }, ONLY_V4, FRAGMENT },
	{ "offset 256", { .fragment = 0x0100 }, ONLY_V4, FRAGMENT },
	{ "MF and offset", { .fragment = 0x2005 }, ONLY_V4, FRAGMENT },
	{ "fragment of UDP", { .fragment = 0x2005, .transport = 17 }, ONLY_V4, NOT_TCP },

	{ "hop-by-hop", { .ext = { { .kind = NEXT_HBH } }, .nr_ext = 1 }, ONLY_V6, GO_ON },
	{ "destination options of 24 bytes", { .ext = { DST(2) }, .nr_ext = 1 }, ONLY_V6, GO_ON },
	{ "AH of 24 bytes", { .ext = { { NEXT_AH, 4, 0 } }, .nr_ext = 1 }, ONLY_V6, GO_ON },
	{ "AH of 8 bytes", { .ext = { { NEXT_AH, 0, 0 } }, .nr_ext = 1 }, ONLY_V6, GO_ON },
	{ "routing header, spent",
	  { .ext = { { NEXT_ROUTING, 2, 0 } }, .nr_ext = 1 }, ONLY_V6, GO_ON },
	{ "routing header, 1 left",
	  { .ext = { { NEXT_ROUTING, 2, 1 } }, .nr_ext = 1 }, ONLY_V6, EXT_ROUTED },
	{ "routing header, 255 left, as the second",
	  { .ext = { DST(0), { NEXT_ROUTING, 2, 255 } }, .nr_ext = 2 }, ONLY_V6, EXT_ROUTED },
	{ "one of each",
	  { .ext = { { NEXT_HBH, 1, 0 }, DST(0), { NEXT_ROUTING, 4, 0 }, { NEXT_AH, 2, 0 },
	             DST(3) },
	    .nr_ext = 5, .nr_options = 20, .payload = 7 }, ONLY_V6, GO_ON },
	{ "2 headers", { .ext = { DSTS_2 }, .nr_ext = 2 }, ONLY_V6, GO_ON },
	{ "3 headers", { .ext = { DSTS_6 }, .nr_ext = 3 }, ONLY_V6, GO_ON },
	{ "4 headers", { .ext = { DSTS_6 }, .nr_ext = 4 }, ONLY_V6, GO_ON },
	{ "5 headers", { .ext = { DSTS_6 }, .nr_ext = 5 }, ONLY_V6, GO_ON },
	{ "6 headers", { .ext = { DSTS_6 }, .nr_ext = 6 }, ONLY_V6, GO_ON },
	{ "7 headers", { .ext = { DSTS_6, DST(0) }, .nr_ext = 7 }, ONLY_V6, EXT_TOO_DEEP },
	{ "8 headers", { .ext = { DSTS_6, DSTS_2 }, .nr_ext = 8 }, ONLY_V6, EXT_TOO_DEEP },
	{ "6 headers, then UDP",
	  { .ext = { DSTS_6 }, .nr_ext = 6, .transport = 17 }, ONLY_V6, NOT_TCP },
	{ "one header of 256 bytes", { .ext = { DST(31) }, .nr_ext = 1 }, ONLY_V6, GO_ON },
	{ "one header of 264 bytes", { .ext = { DST(32) }, .nr_ext = 1 }, ONLY_V6, EXT_TOO_DEEP },
	{ "256 bytes in two",
	  { .ext = { DST(15), DST(15) }, .nr_ext = 2, .nr_options = 40 }, ONLY_V6, GO_ON },
	{ "264 bytes in two", { .ext = { DST(15), DST(16) }, .nr_ext = 2 }, ONLY_V6, EXT_TOO_DEEP },
	{ "AH of 260 bytes",
	  { .ext = { { NEXT_AH, 63, 0 } }, .nr_ext = 1 }, ONLY_V6, EXT_TOO_DEEP },
	{ "AH of 256 bytes", { .ext = { { NEXT_AH, 62, 0 } }, .nr_ext = 1 }, ONLY_V6, GO_ON },
	{ "fragment header",
	  { .ext = { { NEXT_FRAGMENT, 0, 0 } }, .nr_ext = 1 }, ONLY_V6, FRAGMENT },
	{ "fragment header behind another",
	  { .ext = { DST(0), { NEXT_FRAGMENT, 0, 0 } }, .nr_ext = 2 }, ONLY_V6, FRAGMENT },
	{ "UDP behind a header",
	  { .ext = { DST(0) }, .nr_ext = 1, .transport = 17 }, ONLY_V6, NOT_TCP },
	{ "payload length inside an extension header",
	  { .ext = { DST(1) }, .nr_ext = 1, .lie_length = -21 }, ONLY_V6, BAD_HEADER },
	{ "payload length at the end of the extension headers",
	  { .ext = { DST(1) }, .nr_ext = 1, .lie_length = -20 }, ONLY_V6, BAD_HEADER },
	{ "payload length 0", { .lie_length = -20 }, ONLY_V6, BAD_HEADER },
};
/* clang-format on */

static const struct {
	unsigned int nr;
	uint16_t proto[3];
} tags[] = {
	{ 0, {} },
	{ 1, { 0x8100 } },
	{ 1, { 0x88a8 } },
	{ 2, { 0x8100, 0x8100 } },
	{ 2, { 0x88a8, 0x8100 } },
	{ 2, { 0x8100, 0x88a8 } },
	{ 2, { 0x88a8, 0x88a8 } },
};

/* What every row has unless it says otherwise, and one family and layout of tags. */
static inline void shape_variant(struct shape *s, bool v6, size_t tag)
{
	s->sport = s->sport ?: 0xc001;
	s->dport = s->dport ?: 0x01bb;
	s->seq = s->seq ?: 0x81828384;
	s->ack = s->ack ?: 0xf1f2f3f4;
	s->v6 = v6;
	s->nr_vlans = tags[tag].nr;
	memcpy(s->vlan_proto, tags[tag].proto, sizeof(s->vlan_proto));
}

static inline enum reason parse_exact(const uint8_t *bytes, size_t n, size_t frame_bytes,
				      struct pkt *p)
{
	uint8_t *frame = exact_copy(bytes, n);
	enum reason why;

	memset(p, 0xa5, sizeof(*p));
	why = parse_packet(frame, frame + n, frame_bytes, p);
	exact_free(frame);
	return why;
}

#endif
