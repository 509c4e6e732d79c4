/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A row as rows.c keeps it, black_hole.c watches it, orders.c changes it and selftest.c arms it
 * for a moment; nobody else's.
 */
#ifndef SYNWARD_ROWS_INSIDE_H
#define SYNWARD_ROWS_INSIDE_H

#include "canary.h"
#include "rows.h"
#include "rungs.h"

/* By the operator, in the config and since; the same for all rows of a section. */
struct row_wanted {
	enum svc_mode mode;
	struct tunables tunables;
	__u64 forced_until_ms, disarmed_ms;
};

struct row {
	const struct row_id *id;
	struct row_wanted wanted;
	struct row_conf conf; /* what the data path was told */

	struct row_listeners listeners;
	struct thresholds thresholds;
	struct baseline learned;
	struct row_look look, second_ago, turn_ago;
	double syn_rate;
	struct attack attack;
	struct canary canary;
	struct rung rung; /* how its SYNs are answered when it is armed */
	__u64 quiet_ms; /* until then peace is not itself: an attack leaves its handshakes behind */
};

struct rows {
	const struct config *conf;
	struct dataplane *dp;
	struct listeners *listeners;
	attack_report *report;
	void *report_arg;
	__u64 opens;        /* connections that the kernel had accepted before this turn */
	__u64 second_ms;    /* when the last second was taken */
	__u64 listeners_ms; /* when the listeners were read */
	__u64 saved_ms;
	bool has_complained; /* of listeners that could not be read */
	size_t nr;
	struct row row[];
};

/* Tell the data path what is wanted of the row now, if that is something else than before. */
void row_tell(struct rows *rows, struct row *row);

/* black_hole.c. The row was followed by a daemon before, which left it with these ROW_*. */
void row_watch_from_now(struct rows *rows, struct row *row, __u32 flags, __u64 now_ms);

/* Does what is handed off arrive, by what was just seen? Logs and reports. */
void row_watch(struct rows *rows, struct row *row, __u64 now_ms);

/* The operator wants it tried again, at once. Logs and reports. */
void row_try_again(struct rows *rows, struct row *row);

/* The event of a black hole that goes on; NULL: there is none, or no memory. */
json_t *row_black_hole(const struct row *row, __u64 now_ms);

#endif
