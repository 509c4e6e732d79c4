/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The allow and deny lists while the daemon runs: what the config's files and commands say is kept
 * in memory (lists.c), told to the data path, ended when its time is up, and what commands said is
 * kept over a restart (list_state.c).
 */
#ifndef SYNWARD_LIST_KEEPER_H
#define SYNWARD_LIST_KEEPER_H

#include "config.h"
#include "dataplane.h"
#include "lists.h"

struct list_keeper;

/* Lists of @conf, which must outlive them, and of commands in earlier lives, for @dp. Logs. Returns
 * 0 or -errno. */
int list_keeper_open(const struct config *conf, struct dataplane *dp, struct list_keeper **ret);

/* The data path is told of them. Logs. Returns 0 or -errno. */
int list_keeper_begin(struct list_keeper *keeper);

/* After the data path is closed, which looks at the lists. Keeps what is not kept yet. NULL is
 * fine. */
void list_keeper_close(struct list_keeper *keeper);

/* To be called every second. Logs. */
void list_keeper_second(struct list_keeper *keeper);

/*
 * The files of @next in the place of those before; what commands said stays, and goes on covering
 * them. Returns 0; -EPERM with a line in *ret_why, to be freed; or another -errno. All or nothing.
 */
int list_keeper_reload(struct list_keeper *keeper, const struct config *next, char **ret_why);

void list_keeper_page(const struct list_keeper *keeper, enum list list, __u32 from, __u32 limit,
		      struct list_page *ret);

/*
 * Each may be given again without harm: what is on the list gets its new time, what is not on it is
 * not deleted. @seconds = 0: for ever. Return 0, or -EINVAL (@prefix is wrong) or -EPERM (the lists
 * are full) with a line in *ret_why, to be freed; or another -errno. All or nothing.
 */
int list_keeper_add(struct list_keeper *keeper, enum list list, const char *prefix, __u32 seconds,
		    struct list_change *ret, char **ret_why);
int list_keeper_delete(struct list_keeper *keeper, enum list list, const char *prefix,
		       struct list_change *ret, char **ret_why);

#endif
