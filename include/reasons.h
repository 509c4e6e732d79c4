/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every verdict that synward can give on a packet, once: its name, what happens to the packet, and
 * what to tell an operator who asks. The enum, the action table of the data path, the counters, the
 * names in JSON and the texts of the CLI are all generated from this list. The name in JSON is the
 * lower-case form.
 *
 *   PASS  the packet goes on to the kernel's own stack
 *   DROP  it ends here
 *   TX    it was rewritten into an answer and goes back
 *   REDIRECT  the same, out of another interface
 *   NEXT  not a verdict: the judgement goes on
 */
#ifndef SYNWARD_REASONS_H
#define SYNWARD_REASONS_H

/* clang-format off */
#define SYNWARD_REASONS(X) \
	/* not a verdict */ \
	X(GO_ON,               NEXT, "internal: no step had an opinion; stays 0") \
	/* not ours to judge */ \
	X(NOT_IP,              PASS, "neither IPv4 nor IPv6") \
	X(NOT_TCP,             PASS, "not TCP") \
	X(FRAGMENT,            PASS, "an IP fragment") \
	X(FRAGMENT_SYN,        DROP, "a fragment that begins a TCP segment which is a SYN, or may be one, while a service is armed") \
	X(BAD_HEADER,          PASS, "a header that is cut short or lies about its length; left to the kernel") \
	X(TAGS_TOO_DEEP,       PASS, "more VLAN tags than are looked at, of which one names no VLAN; left to the kernel") \
	X(TAGS_TOO_DEEP_ARMED, DROP, "the same, while a service is armed: a SYN could hide there") \
	X(EXT_TOO_DEEP,        PASS, "more IPv6 extension headers than are walked, or a jumbogram; left to the kernel") \
	X(EXT_ROUTED,          PASS, "IPv6 with a Routing header that is not spent: another destination than the one it shows; left to the kernel") \
	X(EXT_TOO_DEEP_ARMED,  DROP, "more IPv6 extension headers than are walked, or a jumbogram, while a service is armed: a SYN could hide there") \
	X(NOT_SERVICE,         PASS, "TCP to an address and port that are no service") \
	X(OTHER_HOST,          PASS, "TCP to a service, but the frame is addressed to another host") \
	X(AT_PEACE,            PASS, "no SYN and of no connection, to a service that sends no cookies and has none outstanding") \
	/* SYN */ \
	X(SYN_PEACE,           PASS, "SYN to a service that is not armed; the kernel answers") \
	X(SYN_UNTRACKED,       PASS, "SYN to a service that cannot be armed, beyond the handshakes that are tracked; the kernel answers") \
	X(SYN_KNOWN,           PASS, "SYN on a connection that the kernel still holds; the kernel answers") \
	X(SYN_REPEATED,        DROP, "SYN repeated faster than any client does, on a connection that the kernel still holds") \
	X(SYN_NO_LISTENER,     PASS, "SYN to a service that nobody listens on; the kernel answers") \
	X(SYN_NO_LISTENER_DROP, DROP, "SYN to an armed service that nobody listens on, beyond the budget of resets for its prefix") \
	X(SYN_ALLOWED,         PASS, "SYN from a source on the allow list; the kernel answers") \
	X(SYN_DENIED,          DROP, "SYN from a source on the deny list") \
	X(SYN_OVER_CAP,        DROP, "SYN from a prefix that was sent its share of SYN-ACKs in this second (synack-per-prefix)") \
	X(SYN_MPTCP,           PASS, "SYN to an MPTCP listener, which takes no cookie of ours, and there is no way to send one of the kernel's; the kernel answers") \
	X(SYN_KERNEL_QUEUE,    PASS, "SYN to a listener whose own cookies are not due yet, because its queue has room; the kernel answers") \
	X(SYN_SIGNED,          PASS, "SYN with a TCP-MD5 or TCP-AO option; only the kernel can sign the answer") \
	X(SYN_TC_NOT_LIVE,     PASS, "SYN to an armed service, but the TC half is gone, and there is no way to send a cookie of the kernel's; the kernel answers") \
	X(SYN_COOKIES_OFF,     PASS, "SYN to an armed service, but net.ipv4.tcp_syncookies is 0; the kernel answers") \
	X(SYN_BAD_FLAGS,       DROP, "SYN together with RST or FIN") \
	X(SYN_MARTIAN,         DROP, "SYN from or to an address or port that cannot have a connection") \
	X(SYN_SOURCE_ROUTED,   DROP, "SYN with an IPv4 source route, which the kernel does not answer either") \
	X(SYN_BAD_CHECKSUM,    DROP, "SYN with a wrong checksum") \
	X(SYN_TOO_LONG,        DROP, "SYN with more payload than is checked") \
	X(SYN_SMALL_MSS,       DROP, "SYN with an MSS below 216") \
	X(SYN_ACCEPTQ_FULL,    DROP, "SYN while the listener's accept queue is full, as the kernel would") \
	X(SYN_NO_ROOM,         DROP, "internal: the answer did not fit the frame; stays 0") \
	X(SYN_NO_ROUTE,        DROP, "SYN from a source to which there is no route back (reply = fib)") \
	X(SYN_NO_NEIGHBOUR,    PASS, "SYN whose way back has a next hop that is not resolved; the kernel answers, and so resolves it (reply = fib)") \
	X(SYN_FIB_OFF,         PASS, "SYN whose way back cannot be asked for: net.ipv4.conf.lo.forwarding or its IPv6 twin is 0; the kernel answers (reply = fib)") \
	X(SYN_COOKIE,          TX,   "SYN answered with a cookie") \
	X(SYN_COOKIE_ROUTED,   REDIRECT, "SYN answered with a cookie, out of another interface (reply = fib)") \
	X(SYN_KERNEL_COOKIE,   TX,   "SYN answered with a cookie of the kernel's own") \
	/* everything that is no SYN */ \
	X(FLOW_KNOWN,          PASS, "packet of a known connection") \
	X(FLOW_LEARNED,        PASS, "packet of a connection that the kernel holds and that was not known yet") \
	X(FLOW_JUST_HANDED_OFF, PASS, "packet right behind the ACK that was handed off") \
	X(KERNEL_HANDSHAKE,    PASS, "packet of a handshake that the kernel holds") \
	X(KERNEL_HANDSHAKE_DONE, PASS, "ACK that finishes a handshake of the kernel's") \
	X(KERNEL_HANDSHAKE_RESET, PASS, "reset that ends a handshake of the kernel's") \
	X(KERNEL_TIME_WAIT,    PASS, "packet of a connection in TIME_WAIT") \
	X(KERNEL_COOKIE,       PASS, "ACK with a cookie of the kernel's own") \
	X(ACK_NO_LISTENER,     PASS, "ACK to a service that nobody listens on; the kernel answers") \
	X(ACK_NO_LISTENER_DROP, DROP, "the same, to an armed service, beyond the budget of resets for its prefix") \
	X(ACK_LISTENER_GONE,   DROP, "ACK with a valid cookie while the listener is away for a moment; the client tries again") \
	X(ACK_COOKIE_VALID,    PASS, "ACK with a valid cookie, noted for the TC half") \
	X(ACK_INVALID_PEACE,   PASS, "ACK without a valid cookie, to a service that is not armed") \
	X(ACK_COOKIE_INVALID,  DROP, "ACK without a valid cookie") \
	X(ACK_OVER_BUDGET,     DROP, "ACK without timestamps from a prefix that sent too many wrong ones; its cookie was not looked at") \
	X(ACK_RESET,           PASS, "ACK of a connection that is not known, within the budget of resets for its prefix; the kernel resets it") \
	X(ACK_COOKIE_EXPIRED,  DROP, "ACK that echoes a time outside the cookie's lifetime, or none that we sent") \
	X(ACK_ACCEPTQ_FULL,    DROP, "ACK with a valid cookie while the accept queue is full, as the kernel would") \
	X(ACK_NO_NOTE,         PASS, "ACK whose note the driver cannot carry; the TC half validates it itself") \
	X(OUT_OF_STATE,        DROP, "neither SYN nor ACK, and of no connection") \
	/* the TC half */ \
	X(HANDOFF,             PASS, "handshake handed to the listener") \
	X(HANDOFF_NO_LISTENER, PASS, "validated handshake whose listener is gone; the kernel resets it") \
	X(HANDOFF_SYSCTL,      PASS, "validated handshake refused by the kernel: a sysctl changed under it") \
	X(HANDOFF_REFUSED,     PASS, "validated handshake refused by the kernel for another cause")
/* clang-format on */

enum reason {
#define X(name, action, text) name,
	SYNWARD_REASONS(X)
#undef X
		NR_REASONS
};

#endif
