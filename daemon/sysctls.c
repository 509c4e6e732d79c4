// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which sysctl becomes which permission, in one table. They are read when an ACK is handed off but
 * matter when the SYN-ACK goes out, so they are polled every second; inotify does not work on them.
 */
#include "sysctls.h"

#include <stdbool.h>
#include <stdio.h>

#include "cleanup.h"
#include "log.h"

#define TTL_DEFAULT 64
#define RMEM_MAX_DEFAULT 6291456 /* bytes; tcp_rmem of a kernel that does not say */
#define RMEM_DEFAULT 131072
#define EPOCH_SHIFT                                                                  \
	16 /* 65.5 s: a cookie lives for one to two epochs, as the kernel's own does \
	    */

static const struct {
	const char *path;
	__u32 flag;
	bool is_vital;
	const char *without;
} sysctls[] = {
	{ "/proc/sys/net/ipv4/tcp_syncookies", MAY_COOKIE, true,
	  "net.ipv4.tcp_syncookies is 0: the kernel would reset every connection that is handed to "
	  "it, so SYNs are not "
	  "answered; 'sysctl -w net.ipv4.tcp_syncookies=1' restores protection" },
	{ "/proc/sys/net/ipv4/tcp_timestamps", MAY_TIMESTAMPS, false,
	  "net.ipv4.tcp_timestamps is 0: SYN-ACKs offer no timestamps, cookies are weaker and "
	  "carry fewer options" },
	{ "/proc/sys/net/ipv4/tcp_sack", MAY_SACK, false,
	  "net.ipv4.tcp_sack is 0: SYN-ACKs offer no SACK" },
	{ "/proc/sys/net/ipv4/tcp_window_scaling", MAY_WSCALE, false,
	  "net.ipv4.tcp_window_scaling is 0: SYN-ACKs offer no window scale" },
	{ "/proc/sys/net/ipv4/tcp_ecn", MAY_ECN, false,
	  "net.ipv4.tcp_ecn is 0: SYN-ACKs offer no ECN" },
};

#define NR_SYSCTLS (sizeof(sysctls) / sizeof(sysctls[0]))

/* What these are to the operator is said in rungs.c. */
static const struct {
	const char *path;
	unsigned int least;
	__u32 flag;
} more_sysctls[] = {
	{ "/proc/sys/net/ipv4/tcp_syncookies", 2, KERNEL_COOKIES_ALWAYS },
	{ "/proc/sys/net/ipv4/tcp_timestamps", 2, MAY_KERNEL_OPTIONS },
	{ "/proc/sys/net/ipv4/conf/lo/forwarding", 1, MAY_ROUTE_V4 },
	{ "/proc/sys/net/ipv6/conf/lo/forwarding", 1, MAY_ROUTE_V6 },
};

#define NR_MORE_SYSCTLS (sizeof(more_sysctls) / sizeof(more_sysctls[0]))

/* Up to three numbers of a sysctl; those that are not there stay as they were. */
static void read_numbers(const char *path, unsigned int ret[3])
{
	__cleanup(cleanup_file) FILE *f = fopen(path, "re");

	if (f && fscanf(f, "%u %u %u", &ret[0], &ret[1], &ret[2]) < 1)
		return;
}

static unsigned int read_number(const char *path, unsigned int otherwise)
{
	unsigned int n[3] = { otherwise };

	read_numbers(path, n);
	return n[0];
}

void sysctls_read(struct settings *ret)
{
	unsigned int rmem[3] = { 0, RMEM_DEFAULT, RMEM_MAX_DEFAULT };
	unsigned int rmem_max = read_number("/proc/sys/net/core/rmem_max", 0);
	struct settings s = { .epoch_shift = EPOCH_SHIFT };

	for (size_t i = 0; i < NR_SYSCTLS; i++)
		if (read_number(sysctls[i].path, 0))
			s.flags |= sysctls[i].flag;
	for (size_t i = 0; i < NR_MORE_SYSCTLS; i++)
		if (read_number(more_sysctls[i].path, 0) >= more_sysctls[i].least)
			s.flags |= more_sysctls[i].flag;
	read_numbers("/proc/sys/net/ipv4/tcp_rmem", rmem);
	s.rmem_default = rmem[1];
	s.rmem_max = rmem[2] > rmem_max ? rmem[2] : rmem_max;
	s.ttl = read_number("/proc/sys/net/ipv4/ip_default_ttl", TTL_DEFAULT);
	*ret = s;
}

__u8 sysctls_hop_limit(const char *device)
{
	char path[128];

	snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/hop_limit", device);
	return read_number(path, TTL_DEFAULT);
}

void sysctls_report(const struct settings *before, const struct settings *now)
{
	for (size_t i = 0; i < NR_SYSCTLS; i++) {
		bool was = before->flags & sysctls[i].flag, is = now->flags & sysctls[i].flag;

		if (was && !is && sysctls[i].is_vital)
			log_err("%s", sysctls[i].without);
		else if (was && !is)
			log_warn("%s", sysctls[i].without);
		else if (!was && is)
			log_notice("%s is no longer 0", sysctls[i].path);
	}
}
