/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The config anew, while everything runs: all of it, or nothing. Nothing is attached or detached,
 * no connection and no attack is forgotten. What commands said of modes and thresholds gives way to
 * what the files say, as it would at a restart; what they put on lists, armed or disarmed stays.
 */
#ifndef SYNWARD_RELOAD_H
#define SYNWARD_RELOAD_H

#include "config.h"
#include "dataplane.h"
#include "list_keeper.h"
#include "netlink.h"
#include "rows.h"

/* All of them look at @conf, where it is. */
struct reload {
	struct config *conf;
	struct netlink *netlink;
	struct dataplane *dataplane;
	struct rows *rows;
	struct list_keeper *lists;
};

/* Returns 0, or -errno with at least one line in @errors, and then all is as it was. */
int reload_config(const struct reload *reload, struct config_errors *errors);

#endif
