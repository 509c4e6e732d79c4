/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a source may cost: allow and deny lists, and the budgets of its prefix. Each with the packet
 * just inside and the one just outside.
 */
#ifndef SYNWARD_TEST_ROWS_LIMITS_H
#define SYNWARD_TEST_ROWS_LIMITS_H

#include "row.h"

#define LINUX_KEPT .keeps = { LINUX_KEEPS }
#define SYN_WEB .in = { .dport = PORT_WEB, LINUX_SYN }

/* With so much data that no reset comes of it. */
#define WRONG .dport = PORT_WEB, .flags = ACK, .seq = 7, .ack = 9, .payload_bytes = 2
#define WRONG_ACK .in = { WRONG }

/* To one prefix and second. */
#define RESETS_LEAST 2
#define RESETS_MOST 6

/* clang-format off */
static const struct row rows_limits[] = {
	/* ---- allow and deny lists ---- */
	{ .name = "SYN from a denied address", SYN_WEB, .lists = { { LIST_DENY, 32, 128 } }, .why = SYN_DENIED },
	{ .name = "SYN from a denied prefix", SYN_WEB, .lists = { { LIST_DENY, 24, 64 } }, .why = SYN_DENIED },
	{ .name = "SYN from a denied prefix between two levels of the filter", SYN_WEB, .lists = { { LIST_DENY, 23, 63 } }, .why = SYN_DENIED },
	{ .name = "SYN from a denied prefix of the lowest level", SYN_WEB, .lists = { { LIST_DENY, 8, 16 } }, .why = SYN_DENIED },
	{ .name = "SYN from a denied prefix below all levels", SYN_WEB, .lists = { { LIST_DENY, 7, 15 } }, .why = SYN_DENIED },
	{ .name = "SYN while everybody is denied", SYN_WEB, .lists = { { LIST_DENY, 0, 0 } }, .why = SYN_DENIED },
	{ .name = "SYN beside a denied address", SYN_WEB, .lists = { { LIST_DENY, 32, 128, .beside = true } }, .why = SYN_COOKIE, LINUX_KEPT },
	{ .name = "SYN beside a denied prefix", SYN_WEB, .lists = { { LIST_DENY, 24, 48, .beside = true } }, .why = SYN_COOKIE, LINUX_KEPT },
	{ .name = "SYN beside a denied prefix below all levels", SYN_WEB, .lists = { { LIST_DENY, 7, 15, .beside = true } }, .why = SYN_COOKIE, LINUX_KEPT },
	{ .name = "SYN from a denied address whose time has come", SYN_WEB, .lists = { { LIST_DENY, 32, 128, .expires = EXPIRES_NOW } }, .why = SYN_COOKIE, LINUX_KEPT },
	{ .name = "SYN from a denied address whose time will come", SYN_WEB, .lists = { { LIST_DENY, 32, 128, .expires = EXPIRES_SOON } }, .why = SYN_DENIED },
	{ .name = "SYN from a source that the filter takes for a listed one", SYN_WEB, .lists = { { LIST_DENY, 32, 128, .where = IN_FILTER } }, .why = SYN_COOKIE, LINUX_KEPT },
	{ .name = "SYN from a denied address that the filter does not have", SYN_WEB, .lists = { { LIST_DENY, 32, 128, .where = IN_TRIE } }, .why = SYN_COOKIE, LINUX_KEPT },
	{ .name = "SYN from an allowed address inside a denied prefix", SYN_WEB, .lists = { { LIST_DENY, 8, 32 }, { LIST_ALLOW, 32, 128 } }, .why = SYN_ALLOWED },
	{ .name = "SYN from a denied address inside an allowed prefix", SYN_WEB, .lists = { { LIST_ALLOW, 8, 32 }, { LIST_DENY, 32, 128 } }, .why = SYN_DENIED },
	{ .name = "SYN from an allowed prefix", SYN_WEB, .lists = { { LIST_ALLOW, 16, 32 } }, .why = SYN_ALLOWED },
	{ .name = "SYN from an allowed address whose time has come", SYN_WEB, .lists = { { LIST_ALLOW, 32, 128, .expires = EXPIRES_NOW } }, .why = SYN_COOKIE, LINUX_KEPT },
	{ .name = "SYN from a denied address in peace", .in = { .dport = PORT_AUTO, LINUX_SYN }, .lists = { { LIST_DENY, 32, 128 } }, .why = SYN_DENIED },
	{ .name = "SYN from a denied address that would make the rate", .in = { .dport = PORT_AUTO, LINUX_SYN }, .syns_before = ARM_SYN_RATE - 1, .lists = { { LIST_DENY, 32, 128 } }, .why = SYN_DENIED },
	{ .name = "SYN from a denied address with a wrong checksum", .in = { .dport = PORT_WEB, LINUX_SYN, .csum = CSUM_BAD }, .lists = { { LIST_DENY, 32, 128 } }, .why = SYN_DENIED },
	{ .name = "SYN from a denied address while tcp_syncookies is 0", SYN_WEB, .without = MAY_COOKIE, .lists = { { LIST_DENY, 32, 128 } }, .why = SYN_DENIED },
	{ .name = "SYN from a denied address to a service in monitor", .in = { .dport = PORT_MONITOR, LINUX_SYN }, .held_after = 1, .lists = { { LIST_DENY, 32, 128 } }, .why = SYN_PEACE },
	{ .name = "SYN from a denied address to a service that is off", .in = { .dport = PORT_OFF, LINUX_SYN }, .lists = { { LIST_DENY, 32, 128 } }, .why = NOT_SERVICE },
	{ .name = "segment of a connection from a denied address", .in = { .dport = PORT_WEB, .flags = ACK, .sport = SPORT_ESTABLISHED }, .lists = { { LIST_DENY, 32, 128 } }, .why = FLOW_LEARNED },
	{ .name = "SYN from an allowed address in peace", .in = { .dport = PORT_AUTO, LINUX_SYN }, .held_after = 1, .lists = { { LIST_ALLOW, 32, 128 } }, .why = SYN_PEACE },
	{ .name = "SYN from an allowed address that is one too many", .in = { .dport = PORT_AUTO, LINUX_SYN }, .held = ARM_HALF_OPEN, .held_after = ARM_HALF_OPEN, .lists = { { LIST_ALLOW, 32, 128 } }, .why = SYN_ALLOWED },
	{ .name = "SYN from an allowed address, the SYN queue just half full", .in = { .dport = PORT_ROOMY, LINUX_SYN }, .lists = { { LIST_ALLOW, 32, 128 } }, .why = SYN_ALLOWED },
	{ .name = "SYN from an allowed address, the SYN queue more than half full", .in = { .dport = PORT_CROWDED, LINUX_SYN }, .lists = { { LIST_ALLOW, 32, 128 } }, .why = SYN_COOKIE, LINUX_KEPT },
	{ .name = "SYN from an allowed address, which asks beyond the budget of lookups", SYN_WEB, .listener = RECORD_FILLING, .lists = { { LIST_ALLOW, 32, 128 } }, .why = SYN_ALLOWED },
	{ .name = "SYN from an allowed address while the accept queue is full", .in = { .dport = PORT_FULL, LINUX_SYN }, .lists = { { LIST_ALLOW, 32, 128 } }, .why = SYN_ALLOWED },
	{ .name = "SYN from an allowed address with a wrong checksum", .in = { .dport = PORT_WEB, LINUX_SYN, .csum = CSUM_BAD }, .lists = { { LIST_ALLOW, 32, 128 } }, .why = SYN_BAD_CHECKSUM },
	{ .name = "SYN from an allowed address on a connection", .in = { .dport = PORT_WEB, LINUX_SYN, .sport = SPORT_ESTABLISHED }, .lists = { { LIST_ALLOW, 32, 128 } }, .why = SYN_KNOWN },

	/* ---- SYN-ACKs to one prefix ---- */
	{ .name = "SYN that takes the last SYN-ACK of its prefix", SYN_WEB, .cap = 3, .times = 2, .why = SYN_COOKIE, LINUX_KEPT },
	{ .name = "SYN beyond the cap", SYN_WEB, .cap = 3, .times = 3, .why = SYN_OVER_CAP },
	{ .name = "SYN far beyond the cap", SYN_WEB, .cap = 3, .times = 9, .why = SYN_OVER_CAP },
	{ .name = "SYN while there is no cap", SYN_WEB, .times = 9, .why = SYN_COOKIE, LINUX_KEPT },
	{ .name = "SYN beyond the cap, by a neighbour's", SYN_WEB, .cap = 3, .earlier = { .dport = PORT_WEB, LINUX_SYN, .src = ADDR_NEIGHBOUR }, .times = 3, .why = SYN_OVER_CAP },
	{ .name = "SYN beside a prefix beyond the cap", SYN_WEB, .cap = 3, .earlier = { .dport = PORT_WEB, LINUX_SYN, .src = ADDR_NEXT_PREFIX }, .times = 9, .why = SYN_COOKIE, LINUX_KEPT },
	{ .name = "SYN beyond the cap, by another service's", .in = { .dport = PORT_SMALL, LINUX_SYN }, .cap = 3, .earlier = { .dport = PORT_WEB, LINUX_SYN }, .times = 3, .why = SYN_OVER_CAP },
	{ .name = "SYN that takes the last SYN-ACK, the others by another CPU", SYN_WEB, .cap = 3, .times = 2, .elsewhere = true, .why = SYN_COOKIE, LINUX_KEPT },
	{ .name = "SYN beyond the cap, the others by another CPU", SYN_WEB, .cap = 3, .times = 3, .elsewhere = true, .why = SYN_OVER_CAP },
	{ .name = "SYN a second after the cap", SYN_WEB, .cap = 3, .times = 9, .second_later = true, .why = SYN_COOKIE, LINUX_KEPT },
	/* Of 64 a CPU may keep a sixteenth for itself: 60 are sent for certain, none beyond 64. */
	{ .name = "SYN that takes the last of what a CPU may count alone", SYN_WEB, .cap = 64, .flush = 4, .times = 59, .why = SYN_COOKIE, LINUX_KEPT },
	{ .name = "SYN beyond the cap, counted by fours", SYN_WEB, .cap = 64, .flush = 4, .times = 60, .why = SYN_OVER_CAP },
	{ .name = "SYN that another CPU has kept none of, counted by fours", SYN_WEB, .cap = 64, .flush = 4, .times = 56, .elsewhere = true, .why = SYN_COOKIE, LINUX_KEPT },
	{ .name = "SYN in peace beyond the cap", .in = { .dport = PORT_AUTO, LINUX_SYN }, .cap = 3, .earlier = { .dport = PORT_WEB, LINUX_SYN }, .times = 9, .held_after = 1, .why = SYN_PEACE },

	/* ---- resets ---- */
	{ .name = "SYN within the least budget of resets", .in = { .dport = PORT_NOBODY, LINUX_SYN }, .times = RESETS_LEAST - 1, .why = SYN_NO_LISTENER },
	{ .name = "SYN beyond every budget of resets", .in = { .dport = PORT_NOBODY, LINUX_SYN }, .times = RESETS_MOST, .why = SYN_NO_LISTENER_DROP },
	{ .name = "SYN beyond every budget of resets, which ACKs have used", .in = { .dport = PORT_NOBODY, LINUX_SYN }, .earlier = { .dport = PORT_NOBODY, .flags = ACK }, .times = RESETS_MOST, .why = SYN_NO_LISTENER_DROP },
	{ .name = "SYN beyond a neighbour's budget of resets", .in = { .dport = PORT_NOBODY, LINUX_SYN }, .earlier = { .dport = PORT_NOBODY, LINUX_SYN, .src = ADDR_NEIGHBOUR }, .times = RESETS_MOST, .why = SYN_NO_LISTENER_DROP },
	{ .name = "SYN beside a prefix without budget of resets", .in = { .dport = PORT_NOBODY, LINUX_SYN }, .earlier = { .dport = PORT_NOBODY, LINUX_SYN, .src = ADDR_NEXT_PREFIX }, .times = RESETS_MOST, .why = SYN_NO_LISTENER },
	{ .name = "SYN a second after the last reset", .in = { .dport = PORT_NOBODY, LINUX_SYN }, .times = RESETS_MOST, .second_later = true, .why = SYN_NO_LISTENER },
	{ .name = "ACK within the least budget of resets", .in = { .dport = PORT_NOBODY, .flags = ACK }, .times = RESETS_LEAST - 1, .why = ACK_NO_LISTENER },
	{ .name = "ACK beyond every budget of resets", .in = { .dport = PORT_NOBODY, .flags = ACK }, .times = RESETS_MOST, .why = ACK_NO_LISTENER_DROP },
	{ .name = "ACK two epochs old, within the least budget of resets", .in = { .dport = PORT_WEB, .flags = ACK, .ts = true }, .cookie = COOKIE_TOO_OLD, .times = RESETS_LEAST - 1, .why = ACK_RESET, LINUX_KEPT },
	{ .name = "ACK two epochs old, beyond every budget of resets", .in = { .dport = PORT_WEB, .flags = ACK, .ts = true }, .cookie = COOKIE_TOO_OLD, .times = RESETS_MOST, .why = ACK_COOKIE_EXPIRED, LINUX_KEPT },
	{ .name = "ACK two epochs old, with data", .in = { .dport = PORT_WEB, .flags = ACK, .ts = true, .payload_bytes = 99 }, .cookie = COOKIE_TOO_OLD, .why = ACK_RESET, LINUX_KEPT },
	{ .name = "ACK with a flipped bit within its time is never reset", .in = { .dport = PORT_WEB, .flags = ACK, .ts = true }, .cookie = COOKIE_BIT_FLIPPED, .why = ACK_COOKIE_INVALID, LINUX_KEPT },
	{ .name = "ACK without timestamps out of nowhere", .in = { .dport = PORT_WEB, .flags = ACK, .seq = 7, .ack = 9 }, .why = ACK_RESET },
	{ .name = "ACK without timestamps, with a keep-alive's byte", .in = { .dport = PORT_WEB, .flags = ACK, .seq = 7, .ack = 9, .payload_bytes = 1 }, .why = ACK_RESET },
	{ .name = "ACK without timestamps, with two bytes", .in = { .dport = PORT_WEB, .flags = ACK, .seq = 7, .ack = 9, .payload_bytes = 2 }, .why = ACK_COOKIE_INVALID },
	{ .name = "FIN without timestamps out of nowhere", .in = { .dport = PORT_WEB, .flags = FIN | ACK, .seq = 7, .ack = 9 }, .why = ACK_RESET },
	{ .name = "ACK without timestamps, beyond every budget of resets", .in = { .dport = PORT_WEB, .flags = ACK, .seq = 7, .ack = 9 }, .times = RESETS_MOST, .why = ACK_COOKIE_INVALID },

	/* ---- wrong cookies ---- */
	{ .name = "ACK that is the last wrong one looked at", WRONG_ACK, .times = 127, .why = ACK_COOKIE_INVALID },
	{ .name = "ACK beyond the wrong ones that are looked at", WRONG_ACK, .times = 128, .why = ACK_OVER_BUDGET },
	{ .name = "ACK with a valid cookie as the last one looked at", .in = { .dport = PORT_WEB, .flags = ACK }, .cookie = COOKIE_GOOD, .earlier = { WRONG }, .times = 127, .why = ACK_COOKIE_VALID, .keeps = { .mss4 = 1460, .mss6 = 1440, .wscale = 9, .sack = true, .profile = 1 } },
	{ .name = "ACK with a valid cookie beyond them", .in = { .dport = PORT_WEB, .flags = ACK }, .cookie = COOKIE_GOOD, .earlier = { WRONG }, .times = 128, .why = ACK_OVER_BUDGET, .keeps = { .profile = 1 } },
	{ .name = "ACK with a valid cookie and timestamps beyond them", .in = { .dport = PORT_WEB, .flags = ACK, .ts = true }, .cookie = COOKIE_GOOD, .earlier = { WRONG }, .times = 200, .why = ACK_COOKIE_VALID, LINUX_KEPT },
	{ .name = "ACK with a wrong cookie and timestamps beyond them", .in = { .dport = PORT_WEB, .flags = ACK, .ts = true }, .cookie = COOKIE_BIT_FLIPPED, .earlier = { WRONG }, .times = 200, .why = ACK_COOKIE_INVALID, LINUX_KEPT },
	{ .name = "ACK without timestamps behind wrong ones with them", .in = { .dport = PORT_WEB, .flags = ACK }, .cookie = COOKIE_GOOD, .earlier = { WRONG, .ts = true }, .times = 200, .why = ACK_COOKIE_VALID, .keeps = { .mss4 = 1460, .mss6 = 1440, .wscale = 9, .sack = true, .profile = 1 } },
	{ .name = "ACK beyond a neighbour's wrong ones", WRONG_ACK, .earlier = { WRONG, .src = ADDR_NEIGHBOUR }, .times = 128, .why = ACK_OVER_BUDGET },
	{ .name = "ACK beside a prefix of wrong ones", WRONG_ACK, .earlier = { WRONG, .src = ADDR_NEXT_PREFIX }, .times = 200, .why = ACK_COOKIE_INVALID },
	{ .name = "ACK a second after too many wrong ones", WRONG_ACK, .times = 200, .second_later = true, .why = ACK_COOKIE_INVALID },
	{ .name = "ACK beyond them, to a service at peace again", .in = { .dport = PORT_DRAIN, .flags = ACK }, .cookie = COOKIE_GOOD, .earlier = { WRONG }, .times = 128, .why = ACK_INVALID_PEACE, .keeps = { .profile = 1 } },
	{ .name = "ACK behind wrong ones to a service at peace again, which cost nothing", WRONG_ACK, .earlier = { .dport = PORT_DRAIN, .flags = ACK, .seq = 7, .ack = 9, .payload_bytes = 2 }, .times = 200, .why = ACK_COOKIE_INVALID },
	{ .name = "ACK beyond them, the listener just gone", .in = { .dport = PORT_NOBODY, .flags = ACK }, .cookie = COOKIE_GOOD, .earlier = { WRONG }, .times = 128, .was_there = true, .why = ACK_NO_LISTENER, .keeps = { .profile = 1 } },
};
/* clang-format on */

#endif
