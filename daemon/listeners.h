/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's listeners with their queues, by the iter/tcp program. With dataplane.c and device.c
 * the only code that sees libbpf.
 */
#ifndef SYNWARD_LISTENERS_H
#define SYNWARD_LISTENERS_H

#include <stddef.h>

#include "abi.h"

struct listeners;

/* Logs. Returns 0 or -errno. */
int listeners_open(struct listeners **ret);
void listeners_close(struct listeners *listeners);

/* Every listener of the caller's network namespace; the caller frees *ret. A few milliseconds.
 * Returns 0 or -errno. */
int listeners_read(struct listeners *listeners, struct listener_info **ret, size_t *ret_nr);

#endif
