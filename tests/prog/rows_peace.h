/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Peace and its end: handshakes that the kernel holds, and services that cannot be armed.
 */
#ifndef SYNWARD_TEST_ROWS_PEACE_H
#define SYNWARD_TEST_ROWS_PEACE_H

#include "row.h"

/* clang-format off */
static const struct row rows_peace[] = {
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
	{ .name = "SYN in peace whose listener spares the question", .in = { .dport = PORT_AUTO, LINUX_SYN, .sport = SPORT_ESTABLISHED }, .spares = SPARES_ONE, .held_after = 1, .why = SYN_PEACE },
	{ .name = "SYN in peace, the second where one question is spared", .in = { .dport = PORT_AUTO, LINUX_SYN, .sport = SPORT_ESTABLISHED }, .earlier = { .dport = PORT_AUTO, LINUX_SYN }, .times = 1, .spares = SPARES_ONE, .held_after = 1, .why = SYN_KNOWN },
	{ .name = "SYN in peace whose listener spared the question before", .in = { .dport = PORT_AUTO, LINUX_SYN, .sport = SPORT_ESTABLISHED }, .spares = SPARED_BEFORE, .why = SYN_KNOWN },
	{ .name = "SYN in peace from an allowed address, whose listener spares the question", .in = { .dport = PORT_AUTO, LINUX_SYN, .sport = SPORT_ESTABLISHED }, .lists = { { LIST_ALLOW, 32, 128 } }, .spares = SPARES_ONE, .why = SYN_KNOWN },
	{ .name = "SYN that is one too many, whose listener spares the question", .in = { .dport = PORT_AUTO, LINUX_SYN, .sport = SPORT_ESTABLISHED }, .spares = SPARES_ONE, .held = ARM_HALF_OPEN, .held_after = ARM_HALF_OPEN, .why = SYN_KNOWN },
	{ .name = "SYN in peace, where another service's listener spares the question", .in = { .dport = PORT_AUTO, LINUX_SYN, .sport = SPORT_ESTABLISHED }, .spares = SPARES_OTHERS, .why = SYN_KNOWN },
	{ .name = "SYN in peace behind one that has asked", .in = { .dport = PORT_TIMES, LINUX_SYN, .sport = SPORT_HALF_OPEN, .src = ADDR_OTHER }, .earlier = { .dport = PORT_TIMES, LINUX_SYN }, .times = 1, .spares = SPARED_BEFORE, .held_after = 2, .why = SYN_PEACE },
	{ .name = "SYN in peace behind one that has asked, of a listener with SO_REUSEPORT", .in = { .dport = PORT_SHARED, LINUX_SYN, .sport = SPORT_HALF_OPEN, .src = ADDR_OTHER }, .earlier = { .dport = PORT_SHARED, LINUX_SYN }, .times = 1, .held_after = 1, .why = SYN_KNOWN },
	{ .name = "SYN in peace on a connection in TIME_WAIT", .in = { .dport = PORT_AUTO, LINUX_SYN, .sport = SPORT_TIME_WAIT }, .was_there = true, .held_after = 1, .why = SYN_KNOWN },
	{ .name = "SYN in peace on a connection in TIME_WAIT, of no listener that is known", .in = { .dport = PORT_AUTO, LINUX_SYN, .sport = SPORT_TIME_WAIT }, .first = true, .why = SYN_KNOWN },
	{ .name = "SYN in peace on a connection in TIME_WAIT, the question spared", .in = { .dport = PORT_AUTO, LINUX_SYN, .sport = SPORT_TIME_WAIT }, .spares = SPARES_ONE, .held_after = 1, .why = SYN_PEACE },
	{ .name = "SYN in peace on a known connection in TIME_WAIT, the question spared", .in = { .dport = PORT_AUTO, LINUX_SYN, .sport = SPORT_TIME_WAIT }, .flow = FLOW_CLOSING, .aged = true, .flow_after = FLOW_SYN_RECV, .spares = SPARES_ONE, .held_after = 1, .why = SYN_PEACE },
	{ .name = "SYN again in peace on a known connection in TIME_WAIT, the first spared the question", .in = { .dport = PORT_AUTO, LINUX_SYN, .sport = SPORT_TIME_WAIT }, .flow = FLOW_CLOSING, .aged = true, .twice = true, .late = true, .flow_after = FLOW_SYN_RECV, .spares = SPARES_ONE, .held_after = 1, .why = SYN_KNOWN },
	{ .name = "SYN in peace on a known connection in TIME_WAIT", .in = { .dport = PORT_AUTO, LINUX_SYN, .sport = SPORT_TIME_WAIT }, .flow = FLOW_CLOSING, .aged = true, .flow_after = FLOW_SYN_RECV, .was_there = true, .held_after = 1, .why = SYN_KNOWN },
	{ .name = "SYN in peace on a known connection, the question spared", .in = { .dport = PORT_AUTO, LINUX_SYN, .sport = SPORT_ESTABLISHED }, .flow = FLOW_ESTABLISHED, .flow_after = FLOW_ESTABLISHED, .spares = SPARES_ONE, .why = SYN_KNOWN },
	{ .name = "SYN that is one too many on a connection in TIME_WAIT, the question spared", .in = { .dport = PORT_AUTO, LINUX_SYN, .sport = SPORT_TIME_WAIT }, .spares = SPARES_ONE, .held = ARM_HALF_OPEN, .held_after = ARM_HALF_OPEN, .why = SYN_KNOWN },
	{ .name = "SYN that is one too many, the question spared, of nobody", .in = { .dport = PORT_AUTO, LINUX_SYN }, .spares = SPARES_ONE, .held = ARM_HALF_OPEN, .held_after = ARM_HALF_OPEN, .why = SYN_COOKIE, .keeps = { LINUX_KEEPS } },
	{ .name = "SYN that is one too many, the question spared by a listener that is gone", .in = { .dport = PORT_UNHEARD, LINUX_SYN }, .spares = SPARES_ONE, .held = ARM_HALF_OPEN, .held_after = ARM_HALF_OPEN, .why = SYN_NO_LISTENER },
	{ .name = "SYN in peace, the question spared by a listener that is gone", .in = { .dport = PORT_UNHEARD, LINUX_SYN }, .spares = SPARES_ONE, .held_after = 1, .why = SYN_PEACE },
	{ .name = "SYN in peace behind one that found no listener any more", .in = { .dport = PORT_UNHEARD, LINUX_SYN }, .earlier = { .dport = PORT_UNHEARD, LINUX_SYN, .src = ADDR_NEIGHBOUR }, .times = 2, .spares = SPARES_ONE, .held_after = 1, .why = SYN_NO_LISTENER },
	{ .name = "SYN to an armed service whose listener would spare the question in peace", .in = { .dport = PORT_WEB, LINUX_SYN, .sport = SPORT_ESTABLISHED }, .spares = SPARES_ONE, .why = SYN_KNOWN },
	{ .name = "SYN with FIN in peace", .in = { .dport = PORT_AUTO, .flags = SYN | FIN }, .why = SYN_PEACE },
	{ .name = "SYN with a wrong checksum in peace", .in = { .dport = PORT_AUTO, LINUX_SYN, .csum = CSUM_BAD }, .why = SYN_PEACE },
	{ .name = "SYN in peace with a small MSS", .in = { .dport = PORT_AUTO, .flags = SYN, .mss = 100 }, .held_after = 1, .why = SYN_PEACE },
	{ .name = "SYN in peace with a large payload", .in = { .dport = PORT_AUTO, LINUX_SYN, .payload_bytes = 1461 }, .held_after = 1, .why = SYN_PEACE },
	{ .name = "SYN with a small MSS that is one too many", .in = { .dport = PORT_AUTO, .flags = SYN, .mss = 100 }, .held = ARM_HALF_OPEN, .held_after = ARM_HALF_OPEN, .why = SYN_SMALL_MSS },
	{ .name = "SYN in peace, again at once", .in = { .dport = PORT_AUTO, LINUX_SYN }, .twice = true, .held_after = 1, .why = SYN_KNOWN },
	{ .name = "SYN in peace, again when the kernel has forgotten it", .in = { .dport = PORT_AUTO, LINUX_SYN }, .twice = true, .late = true, .held_after = 1, .why = SYN_PEACE },
	{ .name = "SYN in peace on a half-open connection", .in = { .dport = PORT_AUTO, LINUX_SYN, .sport = SPORT_HALF_OPEN, .src = ADDR_OTHER }, .held = 1, .held_after = 1, .flow = FLOW_SYN_RECV, .why = SYN_KNOWN },
	{ .name = "SYN to a service in monitor, beyond what is tracked", .in = { .dport = PORT_MONITOR, LINUX_SYN }, .held = MAX_HALF_OPEN, .held_after = MAX_HALF_OPEN, .why = SYN_UNTRACKED },
	{ .name = "SYN to a service in monitor, beyond the threshold", .in = { .dport = PORT_MONITOR, LINUX_SYN }, .held = ARM_HALF_OPEN, .held_after = ARM_HALF_OPEN + 1, .why = SYN_PEACE },
	{ .name = "SYN to a service under attack", .in = { .dport = PORT_ATTACKED, LINUX_SYN }, .why = SYN_COOKIE, .keeps = { LINUX_KEEPS } },
	{ .name = "SYN to a service that is armed by hand", .in = { .dport = PORT_FORCED, LINUX_SYN }, .why = SYN_COOKIE, .keeps = { LINUX_KEEPS } },
	{ .name = "SYN to a service that is disarmed by hand", .in = { .dport = PORT_DISARMED, LINUX_SYN }, .held_after = 1, .why = SYN_PEACE },
	{ .name = "SYN to a service that is off", .in = { .dport = PORT_OFF, LINUX_SYN }, .why = NOT_SERVICE },
	{ .name = "ACK to a service that is off", .in = { .dport = PORT_OFF, .flags = ACK }, .why = NOT_SERVICE },
	{ .name = "ACK with a cookie to a service that was switched off", .in = { .dport = PORT_OFF_DRAIN, .flags = ACK, .ts = true }, .cookie = COOKIE_GOOD, .why = ACK_COOKIE_VALID, .keeps = { LINUX_KEEPS } },
	{ .name = "SYN with a source route in peace", .in = { .dport = PORT_AUTO, LINUX_SYN, .ip_options = { 131, 7, 4, 10, 9, 0, 2 }, .ip_option_words = 2 }, .v4_only = true, .held_after = 1, .why = SYN_PEACE },
	{ .name = "SYN with a source route that is one too many", .in = { .dport = PORT_AUTO, LINUX_SYN, .ip_options = { 131, 7, 4, 10, 9, 0, 2 }, .ip_option_words = 2 }, .v4_only = true, .held = ARM_HALF_OPEN, .held_after = ARM_HALF_OPEN, .why = SYN_SOURCE_ROUTED },
	{ .name = "SYN with a wrong header checksum in peace", .in = { .dport = PORT_AUTO, LINUX_SYN, .bad_ip_csum = true }, .v4_only = true, .why = SYN_PEACE },
	{ .name = "SYN from a multicast MAC in peace", .in = { .dport = PORT_AUTO, LINUX_SYN, .from_group = true }, .why = SYN_PEACE },
	{ .name = "SYN in peace to a service without listener, often", .in = { .dport = PORT_UNHEARD, LINUX_SYN }, .times = 9, .why = SYN_NO_LISTENER },

	/* ---- what is handed off arrives nowhere ---- */
	{ .name = "SYN to an armed service behind a black hole", .in = { .dport = PORT_WEB, LINUX_SYN }, .row_flags = ROW_BLACK_HOLE, .held_after = 1, .why = SYN_PEACE },
	{ .name = "SYN to a service under attack behind a black hole", .in = { .dport = PORT_ATTACKED, LINUX_SYN }, .row_flags = ROW_BLACK_HOLE, .held_after = 1, .why = SYN_PEACE },
	{ .name = "SYN that would arm, to a service behind a black hole", .in = { .dport = PORT_AUTO, LINUX_SYN }, .row_flags = ROW_BLACK_HOLE, .held = ARM_HALF_OPEN, .held_after = ARM_HALF_OPEN + 1, .why = SYN_PEACE },
	{ .name = "SYN beyond what is tracked, to a service behind a black hole", .in = { .dport = PORT_AUTO, LINUX_SYN }, .row_flags = ROW_BLACK_HOLE, .held = MAX_HALF_OPEN, .held_after = MAX_HALF_OPEN, .why = SYN_UNTRACKED },
	{ .name = "ACK out of nowhere, to a service behind a black hole", .in = { .dport = PORT_WEB, .flags = ACK }, .row_flags = ROW_BLACK_HOLE, .why = AT_PEACE },

	/* ---- a kernel that offers no way to answer ---- */
	{ .name = "SYN to an armed service, and no way to answer", .in = { .dport = PORT_WEB, LINUX_SYN }, .build = NO_ANSWER, .held_after = 1, .why = SYN_PEACE },
	{ .name = "SYN that would arm, and no way to answer", .in = { .dport = PORT_AUTO, LINUX_SYN }, .build = NO_ANSWER, .held = ARM_HALF_OPEN, .held_after = ARM_HALF_OPEN + 1, .why = SYN_PEACE },
	{ .name = "ACK to an armed service, and no way to answer", .in = { .dport = PORT_WEB, .flags = ACK }, .build = NO_ANSWER, .why = AT_PEACE },

	/* ---- handshakes of the kernel's ---- */
	{ .name = "ACK of a handshake", .in = { .dport = PORT_AUTO, .flags = ACK, .seq = HALF_OPEN_SEQ + 1, .sport = SPORT_HALF_OPEN, .src = ADDR_OTHER }, .kernel_ack = true, .held = 1, .flow = FLOW_SYN_RECV, .seen_after = true, .why = KERNEL_HANDSHAKE_DONE },
	{ .name = "ACK of a handshake, with data", .in = { .dport = PORT_AUTO, .flags = ACK | PSH, .seq = HALF_OPEN_SEQ + 1, .sport = SPORT_HALF_OPEN, .src = ADDR_OTHER, .payload_bytes = 9 }, .kernel_ack = true, .held = 1, .flow = FLOW_SYN_RECV, .why = KERNEL_HANDSHAKE_DONE },
	{ .name = "ACK of a handshake that is not known here", .in = { .dport = PORT_AUTO, .flags = ACK, .seq = HALF_OPEN_SEQ + 1, .sport = SPORT_HALF_OPEN, .src = ADDR_OTHER }, .kernel_ack = true, .why = KERNEL_HANDSHAKE_DONE },
	{ .name = "ACK of a handshake with a wrong number", .in = { .dport = PORT_AUTO, .flags = ACK, .seq = HALF_OPEN_SEQ + 1, .sport = SPORT_HALF_OPEN, .src = ADDR_OTHER }, .held = 1, .held_after = 1, .flow = FLOW_SYN_RECV, .why = KERNEL_HANDSHAKE },
	{ .name = "ACK of a handshake with a wrong checksum", .in = { .dport = PORT_AUTO, .flags = ACK, .seq = HALF_OPEN_SEQ + 1, .sport = SPORT_HALF_OPEN, .src = ADDR_OTHER, .csum = CSUM_BAD }, .kernel_ack = true, .held = 1, .held_after = 1, .flow = FLOW_SYN_RECV, .why = KERNEL_HANDSHAKE },
	{ .name = "SYN-ACK on a handshake, which resets it", .in = { .dport = PORT_AUTO, .flags = SYN | ACK, .seq = HALF_OPEN_SEQ + 1, .sport = SPORT_HALF_OPEN, .src = ADDR_OTHER }, .kernel_ack = true, .held = 1, .flow = FLOW_SYN_RECV, .why = KERNEL_HANDSHAKE_RESET },
	{ .name = "ACK of a handshake with TCP_DEFER_ACCEPT", .in = { .dport = PORT_DEFER, .flags = ACK, .seq = HALF_OPEN_SEQ + 1, .sport = SPORT_HALF_OPEN, .src = ADDR_OTHER }, .kernel_ack = true, .held = 1, .held_after = 1, .flow = FLOW_SYN_RECV, .why = KERNEL_HANDSHAKE },
	{ .name = "ACK of a handshake whose listener spares the question", .in = { .dport = PORT_DEFER, .flags = ACK, .seq = HALF_OPEN_SEQ + 1, .sport = SPORT_HALF_OPEN, .src = ADDR_OTHER }, .kernel_ack = true, .spares = SPARES_ONE, .held = 1, .flow = FLOW_SYN_RECV, .why = KERNEL_HANDSHAKE_DONE },
	{ .name = "ACK of a handshake with TCP_DEFER_ACCEPT, behind a SYN that has asked", .in = { .dport = PORT_DEFER, .flags = ACK, .seq = HALF_OPEN_SEQ + 1, .sport = SPORT_HALF_OPEN, .src = ADDR_OTHER }, .earlier = { .dport = PORT_DEFER, LINUX_SYN }, .times = 1, .kernel_ack = true, .held = 1, .held_after = 2, .flow = FLOW_SYN_RECV, .why = KERNEL_HANDSHAKE },
	{ .name = "ACK of a handshake whose listener spared the question before", .in = { .dport = PORT_DEFER, .flags = ACK, .seq = HALF_OPEN_SEQ + 1, .sport = SPORT_HALF_OPEN, .src = ADDR_OTHER }, .kernel_ack = true, .spares = SPARED_BEFORE, .held = 1, .held_after = 1, .flow = FLOW_SYN_RECV, .why = KERNEL_HANDSHAKE },
	{ .name = "data of a handshake with TCP_DEFER_ACCEPT", .in = { .dport = PORT_DEFER, .flags = ACK, .seq = HALF_OPEN_SEQ + 1, .sport = SPORT_HALF_OPEN, .src = ADDR_OTHER, .payload_bytes = 3 }, .kernel_ack = true, .held = 1, .flow = FLOW_SYN_RECV, .why = KERNEL_HANDSHAKE_DONE },
	{ .name = "ACK of a handshake with timestamps", .in = { .dport = PORT_TIMES, .flags = ACK, .seq = HALF_OPEN_SEQ + 1, .sport = SPORT_HALF_OPEN, .src = ADDR_OTHER, .ts = true, .tsval = HALF_OPEN_TSVAL }, .kernel_ack = true, .held = 1, .flow = FLOW_SYN_RECV, .why = KERNEL_HANDSHAKE_DONE },
	{ .name = "ACK of a handshake without its timestamps", .in = { .dport = PORT_TIMES, .flags = ACK, .seq = HALF_OPEN_SEQ + 1, .sport = SPORT_HALF_OPEN, .src = ADDR_OTHER }, .kernel_ack = true, .held = 1, .flow = FLOW_SYN_RECV, .why = KERNEL_HANDSHAKE_DONE },
	{ .name = "ACK of a handshake with an old timestamp", .in = { .dport = PORT_TIMES, .flags = ACK, .seq = HALF_OPEN_SEQ + 1, .sport = SPORT_HALF_OPEN, .src = ADDR_OTHER, .ts = true, .tsval = HALF_OPEN_TSVAL - 1 }, .kernel_ack = true, .held = 1, .held_after = 1, .flow = FLOW_SYN_RECV, .why = KERNEL_HANDSHAKE },
	{ .name = "RST of a handshake with an old timestamp", .in = { .dport = PORT_TIMES, .flags = RST, .seq = HALF_OPEN_SEQ + 1, .sport = SPORT_HALF_OPEN, .src = ADDR_OTHER, .ts = true, .tsval = HALF_OPEN_TSVAL - 1 }, .kernel_ack = true, .held = 1, .held_after = 1, .flow = FLOW_SYN_RECV, .why = KERNEL_HANDSHAKE },
	{ .name = "ACK of a handshake that echoes what was never sent", .in = { .dport = PORT_TIMES, .flags = ACK, .seq = HALF_OPEN_SEQ + 1, .sport = SPORT_HALF_OPEN, .src = ADDR_OTHER, .ts = true, .tsval = HALF_OPEN_TSVAL }, .kernel_ack = true, .tsecr_by = -1, .held = 1, .held_after = 1, .flow = FLOW_SYN_RECV, .why = KERNEL_HANDSHAKE },
	{ .name = "ACK of a handshake that echoes what is not sent yet", .in = { .dport = PORT_TIMES, .flags = ACK, .seq = HALF_OPEN_SEQ + 1, .sport = SPORT_HALF_OPEN, .src = ADDR_OTHER, .ts = true, .tsval = HALF_OPEN_TSVAL }, .kernel_ack = true, .tsecr_by = 1000000, .held = 1, .held_after = 1, .flow = FLOW_SYN_RECV, .why = KERNEL_HANDSHAKE },
	{ .name = "ACK of a handshake outside the window", .in = { .dport = PORT_AUTO, .flags = ACK, .seq = HALF_OPEN_SEQ, .sport = SPORT_HALF_OPEN, .src = ADDR_OTHER }, .kernel_ack = true, .held = 1, .held_after = 1, .flow = FLOW_SYN_RECV, .why = KERNEL_HANDSHAKE },
	{ .name = "RST of a handshake", .in = { .dport = PORT_AUTO, .flags = RST, .seq = HALF_OPEN_SEQ + 1, .sport = SPORT_HALF_OPEN, .src = ADDR_OTHER }, .held = 1, .flow = FLOW_SYN_RECV, .why = KERNEL_HANDSHAKE_RESET },
	{ .name = "RST of a handshake outside the window", .in = { .dport = PORT_AUTO, .flags = RST, .seq = HALF_OPEN_SEQ, .sport = SPORT_HALF_OPEN, .src = ADDR_OTHER }, .held = 1, .held_after = 1, .flow = FLOW_SYN_RECV, .why = KERNEL_HANDSHAKE },
	{ .name = "ACK of a handshake that the kernel has forgotten", .in = { .dport = PORT_AUTO, .flags = ACK }, .held = 1, .flow = FLOW_SYN_RECV, .aged = true, .why = AT_PEACE },
	{ .name = "ACK right behind its SYN", .in = { .dport = PORT_AUTO, .flags = ACK }, .held = 1, .held_after = 1, .flow = FLOW_SYN_RECV, .why = KERNEL_HANDSHAKE },
	{ .name = "segment of a connection whose handshake was finished behind our back", .in = { .dport = PORT_AUTO, .flags = ACK, .sport = SPORT_ESTABLISHED }, .held = 1, .flow = FLOW_SYN_RECV, .aged = true, .flow_after = FLOW_ESTABLISHED, .why = FLOW_LEARNED },
};
/* clang-format on */

#endif
