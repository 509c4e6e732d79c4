/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Other cookies and other ways: those of the kernel, answers that leave by the routing table, and
 * answers that are kept to be sent once more.
 */
#ifndef SYNWARD_TEST_ROWS_WAYS_H
#define SYNWARD_TEST_ROWS_WAYS_H

#include "row.h"

#define BY_ROUTE .with = REPLY_BY_ROUTE, .untagged = true

/* clang-format off */
static const struct row rows_ways[] = {
	/* ---- the kernel's own cookies ---- */
	{ .name = "SYN to an MPTCP listener, one of the kernel's", .in = { .dport = PORT_MPTCP, LINUX_SYN }, .build = KERNEL_TOO, .syncookies = 2, .why = SYN_KERNEL_COOKIE, .keeps = { .mss4 = 1460, .mss6 = 1440 } },
	{ .name = "SYN to an MPTCP listener, one of the kernel's with options", .in = { .dport = PORT_MPTCP, LINUX_SYN }, .build = KERNEL_TOO, .with = MAY_KERNEL_OPTIONS, .syncookies = 2, .why = SYN_KERNEL_COOKIE, .keeps = { LINUX_KEEPS } },
	{ .name = "SYN that asks for ECN, one of the kernel's with options", .in = { .dport = PORT_MPTCP, .flags = SYN | ECE | CWR, LINUX_OFFER }, .build = KERNEL_TOO, .with = MAY_KERNEL_OPTIONS, .syncookies = 2, .why = SYN_KERNEL_COOKIE, .keeps = { LINUX_KEEPS, .ecn = true } },
	{ .name = "SYN that asks for ECN, one of the kernel's without options", .in = { .dport = PORT_MPTCP, .flags = SYN | ECE | CWR, LINUX_OFFER }, .build = KERNEL_TOO, .syncookies = 2, .why = SYN_KERNEL_COOKIE, .keeps = { .mss4 = 1460, .mss6 = 1440 } },
	{ .name = "SYN with timestamps alone, one of the kernel's with options", .in = { .dport = PORT_MPTCP, .flags = SYN, .mss = 1460, .ts = true, .tsval = 5 }, .build = KERNEL_TOO, .with = MAY_KERNEL_OPTIONS, .syncookies = 2, .why = SYN_KERNEL_COOKIE, .keeps = { .mss4 = 1460, .mss6 = 1440 } },
	{ .name = "SYN with window scale 14, one of the kernel's with options", .in = { .dport = PORT_MPTCP, .flags = SYN, .mss = 1460, .wscale = 15, .ts = true }, .build = KERNEL_TOO, .with = MAY_KERNEL_OPTIONS, .syncookies = 2, .why = SYN_KERNEL_COOKIE, .keeps = { .mss4 = 1460, .mss6 = 1440, .wscale = 15 } },
	{ .name = "SYN as Windows sends it, one of the kernel's with options", .in = { .dport = PORT_MPTCP, WINDOWS_SYN }, .build = KERNEL_TOO, .with = MAY_KERNEL_OPTIONS, .syncookies = 2, .why = SYN_KERNEL_COOKIE, .keeps = { .mss4 = 1460, .mss6 = 1440 } },
	{ .name = "SYN while tcp_sack is 0, one of the kernel's with options", .in = { .dport = PORT_MPTCP, LINUX_SYN }, .build = KERNEL_TOO, .with = MAY_KERNEL_OPTIONS, .without = MAY_SACK, .syncookies = 2, .why = SYN_KERNEL_COOKIE, .keeps = { .mss4 = 1460, .mss6 = 1440, .wscale = 8 } },
	{ .name = "SYN without options, one of the kernel's", .in = { .dport = PORT_MPTCP, .flags = SYN }, .build = KERNEL_TOO, .syncookies = 2, .why = SYN_KERNEL_COOKIE, .keeps = { .mss4 = 536, .mss6 = 1220 } },
	{ .name = "SYN with an MSS between two of the kernel's classes", .in = { .dport = PORT_MPTCP, .flags = SYN, .mss = 1439 }, .build = KERNEL_TOO, .syncookies = 2, .why = SYN_KERNEL_COOKIE, .keeps = { .mss4 = 1300, .mss6 = 1420 } },
	{ .name = "SYN to an MPTCP listener, the SYN queue not full", .in = { .dport = PORT_MPTCP, LINUX_SYN }, .build = KERNEL_TOO, .syncookies = 1, .why = SYN_KERNEL_QUEUE },
	{ .name = "SYN to an MPTCP listener, the SYN queue full", .in = { .dport = PORT_MPTCP_FULL, LINUX_SYN }, .build = KERNEL_TOO, .syncookies = 1, .why = SYN_KERNEL_COOKIE, .keeps = { .mss4 = 1460, .mss6 = 1440 } },
	{ .name = "SYN to an ordinary listener, which needs none of the kernel's", .in = { .dport = PORT_WEB, LINUX_SYN }, .build = KERNEL_TOO, .syncookies = 2, .why = SYN_COOKIE, .keeps = { LINUX_KEEPS } },
	{ .name = "SYN while the TC half is detached, one of the kernel's", .in = { .dport = PORT_WEB, LINUX_SYN }, .build = KERNEL_TOO, .syncookies = 2, .tc_dead = true, .why = SYN_KERNEL_COOKIE, .keeps = { .mss4 = 1460, .mss6 = 1440 } },
	{ .name = "SYN while the TC half takes no notes, one of the kernel's", .in = { .dport = PORT_WEB, LINUX_SYN }, .build = KERNEL_TOO, .syncookies = 2, .tc_silent = true, .why = SYN_KERNEL_COOKIE, .keeps = { .mss4 = 1460, .mss6 = 1440 } },
	{ .name = "SYN while the TC half is detached, the SYN queue not full", .in = { .dport = PORT_WEB, LINUX_SYN }, .build = KERNEL_TOO, .syncookies = 1, .tc_dead = true, .why = SYN_KERNEL_QUEUE },
	{ .name = "SYN while tcp_syncookies is 0, and the kernel's could be sent", .in = { .dport = PORT_WEB, LINUX_SYN }, .build = KERNEL_TOO, .without = MAY_COOKIE, .why = SYN_COOKIES_OFF },
	{ .name = "SYN while the accept queue is full, and the kernel's could be sent", .in = { .dport = PORT_FULL, LINUX_SYN }, .build = KERNEL_TOO, .syncookies = 2, .tc_dead = true, .why = SYN_ACCEPTQ_FULL },
	{ .name = "SYN with a wrong checksum, and the kernel's could be sent", .in = { .dport = PORT_MPTCP, LINUX_SYN, .csum = CSUM_BAD }, .build = KERNEL_TOO, .syncookies = 2, .why = SYN_BAD_CHECKSUM },
	{ .name = "SYN beyond the cap, one of the kernel's", .in = { .dport = PORT_MPTCP, LINUX_SYN }, .build = KERNEL_TOO, .syncookies = 2, .cap = 3, .times = 3, .why = SYN_OVER_CAP },
	{ .name = "SYN that is one too many, to an MPTCP listener", .in = { .dport = PORT_AUTO, LINUX_SYN }, .build = KERNEL_TOO, .syncookies = 2, .listener = RECORD_MPTCP, .held = ARM_HALF_OPEN, .held_after = ARM_HALF_OPEN, .why = SYN_KERNEL_COOKIE, .keeps = { .mss4 = 1460, .mss6 = 1440 } },
	{ .name = "SYN beyond the budget of lookups, on a connection that the cookie's lookup finds", .in = { .dport = PORT_WEB, LINUX_SYN, .sport = SPORT_ESTABLISHED }, .build = KERNEL_TOO, .syncookies = 2, .listener = RECORD_MPTCP, .why = SYN_KNOWN },
	{ .name = "SYN to a service whose hand-offs do not arrive, one of the kernel's", .in = { .dport = PORT_WEB, LINUX_SYN }, .row_flags = ROW_BY_KERNEL, .build = KERNEL_TOO, .syncookies = 2, .why = SYN_KERNEL_COOKIE, .keeps = { .mss4 = 1460, .mss6 = 1440 } },
	{ .name = "SYN to a service whose hand-offs do not arrive, and the kernel's could not be sent", .in = { .dport = PORT_WEB, LINUX_SYN }, .row_flags = ROW_BY_KERNEL, .why = SYN_COOKIE, .keeps = { LINUX_KEEPS } },
	{ .name = "SYN to an older kernel", .in = { .dport = PORT_WEB, LINUX_SYN }, .build = KERNEL_ONLY, .syncookies = 2, .why = SYN_KERNEL_COOKIE, .keeps = { .mss4 = 1460, .mss6 = 1440 } },
	{ .name = "SYN to an older kernel, with options", .in = { .dport = PORT_WEB, LINUX_SYN }, .build = KERNEL_ONLY, .with = MAY_KERNEL_OPTIONS, .syncookies = 2, .why = SYN_KERNEL_COOKIE, .keeps = { LINUX_KEEPS } },
	{ .name = "SYN to an older kernel, to a listener with a small SO_RCVBUF", .in = { .dport = PORT_SMALL, LINUX_SYN }, .build = KERNEL_ONLY, .with = MAY_KERNEL_OPTIONS, .syncookies = 2, .why = SYN_KERNEL_COOKIE, .keeps = { LINUX_KEEPS } },
	{ .name = "SYN to an older kernel, the SYN queue not full", .in = { .dport = PORT_WEB, LINUX_SYN }, .build = KERNEL_ONLY, .syncookies = 1, .why = SYN_KERNEL_QUEUE },
	{ .name = "SYN to an older kernel, in peace", .in = { .dport = PORT_AUTO, LINUX_SYN }, .build = KERNEL_ONLY, .syncookies = 2, .held_after = 1, .why = SYN_PEACE },
	{ .name = "SYN to an older kernel, one too many", .in = { .dport = PORT_AUTO, LINUX_SYN }, .build = KERNEL_ONLY, .syncookies = 2, .held = ARM_HALF_OPEN, .held_after = ARM_HALF_OPEN, .why = SYN_KERNEL_COOKIE, .keeps = { .mss4 = 1460, .mss6 = 1440 } },

	/* ---- and what comes back ---- */
	{ .name = "ACK with a cookie of the kernel's", .in = { .dport = PORT_WEB, .flags = ACK }, .cookie = COOKIE_KERNEL, .flow_after = FLOW_HANDED_OFF, .why = KERNEL_COOKIE },
	{ .name = "ACK with a cookie of the kernel's and data", .in = { .dport = PORT_WEB, .flags = ACK | PSH, .payload_bytes = 2 }, .cookie = COOKIE_KERNEL, .why = KERNEL_COOKIE },
	{ .name = "ACK with a cookie of the kernel's and timestamps", .in = { .dport = PORT_WEB, .flags = ACK, .ts = true }, .cookie = COOKIE_KERNEL, .why = KERNEL_COOKIE },
	{ .name = "ACK with a cookie of the kernel's, to an MPTCP listener", .in = { .dport = PORT_MPTCP, .flags = ACK, .ts = true }, .cookie = COOKIE_KERNEL, .build = KERNEL_TOO, .why = KERNEL_COOKIE },
	{ .name = "ACK with a cookie of the kernel's, to an older kernel", .in = { .dport = PORT_WEB, .flags = ACK, .ts = true }, .cookie = COOKIE_KERNEL, .build = KERNEL_ONLY, .why = KERNEL_COOKIE },
	{ .name = "ACK with a cookie of the kernel's, twice in one batch", .in = { .dport = PORT_WEB, .flags = ACK }, .cookie = COOKIE_KERNEL, .twice = true, .why = FLOW_JUST_HANDED_OFF },
	{ .name = "ACK with a cookie of the kernel's, which took no connection", .in = { .dport = PORT_WEB, .flags = ACK }, .cookie = COOKIE_KERNEL, .twice = true, .late = true, .missed = true, .why = KERNEL_COOKIE },
	{ .name = "ACK with a cookie of the kernel's, with a flipped bit", .in = { .dport = PORT_WEB, .flags = ACK, .payload_bytes = 2 }, .cookie = COOKIE_KERNEL_OFF, .why = ACK_COOKIE_INVALID },
	{ .name = "ACK with a cookie of the kernel's, the accept queue full", .in = { .dport = PORT_FULL, .flags = ACK }, .cookie = COOKIE_KERNEL, .why = ACK_ACCEPTQ_FULL },
	{ .name = "ACK with a cookie of the kernel's, to a service at peace again", .in = { .dport = PORT_DRAIN, .flags = ACK }, .cookie = COOKIE_KERNEL, .why = ACK_INVALID_PEACE },
	{ .name = "ACK with a cookie of ours, to an older kernel", .in = { .dport = PORT_WEB, .flags = ACK, .payload_bytes = 2 }, .cookie = COOKIE_GOOD, .build = KERNEL_ONLY, .why = ACK_COOKIE_EXPIRED, .keeps = { .profile = 1 } },

	/* ---- reply = fib ---- */
	{ .name = "SYN whose way back is by another device", .in = { .dport = PORT_WEB, LINUX_SYN, .src = ADDR_ROUTED }, BY_ROUTE, .way = WAY_HOP, .why = SYN_COOKIE_ROUTED, .keeps = { LINUX_KEEPS } },
	{ .name = "SYN whose way back is by another device, and which offers no MSS", .in = { .dport = PORT_WEB, .flags = SYN, .src = ADDR_ROUTED }, BY_ROUTE, .way = WAY_HOP, .why = SYN_COOKIE_ROUTED, .keeps = { .mss4 = 536, .mss6 = 1220, .profile = 15 } },
	{ .name = "SYN whose way back has a smaller MTU", .in = { .dport = PORT_WEB, LINUX_SYN, .src = ADDR_NARROW }, BY_ROUTE, .way = WAY_HOP, .mtu = WORLD_NARROW_MTU, .why = SYN_COOKIE_ROUTED, .keeps = { LINUX_KEEPS } },
	{ .name = "SYN whose way back is by the device that it came by", .in = { .dport = PORT_WEB, LINUX_SYN, .src = ADDR_SAME_LINK }, BY_ROUTE, .way = WAY_LO, .mtu = WORLD_LO_MTU, .why = SYN_COOKIE, .keeps = { LINUX_KEEPS } },
	{ .name = "SYN whose way back nobody asks for", .in = { .dport = PORT_WEB, LINUX_SYN, .src = ADDR_ROUTED }, .why = SYN_COOKIE, .keeps = { LINUX_KEEPS } },
	{ .name = "SYN with tags, which go back as they came", .in = { .dport = PORT_WEB, LINUX_SYN, .src = ADDR_ROUTED }, .with = REPLY_BY_ROUTE, .nr_vlans_min = 1, .why = SYN_COOKIE, .keeps = { LINUX_KEEPS } },
	{ .name = "SYN from a link-local address, whose way back is the one it came", .in = { .dport = PORT_WEB, LINUX_SYN, .src = ADDR_LINK_LOCAL }, BY_ROUTE, .v6_only = true, .why = SYN_COOKIE, .keeps = { LINUX_KEEPS } },
	{ .name = "SYN from a link-local address, behind one that went another way", .in = { .dport = PORT_WEB, LINUX_SYN, .src = ADDR_LINK_LOCAL }, .earlier = { .dport = PORT_WEB, LINUX_SYN, .src = ADDR_NARROW }, .times = 1, BY_ROUTE, .v6_only = true, .why = SYN_COOKIE, .keeps = { LINUX_KEEPS } },
	{ .name = "SYN from behind the link-local addresses", .in = { .dport = PORT_WEB, LINUX_SYN, .src = ADDR_SITE_LOCAL }, BY_ROUTE, .v6_only = true, .why = SYN_NO_ROUTE },
	{ .name = "SYN without a way back", .in = { .dport = PORT_WEB, LINUX_SYN, .src = ADDR_NOWHERE }, BY_ROUTE, .why = SYN_NO_ROUTE },
	{ .name = "SYN whose way back is a local address", .in = { .dport = PORT_WEB, LINUX_SYN }, BY_ROUTE, .why = SYN_NO_ROUTE },
	{ .name = "SYN whose next hop is not resolved", .in = { .dport = PORT_WEB, LINUX_SYN, .src = ADDR_UNRESOLVED }, BY_ROUTE, .why = SYN_NO_NEIGHBOUR },
	{ .name = "SYN whose next hop is not resolved, the last one in its second", .in = { .dport = PORT_WEB, LINUX_SYN, .src = ADDR_UNRESOLVED }, BY_ROUTE, .times = 63, .why = SYN_NO_NEIGHBOUR },
	{ .name = "SYN whose next hop is not resolved, one more", .in = { .dport = PORT_WEB, LINUX_SYN, .src = ADDR_UNRESOLVED }, BY_ROUTE, .times = 64, .why = SYN_NO_ROUTE },
	{ .name = "SYN whose next hop is not resolved, the SYN queue just half full", .in = { .dport = PORT_ROOMY, LINUX_SYN, .src = ADDR_UNRESOLVED }, BY_ROUTE, .why = SYN_NO_NEIGHBOUR },
	{ .name = "SYN whose next hop is not resolved, the SYN queue more than half full", .in = { .dport = PORT_CROWDED, LINUX_SYN, .src = ADDR_UNRESOLVED }, BY_ROUTE, .why = SYN_NO_ROUTE },
	{ .name = "SYN whose next hop is known, the SYN queue more than half full", .in = { .dport = PORT_CROWDED, LINUX_SYN, .src = ADDR_ROUTED }, BY_ROUTE, .way = WAY_HOP, .why = SYN_COOKIE_ROUTED, .keeps = { LINUX_KEEPS } },
	{ .name = "SYN while lo does not forward", .in = { .dport = PORT_WEB, LINUX_SYN, .src = ADDR_ROUTED }, BY_ROUTE, .forwards_not = true, .why = SYN_FIB_OFF },
	{ .name = "SYN without a way back, beyond the cap, which it does not use up", .in = { .dport = PORT_WEB, LINUX_SYN, .src = ADDR_ROUTED }, .earlier = { .dport = PORT_WEB, LINUX_SYN, .src = ADDR_UNRESOLVED }, .times = 9, .cap = 1, BY_ROUTE, .way = WAY_HOP, .why = SYN_COOKIE_ROUTED, .keeps = { LINUX_KEEPS } },
	{ .name = "SYN to an MPTCP listener, whose way back is by another device", .in = { .dport = PORT_MPTCP, LINUX_SYN, .src = ADDR_ROUTED }, .build = KERNEL_TOO, .syncookies = 2, BY_ROUTE, .way = WAY_HOP, .by_kernel = true, .why = SYN_COOKIE_ROUTED, .keeps = { .mss4 = 1460, .mss6 = 1440 } },
	{ .name = "SYN in peace, whatever its way back", .in = { .dport = PORT_AUTO, LINUX_SYN, .src = ADDR_NOWHERE }, BY_ROUTE, .held_after = 1, .why = SYN_PEACE },

	/* ---- servers that speak first ---- */
	{ .name = "SYN to a server that speaks first", .in = { .dport = PORT_WEB, LINUX_SYN }, .row_flags = ROW_SERVER_FIRST, .why = SYN_COOKIE, .keeps = { LINUX_KEEPS } },
	{ .name = "SYN without options to a server that speaks first", .in = { .dport = PORT_WEB, .flags = SYN, .pad_to = 60 }, .v4_only = true, .row_flags = ROW_SERVER_FIRST, .why = SYN_COOKIE, .keeps = { .mss4 = 536, .profile = 15 } },
	{ .name = "SYN to a server that speaks first, where another's was kept", .in = { .dport = PORT_WEB, LINUX_SYN }, .row_flags = ROW_SERVER_FIRST, .kept = KEPT_OTHERS, .why = SYN_COOKIE, .keeps = { LINUX_KEEPS } },
	{ .name = "SYN to a server that speaks not first, where another's was kept", .in = { .dport = PORT_WEB, LINUX_SYN }, .kept = KEPT_OTHERS, .stays_kept = true, .why = SYN_COOKIE, .keeps = { LINUX_KEEPS } },
	{ .name = "SYN to a server that speaks first, dropped", .in = { .dport = PORT_WEB, LINUX_SYN, .csum = CSUM_BAD }, .row_flags = ROW_SERVER_FIRST, .why = SYN_BAD_CHECKSUM },
	{ .name = "SYN to a server that speaks first, whose way back is by another device", .in = { .dport = PORT_WEB, LINUX_SYN, .src = ADDR_ROUTED }, .row_flags = ROW_SERVER_FIRST, BY_ROUTE, .way = WAY_HOP, .why = SYN_COOKIE_ROUTED, .keeps = { LINUX_KEEPS } },
	{ .name = "SYN to a server that speaks first, whose way back is by the same device", .in = { .dport = PORT_WEB, LINUX_SYN, .src = ADDR_SAME_LINK }, .row_flags = ROW_SERVER_FIRST, BY_ROUTE, .way = WAY_LO, .mtu = WORLD_LO_MTU, .why = SYN_COOKIE, .keeps = { LINUX_KEEPS } },
	{ .name = "SYN to an MPTCP server that speaks first, one of the kernel's", .in = { .dport = PORT_MPTCP, LINUX_SYN }, .row_flags = ROW_SERVER_FIRST, .build = KERNEL_TOO, .syncookies = 2, .why = SYN_KERNEL_COOKIE, .keeps = { .mss4 = 1460, .mss6 = 1440 } },
	{ .name = "ACK to a server that speaks first", .in = { .dport = PORT_WEB, .flags = ACK, .ts = true }, .row_flags = ROW_SERVER_FIRST, .kept = KEPT_OWN, .cookie = COOKIE_GOOD, .why = ACK_COOKIE_VALID, .keeps = { LINUX_KEEPS } },
	{ .name = "ACK to a server that speaks first, where another's is kept", .in = { .dport = PORT_WEB, .flags = ACK, .ts = true }, .row_flags = ROW_SERVER_FIRST, .kept = KEPT_OTHERS, .stays_kept = true, .cookie = COOKIE_GOOD, .why = ACK_COOKIE_VALID, .keeps = { LINUX_KEEPS } },
	{ .name = "ACK with a cookie of the kernel's to a server that speaks first", .in = { .dport = PORT_WEB, .flags = ACK }, .row_flags = ROW_SERVER_FIRST, .kept = KEPT_OWN, .cookie = COOKIE_KERNEL, .why = KERNEL_COOKIE },
	{ .name = "ACK with a wrong cookie to a server that speaks first", .in = { .dport = PORT_WEB, .flags = ACK, .ts = true }, .row_flags = ROW_SERVER_FIRST, .kept = KEPT_OWN, .stays_kept = true, .cookie = COOKIE_BIT_FLIPPED, .why = ACK_COOKIE_INVALID, .keeps = { LINUX_KEEPS } },
	{ .name = "ACK to a server that speaks first, the accept queue full", .in = { .dport = PORT_FULL, .flags = ACK, .ts = true }, .row_flags = ROW_SERVER_FIRST, .kept = KEPT_OWN, .stays_kept = true, .cookie = COOKIE_GOOD, .why = ACK_ACCEPTQ_FULL, .keeps = { LINUX_KEEPS } },
};
/* clang-format on */

#endif
