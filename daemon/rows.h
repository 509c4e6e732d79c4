/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The rows, one for each (section, port): what is wanted of them (mode, thresholds, orders of the
 * operator), what is seen of them (listeners, rates, attacks), and what was learned. The data path
 * arms by itself; this tells it by which thresholds, and tells people what happened.
 */
#ifndef SYNWARD_ROWS_H
#define SYNWARD_ROWS_H

#include <jansson.h>

#include "attacks.h"
#include "config.h"
#include "dataplane.h"

struct rows;

/*
 * Rows for @conf, which must outlive them, on @dp: learned baselines are loaded, and what the
 * daemon before left is looked at. Attacks go to @report. Logs. Returns 0 or -errno.
 */
int rows_open(const struct config *conf, struct dataplane *dp, attack_report *report, void *arg,
	      struct rows **ret);

/* The data path is told thresholds and modes. */
void rows_begin(struct rows *rows);

/* Keeps what was learned, and releases everything. NULL is fine. */
void rows_close(struct rows *rows);

/* To be called often (twice a second): listeners, thresholds, attacks; and once a second, by the
 * clock, what belongs to seconds. Logs. */
void rows_follow(struct rows *rows);

/* Rows of the snapshot; the rest is left as it is. Returns 0 or -errno. */
int rows_snapshot(struct rows *rows, struct snapshot *ret);

bool rows_has_service(const struct rows *rows, const char *service);

/* The config is another one, in the same place and of the same rows: modes and tunables are as it
 * says. Logs. */
void rows_follow_config(struct rows *rows);

/* How many answer SYNs with cookies now. */
size_t rows_nr_armed(const struct rows *rows);

/* The events of the beginnings of all attacks and black holes that go on, in an array. NULL: no
 * memory. */
json_t *rows_ongoing(const struct rows *rows);

/*
 * Orders by the operator for all rows of a section. Each returns 0, or -EINVAL (a word is wrong) or
 * -EPERM (not possible as things are) with a line in *ret_why, to be freed; or another -errno. All
 * or nothing.
 */
int rows_tune(struct rows *rows, const char *service, const char *key, const char *value,
	      char **ret_why);
int rows_set_mode(struct rows *rows, const char *service, const char *mode, char **ret_why);
int rows_arm(struct rows *rows, const char *service, __u32 seconds, char **ret_why);
int rows_disarm(struct rows *rows, const char *service, char **ret_why);

#endif
