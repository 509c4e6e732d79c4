/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is no SYN: answers to cookies, segments of connections and of none, and the TC half.
 */
#ifndef SYNWARD_TEST_ROWS_SEGMENT_H
#define SYNWARD_TEST_ROWS_SEGMENT_H

#include "row.h"

/* clang-format off */
static const struct row rows_segment[] = {
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
	{ .name = "ACK on a driver without metadata", .in = { .dport = PORT_WEB, .flags = ACK, .ts = true }, .build = NO_METADATA, .cookie = COOKIE_GOOD, .why = ACK_NO_NOTE, .keeps = { LINUX_KEEPS } },
	{ .name = "ACK of the epoch before, the key rotated since", .in = { .dport = PORT_WEB, .flags = ACK, .ts = true }, .cookie = COOKIE_PREVIOUS_EPOCH, .key = KEY_FROM_NOW, .why = ACK_COOKIE_VALID, .keeps = { LINUX_KEEPS } },
	{ .name = "ACK of now, the key to be rotated", .in = { .dport = PORT_WEB, .flags = ACK, .ts = true }, .cookie = COOKIE_GOOD, .key = KEY_FROM_NEXT, .why = ACK_COOKIE_VALID, .keeps = { LINUX_KEEPS } },
	{ .name = "ACK of now, the key rotated at once", .in = { .dport = PORT_WEB, .flags = ACK, .ts = true, .payload_bytes = 2 }, .cookie = COOKIE_GOOD, .key = KEY_FROM_NOW, .why = ACK_COOKIE_INVALID, .keeps = { LINUX_KEEPS } },
	{ .name = "ACK two epochs old", .in = { .dport = PORT_WEB, .flags = ACK, .ts = true }, .cookie = COOKIE_TOO_OLD, .why = ACK_RESET, .keeps = { LINUX_KEEPS } },
	{ .name = "ACK two epochs old, without timestamps", .in = { .dport = PORT_WEB, .flags = ACK, .payload_bytes = 2 }, .cookie = COOKIE_TOO_OLD, .why = ACK_COOKIE_INVALID, .keeps = { .profile = 1 } },
	{ .name = "ACK of a time to come", .in = { .dport = PORT_WEB, .flags = ACK, .ts = true }, .cookie = COOKIE_FROM_FUTURE, .why = ACK_RESET, .keeps = { LINUX_KEEPS } },
	{ .name = "ACK with a flipped bit", .in = { .dport = PORT_WEB, .flags = ACK, .ts = true }, .cookie = COOKIE_BIT_FLIPPED, .why = ACK_COOKIE_INVALID, .keeps = { LINUX_KEEPS } },
	{ .name = "ACK with a flipped bit, without timestamps", .in = { .dport = PORT_WEB, .flags = ACK, .payload_bytes = 2 }, .cookie = COOKIE_BIT_FLIPPED, .why = ACK_COOKIE_INVALID, .keeps = { .profile = 1 } },
	{ .name = "ACK with another sequence number", .in = { .dport = PORT_WEB, .flags = ACK, .ts = true }, .cookie = COOKIE_OTHER_ISN, .why = ACK_COOKIE_INVALID, .keeps = { LINUX_KEEPS } },
	{ .name = "ACK without the timestamps of its cookie", .in = { .dport = PORT_WEB, .flags = ACK, .payload_bytes = 2 }, .cookie = COOKIE_OTHER_FORMAT, .why = ACK_COOKIE_INVALID, .keeps = { LINUX_KEEPS } },
	{ .name = "ACK with timestamps that its cookie has not", .in = { .dport = PORT_WEB, .flags = ACK, .ts = true }, .cookie = COOKIE_OTHER_FORMAT, .why = ACK_COOKIE_INVALID, .keeps = { .profile = 1 } },
	{ .name = "ACK out of nowhere", .in = { .dport = PORT_WEB, .flags = ACK, .payload_bytes = 2, .seq = 7, .ack = 9 }, .why = ACK_COOKIE_INVALID },
	{ .name = "ACK out of nowhere, to a service at peace again", .in = { .dport = PORT_DRAIN, .flags = ACK, .seq = 7, .ack = 9 }, .why = ACK_INVALID_PEACE },
	{ .name = "ACK while the accept queue is full", .in = { .dport = PORT_FULL, .flags = ACK, .ts = true }, .cookie = COOKIE_GOOD, .why = ACK_ACCEPTQ_FULL, .keeps = { LINUX_KEEPS } },
	{ .name = "ACK to a service without listener", .in = { .dport = PORT_NOBODY, .flags = ACK }, .why = ACK_NO_LISTENER },
	{ .name = "ACK twice in one batch", .in = { .dport = PORT_WEB, .flags = ACK, .ts = true }, .cookie = COOKIE_GOOD, .twice = true, .why = FLOW_JUST_HANDED_OFF, .keeps = { LINUX_KEEPS } },
	{ .name = "ACK again, and the kernel took no connection", .in = { .dport = PORT_WEB, .flags = ACK, .ts = true, .payload_bytes = 10 }, .cookie = COOKIE_GOOD, .twice = true, .late = true, .missed = true, .why = ACK_COOKIE_VALID, .keeps = { LINUX_KEEPS } },

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

	/* ---- connections that had a packet in this second: without tags their line alone is asked ---- */
	{ .name = "segment of a connection that had a packet in this second, its entry gone since", .in = { .dport = PORT_WEB, .flags = ACK, .payload_bytes = 2 }, .untagged = true, .seen = SEEN_NOW, .seen_after = true, .why = FLOW_KNOWN },
	{ .name = "segment with PSH and URG of one that had a packet in this second", .in = { .dport = PORT_WEB, .flags = ACK | PSH | URG | ECE | CWR, .payload_bytes = 2 }, .untagged = true, .seen = SEEN_NOW, .seen_after = true, .why = FLOW_KNOWN },
	{ .name = "segment of one that had a packet in this second, in peace", .in = { .dport = PORT_AUTO, .flags = ACK, .payload_bytes = 2 }, .untagged = true, .seen = SEEN_NOW, .seen_after = true, .why = FLOW_KNOWN },
	{ .name = "segment with tags of one that had a packet in this second, its entry gone since", .in = { .dport = PORT_WEB, .flags = ACK, .payload_bytes = 2 }, .nr_vlans_min = 1, .seen = SEEN_NOW, .seen_after = true, .why = ACK_COOKIE_INVALID },
	{ .name = "segment with IP options of one that had a packet in this second, its entry gone since", .in = { .dport = PORT_WEB, .flags = ACK, .payload_bytes = 2, .ip_option_words = 1 }, .v4_only = true, .seen = SEEN_NOW, .seen_after = true, .why = ACK_COOKIE_INVALID },
	{ .name = "segment behind an extension header of one that had a packet in this second, its entry gone since", .in = { .dport = PORT_WEB, .flags = ACK, .payload_bytes = 2, .ext_headers = 1 }, .v6_only = true, .seen = SEEN_NOW, .seen_after = true, .why = ACK_COOKIE_INVALID },
	{ .name = "segment of one that had a packet in the second before, its entry gone since", .in = { .dport = PORT_WEB, .flags = ACK, .payload_bytes = 2 }, .seen = SEEN_BEFORE, .why = ACK_COOKIE_INVALID },
	{ .name = "segment of one that had a packet in the second before", .in = { .dport = PORT_WEB, .flags = ACK }, .flow = FLOW_ESTABLISHED, .seen = SEEN_BEFORE, .seen_after = true, .why = FLOW_KNOWN },
	{ .name = "first segment of a known connection", .in = { .dport = PORT_WEB, .flags = ACK }, .flow = FLOW_ESTABLISHED, .seen_after = true, .why = FLOW_KNOWN },
	{ .name = "FIN of a connection that had a packet in this second", .in = { .dport = PORT_WEB, .flags = FIN | ACK }, .flow = FLOW_ESTABLISHED, .flow_after = FLOW_CLOSING, .seen = SEEN_NOW, .why = FLOW_KNOWN },
	{ .name = "RST of a connection that had a packet in this second", .in = { .dport = PORT_WEB, .flags = RST }, .flow = FLOW_ESTABLISHED, .flow_after = FLOW_CLOSING, .seen = SEEN_NOW, .why = FLOW_KNOWN },
	{ .name = "RST with ACK of a connection that had a packet in this second", .in = { .dport = PORT_WEB, .flags = RST | ACK }, .flow = FLOW_ESTABLISHED, .flow_after = FLOW_CLOSING, .seen = SEEN_NOW, .why = FLOW_KNOWN },
	{ .name = "FIN, its flow's word there and its entry gone", .in = { .dport = PORT_WEB, .flags = FIN | ACK, .payload_bytes = 2 }, .seen = SEEN_NOW, .seen_after = true, .why = ACK_COOKIE_INVALID },
	{ .name = "RST, its flow's word there and its entry gone", .in = { .dport = PORT_WEB, .flags = RST }, .seen = SEEN_NOW, .seen_after = true, .why = OUT_OF_STATE },
	{ .name = "SYN-ACK, its flow's word there and its entry gone", .in = { .dport = PORT_WEB, .flags = SYN | ACK }, .seen = SEEN_NOW, .seen_after = true, .why = OUT_OF_STATE },
	{ .name = "no flags, its flow's word there and its entry gone", .in = { .dport = PORT_WEB }, .seen = SEEN_NOW, .seen_after = true, .why = OUT_OF_STATE },
	{ .name = "SYN of a connection that had a packet in this second and has ended", .in = { .dport = PORT_WEB, LINUX_SYN }, .flow = FLOW_ESTABLISHED, .seen = SEEN_NOW, .why = SYN_COOKIE, .keeps = { LINUX_KEEPS } },
	{ .name = "SYN of a connection that had a packet in this second and is there", .in = { .dport = PORT_WEB, LINUX_SYN, .sport = SPORT_ESTABLISHED }, .flow = FLOW_ESTABLISHED, .seen = SEEN_NOW, .seen_after = true, .why = SYN_KNOWN },
	{ .name = "SYN, its flow's word there and its entry gone", .in = { .dport = PORT_WEB, LINUX_SYN }, .seen = SEEN_NOW, .seen_after = true, .why = SYN_COOKIE, .keeps = { LINUX_KEEPS } },
	{ .name = "segment of another port of one that had a packet in this second", .in = { .dport = PORT_OTHER, .flags = ACK }, .seen = SEEN_NOW, .seen_after = true, .why = NOT_SERVICE },

	/* ---- connections that end, or were handed off ---- */
	{ .name = "segment of a connection that its client has closed", .in = { .dport = PORT_WEB, .flags = ACK, .sport = SPORT_CLOSE_WAIT }, .flow_after = FLOW_CLOSING, .why = FLOW_LEARNED },
	{ .name = "FIN of a connection, which is closing then", .in = { .dport = PORT_WEB, .flags = FIN | ACK, .sport = SPORT_ESTABLISHED }, .flow = FLOW_ESTABLISHED, .flow_after = FLOW_CLOSING, .why = FLOW_KNOWN },
	{ .name = "RST of a connection, which is closing then", .in = { .dport = PORT_WEB, .flags = RST, .sport = SPORT_ESTABLISHED }, .flow = FLOW_ESTABLISHED, .flow_after = FLOW_CLOSING, .why = FLOW_KNOWN },
	{ .name = "ACK right behind the FIN", .in = { .dport = PORT_WEB, .flags = ACK }, .flow = FLOW_CLOSING, .flow_after = FLOW_CLOSING, .why = FLOW_KNOWN },
	{ .name = "ACK long behind the FIN, and there is no socket", .in = { .dport = PORT_WEB, .flags = ACK, .payload_bytes = 2 }, .flow = FLOW_CLOSING, .aged = true, .why = ACK_COOKIE_INVALID },
	{ .name = "RST long behind the FIN, and there is no socket", .in = { .dport = PORT_WEB, .flags = RST }, .flow = FLOW_CLOSING, .aged = true, .why = OUT_OF_STATE },
	{ .name = "ACK long behind the FIN, no socket, in peace", .in = { .dport = PORT_AUTO, .flags = ACK }, .flow = FLOW_CLOSING, .aged = true, .why = AT_PEACE },
	{ .name = "ACK long behind the FIN, and there is a socket", .in = { .dport = PORT_WEB, .flags = ACK, .sport = SPORT_ESTABLISHED }, .flow = FLOW_CLOSING, .aged = true, .flow_after = FLOW_ESTABLISHED, .why = FLOW_LEARNED },
	{ .name = "ACK long behind the FIN, the socket in TIME_WAIT", .in = { .dport = PORT_WEB, .flags = ACK, .sport = SPORT_TIME_WAIT }, .flow = FLOW_CLOSING, .aged = true, .why = KERNEL_TIME_WAIT },
	{ .name = "segment right behind the ACK that was handed off", .in = { .dport = PORT_WEB, .flags = ACK, .payload_bytes = 2 }, .flow = FLOW_HANDED_OFF, .why = FLOW_JUST_HANDED_OFF },
	{ .name = "first data, whose ACK another CPU has just handed off, and the kernel has not", .in = { .dport = PORT_WEB, .flags = ACK, .ts = true, .payload_bytes = 2 }, .cookie = COOKIE_GOOD, .flow = FLOW_HANDED_OFF, .of_another_cpu = true, .flow_after = FLOW_HANDED_OFF, .why = ACK_COOKIE_VALID, .keeps = { LINUX_KEEPS } },
	{ .name = "segment right behind the ACK that another CPU has just handed off, and the kernel has", .in = { .dport = PORT_WEB, .flags = ACK, .sport = SPORT_ESTABLISHED }, .flow = FLOW_HANDED_OFF, .of_another_cpu = true, .landed = true, .flow_after = FLOW_ESTABLISHED, .why = FLOW_LEARNED },
	{ .name = "data behind the first, whose ACK another CPU has just handed off, and the kernel has not", .in = { .dport = PORT_WEB, .flags = ACK, .ts = true, .payload_bytes = 2 }, .cookie = COOKIE_OTHER_ISN, .flow = FLOW_HANDED_OFF, .of_another_cpu = true, .flow_after = FLOW_HANDED_OFF, .why = ACK_COOKIE_INVALID, .keeps = { LINUX_KEEPS } },
	{ .name = "segment of a connection that was handed off, and landed", .in = { .dport = PORT_WEB, .flags = ACK, .sport = SPORT_ESTABLISHED }, .flow = FLOW_HANDED_OFF, .aged = true, .landed = true, .flow_after = FLOW_ESTABLISHED, .why = FLOW_LEARNED },
	{ .name = "segment of a connection that was handed off without a note, and landed", .in = { .dport = PORT_WEB, .flags = ACK, .sport = SPORT_ESTABLISHED }, .flow = FLOW_VALIDATED, .aged = true, .landed = true, .flow_after = FLOW_ESTABLISHED, .why = FLOW_LEARNED },
	{ .name = "ACK again, and what was handed off did not land", .in = { .dport = PORT_WEB, .flags = ACK, .ts = true }, .cookie = COOKIE_GOOD, .flow = FLOW_HANDED_OFF, .aged = true, .missed = true, .flow_after = FLOW_HANDED_OFF, .why = ACK_COOKIE_VALID, .keeps = { LINUX_KEEPS } },
	{ .name = "ACK with a cookie on a connection that was closed", .in = { .dport = PORT_WEB, .flags = ACK, .ts = true }, .cookie = COOKIE_GOOD, .flow = FLOW_CLOSING, .aged = true, .flow_after = FLOW_HANDED_OFF, .why = ACK_COOKIE_VALID, .keeps = { LINUX_KEEPS } },

	/* ---- where nobody listens ---- */
	{ .name = "ACK in peace to a service without listener, often", .in = { .dport = PORT_UNHEARD, .flags = ACK }, .times = 9, .why = ACK_NO_LISTENER },
	{ .name = "RST in peace to a service without listener", .in = { .dport = PORT_UNHEARD, .flags = RST }, .why = AT_PEACE },
	{ .name = "RST with ACK to a service without listener", .in = { .dport = PORT_NOBODY, .flags = RST | ACK }, .why = OUT_OF_STATE },
	{ .name = "ACK with a valid cookie, the listener just gone", .in = { .dport = PORT_NOBODY, .flags = ACK, .ts = true }, .cookie = COOKIE_GOOD, .was_there = true, .why = ACK_LISTENER_GONE, .keeps = { LINUX_KEEPS } },
	{ .name = "ACK with a valid cookie and no timestamps, the listener just gone", .in = { .dport = PORT_NOBODY, .flags = ACK }, .cookie = COOKIE_GOOD, .was_there = true, .why = ACK_LISTENER_GONE, .keeps = { .profile = 1 } },
	{ .name = "ACK with a valid cookie, the listener gone for less than 5 s", .in = { .dport = PORT_NOBODY, .flags = ACK, .ts = true }, .cookie = COOKIE_GOOD, .gone_ms_ago = 4800, .why = ACK_LISTENER_GONE, .keeps = { LINUX_KEEPS } },
	{ .name = "ACK with a valid cookie, the listener gone for 5 s", .in = { .dport = PORT_NOBODY, .flags = ACK, .ts = true }, .cookie = COOKIE_GOOD, .gone_ms_ago = 5000, .why = ACK_NO_LISTENER, .keeps = { LINUX_KEEPS } },
	{ .name = "ACK with a valid cookie, and there never was a listener", .in = { .dport = PORT_NOBODY, .flags = ACK, .ts = true }, .cookie = COOKIE_GOOD, .why = ACK_NO_LISTENER, .keeps = { LINUX_KEEPS } },
	{ .name = "ACK without a valid cookie, the listener just gone", .in = { .dport = PORT_NOBODY, .flags = ACK, .ts = true }, .cookie = COOKIE_BIT_FLIPPED, .was_there = true, .why = ACK_NO_LISTENER, .keeps = { LINUX_KEEPS } },
	{ .name = "ACK with a valid cookie, the listener gone since a SYN found none", .in = { .dport = PORT_NOBODY, .flags = ACK, .ts = true }, .earlier = { .dport = PORT_NOBODY, LINUX_SYN }, .times = 1, .cookie = COOKIE_GOOD, .was_there = true, .why = ACK_LISTENER_GONE, .keeps = { LINUX_KEEPS } },

	/* ---- the TC half, which validates for itself where there is no metadata ---- */
	{ .name = "TC: the listener is gone", .in = { .dport = PORT_NOBODY, .flags = ACK, .ts = true }, .cookie = COOKIE_GOOD, .by_tc = true, .why = HANDOFF_NO_LISTENER, .keeps = { LINUX_KEEPS } },
	{ .name = "TC: the listener is an MPTCP one", .in = { .dport = PORT_MPTCP, .flags = ACK, .ts = true }, .cookie = COOKIE_GOOD, .by_tc = true, .why = HANDOFF_REFUSED, .keeps = { LINUX_KEEPS } },
	{ .name = "TC: the kernel refuses", .in = { .dport = PORT_WEB, .flags = ACK, .ts = true }, .cookie = COOKIE_GOOD, .by_tc = true, .why = HANDOFF_SYSCTL, .keeps = { LINUX_KEEPS } },
};
/* clang-format on */

#endif
