/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A row as rows.c keeps it and orders.c changes it; nobody else's.
 */
#ifndef SYNWARD_ROWS_INSIDE_H
#define SYNWARD_ROWS_INSIDE_H

#include "rows.h"

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
	__u64 quiet_ms; /* until then peace is not itself: an attack leaves its handshakes behind */
};

struct rows {
	const struct config *conf;
	struct dataplane *dp;
	struct listeners *listeners;
	attack_report *report;
	void *report_arg;
	__u64 second_ms;    /* when the last second was taken */
	__u64 listeners_ms; /* when the listeners were read */
	__u64 saved_ms;
	bool has_complained; /* of listeners that could not be read */
	size_t nr;
	struct row row[];
};

/* Tell the data path what is wanted of the row now, if that is something else than before. Logs.
 * Returns 0 or -errno. */
int row_tell(struct rows *rows, struct row *row);

#endif
