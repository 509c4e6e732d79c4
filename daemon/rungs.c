// SPDX-License-Identifier: GPL-2.0-only
/*
 * What stands in the way comes first in each text, then what is done instead, then what that costs
 * and the command that would change it. Nothing of the operator's is changed.
 */
#include "rungs.h"

#include <stdio.h>

#include "duration.h"

#define KERNEL_COOKIES \
	"; SYNs are answered with the kernel's own cookies, which the listener takes by itself"
#define ONLY_WHEN_FULL                                                                        \
	"; net.ipv4.tcp_syncookies is 1, so they are out only once the listener's own queue " \
	"is full: 'sysctl -w net.ipv4.tcp_syncookies=2' changes that"
#define WITHOUT_OPTIONS                                                                 \
	"; net.ipv4.tcp_timestamps is not 2, so connections that are made while armed " \
	"lose window scale, SACK and timestamps: 'sysctl -w net.ipv4.tcp_timestamps=2' keeps them"

static void monitor(const char *cause, struct rung *ret)
{
	ret->path = PATH_MONITOR;
	snprintf(ret->why, sizeof(ret->why), "%s", cause);
}

/* Ours are not possible, by @cause. */
static void kernel_cookie_or_monitor(const struct rung_means *means, const char *cause,
				     struct rung *ret)
{
	monitor(cause, ret);
	if (!means->can_kernel_cookie)
		return;
	ret->path = PATH_KERNEL_COOKIE;
	snprintf(ret->why, sizeof(ret->why), "%s" KERNEL_COOKIES "%s%s", cause,
		 means->may & KERNEL_COOKIES_ALWAYS ? "" : ONLY_WHEN_FULL,
		 means->may & MAY_KERNEL_OPTIONS ? "" : WITHOUT_OPTIONS);
}

#define NO_ROUTES(family)                                                                   \
	"reply = fib asks the kernel for the way back, and it tells none while net." family \
	".conf.lo.forwarding is 0; 'sysctl -w net." family                                  \
	".conf.lo.forwarding=1' helps, and makes no router of "                             \
	"this host"

/* reply = fib: for which families does the kernel tell a route? */
static void routes(const struct rung_means *means, struct rung *ret)
{
	bool has_v4 = means->may & MAY_ROUTE_V4, has_v6 = means->may & MAY_ROUTE_V6;

	if (!has_v4 && !has_v6)
		monitor(NO_ROUTES("ipv4") "; the same holds for ipv6", ret);
	else if (!has_v4)
		snprintf(ret->why, sizeof(ret->why), "%s",
			 "SYNs of IPv4 go to the kernel: " NO_ROUTES("ipv4"));
	else if (!has_v6)
		snprintf(ret->why, sizeof(ret->why), "%s",
			 "SYNs of IPv6 go to the kernel: " NO_ROUTES("ipv6"));
}

/* Not that anything is wrong with it. */
static void is_not_to_be(const struct rung_device *device, struct rung *ret)
{
	ret->path = PATH_MONITOR;
	if (device->is_detached)
		snprintf(ret->why, sizeof(ret->why),
			 "it was detached by command; 'synward attach %s' attaches it again",
			 device->name);
	else
		snprintf(ret->why, sizeof(ret->why),
			 "it is absent: no device is called so; it is attached as soon as there is "
			 "one, "
			 "and 'ip link' lists those there are");
}

static void without_xdp(const struct rung_device *device, struct rung *ret)
{
	bool is_known = device->why_no_xdp && device->why_no_xdp[0];

	ret->path = PATH_MONITOR;
	snprintf(ret->why, sizeof(ret->why), "the XDP program is not attached%s%s%s",
		 is_known ? ": " : "", is_known ? device->why_no_xdp : "",
		 device->is_refused ? "" : "; it is tried again every second");
}

static void link_is_down(const struct rung_device *device, struct rung *ret)
{
	ret->path = PATH_MONITOR;
	snprintf(ret->why, sizeof(ret->why), "the link is down; 'ip link set dev %s up'",
		 device->name);
}

void rung_of_device(const struct rung_means *means, const struct rung_device *device,
		    struct rung *ret)
{
	*ret = (struct rung){ .path = PATH_COOKIE };
	if (device->is_detached || device->is_absent)
		is_not_to_be(device, ret);
	else if (!device->has_xdp)
		without_xdp(device, ret);
	else if (device->is_down)
		link_is_down(device, ret);
	else if (!(means->may & MAY_COOKIE))
		monitor("net.ipv4.tcp_syncookies is 0; 'sysctl -w net.ipv4.tcp_syncookies=1' helps",
			ret);
	else if (!means->can_hand_off)
		kernel_cookie_or_monitor(means, means->why_no_hand_off, ret);
	else if (!device->has_tc)
		kernel_cookie_or_monitor(
			means, "the TC half is not attached; it is tried again every second", ret);
	else if (device->is_silent)
		kernel_cookie_or_monitor(
			means,
			"the TC half sees no packets: another program before it ends the "
			"chain; see 'bpftool net' and remove it",
			ret);
	if (ret->path != PATH_MONITOR && means->is_by_route)
		routes(means, ret);
}

static void black_hole(const struct rung_row *row, struct rung *ret)
{
	char duration[DURATION_SIZE];

	ret->path = PATH_MONITOR;
	snprintf(ret->why, sizeof(ret->why),
		 "handshakes that are handed to the listener arrive nowhere, so SYNs go to the "
		 "kernel: the port is forwarded (DNAT, IPVS, TPROXY), or a firewall drops what is "
		 "new without a SYN, or NAT on this host takes the socket from the packet; "
		 "'synward doctor' looks for it; take the port out of the service or mend the "
		 "rules, then 'synward arm %s'; tried again in %s",
		 row->service, duration_format((row->black_hole_seconds + 59) / 60 * 60, duration));
}

static void by_kernel(const struct rung_means *means, const struct rung_row *row, struct rung *ret)
{
	char cause[RUNG_CAUSE_SIZE], duration[DURATION_SIZE];

	snprintf(
		cause, sizeof(cause),
		"handshakes that are handed to the listener arrive nowhere: NAT on this host, or a "
		"firewall; 'synward doctor' looks for it, 'synward arm %s' tries again, as does "
		"synwardd in %s",
		row->service, duration_format((row->by_kernel_seconds + 59) / 60 * 60, duration));
	kernel_cookie_or_monitor(means, cause, ret);
}

static void mptcp(const struct rung_means *means, const struct rung_row *row, struct rung *ret)
{
	char cause[RUNG_CAUSE_SIZE];

	snprintf(cause, sizeof(cause),
		 "%u of %u listeners %s MPTCP, which takes no cookies of synward's; a plain TCP "
		 "socket does (Go's default is MPTCP: GODEBUG=multipathtcp=0)",
		 row->listeners->nr_mptcp, row->listeners->nr,
		 row->listeners->nr_mptcp == 1 ? "is" : "are");
	kernel_cookie_or_monitor(means, cause, ret);
}

void rung_of_row(const struct rung_means *means, const struct rung *device,
		 const struct rung_row *row, struct rung *ret)
{
	*ret = *device;
	if (row->mode == SVC_OFF || row->mode == SVC_MONITOR) {
		ret->path = PATH_MONITOR;
		snprintf(ret->why, sizeof(ret->why),
			 "mode is %s, which answers nothing; 'synward mode %s auto' does",
			 svc_mode_name(row->mode), row->service);
	} else if (device->path == PATH_MONITOR) {
		return;
	} else if (row->black_hole_seconds) {
		black_hole(row, ret);
	} else if (device->path == PATH_COOKIE && row->by_kernel_seconds) {
		by_kernel(means, row, ret);
	} else if (device->path == PATH_COOKIE && row->listeners->nr_mptcp) {
		mptcp(means, row, ret);
	}
}
