/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which thresholds are right for a row: the operator's where they are pinned, else what its
 * listeners' backlog and its peace say. Pure: what was seen comes in as an argument.
 */
#ifndef SYNWARD_TUNER_H
#define SYNWARD_TUNER_H

#include "config.h"
#include "snapshot.h"

#define HALF_OPEN_DEFAULT 128 /* while nobody listens */
#define SYN_RATE_DEFAULT 1000
#define SYN_RATE_LEAST 500 /* tuned ones are not below; a browser or two must not arm */

/* One second of a row. */
struct tuner_second {
	bool is_attacked;
	__u32 half_open; /* handshakes that the kernel holds */
	double syns;     /* a second */
	double served;   /* handshakes finished a second */
};

/*
 * Learn from a second: slowly upwards (a constant of ten minutes), much more slowly downwards (a
 * day). Nothing is learned of an attack. A row that is armed although most of its SYNs are finished
 * handshakes is no attack but a threshold that is too low, and that is learned.
 */
void tuner_learn(struct baseline *baseline, const struct tuner_second *second);

/*
 * The thresholds in force. Half-open: a quarter of the smallest backlog, or four times what peace
 * was seen to hold, but never more than half the backlog, so that the kernel's queue cannot fill.
 * SYN rate: what fills half the backlog with clients 250 ms away, or four times what was served in
 * peace.
 */
void tuner_thresholds(const struct tunables *tunables, const struct row_listeners *listeners,
		      const struct baseline *learned, struct thresholds *ret);

/* What the data path is told of them, without mode and orders. @nr_cpus share the counting. */
void tuner_row_conf(const struct thresholds *thresholds, unsigned int nr_cpus,
		    struct row_conf *ret);

#endif
