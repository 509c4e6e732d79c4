/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the daemon knows at one moment, in plain C: filled by the data path's owner (dataplane.c),
 * read by whoever reports it (status.c). Everything in it is a copy or outlives the main loop's
 * turn in which it was taken.
 */
#ifndef SYNWARD_SNAPSHOT_H
#define SYNWARD_SNAPSHOT_H

#include <net/if.h>
#include <stdbool.h>

#include "abi.h"
#include "reasons.h"

struct snapshot_device {
	char name[IF_NAMESIZE];
	const char *xdp_mode; /* "native", "generic" or "none" */
	const char *tc;       /* "tcx" or "none" */
	const char *path; /* "cookie": SYNs are answered and handed off; "monitor": only counted */
	const char *why;  /* why the path is not "cookie", with the remedy; NULL when it is */
};

struct snapshot_row {
	const char *name; /* section */
	__u16 port;       /* host order */
	enum svc_mode mode;
	bool armed;
	struct row_counts counts; /* over all CPUs */
};

struct snapshot {
	__u64 uptime_seconds;
	struct snapshot_device devices[DEVS_MAX];
	unsigned int nr_devices;
	struct snapshot_row rows[ROWS_MAX];
	unsigned int nr_rows;
	__u64 reasons[NR_REASONS]; /* packets by verdict, over all CPUs and devices */
};

#endif
