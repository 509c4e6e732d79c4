/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What must hold around the process before it begins: capabilities, and a clock that is the
 * kernel's own.
 */
#ifndef SYNWARD_SURROUNDINGS_H
#define SYNWARD_SURROUNDINGS_H

#include <linux/types.h>

#define SURROUNDINGS_NEEDED "CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON"

/* Looks and logs. Capabilities that are missing are a warning: what fails for want of them says so
 * again, and a kernel may ask for less. Returns 0, or -errno for what cannot go well. */
int surroundings_check(void);

/* The effective ones of this process, a bit each; all when they cannot be told. */
__u64 surroundings_capabilities(void);

/* Which of those that are needed are not among @capabilities: "CAP_BPF and CAP_PERFMON are", ""
 * for none. Pure. Returns @buffer. */
#define SURROUNDINGS_MISSING_SIZE 64
const char *surroundings_missing(__u64 capabilities, char buffer[SURROUNDINGS_MISSING_SIZE]);

/* By how many seconds the monotonic clock of a time namespace, whose /proc/PID/timens_offsets is
 * @text, differs from the kernel's. Pure. */
long long surroundings_clock_offset(const char *text);

#endif
