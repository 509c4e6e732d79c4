/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SYNs to services that are armed: which are answered, and with what; which are not, and why.
 */
#ifndef SYNWARD_TEST_ROWS_SYN_H
#define SYNWARD_TEST_ROWS_SYN_H

#include "row.h"

/* clang-format off */
static const struct row rows_syn[] = {
	/* ---- that are answered ---- */
	{ .name = "SYN as Linux sends it", .in = { .dport = PORT_WEB, LINUX_SYN }, .why = SYN_COOKIE, .keeps = { LINUX_KEEPS } },
	{ .name = "SYN as Windows sends it", .in = { .dport = PORT_WEB, WINDOWS_SYN }, .why = SYN_COOKIE, .keeps = { .mss4 = 1460, .mss6 = 1440, .wscale = 9, .sack = true, .profile = 1 } },
	{ .name = "SYN without options", .in = { .dport = PORT_WEB, .flags = SYN }, .why = SYN_COOKIE, .keeps = { .mss4 = 536, .mss6 = 1220, .profile = 15 } },
	{ .name = "SYN with MSS alone", .in = { .dport = PORT_WEB, .flags = SYN, .mss = 1460 }, .why = SYN_COOKIE, .keeps = { .mss4 = 1460, .mss6 = 1440, .profile = 14 } },
	{ .name = "SYN with timestamps alone", .in = { .dport = PORT_WEB, .flags = SYN, .ts = true, .tsval = 5 }, .why = SYN_COOKIE, .keeps = { .mss4 = 536, .mss6 = 1220 } },
	{ .name = "SYN with window scale 14", .in = { .dport = PORT_WEB, .flags = SYN, .mss = 1400, .wscale = 15, .ts = true }, .why = SYN_COOKIE, .keeps = { .mss4 = 1400, .mss6 = 1400, .wscale = 15 } },
	{ .name = "SYN with window scale 0", .in = { .dport = PORT_WEB, .flags = SYN, .mss = 1460, .wscale = 1, .ts = true }, .why = SYN_COOKIE, .keeps = { .mss4 = 1460, .mss6 = 1440, .wscale = 1 } },
	{ .name = "SYN with an MSS between two classes", .in = { .dport = PORT_WEB, .flags = SYN, .mss = 1459, .ts = true }, .why = SYN_COOKIE, .keeps = { .mss4 = 1452, .mss6 = 1440 } },
	{ .name = "SYN with a jumbo MSS", .in = { .dport = PORT_WEB, .flags = SYN, .mss = 65535, .ts = true }, .why = SYN_COOKIE, .keeps = { .mss4 = 8960, .mss6 = 8940 } },
	{ .name = "SYN with an MSS of 216", .in = { .dport = PORT_WEB, .flags = SYN, .mss = 216, .ts = true }, .why = SYN_COOKIE, .keeps = { .mss4 = 536, .mss6 = 1220 } },
	{ .name = "SYN with an MSS of 215", .in = { .dport = PORT_WEB, .flags = SYN, .mss = 215, .ts = true }, .why = SYN_SMALL_MSS },
	{ .name = "SYN that asks for ECN", .in = { .dport = PORT_WEB, .flags = SYN | ECE | CWR, LINUX_OFFER }, .why = SYN_COOKIE, .keeps = { LINUX_KEEPS, .ecn = true } },
	{ .name = "SYN that asks for AccECN", .in = { .dport = PORT_WEB, .flags = SYN | ECE | CWR, LINUX_OFFER, .accurate_ecn = true }, .why = SYN_COOKIE, .keeps = { LINUX_KEEPS, .ecn = true } },
	{ .name = "SYN that asks for ECN and is marked itself", .in = { .dport = PORT_WEB, .flags = SYN | ECE | CWR, LINUX_OFFER, .dsfield = 2 }, .why = SYN_COOKIE, .keeps = { LINUX_KEEPS } },
	{ .name = "SYN that asks for ECN without timestamps", .in = { .dport = PORT_WEB, .flags = SYN | ECE | CWR, WINDOWS_OFFER }, .why = SYN_COOKIE, .keeps = { .mss4 = 1460, .mss6 = 1440, .wscale = 9, .sack = true, .profile = 1 } },
	{ .name = "SYN with PSH and URG", .in = { .dport = PORT_WEB, .flags = SYN | PSH | URG, LINUX_OFFER }, .why = SYN_COOKIE, .keeps = { LINUX_KEEPS } },
	{ .name = "SYN with a partial checksum", .in = { .dport = PORT_WEB, LINUX_SYN, .csum = CSUM_PARTIAL }, .why = SYN_COOKIE, .keeps = { LINUX_KEEPS } },
	{ .name = "SYN with IP options", .in = { .dport = PORT_WEB, LINUX_SYN, .ip_option_words = 10 }, .v4_only = true, .why = SYN_COOKIE, .keeps = { LINUX_KEEPS } },
	{ .name = "SYN behind six extension headers", .in = { .dport = PORT_WEB, LINUX_SYN, .ext_headers = 6 }, .v6_only = true, .why = SYN_COOKIE, .keeps = { LINUX_KEEPS } },
	{ .name = "SYN behind a spent routing header", .in = { .dport = PORT_WEB, LINUX_SYN, .ext_headers = 1, .ext_kind = 43 }, .v6_only = true, .why = SYN_COOKIE, .keeps = { LINUX_KEEPS } },
	{ .name = "SYN with Ethernet padding", .in = { .dport = PORT_WEB, .flags = SYN, .pad_to = 60 }, .v4_only = true, .why = SYN_COOKIE, .keeps = { .mss4 = 536, .profile = 15 } },
	{ .name = "SYN with payload", .in = { .dport = PORT_WEB, LINUX_SYN, .payload_bytes = 333 }, .why = SYN_COOKIE, .keeps = { LINUX_KEEPS } },
	{ .name = "SYN with one byte of payload", .in = { .dport = PORT_WEB, .flags = SYN, .payload_bytes = 1 }, .why = SYN_COOKIE, .keeps = { .mss4 = 536, .mss6 = 1220, .profile = 15 } },
	{ .name = "SYN with as much payload as is checked", .in = { .dport = PORT_WEB, LINUX_SYN, .payload_bytes = 1460 }, .why = SYN_COOKIE, .keeps = { LINUX_KEEPS } },
	{ .name = "SYN with one byte more", .in = { .dport = PORT_WEB, LINUX_SYN, .payload_bytes = 1461 }, .why = SYN_TOO_LONG },
	{ .name = "SYN with payload and a wrong checksum", .in = { .dport = PORT_WEB, LINUX_SYN, .payload_bytes = 333, .csum = CSUM_BAD }, .why = SYN_BAD_CHECKSUM },
	{ .name = "SYN with options in another order", .in = { .dport = PORT_WEB, .flags = SYN, .raw_options = { 1, 3, 3, 7, 8, 10, 0, 0, 0, 9, 0, 0, 0, 0, 4, 2, 2, 4, 5, 180 }, .raw_options_bytes = 20, .ts = true, .tsval = 9, .mss = 1460 }, .why = SYN_COOKIE, .keeps = { LINUX_KEEPS } },
	{ .name = "SYN with options in 40 bytes of which 20 are unknown", .in = { .dport = PORT_WEB, .flags = SYN, .raw_options = { 254, 20, [20] = 2, 4, 5, 180, 4, 2, 8, 10, 0, 0, 0, 9, 0, 0, 0, 0, 1, 3, 3, 7 }, .raw_options_bytes = 40, .ts = true, .tsval = 9, .mss = 1460 }, .why = SYN_COOKIE, .keeps = { LINUX_KEEPS } },
	{ .name = "SYN with an option that lies about its length", .in = { .dport = PORT_WEB, .flags = SYN, .raw_options = { 2, 4, 5, 180, 8, 40, 0, 0 }, .raw_options_bytes = 8, .mss = 1460 }, .why = SYN_COOKIE, .keeps = { .mss4 = 1460, .mss6 = 1440, .profile = 14 } },
	{ .name = "SYN with an option of length 0", .in = { .dport = PORT_WEB, .flags = SYN, .raw_options = { 4, 0, 2, 4, 5, 180, 0, 0 }, .raw_options_bytes = 8 }, .why = SYN_COOKIE, .keeps = { .mss4 = 536, .mss6 = 1220, .profile = 15 } },
	{ .name = "SYN with an option of length 1", .in = { .dport = PORT_WEB, .flags = SYN, .raw_options = { 4, 1, 2, 4, 5, 180, 0, 0 }, .raw_options_bytes = 8 }, .why = SYN_COOKIE, .keeps = { .mss4 = 536, .mss6 = 1220, .profile = 15 } },
	{ .name = "SYN while the accept queue holds just its limit", .in = { .dport = PORT_BRIM, LINUX_SYN }, .why = SYN_COOKIE, .keeps = { LINUX_KEEPS } },
	{ .name = "SYN while tcp_timestamps is 0", .in = { .dport = PORT_WEB, LINUX_SYN }, .without = MAY_TIMESTAMPS, .why = SYN_COOKIE, .keeps = { .mss4 = 1460, .mss6 = 1440, .wscale = 8, .sack = true, .profile = 2 } },
	{ .name = "SYN while tcp_sack is 0", .in = { .dport = PORT_WEB, LINUX_SYN }, .without = MAY_SACK, .why = SYN_COOKIE, .keeps = { .mss4 = 1460, .mss6 = 1440, .wscale = 8 } },
	{ .name = "SYN while tcp_window_scaling is 0", .in = { .dport = PORT_WEB, LINUX_SYN }, .without = MAY_WSCALE, .why = SYN_COOKIE, .keeps = { .mss4 = 1460, .mss6 = 1440, .sack = true } },
	{ .name = "SYN while tcp_ecn is 0", .in = { .dport = PORT_WEB, .flags = SYN | ECE | CWR, LINUX_OFFER }, .without = MAY_ECN, .why = SYN_COOKIE, .keeps = { LINUX_KEEPS } },
	{ .name = "SYN to a listener with a small SO_RCVBUF", .in = { .dport = PORT_SMALL, LINUX_SYN }, .why = SYN_COOKIE, .keeps = { LINUX_KEEPS } },
	{ .name = "SYN that arrives with foreign metadata", .in = { .dport = PORT_WEB, LINUX_SYN }, .with_metadata = true, .why = SYN_COOKIE, .keeps = { LINUX_KEEPS } },

	{ .name = "SYN on the tuple of a connection that has ended", .in = { .dport = PORT_WEB, LINUX_SYN }, .flow = FLOW_ESTABLISHED, .why = SYN_COOKIE, .keeps = { LINUX_KEEPS } },

	{ .name = "SYN beyond the budget of lookups", .in = { .dport = PORT_MPTCP, LINUX_SYN }, .listener = RECORD_PLAIN, .why = SYN_COOKIE, .keeps = { LINUX_KEEPS } },

	/* ---- what the IPv4 header says ---- */
	{ .name = "SYN with a loose source route", .in = { .dport = PORT_WEB, LINUX_SYN, .ip_options = { 131, 7, 4, 10, 9, 0, 2 }, .ip_option_words = 2 }, .v4_only = true, .why = SYN_SOURCE_ROUTED },
	{ .name = "SYN with a strict source route among NOPs", .in = { .dport = PORT_WEB, LINUX_SYN, .ip_options = { 1, 1, 137, 7, 4, 10, 9, 0, 2, 1, 1, 1 }, .ip_option_words = 3 }, .v4_only = true, .why = SYN_SOURCE_ROUTED },
	{ .name = "SYN with a source route behind another option", .in = { .dport = PORT_WEB, LINUX_SYN, .ip_options = { 7, 7, 4, 0, 0, 0, 0, 131, 7, 4, 10, 9, 0, 2 }, .ip_option_words = 4 }, .v4_only = true, .why = SYN_SOURCE_ROUTED },
	{ .name = "SYN with a source route in the last bytes of its header", .in = { .dport = PORT_WEB, LINUX_SYN, .ip_options = { [0 ... 36] = 1, 131, 3, 4 }, .ip_option_words = 10 }, .v4_only = true, .why = SYN_SOURCE_ROUTED },
	{ .name = "SYN with a source route that has no room for its length", .in = { .dport = PORT_WEB, LINUX_SYN, .ip_options = { [0 ... 38] = 1, 131 }, .ip_option_words = 10 }, .v4_only = true, .why = SYN_SOURCE_ROUTED },
	{ .name = "SYN with a record of its route", .in = { .dport = PORT_WEB, LINUX_SYN, .ip_options = { 7, 7, 4, 0, 0, 0, 0 }, .ip_option_words = 2 }, .v4_only = true, .why = SYN_COOKIE, .keeps = { LINUX_KEEPS } },
	{ .name = "SYN with a source route behind the end of the options", .in = { .dport = PORT_WEB, LINUX_SYN, .ip_options = { 1, 0, 2, 131, 7, 4, 10, 9 }, .ip_option_words = 2 }, .v4_only = true, .why = SYN_COOKIE, .keeps = { LINUX_KEEPS } },
	{ .name = "SYN with what looks like a source route inside another option", .in = { .dport = PORT_WEB, LINUX_SYN, .ip_options = { 7, 11, 4, 131, 7, 4, 10, 9, 0, 2, 0, 1 }, .ip_option_words = 3 }, .v4_only = true, .why = SYN_COOKIE, .keeps = { LINUX_KEEPS } },
	{ .name = "SYN with an IP option of length 1", .in = { .dport = PORT_WEB, LINUX_SYN, .ip_options = { 7, 1, 131, 7, 4, 10, 9, 0 }, .ip_option_words = 2 }, .v4_only = true, .why = SYN_COOKIE, .keeps = { LINUX_KEEPS } },
	{ .name = "SYN with a wrong header checksum", .in = { .dport = PORT_WEB, LINUX_SYN, .bad_ip_csum = true }, .v4_only = true, .why = SYN_BAD_CHECKSUM },
	{ .name = "SYN with a wrong header checksum over options", .in = { .dport = PORT_WEB, LINUX_SYN, .ip_option_words = 10, .bad_ip_csum = true }, .v4_only = true, .why = SYN_BAD_CHECKSUM },

	/* ---- that are not ---- */
	{ .name = "SYN beyond the budget of lookups, to an MPTCP listener", .in = { .dport = PORT_WEB, LINUX_SYN }, .listener = RECORD_MPTCP, .why = SYN_MPTCP },
	{ .name = "SYN beyond the budget of lookups, the accept queue full", .in = { .dport = PORT_WEB, LINUX_SYN }, .listener = RECORD_FULL, .why = SYN_ACCEPTQ_FULL },
	{ .name = "SYN beyond the budget of lookups, on a known flow", .in = { .dport = PORT_WEB, LINUX_SYN, .sport = SPORT_ESTABLISHED }, .listener = RECORD_PLAIN, .flow = FLOW_ESTABLISHED, .why = SYN_KNOWN },
	{ .name = "SYN beyond the budget of lookups, on a flow that has ended", .in = { .dport = PORT_WEB, LINUX_SYN }, .listener = RECORD_PLAIN, .flow = FLOW_ESTABLISHED, .why = SYN_COOKIE, .keeps = { LINUX_KEEPS } },
	{ .name = "SYN to a service in monitor", .in = { .dport = PORT_MONITOR, LINUX_SYN }, .held_after = 1, .why = SYN_PEACE },
	{ .name = "SYN on an established connection", .in = { .dport = PORT_WEB, LINUX_SYN, .sport = SPORT_ESTABLISHED }, .why = SYN_KNOWN },
	{ .name = "SYN on a connection in TIME_WAIT", .in = { .dport = PORT_WEB, LINUX_SYN, .sport = SPORT_TIME_WAIT }, .why = SYN_KNOWN },
	{ .name = "SYN on a known connection in TIME_WAIT", .in = { .dport = PORT_WEB, LINUX_SYN, .sport = SPORT_TIME_WAIT }, .flow = FLOW_ESTABLISHED, .why = SYN_KNOWN },
	{ .name = "SYN on a half-open connection of the kernel's", .in = { .dport = PORT_WEB, LINUX_SYN, .sport = SPORT_HALF_OPEN, .src = ADDR_OTHER }, .why = SYN_KNOWN },
	{ .name = "SYN to a service without listener", .in = { .dport = PORT_NOBODY, LINUX_SYN }, .why = SYN_NO_LISTENER },
	{ .name = "SYN to an MPTCP listener", .in = { .dport = PORT_MPTCP, LINUX_SYN }, .why = SYN_MPTCP },
	{ .name = "SYN while the accept queue is full", .in = { .dport = PORT_FULL, LINUX_SYN }, .why = SYN_ACCEPTQ_FULL },
	{ .name = "SYN with TCP-MD5", .in = { .dport = PORT_MD5, .flags = SYN, .mss = 1460, .md5 = true }, .why = SYN_SIGNED },
	{ .name = "SYN with TCP-MD5 to a listener without keys", .in = { .dport = PORT_WEB, .flags = SYN, .mss = 1460, .md5 = true }, .why = SYN_COOKIE, .keeps = { .mss4 = 1460, .mss6 = 1440, .profile = 14 } },
	{ .name = "SYN with a TCP-AO option to a listener without keys", .in = { .dport = PORT_WEB, .flags = SYN, .raw_options = { 29, 4, 0, 0, 1, 1, 1, 1 }, .raw_options_bytes = 8 }, .why = SYN_COOKIE, .keeps = { .mss4 = 536, .mss6 = 1220, .profile = 15 } },
	{ .name = "SYN with a TCP-MD5 option that is too short", .in = { .dport = PORT_MD5, .flags = SYN, .raw_options = { 19, 16 }, .raw_options_bytes = 16 }, .why = SYN_COOKIE, .keeps = { .mss4 = 536, .mss6 = 1220, .profile = 15 } },
	{ .name = "SYN while the TC half is detached", .in = { .dport = PORT_WEB, LINUX_SYN }, .tc_dead = true, .why = SYN_TC_NOT_LIVE },
	{ .name = "SYN while the TC half takes no notes", .in = { .dport = PORT_WEB, LINUX_SYN }, .tc_silent = true, .why = SYN_TC_NOT_LIVE },
	{ .name = "SYN while tcp_syncookies is 0", .in = { .dport = PORT_WEB, LINUX_SYN }, .without = MAY_COOKIE, .why = SYN_COOKIES_OFF },
	{ .name = "SYN with FIN", .in = { .dport = PORT_WEB, .flags = SYN | FIN }, .why = SYN_BAD_FLAGS },
	{ .name = "SYN with RST", .in = { .dport = PORT_WEB, .flags = SYN | RST }, .why = SYN_BAD_FLAGS },
	{ .name = "SYN from port 0", .in = { .dport = PORT_WEB, LINUX_SYN, .sport = NO_PORT }, .why = SYN_MARTIAN },
	{ .name = "SYN from its own destination", .in = { .dport = PORT_WEB, LINUX_SYN, .src = ADDR_LAND }, .why = SYN_MARTIAN },
	{ .name = "SYN from a multicast address", .in = { .dport = PORT_WEB, LINUX_SYN, .src = ADDR_MULTICAST }, .why = SYN_MARTIAN },
	{ .name = "SYN from loopback", .in = { .dport = PORT_WEB, LINUX_SYN, .src = ADDR_LOOPBACK }, .why = SYN_MARTIAN },
	{ .name = "SYN from nowhere", .in = { .dport = PORT_WEB, LINUX_SYN, .src = ADDR_ZERO }, .why = SYN_MARTIAN },
	{ .name = "SYN with a wrong checksum", .in = { .dport = PORT_WEB, LINUX_SYN, .csum = CSUM_BAD }, .why = SYN_BAD_CHECKSUM },
	{ .name = "SYN with a wrong checksum and no options", .in = { .dport = PORT_WEB, .flags = SYN, .csum = CSUM_BAD }, .why = SYN_BAD_CHECKSUM },

	{ .name = "SYN on a known flow, repeated as clients do", .in = { .dport = PORT_WEB, LINUX_SYN, .sport = SPORT_ESTABLISHED }, .flow = FLOW_ESTABLISHED, .times = 7, .why = SYN_KNOWN },
	{ .name = "SYN on a known flow, repeated faster", .in = { .dport = PORT_WEB, LINUX_SYN, .sport = SPORT_ESTABLISHED }, .flow = FLOW_ESTABLISHED, .times = 8, .why = SYN_REPEATED },
	{ .name = "SYN on a connection that was closed by its client", .in = { .dport = PORT_WEB, LINUX_SYN, .sport = SPORT_CLOSE_WAIT }, .why = SYN_KNOWN },

	/* ---- from where none can come ---- */
	{ .name = "SYN from a multicast MAC", .in = { .dport = PORT_WEB, LINUX_SYN, .from_group = true }, .why = SYN_MARTIAN },
	{ .name = "SYN from another address of ours", .in = { .dport = PORT_WEB, LINUX_SYN, .src = ADDR_OWN }, .why = SYN_MARTIAN },
	{ .name = "SYN from another address of ours that has not this service", .in = { .dport = PORT_SMALL, LINUX_SYN, .src = ADDR_OWN }, .why = SYN_COOKIE, .keeps = { LINUX_KEEPS } },
	{ .name = "SYN from a stranger that shares its bit with an address of ours", .in = { .dport = PORT_WEB, LINUX_SYN }, .own = OWN_ALL_BITS, .why = SYN_COOKIE, .keeps = { LINUX_KEEPS } },
	{ .name = "SYN from another address of ours, of which the bit says nothing", .in = { .dport = PORT_WEB, LINUX_SYN, .src = ADDR_OWN }, .own = OWN_NO_BIT, .why = SYN_COOKIE, .keeps = { LINUX_KEEPS } },
};
/* clang-format on */

#endif
