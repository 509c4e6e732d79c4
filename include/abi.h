/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the daemon and the data path say to each other through BPF maps. Both halves include this
 * file; padding is explicit and sizes are asserted. Who writes each map, and what happens when it
 * is full, is said in bpf/maps.h.
 */
#ifndef SYNWARD_ABI_H
#define SYNWARD_ABI_H

#include <bpf/bpf_endian.h>
#include <linux/bpf.h>
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

/* The upper 64 bits of an address in host order, an IPv4 address in the uppermost 32 of them: what
 * prefixes of sources are cut from. */
static inline __u64 address_upper(const struct ip_addr *a, int is_v6)
{
	if (is_v6)
		return (__u64)bpf_ntohl(a->word[0]) << 32 | bpf_ntohl(a->word[1]);
	return (__u64)bpf_ntohl(a->word[3]) << 32;
}

/*
 * services: the destination that makes a packet ours to judge, and the row it belongs to. A table
 * of buckets, see svc_hash.h; the map holds two, so that one can be made while the other is asked.
 */
#define SVC_WAYS 4

struct svc_slot {
	struct ip_addr addr;
	__be16 port;
	__u16 row_plus_1; /* 0: empty */
	__u32 listener;   /* slot of what is known of the listener of this address and port */
};

struct svc_bucket {
	struct svc_slot slot[SVC_WAYS];
};

/* Room for so many addresses and ports, and for 64 addresses of every row: twice the slots. */
#define SVC_KEYS_MIN 8192
#define SVC_KEYS_PER_ROW 64

/* Listeners that are remembered one by one; with more addresses and ports than this, some share. */
#define LISTENERS_MAX 4096

/* Tickets of a CPU (bpf/ticket.h): a power of two, some for each row. */
#define TICKETS_MIN 256
#define TICKETS_MAX 4096
#define TICKETS_PER_ROW 4

/* rows: what the daemon decides for a row. Times are of the millisecond clock (CLOCK_MONOTONIC). */
struct row_conf {
	__u8 mode;           /* enum svc_mode */
	__u8 bucket_shift;   /* handshakes are counted in buckets of 1 << bucket_shift ms */
	__u8 nr_buckets;     /* so many before the current one are inside the handshake timeout */
	__u8 flags;          /* ROW_* */
	__u32 arm_half_open; /* handshakes that the kernel may hold, in peace */
	__u32 max_half_open; /* the same in monitor, where nothing arms; more are not tracked */
	__u32 arm_syn_rate;  /* SYNs a second that arm */
	__u32 low_water;     /* SYNs a second that keep armed */
	__u32 hold_ms;
	__u32 flush_every; /* SYNs that a CPU may keep for itself before it adds them to the rate */
	__u32 pad2;
	__u64 forced_until_ms; /* armed by hand until then; ARMED_WITHOUT_END: until disarmed */
	__u64 disarmed_ms;     /* disarmed by hand: an arming up to that moment no longer counts */
};

#define ARMED_WITHOUT_END (~0ULL)

#define ROW_SERVER_FIRST (1U << 0) /* the server speaks first: a SYN-ACK is sent once more */
#define ROW_BLACK_HOLE (1U << 1)   /* no finished handshake arrives anywhere: answer no SYN */
#define ROW_BY_KERNEL (1U << 2) /* what is handed off arrives nowhere: the kernel's own cookies */

/* Handshakes by the time in which they were opened. Bucket b is in open[b % HANDSHAKE_BUCKETS]. */
#define HANDSHAKE_BUCKETS 64

struct half_open {
	__u32 newest; /* bucket */
	__s32 sum;    /* over the buckets inside the handshake timeout, as of `newest` */
	__s32 open[HANDSHAKE_BUCKETS];
};

/* peace_half_open: what the kernel holds of a row, exact over all CPUs. */
struct peace_half_open {
	struct bpf_spin_lock lock;
	__u32 pad;
	struct half_open held;
};

/* row_counts, in row_cpu: what happened to a row. All __u64: they are added up blindly. */
struct row_counts {
	__u64 syns;
	__u64 cookies_sent;
	__u64 cookies_valid;
	__u64 cookies_invalid;
	__u64 served;    /* handshakes that were finished, by the kernel or by a cookie */
	__u64 landed;    /* of those that were handed off: the kernel was seen to hold them */
	__u64 missed;    /* a cookie came back again, 16 ms and more after it was handed off: it did
			    not land */
	__u64 untracked; /* SYNs that passed in peace and found no room in the flow table's share */
};

/* row_cpu, per CPU. */
struct row_cpu {
	struct row_counts counts;
	__u32 rate_second;        /* of `rate_kept` */
	__u32 rate_kept;          /* SYNs that are not added to the rate yet */
	struct half_open cookies; /* SYN-ACKs sent with a cookie, by the cookie's time */
};

/* row_rate: SYNs in the current second, over all CPUs: second << 32 | SYNs. */
struct row_rate {
	__u64 now;
};

/* Why a row was taken to be under attack. */
enum arm_cause {
	ARM_NONE = 0,
	ARM_HALF_OPEN = 1, /* value: handshakes that the kernel holds */
	ARM_SYN_RATE = 2,  /* value: SYNs within one second */
	ARM_SYN_QUEUE =
		3, /* value: entries of the listener's SYN queue; threshold: half its backlog */
	ARM_FLOW_TABLE = 4, /* no room for one more handshake; value: those that the kernel holds */
};

/* row_live: what the data path found out about a row. Under attack or not; what follows from that
 * is the mode's to say. Read by every packet of a service that the glance does not settle, written
 * a few times a second at most. */
struct row_live {
	__u64 last_ms;        /* when it was last seen; it is over `hold` after that */
	__u64 since_ms;       /* when it began; 0: never */
	__u64 last_cookie_ms; /* when it last sent one, to a second */
	__u32 cause;          /* enum arm_cause */
	__u32 value;
	__u32 threshold;
	__u32 times; /* how often it came under attack, ever; written last */
};

/*
 * source_samples, per CPU: where SYNs to rows under attack came from. Of every SAMPLE_EVERY SYNs
 * one is looked at, and what is kept of a second is an even choice of those. A second's round is
 * complete once the next one has begun.
 */
#define SAMPLE_EVERY 16
#define SAMPLES_MAX 256

struct source_sample {
	__be32 prefix[2]; /* IPv4: the first 24 bits in [0]; IPv6: the first 48 bits */
	__u16 row;
	__u8 is_v6;
	__u8 pad;
};

struct sample_round {
	__u32 second;
	__u32 nr_seen; /* of which at most SAMPLES_MAX are kept */
	struct source_sample sample[SAMPLES_MAX];
};

struct source_samples {
	struct sample_round round[2]; /* by the second's parity */
};

/* What iter/tcp says of one listener. */
struct listener_info {
	struct ip_addr addr; /* all 0: wildcard of both families; ::ffff:0.0.0.0: of IPv4 alone */
	__u16 port;          /* host order */
	__u8 is_listener;    /* 0: the end of the listeners */
	__u8 is_v6_only;
	__u8 is_mptcp;
	__u8 pad[3];
	__u32 syn_queue;    /* half-open handshakes */
	__u32 accept_queue; /* finished ones that the application has not taken */
	__u32 backlog;
};

/* Options that a SYN-ACK may carry, and what else the data path may do: settings.flags. */
#define MAY_TIMESTAMPS (1U << 0) /* net.ipv4.tcp_timestamps */
#define MAY_SACK (1U << 1)       /* net.ipv4.tcp_sack */
#define MAY_WSCALE (1U << 2)     /* net.ipv4.tcp_window_scaling */
#define MAY_ECN (1U << 3)        /* net.ipv4.tcp_ecn */
#define MAY_COOKIE (1U << 4)     /* net.ipv4.tcp_syncookies is not 0 */
/* net.ipv4.tcp_timestamps is 2: the kernel's own cookies can carry options, too. With 1 only the
 * kernel knows the offset under which it looks for them. */
#define MAY_KERNEL_OPTIONS (1U << 5)
#define REPLY_BY_ROUTE (1U << 6) /* reply = fib */
#define ALWAYS_ARMED (1U << 7)   /* some row is armed although nobody attacks */
/* net.ipv4.tcp_syncookies is 2: the kernel's own cookies are out although its queue has room. */
#define KERNEL_COOKIES_ALWAYS (1U << 8)
#define MAY_ROUTE_V4 (1U << 9)  /* net.ipv4.conf.lo.forwarding: what reply = fib needs */
#define MAY_ROUTE_V6 (1U << 10) /* net.ipv6.conf.lo.forwarding */

/* settings: what the sysctls say and what holds for all rows; the daemon refreshes it
 * every second. */
struct settings {
	__u32 flags;    /* MAY_* */
	__u32 rmem_max; /* bytes: the larger of tcp_rmem[2] and rmem_max, for the window scale */
	__u32 rmem_default; /* bytes: tcp_rmem[1], the buffer of a listener that was not looked up
			       yet */
	__u8 ttl;           /* net.ipv4.ip_default_ttl */
	__u8 epoch_shift;   /* an epoch lasts 1 << epoch_shift ms */
	__u8 pad[2];
	__u32 generation;    /* another one after each change of settings, rows and devices */
	__u32 secret_serial; /* another one after each change of the secret */
	__u32 synack_cap;    /* SYN-ACKs a second to one source prefix; 0: no cap */
	__u32 synack_flush;  /* of which a CPU may keep so many for itself, at least 1 */
	__u32 svc_mask;      /* buckets of a table of services, less one */
	__u32 svc_at;        /* bucket in which the table begins that is asked */
	__u64 svc_seed;
	__u64 own_addresses; /* bit own_address_bit(address) of each address that a service has */
};

/* Which bit of settings.own_addresses speaks for an address: none set, none of ours. */
static inline __u32 own_address_bit(const struct ip_addr *a)
{
	return a->word[3] * 0x9e3779b1U >> 26; /* 2^32 divided by the golden ratio */
}

/* devices: what the daemon knows of a device; the index is baked into the program that is attached
 * there. */
#define MACS_ABOVE_MAX 8

struct dev_conf {
	__u8 mac[6];
	__u16 mtu; /* bytes, capped at 65535 */
	__u8 tc_live;
	__u8 hop_limit;     /* net.ipv6.conf.DEV.hop_limit */
	__u8 nr_macs_above; /* of devices of this host that stand on it; the rest are zero */
	__u8 pad[5];
	__u8 macs_above[MACS_ABOVE_MAX][6];
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

/* secret: from getrandom(2). The master key is rotated: what is of an epoch before it is judged by
 * the one before. */
struct secret {
	__u64 master[2]; /* epoch keys are derived from it */
	__u64 master_before[2];
	__u64 from_epoch; /* the first that is of `master` */
	__u64 flow[2];    /* turns a connection into its flow id; stays, or timestamps would jump */
	__u64 salt;       /* which prefixes share a budget */
};

/* inherited: what a daemon leaves to the next one, and nobody else needs. */
struct inherited {
	__u64 key_made_ms; /* the master key, by the millisecond clock */
	__u64 synacks_resent;
	__u64 alive_ms; /* when attacks were last looked at */
};

/*
 * The flow table: handshakes that the kernel holds (in peace alone), and connections that are known
 * to be real, so that their packets pass without a socket lookup. Sets of FLOW_WAYS: a byte of tag
 * for each way that every SYN asks, another one that is asked where the first matches, and entries
 * of a cache line that are opened only where both do.
 */
#define FLOW_WAYS 8
#define FLOW_SETS_DEFAULT \
	8192 /* 65536 flows: 2 x 64 KB of tags, which stay in L2, and 4 MB of entries */

enum flow_state {
	FLOW_NONE = 0,
	FLOW_ESTABLISHED = 1, /* the kernel has a socket */
	FLOW_HANDED_OFF = 2,  /* its ACK was noted; the socket may or may not come to be */
	FLOW_VALIDATED = 3,   /* the same, but the driver carried no note: the TC half has still to
				 hand it off */
	FLOW_SYN_RECV = 4,    /* its SYN went to the kernel in peace; nobody has proved anything */
	FLOW_CLOSING = 5,     /* a FIN or RST was seen, and not long ago */
	FLOW_CLAIMED = 6,     /* an entry that is being written */
};

/* Who finished the handshake. */
enum accepted_by {
	ACCEPTED_UNKNOWN = 0, /* older than what we saw, or not finished */
	ACCEPTED_KERNEL = 1,
	ACCEPTED_COOKIE = 2,
};

/*
 * What a flow is, in one word, so that it becomes something else at once or not at all:
 *
 *      31 30      26 25  24 23           16 15                             0
 *     +--+----------+------+---------------+--------------------------------+
 *     |  |   CPU    |  by  |     state     |              row               |
 *     +--+----------+------+---------------+--------------------------------+
 *
 * By whom it was accepted, and of what was handed off, on which CPU, as far as that fits. Bit 31 is
 * of no flow: see FLOW_HALF_SHARE.
 */
#define FLOW_IS(row, state, by) ((__u32)(row) | (__u32)(state) << 16 | (__u32)(by) << 24)
#define FLOW_CPU_MASK 31
#define FLOW_BY_ON(by, cpu) ((by) | ((cpu)&FLOW_CPU_MASK) << 2)
#define FLOW_ROW(is) ((__u16)(is))
#define FLOW_STATE(is) ((__u8)((is) >> 16))
#define FLOW_ACCEPTED_BY(is) ((is) >> 24 & 3)
#define FLOW_CPU(is) ((is) >> 26 & FLOW_CPU_MASK)

/* One of a set's two bytes for each way. */
struct flow_tags {
	union {
		__u8 tag[FLOW_WAYS];
		__u64 all;
	};
};

#define FLOW_LIFE_MAX_MS 1000000U /* no state lasts longer */

/* Times are the low bits of the millisecond clock. */
struct flow {
	__u64 id;
	struct ip_addr src, dst;
	__be16 sport, dport;
	__u32 opened_ms;  /* first seen */
	__u32 since_ms;   /* in this state */
	__u32 expires_ms; /* not believed from then on */
	__u32 is;         /* FLOW_IS() */
	__u8 syn_slot;    /* when its last SYNs came, in units of SYN_SLOT_MS */
	__u8 nr_held;     /* in that slot, those that found a connection or a handshake */
	__u16 nr_syns;    /* all of them */
};

struct flow_set {
	struct flow way[FLOW_WAYS];
};

/*
 * Budgets by source prefix (IPv4 /24, IPv6 /48): how often in this window of time. A counter is
 * shared by the prefixes that a salted hash sends there; nothing is allocated, nothing is evicted.
 *
 *      31            20 19                                 0
 *     +----------------+------------------------------------+
 *     |     window     |   used, up to BUDGET_USED_MAX      |
 *     +----------------+------------------------------------+
 */
#define BUDGETS_PER_LINE 16
#define BUDGET_USED_MAX 0xfffffU

struct budget_line {
	__u32 word[BUDGETS_PER_LINE];
};

#define SYNACK_BUDGETS 8192 /* 32 KB, per CPU and again for all CPUs together */
#define VERIFY_BUDGETS 8192 /* ACKs without timestamps whose cookie was wrong */
#define RESET_BUDGETS 256

#define SYNACK_CAP_DEFAULT 20000U
#define SYNACK_CAP_MAX 900000U /* with what several CPUs may add at once below BUDGET_USED_MAX */

/*
 * list_v4, list_v6: prefixes that are allowed (their SYNs go to the kernel) or denied (they are
 * dropped); the longest one that matches a source decides. list_blocks is a filter in front of
 * them, see list_filter.h; list_conf says how to ask it.
 */
#define LIST_ENTRIES_MAX 200000 /* of both lists and families together */

enum list {
	LIST_NONE = 0,
	LIST_ALLOW = 1,
	LIST_DENY = 2,
};

struct list_key_v4 { /* as BPF_MAP_TYPE_LPM_TRIE wants it */
	__u32 prefix_bits;
	__be32 addr;
};

struct list_key_v6 {
	__u32 prefix_bits;
	__be32 addr[4];
};

struct list_value {
	__u64 expires_ms; /* of the millisecond clock; 0: never */
	__u32 list;       /* enum list */
	__u32 pad;
};

#define LIST_BLOCKS_MAX 16384 /* of 16 bytes: 10 bits for each of 200 000 prefixes */

struct list_block {
	__u64 word[2];
};

struct list_conf {
	__u64 key;      /* of the filter's hash; odd */
	__u32 first;    /* block: 0 or LIST_BLOCKS_MAX, whichever half is in use */
	__u32 mask;     /* blocks in use, less one */
	__u8 levels_v4; /* LIST_LEVEL_*; 0: no prefix of this family is on a list */
	__u8 levels_v6;
	__u8 pad[6];
};

/*
 * retries: SYN-ACKs of rows whose server speaks first, to be sent once more if their ACK does not
 * come. A slot per hash of the flow, the newest wins. BPF fills and clears, the daemon sends and
 * clears.
 */
#define RETRY_SLOTS 16384 /* when some row wants it, else 1 */
#define RETRY_FRAME_MAX 108

#define RETRY_EMPTY 0
#define RETRY_BUSY 1 /* a CPU is writing into it */

struct retry {
	__u64 id;      /* flow id, or RETRY_*. Written last */
	__u32 sent_ms; /* low bits of the millisecond clock */
	__u16 device;  /* slot in `devices` of the program that wrote it */
	__u16 bytes;
	__u8 frame[RETRY_FRAME_MAX];
	__u32 ifindex; /* by which it left */
};

#define ABI_SIZE(type, size) _Static_assert(sizeof(struct type) == (size), "size of struct " #type)
ABI_SIZE(ip_addr, 16);
ABI_SIZE(svc_slot, 24);
ABI_SIZE(svc_bucket, 96);
ABI_SIZE(row_conf, 48);
ABI_SIZE(half_open, 264);
ABI_SIZE(peace_half_open, 272);
ABI_SIZE(row_counts, 64);
ABI_SIZE(row_cpu, 336);
ABI_SIZE(row_rate, 8);
ABI_SIZE(row_live, 40);
ABI_SIZE(source_sample, 12);
ABI_SIZE(source_samples, 2 * (8 + 12 * SAMPLES_MAX));
ABI_SIZE(listener_info, 36);
ABI_SIZE(settings, 56);
ABI_SIZE(dev_conf, 64);
ABI_SIZE(dev_notes, 24);
ABI_SIZE(secret, 64);
ABI_SIZE(inherited, 24);
ABI_SIZE(budget_line, 64);
ABI_SIZE(list_key_v4, 8);
ABI_SIZE(list_key_v6, 20);
ABI_SIZE(list_value, 16);
ABI_SIZE(list_block, 16);
ABI_SIZE(list_conf, 24);
ABI_SIZE(retry, 128);
ABI_SIZE(flow_tags, 8);
ABI_SIZE(flow, 64);
ABI_SIZE(flow_set, 512);

#endif
