// SPDX-License-Identifier: GPL-2.0-only
/*
 * The words of the protocol. Type=notify is what the unit says, since systemd 252 does not know
 * notify-reload; the time of a reload is sent for those that do.
 */
#include "notify.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#define STATUS_SIZE 512 /* longer ones are cut */

void notify_ready(void)
{
	sd_notify(0, "READY=1");
}

void notify_reloading(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64,
		   (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000);
}

void notify_stopping(void)
{
	sd_notify(0, "STOPPING=1\nSTATUS=stopping");
}

void notify_starting(void)
{
	sd_notify(0, "EXTEND_TIMEOUT_USEC=60000000");
}

void notify_alive(void)
{
	sd_notify(0, "WATCHDOG=1");
}

void notify_status(size_t nr_armed, size_t nr_ports, const char *why_not)
{
	static char last[STATUS_SIZE];
	char now[STATUS_SIZE];

	if (why_not)
		snprintf(now, sizeof(now), "STATUS=no interface can answer SYNs: %s", why_not);
	else
		snprintf(now, sizeof(now), "STATUS=%zu of %zu service ports armed", nr_armed,
			 nr_ports);
	if (!strcmp(now, last))
		return;
	strcpy(last, now);
	sd_notify(0, now);
}
