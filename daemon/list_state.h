/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What commands have put on the lists survives a restart: one JSON file in the state directory. A
 * file that is damaged, or of another version, is left aside with a warning; nothing about it
 * stops protection.
 */
#ifndef SYNWARD_LIST_STATE_H
#define SYNWARD_LIST_STATE_H

#include "lists.h"

/* The same moment by two clocks, in ms: the data path's, and the one on the wall, by which time
 * goes on while nobody runs. */
struct list_clock {
	__u64 now_ms;
	__u64 wall_ms;
};

/* Into @lists, over what is there from files. What has expired stays away. Logs. Returns 0, also
 * when there is no file; -EINVAL for one that is ignored; or -ENOMEM. */
int list_state_load(const char *directory, const struct list_clock *clock, struct lists *lists);

/* Logs the first of several failures. Returns 0 or -errno. */
int list_state_save(const char *directory, const struct list_clock *clock,
		    const struct lists *lists);

#endif
