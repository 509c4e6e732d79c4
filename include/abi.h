/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the daemon and the data path say to each other through BPF maps. Both halves include this
 * file; padding is explicit and sizes are asserted. Who writes each map, and what happens when it
 * is full, is said in bpf/maps.h.
 */
#ifndef SYNWARD_ABI_H
#define SYNWARD_ABI_H

#include <linux/types.h>

#define ROWS_MAX 1024 /* services are counted, armed and tuned by row: one (section, port) */
#define DEVS_MAX 64
#define NR_PORTS 65536

enum svc_mode {
	SVC_OFF = 0,
	SVC_MONITOR = 1,
	SVC_AUTO = 2,
	SVC_ALWAYS = 3,
};

/* An IP address of either family; IPv4 as ::ffff:a.b.c.d. */
struct ip_addr {
	__be32 word[4];
};

/* services: the destination that makes a packet ours to judge, and the row it belongs to. */
struct svc_key {
	struct ip_addr addr;
	__be16 port;
	__u16 pad;
};

/* What a service key leads to. */
struct svc_value {
	__u32 row;
	__u32 listener; /* slot of what is known of the listener of this address and port */
};

/* Listeners that are remembered one by one; with more addresses and ports than this, some share. */
#define LISTENERS_MAX 4096

/* rows: what the daemon decides for a row. */
struct row_conf {
	__u8 mode; /* enum svc_mode */
	__u8 pad[7];
};

/* row_counts, per CPU: what happened to a row. */
struct row_counts {
	__u64 syns;
	__u64 cookies_sent;
	__u64 cookies_valid;
	__u64 cookies_invalid;
};

/* Options that a SYN-ACK may carry, and what else the data path may do: settings.flags. */
#define MAY_TIMESTAMPS (1U << 0) /* net.ipv4.tcp_timestamps */
#define MAY_SACK (1U << 1)       /* net.ipv4.tcp_sack */
#define MAY_WSCALE (1U << 2)     /* net.ipv4.tcp_window_scaling */
#define MAY_ECN (1U << 3)        /* net.ipv4.tcp_ecn */
#define MAY_HAND_OFF (1U << 4)   /* net.ipv4.tcp_syncookies is not 0 */

/* settings: one entry, what the sysctls say; the daemon refreshes it every second. */
struct settings {
	__u32 flags;    /* MAY_* */
	__u32 rmem_max; /* bytes: the larger of tcp_rmem[2] and rmem_max, for the window scale */
	__u32 rmem_default; /* bytes: tcp_rmem[1], the buffer of a listener that was not looked up
			       yet */
	__u8 ttl;           /* net.ipv4.ip_default_ttl */
	__u8 epoch_shift;   /* an epoch lasts 1 << epoch_shift ms */
	__u8 pad[2];
};

/* devices: what the daemon knows of a device; the index is baked into the program that is attached
 * there. */
struct dev_conf {
	__u8 mac[6];
	__u16 mtu; /* bytes, capped at 65535 */
	__u8 tc_live;
	__u8 hop_limit; /* net.ipv6.conf.DEV.hop_limit */
	__u8 pad[6];
};

/* device_notes: hand-offs that XDP has noted and nobody has taken. So many, and TC is not there. */
#define TC_SILENT_NOTES 4

struct dev_notes {
	__u64 since_ms; /* when the first of them was noted */
	__u32 untaken;
	__u32 taken;              /* by TC, ever: the proof that it runs */
	__u8 is_without_metadata; /* the driver carries no notes: TC looks at every packet */
	__u8 pad[7];
};

/* secret: from getrandom(2), written once, never read back. */
struct secret {
	__u64 master[2]; /* epoch keys are derived from it */
	__u64 flow[2];   /* turns a connection into its flow id; stays, or timestamps would jump */
};

/*
 * The flow table: connections that are known to be real, so that their packets pass without a
 * socket lookup. A cache: sets of FLOW_WAYS, a line of tags that every packet asks and entries that
 * are opened only when a tag matches.
 */
#define FLOW_WAYS 8
#define FLOW_SETS_DEFAULT \
	8192 /* 65536 flows: 128 KB of tags, which stay in L2, and 1 MB of entries */

enum flow_state {
	FLOW_NONE = 0,
	FLOW_ESTABLISHED = 1, /* the kernel has a socket */
	FLOW_HANDED_OFF = 2,  /* its ACK was noted; the socket may or may not come to be */
	FLOW_VALIDATED = 3,   /* the same, but the driver carried no note: the TC half has still to
				 hand it off */
};

struct flow_tags {
	__u16 tag[FLOW_WAYS]; /* 0: empty */
};

struct flow {
	__u64 id;
	__u32 seen_ms; /* low bits of the millisecond clock */
	__u8 state;    /* enum flow_state */
	__u8 pad[3];
};

struct flow_set {
	struct flow way[FLOW_WAYS];
};

#define ABI_SIZE(type, size) _Static_assert(sizeof(struct type) == (size), "size of struct " #type)
ABI_SIZE(ip_addr, 16);
ABI_SIZE(svc_key, 20);
ABI_SIZE(svc_value, 8);
ABI_SIZE(row_conf, 8);
ABI_SIZE(row_counts, 32);
ABI_SIZE(settings, 16);
ABI_SIZE(dev_conf, 16);
ABI_SIZE(dev_notes, 24);
ABI_SIZE(secret, 32);
ABI_SIZE(flow_tags, 16);
ABI_SIZE(flow_set, 128);

#endif
