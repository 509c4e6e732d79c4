/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A row of the packet table: what comes in, in which circumstances, and the verdict. test_packets.c
 * runs every row for IPv4 and IPv6 with 0 to 2 VLAN tags, alone in a host that is made anew. What a
 * SYN without tags comes to is the same in a flood, in which bpf/lane.h judges most: it runs twice.
 */
#ifndef SYNWARD_TEST_ROW_H
#define SYNWARD_TEST_ROW_H

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
	COOKIE_KERNEL,       /* one of the kernel's own, which it gave to this client */
	COOKIE_KERNEL_OFF,   /* the same with a bit flipped */
};

/* On which kernel and driver the program runs. */
enum build {
	FULL,        /* hands over, no cookies of the kernel's */
	NO_METADATA, /* the same, and the driver has no room for a note */
	KERNEL_TOO,  /* hands over, and sends cookies of the kernel's where it must */
	KERNEL_ONLY, /* sends these alone */
	NO_ANSWER,   /* neither */
	NR_BUILDS,
};

/* A prefix of the usual source's address on one of the operator's lists. */
struct listed {
	enum list list; /* LIST_NONE: no such entry */
	uint8_t bits4, bits6;
	bool beside; /* its last bit is another */
	enum { EXPIRES_NEVER, EXPIRES_NOW, EXPIRES_SOON } expires;
	enum { IN_BOTH, IN_TRIE, IN_FILTER } where;
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

	/* ---- the host ---- */
	enum build build;
	__u32 with, without; /* bits of settings.flags that are on or off, other than usual */
	__u8 row_flags;      /* ROW_*, of the service */
	int syncookies;      /* net.ipv4.tcp_syncookies; 0: the default, which is 1 */
	bool forwards_not;   /* lo does not */
	int armed_ms_ago;    /* when some service was last seen to be armed; 0: never */
	enum { OWN_BITS, OWN_ALL_BITS, OWN_NO_BIT } own; /* settings.own_addresses */
	struct listed lists[2];
	__u32 cap, flush; /* of SYN-ACKs; flush 0: 1 */
	bool tc_dead, tc_silent;
	unsigned int
		nr_macs_above; /* that devices on ours have; the last is the one of to_other_host */
	/* RECORD_*: the lookups of this moment are spent, and the record says so */
	enum {
		BY_LOOKUP,
		RECORD_PLAIN,
		RECORD_MPTCP,
		RECORD_FULL,
		RECORD_HALF,    /* half the backlog is in the SYN queue */
		RECORD_FILLING, /* and one more */
	} listener;
	/* Does a record of now spare a lookup, did one of before, would one of another service? */
	enum { SPARES_NONE, SPARES_ONE, SPARED_BEFORE, SPARES_OTHERS } spares;
	bool was_there;  /* the record says that there is a listener */
	bool first;      /* nobody has asked for it: no flood */
	int gone_ms_ago; /* or that there is none since then */
	/* Handshakes that the service's kernel holds, before and after; of PORT_AUTO, PORT_MONITOR
	 * and what is like them. */
	int held, held_after;
	int syns_before; /* in this second */
	/* What the flow table knows of the tuple, before and after. FLOW_ESTABLISHED must be
	 * forgotten by a cookie; of the others, nothing is asked unless it is said. */
	enum flow_state flow, flow_after;
	bool aged;           /* for a while already */
	bool of_another_cpu; /* which handed it off */
	/* Does the line of those that had a packet in this second say so of the flow, before and
	 * after? Asked of rows that say either. */
	/* The master key is another one from this epoch on, or the next. */
	enum { KEY_USUAL, KEY_FROM_NOW, KEY_FROM_NEXT } key;
	enum { SEEN_NOT, SEEN_NOW, SEEN_BEFORE } seen; /* BEFORE: in the second before */
	bool seen_after;
	/* Which SYN-ACK is in the client's place among those to be sent once more. */
	enum { KEPT_NONE, KEPT_OWN, KEPT_OTHERS } kept;
	bool stays_kept;

	/* ---- how it comes ---- */
	bool by_tc; /* judged by TC, on a device without metadata, as a flow that XDP validated */
	bool twice; /* the packet comes twice; `why` is the second verdict */
	bool late;  /* and the second comes after the hand-off window */
	uint8_t times;        /* that it comes before, or that this comes: */
	struct frame earlier; /* with a dport */
	bool elsewhere;       /* to another CPU */
	bool second_later;    /* budgets are a second old when it comes */
	int tsecr_by;         /* what it echoes of that is so far off */
	bool kernel_ack;      /* it acknowledges the kernel's own SYN-ACK */
	bool with_metadata;   /* the frame arrives with foreign metadata */
	bool v4_only, v6_only, untagged;
	uint8_t nr_vlans_min; /* runs only with that many tags or more; 3 exists only here */

	/* ---- what else comes of it ---- */
	enum { WAY_BACK, WAY_HOP, WAY_LO } way; /* whose MACs the answer has */
	uint16_t mtu;                           /* of that way; 0: the device's */
	bool by_kernel;      /* the cookie is the kernel's, although `why` does not say so */
	bool landed, missed; /* it shows what became of a hand-off */
};

/* Of every service; in PORT_MONITOR more are tracked. */
#define ARM_HALF_OPEN 4
#define MAX_HALF_OPEN 6
#define ARM_SYN_RATE 1000

#define ARMED .armed_ms_ago = 1000

#define LINUX_OFFER .seq = 1000, .mss = 1460, .wscale = 8, .sack = true, .ts = true, .tsval = 777
#define WINDOWS_OFFER                                                                      \
	.seq = 1000, .mss = 1460, .raw_options = { 2, 4, 5, 180, 1, 3, 3, 8, 1, 1, 4, 2 }, \
	.raw_options_bytes = 12
#define LINUX_SYN .flags = SYN, LINUX_OFFER
#define WINDOWS_SYN .flags = SYN, WINDOWS_OFFER
#define LINUX_KEEPS .mss4 = 1460, .mss6 = 1440, .wscale = 8, .sack = true

#endif
