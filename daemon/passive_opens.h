/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How many connections the kernel has accepted in this network namespace, of all ports and both
 * families: TcpPassiveOpens of /proc/net/snmp. Does not log.
 */
#ifndef SYNWARD_PASSIVE_OPENS_H
#define SYNWARD_PASSIVE_OPENS_H

#include <linux/types.h>
#include <stdio.h>

/* Return 0; -EINVAL when it is not in there; or -errno. *ret is untouched on failure. */
int passive_opens_read(__u64 *ret);
int passive_opens_find(FILE *snmp, __u64 *ret);

#endif
