/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is no TCP packet of a service's, and what may hide one: fragments, and chains of extension
 * headers. The number of bytes that an ACK without options is short by says what is seen of it.
 */
#ifndef SYNWARD_TEST_ROWS_HIDDEN_H
#define SYNWARD_TEST_ROWS_HIDDEN_H

#include "row.h"

/* clang-format off */
static const struct row rows_hidden[] = {
	{ .name = "ARP", .in = { KIND_ARP }, .why = NOT_IP },
	{ .name = "three VLAN tags", .in = { .dport = PORT_WEB, .flags = SYN }, .nr_vlans_min = 3, .why = NOT_IP },
	{ .name = "three VLAN tags, armed", .in = { .dport = PORT_WEB, .flags = SYN }, .nr_vlans_min = 3, ARMED, .why = NOT_IP },
	{ .name = "three tags, of which the first names no VLAN", .in = { .dport = PORT_WEB, .flags = SYN, .priority_tags = 1 }, .nr_vlans_min = 3, .why = TAGS_TOO_DEEP },
	{ .name = "three tags, of which the first names no VLAN, armed", .in = { .dport = PORT_WEB, .flags = SYN, .priority_tags = 1 }, .nr_vlans_min = 3, ARMED, .why = TAGS_TOO_DEEP_ARMED },
	{ .name = "three tags, of which the second names no VLAN, armed", .in = { .dport = PORT_WEB, .flags = SYN, .priority_tags = 2 }, .nr_vlans_min = 3, ARMED, .why = TAGS_TOO_DEEP_ARMED },
	{ .name = "three tags, of which the third names no VLAN, armed", .in = { .dport = PORT_WEB, .flags = ACK, .priority_tags = 4 }, .nr_vlans_min = 3, ARMED, .why = TAGS_TOO_DEEP_ARMED },
	{ .name = "three tags, of which one names no VLAN, for another host, armed", .in = { .dport = PORT_WEB, .flags = SYN, .priority_tags = 4, .to_other_host = true }, .nr_vlans_min = 3, ARMED, .why = TAGS_TOO_DEEP },
	{ .name = "SYN behind tags of which one names no VLAN", .in = { .dport = PORT_WEB, LINUX_SYN, .priority_tags = 1 }, .nr_vlans_min = 1, .why = SYN_COOKIE, .keeps = { LINUX_KEEPS } },
	{ .name = "frame shorter than an Ethernet header", .in = { KIND_ARP, .cut = 36 }, .why = NOT_IP },
	{ .name = "UDP to the port of a service", .in = { KIND_UDP, .dport = PORT_WEB }, .why = NOT_TCP },
	{ .name = "port that is no service", .in = { .dport = PORT_OTHER, LINUX_SYN }, .why = NOT_SERVICE },
	{ .name = "address that is no service", .in = { .dport = PORT_WEB, LINUX_SYN, .to_other_addr = true }, .why = NOT_SERVICE },
	{ .name = "IPv6 to the mapped address of a service", .in = { .dport = PORT_WEB, LINUX_SYN, .to_mapped = true }, .v6_only = true, ARMED, .why = NOT_SERVICE },
	{ .name = "frame for another host", .in = { .dport = PORT_WEB, LINUX_SYN, .to_other_host = true }, .why = OTHER_HOST },
	{ .name = "SYN to a device on ours, of which there is one", .in = { .dport = PORT_WEB, LINUX_SYN, .to_other_host = true }, .nr_macs_above = 1, .why = SYN_COOKIE, .keeps = { LINUX_KEEPS } },
	{ .name = "SYN to a device on ours, the last of all that are told", .in = { .dport = PORT_WEB, LINUX_SYN, .to_other_host = true }, .nr_macs_above = 8, .why = SYN_COOKIE, .keeps = { LINUX_KEEPS } },
	{ .name = "SYN to our own MAC, beside those of devices on ours", .in = { .dport = PORT_WEB, LINUX_SYN }, .nr_macs_above = 8, .why = SYN_COOKIE, .keeps = { LINUX_KEEPS } },
	{ .name = "first fragment of a SYN to a device on ours, armed", .in = { .dport = PORT_WEB, LINUX_SYN, .more_fragments = true, .to_other_host = true }, .nr_macs_above = 3, ARMED, .why = FRAGMENT_SYN },
	{ .name = "IP length one too long", .in = { .dport = PORT_WEB, LINUX_SYN, .lie_ip_length = 1 }, .why = BAD_HEADER },
	{ .name = "IP length that ends inside the TCP header", .in = { .dport = PORT_WEB, LINUX_SYN, .lie_ip_length = -1 }, .why = BAD_HEADER },
	{ .name = "IP length without a TCP header", .in = { .dport = PORT_WEB, .flags = SYN, .lie_ip_length = -20 }, .why = BAD_HEADER },
	{ .name = "data offset below 5", .in = { .dport = PORT_WEB, .flags = SYN, .lie_doff = -1 }, .why = BAD_HEADER },
	{ .name = "data offset past the segment", .in = { .dport = PORT_WEB, .flags = SYN, .lie_doff = 1 }, .why = BAD_HEADER },
	{ .name = "frame one byte short", .in = { .dport = PORT_WEB, LINUX_SYN, .cut = 1 }, .why = BAD_HEADER },
	{ .name = "frame cut inside the TCP header", .in = { .dport = PORT_WEB, .flags = SYN, .cut = 8 }, .why = BAD_HEADER },

	/* ---- fragments ---- */
	{ .name = "first fragment of a SYN, nobody armed", .in = { .dport = PORT_WEB, LINUX_SYN, .more_fragments = true }, .why = FRAGMENT },
	{ .name = "first fragment of a SYN, the host armed just before a minute ago", .in = { .dport = PORT_WEB, LINUX_SYN, .more_fragments = true }, .armed_ms_ago = 59000, .why = FRAGMENT_SYN },
	{ .name = "first fragment of a SYN, the host armed a minute ago", .in = { .dport = PORT_WEB, LINUX_SYN, .more_fragments = true }, .armed_ms_ago = 60000, .why = FRAGMENT },
	{ .name = "first fragment of a SYN, some service always armed", .in = { .dport = PORT_WEB, LINUX_SYN, .more_fragments = true }, .with = ALWAYS_ARMED, .why = FRAGMENT_SYN },
	{ .name = "first fragment of a SYN to no service, armed", .in = { .dport = PORT_OTHER, LINUX_SYN, .more_fragments = true }, ARMED, .why = FRAGMENT_SYN },
	{ .name = "first fragment of a SYN for another host, armed", .in = { .dport = PORT_WEB, LINUX_SYN, .more_fragments = true, .to_other_host = true }, ARMED, .why = FRAGMENT },
	{ .name = "first fragment of an ACK, armed", .in = { .dport = PORT_WEB, .flags = ACK, .more_fragments = true }, ARMED, .why = FRAGMENT },
	{ .name = "first fragment of a SYN-ACK, armed", .in = { .dport = PORT_WEB, .flags = SYN | ACK, .more_fragments = true }, ARMED, .why = FRAGMENT },
	{ .name = "first fragment of a SYN with RST, armed", .in = { .dport = PORT_WEB, .flags = SYN | RST, .more_fragments = true }, ARMED, .why = FRAGMENT_SYN },
	{ .name = "first fragment of 8 bytes, padded with what looks like an ACK, armed", .in = { .dport = PORT_WEB, .flags = ACK, .more_fragments = true, .lie_ip_length = -12 }, ARMED, .why = FRAGMENT_SYN },
	{ .name = "first fragment of 8 bytes, padded, nobody armed", .in = { .dport = PORT_WEB, .flags = ACK, .more_fragments = true, .lie_ip_length = -12 }, .why = FRAGMENT },
	{ .name = "first fragment that ends before the flags, armed", .in = { .dport = PORT_WEB, .flags = ACK, .more_fragments = true, .lie_ip_length = -7 }, ARMED, .why = FRAGMENT_SYN },
	{ .name = "first fragment that ends with the flags, armed", .in = { .dport = PORT_WEB, .flags = ACK, .more_fragments = true, .lie_ip_length = -6 }, ARMED, .why = FRAGMENT },
	{ .name = "first fragment shorter than its own header, armed", .in = { .dport = PORT_WEB, .flags = ACK, .more_fragments = true, .lie_ip_length = -25 }, ARMED, .why = FRAGMENT_SYN },
	{ .name = "first fragment behind IP options, ending before the flags, armed", .in = { .dport = PORT_WEB, .flags = ACK, .more_fragments = true, .ip_option_words = 2, .lie_ip_length = -7 }, .v4_only = true, ARMED, .why = FRAGMENT_SYN },
	{ .name = "first fragment behind IP options, ending with the flags, armed", .in = { .dport = PORT_WEB, .flags = ACK, .more_fragments = true, .ip_option_words = 2, .lie_ip_length = -6 }, .v4_only = true, ARMED, .why = FRAGMENT },
	{ .name = "first fragment in a frame that ends before the flags, armed", .in = { .dport = PORT_WEB, .flags = ACK, .more_fragments = true, .cut = 7 }, ARMED, .why = FRAGMENT_SYN },
	{ .name = "first fragment in a frame that ends with the flags, armed", .in = { .dport = PORT_WEB, .flags = ACK, .more_fragments = true, .cut = 6 }, ARMED, .why = FRAGMENT },
	{ .name = "later fragment", .in = { .dport = PORT_WEB, LINUX_SYN, .fragment_offset = 20 }, .why = FRAGMENT },
	{ .name = "later fragment, armed", .in = { .dport = PORT_WEB, LINUX_SYN, .fragment_offset = 1 }, ARMED, .why = FRAGMENT },
	{ .name = "later fragment and not the last, armed", .in = { .dport = PORT_WEB, LINUX_SYN, .fragment_offset = 0x1fff, .more_fragments = true }, ARMED, .why = FRAGMENT },
	{ .name = "first fragment of UDP, armed", .in = { KIND_UDP, .dport = PORT_WEB, .more_fragments = true }, .v6_only = true, ARMED, .why = FRAGMENT },
	{ .name = "first fragment of UDP, armed", .in = { KIND_UDP, .dport = PORT_WEB, .more_fragments = true }, .v4_only = true, ARMED, .why = NOT_TCP },
	{ .name = "SYN behind a fragment header of its own, armed", .in = { .dport = PORT_WEB, LINUX_SYN, .atomic_fragment = true }, .v6_only = true, ARMED, .why = FRAGMENT_SYN },
	{ .name = "SYN behind a fragment header of its own, nobody armed", .in = { .dport = PORT_WEB, LINUX_SYN, .atomic_fragment = true }, .v6_only = true, .why = FRAGMENT },
	{ .name = "ACK behind a fragment header of its own, armed", .in = { .dport = PORT_WEB, .flags = ACK, .atomic_fragment = true }, .v6_only = true, ARMED, .why = FRAGMENT },
	{ .name = "fragment header with another one behind it, armed", .in = { .dport = PORT_WEB, .flags = ACK, .more_fragments = true, .ext_behind = 1 }, .v6_only = true, ARMED, .why = FRAGMENT_SYN },
	{ .name = "fragment header with another one behind it, nobody armed", .in = { .dport = PORT_WEB, LINUX_SYN, .more_fragments = true, .ext_behind = 1 }, .v6_only = true, .why = FRAGMENT },
	{ .name = "later fragment whose header names another one, armed", .in = { .dport = PORT_WEB, LINUX_SYN, .fragment_offset = 1, .ext_behind = 1 }, .v6_only = true, ARMED, .why = FRAGMENT },
	{ .name = "fragment header behind another, ending before the flags, armed", .in = { .dport = PORT_WEB, .flags = ACK, .more_fragments = true, .ext_headers = 1, .lie_ip_length = -7 }, .v6_only = true, ARMED, .why = FRAGMENT_SYN },
	{ .name = "fragment header behind another, ending with the flags, armed", .in = { .dport = PORT_WEB, .flags = ACK, .more_fragments = true, .ext_headers = 1, .lie_ip_length = -6 }, .v6_only = true, ARMED, .why = FRAGMENT },
	{ .name = "fragment header that is not whole, armed", .in = { .dport = PORT_WEB, .flags = ACK, .more_fragments = true, .cut = 21 }, .v6_only = true, ARMED, .why = BAD_HEADER },

	/* ---- extension headers ---- */
	{ .name = "seven extension headers, nobody armed", .in = { .dport = PORT_WEB, LINUX_SYN, .ext_headers = 7 }, .v6_only = true, .why = EXT_TOO_DEEP },
	{ .name = "seven extension headers, the host armed just before a minute ago", .in = { .dport = PORT_WEB, LINUX_SYN, .ext_headers = 7 }, .v6_only = true, .armed_ms_ago = 59000, .why = EXT_TOO_DEEP_ARMED },
	{ .name = "seven extension headers, the host armed a minute ago", .in = { .dport = PORT_WEB, LINUX_SYN, .ext_headers = 7 }, .v6_only = true, .armed_ms_ago = 60000, .why = EXT_TOO_DEEP },
	{ .name = "seven extension headers, some service always armed", .in = { .dport = PORT_WEB, .flags = ACK, .ext_headers = 7 }, .v6_only = true, .with = ALWAYS_ARMED, .why = EXT_TOO_DEEP_ARMED },
	{ .name = "seven extension headers, for another host, armed", .in = { .dport = PORT_WEB, LINUX_SYN, .ext_headers = 7, .to_other_host = true }, .v6_only = true, ARMED, .why = EXT_TOO_DEEP },
	{ .name = "six extension headers before a fragment header, armed", .in = { .dport = PORT_WEB, LINUX_SYN, .ext_headers = 6, .more_fragments = true }, .v6_only = true, ARMED, .why = FRAGMENT_SYN },
	{ .name = "seven extension headers before a fragment header, armed", .in = { .dport = PORT_WEB, .flags = ACK, .ext_headers = 7, .more_fragments = true }, .v6_only = true, ARMED, .why = EXT_TOO_DEEP_ARMED },
	{ .name = "extension header of 256 bytes, armed", .in = { .dport = PORT_WEB, LINUX_SYN, .ext_headers = 1, .ext_longer = 31 }, .v6_only = true, ARMED, .why = SYN_COOKIE, .keeps = { LINUX_KEEPS } },
	{ .name = "extension header of 264 bytes, armed", .in = { .dport = PORT_WEB, LINUX_SYN, .ext_headers = 1, .ext_longer = 32 }, .v6_only = true, ARMED, .why = EXT_TOO_DEEP_ARMED },
	{ .name = "hop-by-hop options of a packet that names no length", .in = { .dport = PORT_WEB, .flags = SYN, .ext_headers = 1, .hop_by_hop = true, .lie_ip_length = -28 }, .v6_only = true, .why = EXT_TOO_DEEP },
	{ .name = "hop-by-hop options of a packet that names no length, armed", .in = { .dport = PORT_WEB, .flags = SYN, .ext_headers = 1, .hop_by_hop = true, .lie_ip_length = -28 }, .v6_only = true, ARMED, .why = EXT_TOO_DEEP_ARMED },
	{ .name = "hop-by-hop options of a packet that names a length, armed", .in = { .dport = PORT_WEB, LINUX_SYN, .ext_headers = 1, .hop_by_hop = true }, .v6_only = true, ARMED, .why = SYN_COOKIE, .keeps = { LINUX_KEEPS } },
	{ .name = "other options of a packet that names no length, armed", .in = { .dport = PORT_WEB, .flags = SYN, .ext_headers = 1, .lie_ip_length = -28 }, .v6_only = true, ARMED, .why = BAD_HEADER },
	{ .name = "routing header with segments left", .in = { .dport = PORT_WEB, LINUX_SYN, .ext_headers = 1, .ext_kind = NEXT_ROUTING, .routing_left = 1 }, .v6_only = true, .why = EXT_ROUTED },
	{ .name = "routing header with segments left, armed", .in = { .dport = PORT_WEB, LINUX_SYN, .ext_headers = 1, .ext_kind = NEXT_ROUTING, .routing_left = 255 }, .v6_only = true, ARMED, .why = EXT_ROUTED },
};
/* clang-format on */

#endif
