/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How SYNs are answered, on a device and for a row: the best way that kernel, sysctls and listeners
 * leave, and why it is not a better one. cookie, else kernel-cookie, else monitor. What there is
 * comes in as arguments, found out by features and never by versions. Pure.
 */
#ifndef SYNWARD_RUNGS_H
#define SYNWARD_RUNGS_H

#include <stdbool.h>

#include "abi.h"
#include "names.h"
#include "snapshot.h"

#define RUNG_WHY_SIZE 768
#define RUNG_CAUSE_SIZE 320

struct rung {
	enum path path;
	char why[RUNG_WHY_SIZE]; /* cause and remedy; "": it is the best, for all */
};

/* What holds for all devices. */
struct rung_means {
	bool can_hand_off;
	char why_no_hand_off[RUNG_CAUSE_SIZE]; /* cause and remedy, when it cannot */
	bool can_kernel_cookie;
	bool is_by_route; /* reply = fib */
	__u32 may;        /* settings.flags */
};

struct rung_device {
	bool has_xdp, has_tc;        /* attached */
	bool is_silent;              /* the TC half is attached, and sees no packets */
	bool is_down;                /* the link */
	bool is_absent, is_detached; /* it is not there; by command */
	bool is_refused;             /* and not tried again */
	const char *name;
	const char *why_no_xdp; /* cause and remedy; "": not known */
};

void rung_of_device(const struct rung_means *means, const struct rung_device *device,
		    struct rung *ret);

struct rung_row {
	const char *service; /* section */
	enum svc_mode mode;
	const struct row_listeners *listeners;
	__u32 black_hole_seconds; /* what it hands off arrives nowhere, and it is not tried again
				     for so long; 0: it arrives */
	__u32 by_kernel_seconds;  /* the same, but cookies of the kernel's may */
};

/* @device: the best there is. */
void rung_of_row(const struct rung_means *means, const struct rung *device,
		 const struct rung_row *row, struct rung *ret);

#endif
