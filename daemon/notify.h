/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What systemd is told of the daemon (sd_notify(3)): where it is in its life, and one line for
 * `systemctl status`. Without systemd all of it does nothing. The watchdog is fed by the loop
 * itself (sd_event_set_watchdog() in main.c). Nothing here logs.
 */
#ifndef SYNWARD_NOTIFY_H
#define SYNWARD_NOTIFY_H

#include <stddef.h>

/* It protects; also when a reload is over, however that ended. */
void notify_ready(void);

/* The config is read again, until notify_ready(). */
void notify_reloading(void);

void notify_stopping(void);

/* Work that takes long goes on, and is no hang: for the watchdog, to be said after each part. */
void notify_alive(void);

/* A start of many devices takes its time: a minute more is none too many. */
void notify_starting(void);

/* How many of the service ports answer SYNs with cookies now; @why_not: why none can, NULL: they
 * can. Is sent when it differs from what was sent last, so it may be called often. */
void notify_status(size_t nr_armed, size_t nr_ports, const char *why_not);

#endif
