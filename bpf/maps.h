/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every map: who writes it, who reads it, why it has its size, what happens when it is full. All
 * memory is taken at load; no packet can make a map grow. One object is loaded per device, and all
 * share these maps.
 */
#ifndef SYNWARD_MAPS_H
#define SYNWARD_MAPS_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "base.h"
#include "flow_match.h"
#include "ipv4.h"
#include "note.h"
#include "parse.h"
#include "reply.h"
#include "siphash.h"
#include "tcpopt.h"

/*
 * What has a fixed size and needs no lookup are variables: their addresses are in the instructions,
 * and they are read as they stand. All devices share them, as they share the maps.
 *
 * Daemon writes, both programs read.
 */
#define CONF SEC(".data.conf")

struct settings settings CONF;
/* 0: no service has this port, and traffic to it ends with that; else its number, from 1: other
 * ports have other numbers. */
__u16 ports[NR_PORTS] CONF;
struct row_conf rows[ROWS_MAX] CONF;
struct dev_conf devices[DEVS_MAX] CONF;
struct list_conf list_conf CONF; /* how list_blocks is asked, below */
struct inherited inherited CONF; /* for the next daemon; no program reads it */

/* Programs write, daemon reads. */
#define LIVE SEC(".data.live")

struct row_live row_live[ROWS_MAX] LIVE; /* under attack or not */
/* Every SYN in peace adds to it, under attack every `flush_every`th. */
struct row_rate row_rate[ROWS_MAX] LIVE;
/* Is the TC half alive? XDP counts the notes that nobody took, TC sets them to 0, the daemon too
 * when it has seen the TC half attached. */
struct dev_notes device_notes[DEVS_MAX] LIVE;
/* When a service was last seen to be armed, for what cannot be told from its port. */
__u64 host_armed_ms LIVE;

/* What a row's index is cut to, for the verifier. */
#define ROW_MASK (ROWS_MAX - 1)

/* Daemon writes; each CPU keeps a copy in cpu_state. A map that nobody has mapped. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct secret);
} secret SEC(".maps");

/* Daemon writes, both read: (address, port) to row and listener slot; see svc_hash.h. Sized at
 * load for the rows that there are; when it is full the daemon says so, and what is not in it is
 * not protected. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2 * SVC_KEYS_MIN * 2 / SVC_WAYS);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct svc_bucket);
} services SEC(".maps");

/*
 * What follows is by row, and sized at load for the rows that there are.
 *
 * XDP writes, daemon adds up: counters, the part of the SYN rate that is not added up yet, and the
 * handshakes that were opened with a cookie.
 */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, ROWS_MAX);
	__type(key, __u32);
	__type(value, struct row_cpu);
} row_cpu SEC(".maps");

/* XDP writes in peace alone, daemon reads: handshakes that the kernel holds. A lock, because the
 * threshold is exact: not one more passes. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, ROWS_MAX);
	__type(key, __u32);
	__type(value, struct peace_half_open);
} peace_half_open SEC(".maps");

/* XDP writes under attack, daemon reads. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct source_samples);
} source_samples SEC(".maps");

/* Programs write, daemon adds up: packets by reason. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, NR_REASONS);
	__type(key, __u32);
	__type(value, __u64);
} reason_counts SEC(".maps");

/* XDP writes and reads, TC marks what it handed off, the daemon lists them; see flow.h. A full set
 * loses the entry that would expire first, which costs a socket lookup later; handshakes that the
 * kernel holds are never lost, and a set that is full of them is a reason to arm. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, FLOW_SETS_DEFAULT);
	__uint(map_flags, BPF_F_MMAPABLE); /* its values begin with a page, and cross no line */
	__type(key, __u32);
	__type(value, struct flow_tags);
} flow_tags SEC(".maps");

/* The second byte of each, so that the first ones lie close together: flow_match.h. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, FLOW_SETS_DEFAULT);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct flow_tags);
} flow_tags_more SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, FLOW_SETS_DEFAULT);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct flow_set);
} flows SEC(".maps");

/* XDP alone: which connections of a set had a packet in this second; see flow_match.h. Half a
 * cache line, and all that most packets ask. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, FLOW_SETS_DEFAULT);
	__uint(map_flags, BPF_F_MMAPABLE); /* as the tags */
	__type(key, __u32);
	__type(value, struct flow_seen);
} flow_seen SEC(".maps");

/* XDP writes and reads: what is known of the listener of an address and port, per CPU; see
 * listener.h. */
struct listener_record {
	__u32 window; /* when it was looked up, in units of LISTENER_WINDOW_MS */
	__u8 is_there;
	__u8 is_mptcp;
	__u8 is_full;  /* accept queue */
	__u8 has_keys; /* TCP-MD5 or TCP-AO */
	__u8 wscale;
	__u8 pad;
	__u16 spared; /* lookups that may be left out before the next, in this window; */
	__be16 port;  /* of packets to here: of services that share a record, to the */
	__u16 pad2;
	__be32 dst_end; /* last that asked; the end of its address will do */
	__u32 space_bytes;
	__u32 clamp_bytes;
	__u32 syn_queue; /* handshakes that it holds */
	__u32 backlog;   /* of which it holds no more than that many */
	__u32 gone_ms;   /* when it was first missed, if it is; low bits of the millisecond clock */
	__u16 mss, rcv_window; /* the window for the last MSS that asked; 0: nobody has yet */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, LISTENERS_MAX);
	__type(key, __u32);
	__type(value, struct listener_record);
} listeners SEC(".maps");

/* XDP writes and reads: what the SYNs of a flood ask of a service, per CPU, for a moment; see
 * ticket.h. Of the size of a cache line; of two services that share one, the last that asked has
 * it. */
struct ticket {
	__u64 stamp; /* when it holds; 0: never */
	struct ip_addr dst;
	__be16 port;
	__u16 device; /* slot in `devices` */
	__u16 row;
	__u16 listener;    /* slot in `listeners` */
	__u32 flush_every; /* as in the row */
	__u32 bucket;      /* in which handshakes are counted that are opened now */
	__u16 mss;         /* that fits through the device, */
	__u16 mac_begin;   /* and whose MAC it has */
	__u32 mac_end;
	__u16 client_mss, window; /* ours for that MSS; 0: nobody has asked */
	__u8 wscale;
	__u8 hop_limit;
	__u8 is_attacked;
	__u8 is_v6;
	__u8 is_used; /* a cookie was sent */
	__u8 pad[3];
};

_Static_assert(sizeof(struct ticket) == 64, "the size of a cache line");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, TICKETS_MIN);
	__type(key, __u32);
	__type(value, struct ticket);
} tickets SEC(".maps");

/* Daemon writes, XDP reads: prefixes that are allowed or denied. Memory grows with the lists, up to
 * LIST_ENTRIES_MAX of both families together, which the daemon sees to. */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, LIST_ENTRIES_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct list_key_v4);
	__type(value, struct list_value);
} list_v4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, LIST_ENTRIES_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct list_key_v6);
	__type(value, struct list_value);
} list_v6 SEC(".maps");

/* Daemon writes, XDP reads: the filter in front of them. Twice, so that it can be made anew while
 * it is asked. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2 * LIST_BLOCKS_MAX);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct list_block);
} list_blocks SEC(".maps");

/* XDP alone: budgets by source prefix, see budget.h. SYN-ACKs are counted per CPU, and now and then
 * for all CPUs. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SYNACK_BUDGETS / BUDGETS_PER_LINE);
	__type(key, __u32);
	__type(value, struct budget_line);
} synack_here SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SYNACK_BUDGETS / BUDGETS_PER_LINE);
	__type(key, __u32);
	__type(value, struct budget_line);
} synack_total SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, VERIFY_BUDGETS / BUDGETS_PER_LINE);
	__type(key, __u32);
	__type(value, struct budget_line);
} verify_budgets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, RESET_BUDGETS / BUDGETS_PER_LINE);
	__type(key, __u32);
	__type(value, struct budget_line);
} reset_budgets SEC(".maps");

/* XDP fills and clears, the daemon sends and clears; see struct retry. Sized at load. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, RETRY_SLOTS);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct retry);
} retries SEC(".maps");

/* How an answer leaves. */
struct way {
	__u32 ifindex; /* 0: as the SYN came */
	__u16 mtu;
	__u8 macs[2 * ETH_ALEN]; /* to, from */
};

#define NO_EPOCH (~0ULL)

/* Programs write and read: what a CPU has worked out for itself. */
struct epoch_key {
	__u64 epoch;          /* or NO_EPOCH */
	struct sip_state key; /* as its hashes begin */
};

struct cpu_state {
	struct epoch_key epoch_keys[2]; /* by parity */
	__u32 lookup_window;
	__u32 lookups_used;
	__u64 tick;         /* jiffies: the clock as it was then, */
	__u64 now_ms;       /* in milliseconds */
	__u32 second;       /* and in seconds */
	__u32 syns_skipped; /* since the last one that was looked at for its source */
	__u32 defect;       /* enum reason: why the SYN at hand gets no cookie, or GO_ON */
	__u32 list;         /* enum list: which one the source of the SYN at hand is on */
	__u32 neighbours;   /* a budget: SYNs whose next hop is not resolved */
	__u32 against;      /* enum reason: why the device sends no cookie of ours, or GO_ON */
	/* The packet at hand. Here and not on the stack: the verifier follows what stands on the
	 * stack through every path, and for the many shapes of a header that is a million
	 * instructions (clang 14, Linux 6.18). */
	struct pkt pkt;
	struct tcp_header header;
	struct tcp_opts opts;
	struct opts_walk walk;
	struct ipv4_header ipv4; /* only one with options */
	struct way way;          /* by which the answer leaves */
	struct reply reply;      /* and what it says */
	struct note note;        /* what the cookie at hand agreed to */
	__u64 cookie_ms;         /* and when it was sent */
	struct secret secret;    /* a copy; zeros: not read yet */
	__u32 secret_serial;     /* of that copy */
	struct sip_state flow_key;
	__u32 forgotten; /* see forget() */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct cpu_state);
} cpu_state SEC(".maps");

#endif
