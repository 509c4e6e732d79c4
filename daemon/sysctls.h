/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The sysctls that the data path depends on, read in the caller's network namespace: what a SYN-ACK
 * may offer, and whether the kernel would take a hand-off at all. Nothing is ever written.
 */
#ifndef SYNWARD_SYSCTLS_H
#define SYNWARD_SYSCTLS_H

#include "abi.h"

/* Fill *ret with what the data path may do now. A sysctl that cannot be read counts as off. Does
 * not log. */
void sysctls_read(struct settings *ret);

/* net.ipv6.conf.DEVICE.hop_limit, which router advertisements change. */
__u8 sysctls_hop_limit(const char *device);

/* Say in one line each what changed between two readings, as a warning when it takes protection
 * away. Logs. */
void sysctls_report(const struct settings *before, const struct settings *now);

#endif
