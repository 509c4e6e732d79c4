/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The packet table: what goes in, in which circumstances, and the verdict. test_packets.c runs
 * every row for IPv4 and IPv6 with 0 to 2 VLAN tags.
 */
#ifndef SYNWARD_TEST_ROWS_H
#define SYNWARD_TEST_ROWS_H

#include "abi.h"
#include "frame.h"
#include "reasons.h"
#include "world.h"

enum cookie_kind {
	COOKIE_NONE,
	COOKIE_GOOD,           /* made 50 ms ago */
	COOKIE_PREVIOUS_EPOCH, /* made in the last ms of the epoch before */
	COOKIE_TOO_OLD,        /* made in the epoch before that */
	COOKIE_FROM_FUTURE,    /* made in 10 s */
	COOKIE_BIT_FLIPPED,
	COOKIE_OTHER_ISN,
	COOKIE_OTHER_FORMAT, /* good, but of the format that this ACK does not use */
};

struct row {
	const char *name;
	struct frame in;
	enum reason why;

	/* what a cookie keeps of the client's offer: the SYN's answer, the ACK's note */
	struct {
		uint16_t mss4, mss6;
		uint8_t wscale; /* shift + 1 */
		bool sack, ecn;
		uint8_t profile; /* of a client without timestamps */
	} keeps;
	enum cookie_kind cookie; /* what the ACK acknowledges */

	__u32 without; /* MAY_* that are off */
	bool tc_dead, tc_silent;
	bool by_tc; /* judged by TC, on a device without metadata, as a flow that XDP validated */
	bool no_metadata; /* XDP cannot leave a note */
	bool twice;       /* the packet comes twice; `why` is the second verdict */
	bool late;        /* and the second comes after the hand-off window */
	uint8_t times;    /* that it comes before */
	/* RECORD_*: the lookups of this moment are spent, and the record says so */
	enum {
		BY_LOOKUP,
		RECORD_PLAIN,
		RECORD_MPTCP,
		RECORD_FULL,
		RECORD_HALF,    /* half the backlog is in the SYN queue */
		RECORD_FILLING, /* and one more */
	} listener;
	/* Handshakes that the service's kernel holds, before and after; of PORT_AUTO, PORT_MONITOR
	 * and what is like them. */
	int held, held_after;
	int syns_before;    /* in this second */
	int tsecr_by;       /* what it echoes of that is so far off */
	bool kernel_ack;    /* it acknowledges the kernel's own SYN-ACK */
	bool syn_recv;      /* the flow table knows the tuple as a handshake of the kernel's */
	bool aged;          /* for a while already */
	bool stale_flow;    /* the flow table knows the tuple, the kernel does not; it must be
			       forgotten */
	bool with_metadata; /* the frame arrives with foreign metadata */
	bool v4_only, v6_only;
	uint8_t nr_vlans_min; /* runs only with that many tags or more; 3 exists only here */
};

/* Of every service; in PORT_MONITOR more are tracked. */
#define ARM_HALF_OPEN 4
#define MAX_HALF_OPEN 6
#define ARM_SYN_RATE 1000

#define LINUX_OFFER .seq = 1000, .mss = 1460, .wscale = 8, .sack = true, .ts = true, .tsval = 777
#define WINDOWS_OFFER                                                                      \
	.seq = 1000, .mss = 1460, .raw_options = { 2, 4, 5, 180, 1, 3, 3, 8, 1, 1, 4, 2 }, \
	.raw_options_bytes = 12
#define LINUX_SYN .flags = SYN, LINUX_OFFER
#define WINDOWS_SYN .flags = SYN, WINDOWS_OFFER
#define LINUX_KEEPS .mss4 = 1460, .mss6 = 1440, .wscale = 8, .sack = true

/* clang-format off */
static const struct row rows[] = {
	/* ---- not ours ---- */
	{ .name = "ARP", .in = { KIND_ARP }, .why = NOT_IP },
	{ .name = "three VLAN tags", .in = { .dport = PORT_WEB, .flags = SYN }, .nr_vlans_min = 3, .why = NOT_IP },
	{ .name = "frame shorter than an Ethernet header", .in = { KIND_ARP, .cut = 36 }, .why = NOT_IP },
	{ .name = "UDP to the port of a service", .in = { KIND_UDP, .dport = PORT_WEB }, .why = NOT_TCP },
	{ .name = "first fragment", .in = { .dport = PORT_WEB, LINUX_SYN, .more_fragments = true }, .why = FRAGMENT },
	{ .name = "later fragment", .in = { .dport = PORT_WEB, LINUX_SYN, .fragment_offset = 20 }, .why = FRAGMENT },
	{ .name = "port that is no service", .in = { .dport = PORT_OTHER, LINUX_SYN }, .why = NOT_SERVICE },
	{ .name = "address that is no service", .in = { .dport = PORT_WEB, LINUX_SYN, .to_other_addr = true }, .why = NOT_SERVICE },
	{ .name = "frame for another host", .in = { .dport = PORT_WEB, LINUX_SYN, .to_other_host = true }, .why = OTHER_HOST },
	{ .name = "IP length one too long", .in = { .dport = PORT_WEB, LINUX_SYN, .lie_ip_length = 1 }, .why = BAD_HEADER },
	{ .name = "IP length that ends inside the TCP header", .in = { .dport = PORT_WEB, LINUX_SYN, .lie_ip_length = -1 }, .why = BAD_HEADER },
	{ .name = "IP length without a TCP header", .in = { .dport = PORT_WEB, .flags = SYN, .lie_ip_length = -20 }, .why = BAD_HEADER },
	{ .name = "data offset below 5", .in = { .dport = PORT_WEB, .flags = SYN, .lie_doff = -1 }, .why = BAD_HEADER },
	{ .name = "data offset past the segment", .in = { .dport = PORT_WEB, .flags = SYN, .lie_doff = 1 }, .why = BAD_HEADER },
	{ .name = "frame one byte short", .in = { .dport = PORT_WEB, LINUX_SYN, .cut = 1 }, .why = BAD_HEADER },
	{ .name = "frame cut inside the TCP header", .in = { .dport = PORT_WEB, .flags = SYN, .cut = 8 }, .why = BAD_HEADER },
	{ .name = "seven extension headers", .in = { .dport = PORT_WEB, LINUX_SYN, .ext_headers = 7 }, .v6_only = true, .why = EXT_TOO_DEEP },
	{ .name = "routing header with segments left", .in = { .dport = PORT_WEB, LINUX_SYN, .ext_headers = 1, .ext_kind = 43, .routing_left = 1 }, .v6_only = true, .why = EXT_TOO_DEEP },

	/* ---- SYNs that are answered ---- */
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

	{ .name = "SYN on the tuple of a connection that has ended", .in = { .dport = PORT_WEB, LINUX_SYN }, .stale_flow = true, .why = SYN_COOKIE, .keeps = { LINUX_KEEPS } },

	{ .name = "SYN beyond the budget of lookups", .in = { .dport = PORT_MPTCP, LINUX_SYN }, .listener = RECORD_PLAIN, .why = SYN_COOKIE, .keeps = { LINUX_KEEPS } },

	/* ---- SYNs that are not ---- */
	{ .name = "SYN beyond the budget of lookups, to an MPTCP listener", .in = { .dport = PORT_WEB, LINUX_SYN }, .listener = RECORD_MPTCP, .why = SYN_MPTCP },
	{ .name = "SYN beyond the budget of lookups, the accept queue full", .in = { .dport = PORT_WEB, LINUX_SYN }, .listener = RECORD_FULL, .why = SYN_ACCEPTQ_FULL },
	{ .name = "SYN beyond the budget of lookups, on a known flow", .in = { .dport = PORT_WEB, LINUX_SYN, .sport = SPORT_ESTABLISHED }, .listener = RECORD_PLAIN, .stale_flow = true, .why = SYN_KNOWN },
	{ .name = "SYN beyond the budget of lookups, on a flow that has ended", .in = { .dport = PORT_WEB, LINUX_SYN }, .listener = RECORD_PLAIN, .stale_flow = true, .why = SYN_COOKIE, .keeps = { LINUX_KEEPS } },
	{ .name = "SYN to a service in monitor", .in = { .dport = PORT_MONITOR, LINUX_SYN }, .held_after = 1, .why = SYN_PEACE },
	{ .name = "SYN on an established connection", .in = { .dport = PORT_WEB, LINUX_SYN, .sport = SPORT_ESTABLISHED }, .why = SYN_KNOWN },
	{ .name = "SYN on a connection in TIME_WAIT", .in = { .dport = PORT_WEB, LINUX_SYN, .sport = SPORT_TIME_WAIT }, .why = SYN_KNOWN },
	{ .name = "SYN on a known connection in TIME_WAIT", .in = { .dport = PORT_WEB, LINUX_SYN, .sport = SPORT_TIME_WAIT }, .stale_flow = true, .why = SYN_KNOWN },
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

	{ .name = "SYN on a known flow, repeated as clients do", .in = { .dport = PORT_WEB, LINUX_SYN, .sport = SPORT_ESTABLISHED }, .stale_flow = true, .times = 7, .why = SYN_KNOWN },
	{ .name = "SYN on a known flow, repeated faster", .in = { .dport = PORT_WEB, LINUX_SYN, .sport = SPORT_ESTABLISHED }, .stale_flow = true, .times = 8, .why = SYN_REPEATED },

	/* ---- peace, and its end ---- */
	{ .name = "SYN in peace", .in = { .dport = PORT_AUTO, LINUX_SYN }, .held_after = 1, .why = SYN_PEACE },
	{ .name = "SYN in peace, one below the threshold", .in = { .dport = PORT_AUTO, LINUX_SYN }, .held = ARM_HALF_OPEN - 1, .held_after = ARM_HALF_OPEN, .why = SYN_PEACE },
	{ .name = "SYN that is one too many", .in = { .dport = PORT_AUTO, LINUX_SYN }, .held = ARM_HALF_OPEN, .held_after = ARM_HALF_OPEN, .why = SYN_COOKIE, .keeps = { LINUX_KEEPS } },
	{ .name = "SYN that is one too many while tcp_syncookies is 0", .in = { .dport = PORT_AUTO, LINUX_SYN }, .held = ARM_HALF_OPEN, .held_after = ARM_HALF_OPEN, .without = MAY_COOKIE, .why = SYN_COOKIES_OFF },
	{ .name = "SYN below the rate that arms", .in = { .dport = PORT_AUTO, LINUX_SYN }, .syns_before = ARM_SYN_RATE - 2, .held_after = 1, .why = SYN_PEACE },
	{ .name = "SYN that makes the rate", .in = { .dport = PORT_AUTO, LINUX_SYN }, .syns_before = ARM_SYN_RATE - 1, .why = SYN_COOKIE, .keeps = { LINUX_KEEPS } },
	{ .name = "SYN while the SYN queue is half full", .in = { .dport = PORT_AUTO, LINUX_SYN }, .listener = RECORD_HALF, .held_after = 1, .why = SYN_PEACE },
	{ .name = "SYN while the SYN queue is more than half full", .in = { .dport = PORT_AUTO, LINUX_SYN }, .listener = RECORD_FILLING, .why = SYN_COOKIE, .keeps = { LINUX_KEEPS } },
	{ .name = "SYN in peace while the accept queue is full", .in = { .dport = PORT_AUTO, LINUX_SYN }, .listener = RECORD_FULL, .why = SYN_PEACE },
	{ .name = "SYN in peace to an MPTCP listener", .in = { .dport = PORT_AUTO, LINUX_SYN }, .listener = RECORD_MPTCP, .held_after = 1, .why = SYN_PEACE },
	{ .name = "SYN with FIN in peace", .in = { .dport = PORT_AUTO, .flags = SYN | FIN }, .why = SYN_PEACE },
	{ .name = "SYN with a wrong checksum in peace", .in = { .dport = PORT_AUTO, LINUX_SYN, .csum = CSUM_BAD }, .why = SYN_PEACE },
	{ .name = "SYN in peace with a small MSS", .in = { .dport = PORT_AUTO, .flags = SYN, .mss = 100 }, .held_after = 1, .why = SYN_PEACE },
	{ .name = "SYN in peace with a large payload", .in = { .dport = PORT_AUTO, LINUX_SYN, .payload_bytes = 1461 }, .held_after = 1, .why = SYN_PEACE },
	{ .name = "SYN with a small MSS that is one too many", .in = { .dport = PORT_AUTO, .flags = SYN, .mss = 100 }, .held = ARM_HALF_OPEN, .held_after = ARM_HALF_OPEN, .why = SYN_SMALL_MSS },
	{ .name = "SYN in peace, again at once", .in = { .dport = PORT_AUTO, LINUX_SYN }, .twice = true, .held_after = 1, .why = SYN_KNOWN },
	{ .name = "SYN in peace, again when the kernel has forgotten it", .in = { .dport = PORT_AUTO, LINUX_SYN }, .twice = true, .late = true, .held_after = 1, .why = SYN_PEACE },
	{ .name = "SYN in peace on a half-open connection", .in = { .dport = PORT_AUTO, LINUX_SYN, .sport = SPORT_HALF_OPEN, .src = ADDR_OTHER }, .held = 1, .held_after = 1, .syn_recv = true, .why = SYN_KNOWN },
	{ .name = "SYN to a service in monitor, beyond what is tracked", .in = { .dport = PORT_MONITOR, LINUX_SYN }, .held = MAX_HALF_OPEN, .held_after = MAX_HALF_OPEN, .why = SYN_UNTRACKED },
	{ .name = "SYN to a service in monitor, beyond the threshold", .in = { .dport = PORT_MONITOR, LINUX_SYN }, .held = ARM_HALF_OPEN, .held_after = ARM_HALF_OPEN + 1, .why = SYN_PEACE },
	{ .name = "SYN to a service under attack", .in = { .dport = PORT_ATTACKED, LINUX_SYN }, .why = SYN_COOKIE, .keeps = { LINUX_KEEPS } },
	{ .name = "SYN to a service that is armed by hand", .in = { .dport = PORT_FORCED, LINUX_SYN }, .why = SYN_COOKIE, .keeps = { LINUX_KEEPS } },
	{ .name = "SYN to a service that is disarmed by hand", .in = { .dport = PORT_DISARMED, LINUX_SYN }, .held_after = 1, .why = SYN_PEACE },
	{ .name = "SYN to a service that is off", .in = { .dport = PORT_OFF, LINUX_SYN }, .why = NOT_SERVICE },
	{ .name = "ACK to a service that is off", .in = { .dport = PORT_OFF, .flags = ACK }, .why = NOT_SERVICE },
	{ .name = "ACK with a cookie to a service that was switched off", .in = { .dport = PORT_OFF_DRAIN, .flags = ACK, .ts = true }, .cookie = COOKIE_GOOD, .why = ACK_COOKIE_VALID, .keeps = { LINUX_KEEPS } },

	/* ---- handshakes of the kernel's ---- */
	{ .name = "ACK of a handshake", .in = { .dport = PORT_AUTO, .flags = ACK, .seq = HALF_OPEN_SEQ + 1, .sport = SPORT_HALF_OPEN, .src = ADDR_OTHER }, .kernel_ack = true, .held = 1, .syn_recv = true, .why = KERNEL_HANDSHAKE_DONE },
	{ .name = "ACK of a handshake, with data", .in = { .dport = PORT_AUTO, .flags = ACK | PSH, .seq = HALF_OPEN_SEQ + 1, .sport = SPORT_HALF_OPEN, .src = ADDR_OTHER, .payload_bytes = 9 }, .kernel_ack = true, .held = 1, .syn_recv = true, .why = KERNEL_HANDSHAKE_DONE },
	{ .name = "ACK of a handshake that is not known here", .in = { .dport = PORT_AUTO, .flags = ACK, .seq = HALF_OPEN_SEQ + 1, .sport = SPORT_HALF_OPEN, .src = ADDR_OTHER }, .kernel_ack = true, .why = KERNEL_HANDSHAKE_DONE },
	{ .name = "ACK of a handshake with a wrong number", .in = { .dport = PORT_AUTO, .flags = ACK, .seq = HALF_OPEN_SEQ + 1, .sport = SPORT_HALF_OPEN, .src = ADDR_OTHER }, .held = 1, .held_after = 1, .syn_recv = true, .why = KERNEL_HANDSHAKE },
	{ .name = "ACK of a handshake with a wrong checksum", .in = { .dport = PORT_AUTO, .flags = ACK, .seq = HALF_OPEN_SEQ + 1, .sport = SPORT_HALF_OPEN, .src = ADDR_OTHER, .csum = CSUM_BAD }, .kernel_ack = true, .held = 1, .held_after = 1, .syn_recv = true, .why = KERNEL_HANDSHAKE },
	{ .name = "SYN-ACK on a handshake, which resets it", .in = { .dport = PORT_AUTO, .flags = SYN | ACK, .seq = HALF_OPEN_SEQ + 1, .sport = SPORT_HALF_OPEN, .src = ADDR_OTHER }, .kernel_ack = true, .held = 1, .syn_recv = true, .why = KERNEL_HANDSHAKE_RESET },
	{ .name = "ACK of a handshake with TCP_DEFER_ACCEPT", .in = { .dport = PORT_DEFER, .flags = ACK, .seq = HALF_OPEN_SEQ + 1, .sport = SPORT_HALF_OPEN, .src = ADDR_OTHER }, .kernel_ack = true, .held = 1, .held_after = 1, .syn_recv = true, .why = KERNEL_HANDSHAKE },
	{ .name = "data of a handshake with TCP_DEFER_ACCEPT", .in = { .dport = PORT_DEFER, .flags = ACK, .seq = HALF_OPEN_SEQ + 1, .sport = SPORT_HALF_OPEN, .src = ADDR_OTHER, .payload_bytes = 3 }, .kernel_ack = true, .held = 1, .syn_recv = true, .why = KERNEL_HANDSHAKE_DONE },
	{ .name = "ACK of a handshake with timestamps", .in = { .dport = PORT_TIMES, .flags = ACK, .seq = HALF_OPEN_SEQ + 1, .sport = SPORT_HALF_OPEN, .src = ADDR_OTHER, .ts = true, .tsval = HALF_OPEN_TSVAL }, .kernel_ack = true, .held = 1, .syn_recv = true, .why = KERNEL_HANDSHAKE_DONE },
	{ .name = "ACK of a handshake without its timestamps", .in = { .dport = PORT_TIMES, .flags = ACK, .seq = HALF_OPEN_SEQ + 1, .sport = SPORT_HALF_OPEN, .src = ADDR_OTHER }, .kernel_ack = true, .held = 1, .syn_recv = true, .why = KERNEL_HANDSHAKE_DONE },
	{ .name = "ACK of a handshake with an old timestamp", .in = { .dport = PORT_TIMES, .flags = ACK, .seq = HALF_OPEN_SEQ + 1, .sport = SPORT_HALF_OPEN, .src = ADDR_OTHER, .ts = true, .tsval = HALF_OPEN_TSVAL - 1 }, .kernel_ack = true, .held = 1, .held_after = 1, .syn_recv = true, .why = KERNEL_HANDSHAKE },
	{ .name = "RST of a handshake with an old timestamp", .in = { .dport = PORT_TIMES, .flags = RST, .seq = HALF_OPEN_SEQ + 1, .sport = SPORT_HALF_OPEN, .src = ADDR_OTHER, .ts = true, .tsval = HALF_OPEN_TSVAL - 1 }, .kernel_ack = true, .held = 1, .held_after = 1, .syn_recv = true, .why = KERNEL_HANDSHAKE },
	{ .name = "ACK of a handshake that echoes what was never sent", .in = { .dport = PORT_TIMES, .flags = ACK, .seq = HALF_OPEN_SEQ + 1, .sport = SPORT_HALF_OPEN, .src = ADDR_OTHER, .ts = true, .tsval = HALF_OPEN_TSVAL }, .kernel_ack = true, .tsecr_by = -1, .held = 1, .held_after = 1, .syn_recv = true, .why = KERNEL_HANDSHAKE },
	{ .name = "ACK of a handshake that echoes what is not sent yet", .in = { .dport = PORT_TIMES, .flags = ACK, .seq = HALF_OPEN_SEQ + 1, .sport = SPORT_HALF_OPEN, .src = ADDR_OTHER, .ts = true, .tsval = HALF_OPEN_TSVAL }, .kernel_ack = true, .tsecr_by = 1000000, .held = 1, .held_after = 1, .syn_recv = true, .why = KERNEL_HANDSHAKE },
	{ .name = "ACK of a handshake outside the window", .in = { .dport = PORT_AUTO, .flags = ACK, .seq = HALF_OPEN_SEQ, .sport = SPORT_HALF_OPEN, .src = ADDR_OTHER }, .kernel_ack = true, .held = 1, .held_after = 1, .syn_recv = true, .why = KERNEL_HANDSHAKE },
	{ .name = "RST of a handshake", .in = { .dport = PORT_AUTO, .flags = RST, .seq = HALF_OPEN_SEQ + 1, .sport = SPORT_HALF_OPEN, .src = ADDR_OTHER }, .held = 1, .syn_recv = true, .why = KERNEL_HANDSHAKE_RESET },
	{ .name = "RST of a handshake outside the window", .in = { .dport = PORT_AUTO, .flags = RST, .seq = HALF_OPEN_SEQ, .sport = SPORT_HALF_OPEN, .src = ADDR_OTHER }, .held = 1, .held_after = 1, .syn_recv = true, .why = KERNEL_HANDSHAKE },
	{ .name = "ACK of a handshake that the kernel has forgotten", .in = { .dport = PORT_AUTO, .flags = ACK }, .held = 1, .syn_recv = true, .aged = true, .why = AT_PEACE },
	{ .name = "ACK right behind its SYN", .in = { .dport = PORT_AUTO, .flags = ACK }, .held = 1, .held_after = 1, .syn_recv = true, .why = KERNEL_HANDSHAKE },

	/* ---- the ACK ---- */
	{ .name = "ACK with a valid cookie", .in = { .dport = PORT_WEB, .flags = ACK, .ts = true, .tsval = 800 }, .cookie = COOKIE_GOOD, .why = ACK_COOKIE_VALID, .keeps = { LINUX_KEEPS } },
	{ .name = "ACK with a valid cookie and ECN", .in = { .dport = PORT_WEB, .flags = ACK, .ts = true, .tsval = 800 }, .cookie = COOKIE_GOOD, .why = ACK_COOKIE_VALID, .keeps = { LINUX_KEEPS, .ecn = true } },
	{ .name = "ACK with a valid cookie, no window scale", .in = { .dport = PORT_WEB, .flags = ACK, .ts = true, .tsval = 800 }, .cookie = COOKIE_GOOD, .why = ACK_COOKIE_VALID, .keeps = { .mss4 = 536, .mss6 = 1220 } },
	{ .name = "ACK of the epoch before", .in = { .dport = PORT_WEB, .flags = ACK, .ts = true }, .cookie = COOKIE_PREVIOUS_EPOCH, .why = ACK_COOKIE_VALID, .keeps = { LINUX_KEEPS } },
	{ .name = "ACK with data", .in = { .dport = PORT_WEB, .flags = ACK | PSH, .ts = true, .payload_bytes = 100 }, .cookie = COOKIE_GOOD, .why = ACK_COOKIE_VALID, .keeps = { LINUX_KEEPS } },
	{ .name = "ACK with FIN", .in = { .dport = PORT_WEB, .flags = ACK | FIN, .ts = true }, .cookie = COOKIE_GOOD, .why = ACK_COOKIE_VALID, .keeps = { LINUX_KEEPS } },
	{ .name = "ACK of a client without timestamps", .in = { .dport = PORT_WEB, .flags = ACK }, .cookie = COOKIE_GOOD, .why = ACK_COOKIE_VALID, .keeps = { .mss4 = 1460, .mss6 = 1440, .wscale = 9, .sack = true, .profile = 1 } },
	{ .name = "ACK of the epoch before, without timestamps", .in = { .dport = PORT_WEB, .flags = ACK }, .cookie = COOKIE_PREVIOUS_EPOCH, .why = ACK_COOKIE_VALID, .keeps = { .mss4 = 536, .mss6 = 1220, .profile = 15 } },
	{ .name = "ACK that arrives with foreign metadata", .in = { .dport = PORT_WEB, .flags = ACK, .ts = true }, .with_metadata = true, .cookie = COOKIE_GOOD, .why = ACK_COOKIE_VALID, .keeps = { LINUX_KEEPS } },
	{ .name = "ACK to a service that is at peace again", .in = { .dport = PORT_DRAIN, .flags = ACK, .ts = true }, .cookie = COOKIE_GOOD, .why = ACK_COOKIE_VALID, .keeps = { LINUX_KEEPS } },
	{ .name = "ACK on a driver without metadata", .in = { .dport = PORT_WEB, .flags = ACK, .ts = true }, .no_metadata = true, .cookie = COOKIE_GOOD, .why = ACK_NO_NOTE, .keeps = { LINUX_KEEPS } },
	{ .name = "ACK two epochs old", .in = { .dport = PORT_WEB, .flags = ACK, .ts = true }, .cookie = COOKIE_TOO_OLD, .why = ACK_COOKIE_EXPIRED, .keeps = { LINUX_KEEPS } },
	{ .name = "ACK two epochs old, without timestamps", .in = { .dport = PORT_WEB, .flags = ACK }, .cookie = COOKIE_TOO_OLD, .why = ACK_COOKIE_INVALID, .keeps = { .profile = 1 } },
	{ .name = "ACK of a time to come", .in = { .dport = PORT_WEB, .flags = ACK, .ts = true }, .cookie = COOKIE_FROM_FUTURE, .why = ACK_COOKIE_EXPIRED, .keeps = { LINUX_KEEPS } },
	{ .name = "ACK with a flipped bit", .in = { .dport = PORT_WEB, .flags = ACK, .ts = true }, .cookie = COOKIE_BIT_FLIPPED, .why = ACK_COOKIE_INVALID, .keeps = { LINUX_KEEPS } },
	{ .name = "ACK with a flipped bit, without timestamps", .in = { .dport = PORT_WEB, .flags = ACK }, .cookie = COOKIE_BIT_FLIPPED, .why = ACK_COOKIE_INVALID, .keeps = { .profile = 1 } },
	{ .name = "ACK with another sequence number", .in = { .dport = PORT_WEB, .flags = ACK, .ts = true }, .cookie = COOKIE_OTHER_ISN, .why = ACK_COOKIE_INVALID, .keeps = { LINUX_KEEPS } },
	{ .name = "ACK without the timestamps of its cookie", .in = { .dport = PORT_WEB, .flags = ACK }, .cookie = COOKIE_OTHER_FORMAT, .why = ACK_COOKIE_INVALID, .keeps = { LINUX_KEEPS } },
	{ .name = "ACK with timestamps that its cookie has not", .in = { .dport = PORT_WEB, .flags = ACK, .ts = true }, .cookie = COOKIE_OTHER_FORMAT, .why = ACK_COOKIE_INVALID, .keeps = { .profile = 1 } },
	{ .name = "ACK out of nowhere", .in = { .dport = PORT_WEB, .flags = ACK, .seq = 7, .ack = 9 }, .why = ACK_COOKIE_INVALID },
	{ .name = "ACK out of nowhere, to a service at peace again", .in = { .dport = PORT_DRAIN, .flags = ACK, .seq = 7, .ack = 9 }, .why = ACK_INVALID_PEACE },
	{ .name = "ACK while the accept queue is full", .in = { .dport = PORT_FULL, .flags = ACK, .ts = true }, .cookie = COOKIE_GOOD, .why = ACK_ACCEPTQ_FULL, .keeps = { LINUX_KEEPS } },
	{ .name = "ACK to a service without listener", .in = { .dport = PORT_NOBODY, .flags = ACK }, .why = ACK_NO_LISTENER },
	{ .name = "ACK twice in one batch", .in = { .dport = PORT_WEB, .flags = ACK, .ts = true }, .cookie = COOKIE_GOOD, .twice = true, .why = FLOW_JUST_HANDED_OFF, .keeps = { LINUX_KEEPS } },
	{ .name = "ACK again, and the kernel took no connection", .in = { .dport = PORT_WEB, .flags = ACK, .ts = true, .payload_bytes = 10 }, .cookie = COOKIE_GOOD, .twice = true, .late = true, .why = ACK_COOKIE_VALID, .keeps = { LINUX_KEEPS } },

	/* ---- existing connections, and packets of none ---- */
	{ .name = "segment of a connection not known yet", .in = { .dport = PORT_WEB, .flags = ACK, .sport = SPORT_ESTABLISHED, .payload_bytes = 10 }, .why = FLOW_LEARNED },
	{ .name = "FIN of a known connection", .in = { .dport = PORT_WEB, .flags = FIN | ACK, .sport = SPORT_ESTABLISHED }, .twice = true, .why = FLOW_KNOWN },
	{ .name = "segment behind the FIN", .in = { .dport = PORT_WEB, .flags = FIN | ACK, .sport = SPORT_ESTABLISHED }, .times = 2, .why = FLOW_KNOWN },
	{ .name = "segment of a connection in peace", .in = { .dport = PORT_AUTO, .flags = ACK, .sport = SPORT_ESTABLISHED }, .why = FLOW_LEARNED },
	{ .name = "segment of a known connection", .in = { .dport = PORT_WEB, .flags = ACK, .sport = SPORT_ESTABLISHED }, .twice = true, .why = FLOW_KNOWN },
	{ .name = "RST of a connection", .in = { .dport = PORT_WEB, .flags = RST, .sport = SPORT_ESTABLISHED }, .why = FLOW_LEARNED },
	{ .name = "SYN on a known connection", .in = { .dport = PORT_WEB, LINUX_SYN, .sport = SPORT_ESTABLISHED }, .twice = true, .why = SYN_KNOWN },
	{ .name = "ACK of the kernel's own handshake", .in = { .dport = PORT_WEB, .flags = ACK, .sport = SPORT_HALF_OPEN, .src = ADDR_OTHER }, .why = KERNEL_HANDSHAKE },
	{ .name = "ACK of a connection in TIME_WAIT", .in = { .dport = PORT_WEB, .flags = ACK, .sport = SPORT_TIME_WAIT }, .why = KERNEL_TIME_WAIT },
	{ .name = "ACK to a service in monitor", .in = { .dport = PORT_MONITOR, .flags = ACK }, .why = AT_PEACE },
	{ .name = "RST to a service at peace again", .in = { .dport = PORT_DRAIN, .flags = RST }, .why = AT_PEACE },
	{ .name = "RST of no connection", .in = { .dport = PORT_WEB, .flags = RST }, .why = OUT_OF_STATE },
	{ .name = "RST with ACK of no connection", .in = { .dport = PORT_WEB, .flags = RST | ACK }, .why = OUT_OF_STATE },
	{ .name = "FIN of no connection", .in = { .dport = PORT_WEB, .flags = FIN }, .why = OUT_OF_STATE },
	{ .name = "SYN-ACK of no connection", .in = { .dport = PORT_WEB, .flags = SYN | ACK }, .why = OUT_OF_STATE },
	{ .name = "no flags at all", .in = { .dport = PORT_WEB }, .why = OUT_OF_STATE },
	{ .name = "FIN, PSH and URG", .in = { .dport = PORT_WEB, .flags = FIN | PSH | URG }, .why = OUT_OF_STATE },
	{ .name = "RST to a service without listener", .in = { .dport = PORT_NOBODY, .flags = RST }, .why = OUT_OF_STATE },

	/* ---- the TC half, which validates for itself where there is no metadata ---- */
	{ .name = "TC: the listener is gone", .in = { .dport = PORT_NOBODY, .flags = ACK, .ts = true }, .cookie = COOKIE_GOOD, .by_tc = true, .why = HANDOFF_NO_LISTENER, .keeps = { LINUX_KEEPS } },
	{ .name = "TC: the listener is an MPTCP one", .in = { .dport = PORT_MPTCP, .flags = ACK, .ts = true }, .cookie = COOKIE_GOOD, .by_tc = true, .why = HANDOFF_REFUSED, .keeps = { LINUX_KEEPS } },
	{ .name = "TC: the kernel refuses", .in = { .dport = PORT_WEB, .flags = ACK, .ts = true }, .cookie = COOKIE_GOOD, .by_tc = true, .why = HANDOFF_SYSCTL, .keeps = { LINUX_KEEPS } },
};
/* clang-format on */

#endif
