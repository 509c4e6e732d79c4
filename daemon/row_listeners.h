/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which of the kernel's listeners are a row's, and what they hold together. Pure.
 */
#ifndef SYNWARD_ROW_LISTENERS_H
#define SYNWARD_ROW_LISTENERS_H

#include "config.h"
#include "snapshot.h"

/* Of @all, the listeners at @port for connections to the addresses of @service. */
void row_listeners_sum(const struct listener_info *all, size_t nr, const struct service *service,
		       __u16 port, struct row_listeners *ret);

#endif
