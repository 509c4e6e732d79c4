/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the daemon knows at one moment, in plain C: filled by the data path's owner (observe.c),
 * read by whoever reports it (status.c). Everything in it is a copy or outlives the main loop's
 * turn in which it was taken.
 */
#ifndef SYNWARD_SNAPSHOT_H
#define SYNWARD_SNAPSHOT_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>

#include "abi.h"
#include "names.h"
#include "reasons.h"

/* How often a program ran and how long, in all; the kernel counts while kernel.bpf_stats_enabled is
 * 1 or somebody profiles. */
struct snapshot_runs {
	__u64 nr, ns;
};

struct snapshot_device {
	char name[IF_NAMESIZE];
	const char *xdp_mode; /* "native", "generic" or "none" */
	const char *tc;       /* "tcx" or "none" */
	const char *path;     /* path_name() */
	const char *why; /* why the path is not the best one, with the remedy; NULL when it is */
	struct snapshot_runs xdp_runs, tc_runs;
	enum device_state state;
	char config_name[IF_NAMESIZE]; /* "": there by command */
	__u32 unconfirmed_seconds;     /* left, rounded up; 0: nothing waits for it */
	__u32 gaps;                    /* how often it was not attached, but should have been */
	__u64 gap_ms;                  /* the last time, or until now */
};

/* Where a threshold in force comes from. */
enum threshold_source {
	THRESHOLD_DEFAULT, /* nothing is known of the listener yet */
	THRESHOLD_TUNED,   /* from the listener's backlog and what was learned */
	THRESHOLD_PINNED,  /* the operator's */
};

struct thresholds {
	__u32 half_open; /* handshakes that the kernel may hold */
	enum threshold_source half_open_source;
	__u32 syn_rate; /* SYNs a second */
	enum threshold_source syn_rate_source;
	__u32 low_water; /* SYNs a second that keep armed */
	__u32 hold_seconds;
	__u32 handshake_timeout_seconds;
	__u32 max_half_open; /* that are tracked in monitor */
};

/* What peace looks like, learned slowly: handshakes at a time, and finished ones a second. */
struct baseline {
	double half_open;
	double syn_rate;
};

/* What the kernel holds for the listeners of a row. */
struct row_listeners {
	__u32 nr;           /* listening sockets; with 0 all else is 0 */
	__u32 half_open;    /* in their SYN queues, all together */
	__u32 backlog;      /* the smallest */
	__u32 accept_queue; /* the fullest */
	__u32 nr_mptcp;     /* of `nr` */
};

#define ARMED_SECONDS_WITHOUT_END 2147483647U /* armed until somebody says otherwise */

struct snapshot_row {
	const char *name; /* section */
	const char *path; /* path_name(): how its SYNs are answered when it is armed */
	const char *why;  /* why the path is not the best one, with the remedy; NULL when it is */
	__u16 port;       /* host order */
	enum svc_mode mode;
	bool armed;
	__u32 armed_until_seconds; /* time left, rounded up; 0: not armed */
	bool attacked;             /* in any mode, as `synward monitor` tells it */
	__u32 attacks;             /* how often the data path saw one begin */
	struct row_counts counts;  /* over all CPUs */
	__u64 half_open;       /* handshakes that were answered, by whomever, and not finished */
	__u64 half_open_bytes; /* what they would take in the kernel */
	__u32 syn_rate;        /* in the last second */
	__u32 flows;           /* entries of the flow table */
	struct row_listeners listeners;
	struct thresholds thresholds;
	struct baseline learned;
};

#define SOURCES_SHOWN 5
#define SOURCE_PREFIX_SIZE 52

/* A source prefix, and how much of an attack it is certainly. */
struct source_share {
	char prefix[SOURCE_PREFIX_SIZE];
	double percent;
};

#define ATTACKS_SHOWN 16 /* those with the most SYNs a second, if there are more */

struct snapshot_attack {
	const char *service; /* section */
	__u16 port;
	enum arm_cause cause;
	__u32 value, threshold; /* as they were when it began */
	__u64 seconds;          /* since it began */
	__u32 syn_rate;         /* in the last second */
	struct source_share sources[SOURCES_SHOWN];
	size_t nr_sources;
};

struct snapshot {
	__u64 uptime_seconds;
	const char *libbpf; /* its version */
	struct snapshot_device devices[DEVS_MAX];
	unsigned int nr_devices;
	struct snapshot_row rows[ROWS_MAX];
	unsigned int nr_rows;
	struct snapshot_attack attacks[ATTACKS_SHOWN]; /* the most SYNs a second first */
	unsigned int nr_attacks;
	__u64 state_write_errors;  /* since the start */
	__u64 synacks_resent;      /* of server-first services, to which no ACK came */
	bool is_kept;              /* maps and links are pinned: on-stop = keep, and it can be */
	int pins_err;              /* on-stop = keep, and it cannot be: -errno, or 0 */
	__u64 memory_bytes;        /* of all BPF maps; 0: the kernel does not say */
	__u32 max_flows;           /* that the flow table holds */
	__u64 reasons[NR_REASONS]; /* packets by verdict, over all CPUs and devices */
};

/* One entry of the flow table. */
struct handshake {
	struct ip_addr src, dst;
	__u16 sport, dport;  /* host order */
	const char *service; /* section */
	enum flow_state state;
	enum accepted_by accepted_by;
	__u64 age_ms;      /* since it was first seen */
	__u64 in_state_ms; /* since it is in this state */
};

/* Which entries are wanted. */
struct handshake_query {
	const char *service;   /* NULL: all */
	enum flow_state state; /* FLOW_NONE: all; FLOW_HANDED_OFF finds FLOW_VALIDATED too */
	__u32 from;            /* 0, or `next` of the page before */
	__u32 limit;           /* entries at most, 1 to HANDSHAKES_PAGE_MAX */
};

#define HANDSHAKES_PAGE_MAX 1000

struct handshake_page {
	struct handshake entries[HANDSHAKES_PAGE_MAX];
	size_t nr_entries;
	__u32 next; /* where to go on; 0: there are no more */
};

#endif
