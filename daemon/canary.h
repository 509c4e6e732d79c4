/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Does what is handed off arrive? A port that is forwarded, or a firewall that drops what is new
 * without a SYN, swallows every handshake that a cookie made, and the client believes that it is
 * connected. Such a row gets the kernel's own cookies for a while, which need no hand-off (NAT
 * anywhere on the host can be the cause, see the limits in the README); and if these do not arrive
 * either, it is taken out of service. Pure: counts and time come in.
 *
 * Two things accuse. Cookies that come back although they had been handed off (row_counts.missed):
 * so it is when the client speaks and nobody hears it. And hand-offs while the kernel opens no
 * connection at all, of no port (TcpPassiveOpens): so it is when the client waits for the server's
 * word, or is reset by the host to which its first data was forwarded.
 *
 * That nothing was seen to land (row_counts.landed) proves nothing: connections that end within
 * 16 ms never are. But what lands acquits, since a client with an address of its own can make its
 * own connections fail, and must not be able to disarm a service for all.
 */
#ifndef SYNWARD_CANARY_H
#define SYNWARD_CANARY_H

#include <linux/types.h>
#include <stdbool.h>

#define CANARY_ENOUGH 8               /* so many accuse */
#define CANARY_WINDOW_MS 60000        /* within this time */
#define CANARY_PATIENCE_MS 1000       /* and not before this, without anything that lands */
#define CANARY_PATIENCE_LONG_MS 10000 /* where handshakes were seen to arrive at some time */
#define CANARY_PAUSE_MS (10 * 60000U) /* until it is tried again; twice that the next time */
#define CANARY_PAUSE_MAX_MS (4 * 3600000U)
#define CANARY_DOUBT_MS 10000 /* in which fewer land than are missed */

/* One row's. Starts as {0}. */
struct canary {
	__u64 missed, landed, served, cookies_valid, opens; /* when the last acquittal was */
	__u64 since_ms;            /* when suspicion began; 0: there is none */
	__u64 by_kernel_until_ms;  /* the kernel's cookies are tried; 0: ours */
	__u64 black_hole_until_ms; /* 0: it is none */
	__u32 pause_ms;            /* of the last time; 0: nothing is held against it */
	bool has_worked;           /* handshakes to this port were seen to arrive */

	__u64 doubt_missed, doubt_landed; /* when the ten seconds began */
	__u64 doubt_since_ms;
	__u64 doubted_ms; /* when that was last said; 0: never */
};

/* The row at a moment; counts are those of struct row_counts. */
struct canary_view {
	__u64 now_ms;
	__u64 missed, landed, served, cookies_valid;
	__u64 opens; /* connections that the kernel has accepted, of all ports */
	/* The kernel's cookies are possible at any time, and not in use for another cause. Where
	 * SYNs passed to the kernel until its queue is full, a forwarded port would stay armed, and
	 * the forwarded connections' packets be dropped. */
	bool has_choice;
	bool is_queue_full; /* the listener's accept queue: then the kernel drops handshakes */
};

enum canary_news {
	CANARY_NOTHING,
	CANARY_BY_KERNEL,   /* the kernel's cookies are tried from now on */
	CANARY_BLACK_HOLE,  /* it begins */
	CANARY_TRIED_AGAIN, /* the time is over */
	CANARY_LANDED,      /* it was none: something has landed */
	CANARY_DOUBT, /* some land, and more are missed; that is said, and nothing done about it:
			 one client could bring it about */
};

/* Before the first canary_follow(), of a row that has been followed before: what was counted
 * accuses nobody, and what was not tried is not tried for another pause. */
void canary_take_over(struct canary *canary, const struct canary_view *view, bool is_black_hole,
		      bool is_by_kernel);

/* To be called again and again. */
enum canary_news canary_follow(struct canary *canary, const struct canary_view *view);

/* The operator wants to try again, at once. Returns whether anything was not tried. */
bool canary_lift(struct canary *canary, const struct canary_view *view);

/* Time until it is tried again, rounded up; 0: it is no black hole. */
__u32 canary_seconds_left(const struct canary *canary, __u64 now_ms);

/* Time until our own cookies are tried again, rounded up; 0: they are in use. */
__u32 canary_by_kernel_seconds(const struct canary *canary, __u64 now_ms);

#endif
