/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All that synwardd is, for its loop (main.c) and its answers (answers.c), and nobody else.
 */
#ifndef SYNWARD_DAEMON_H
#define SYNWARD_DAEMON_H

#include <stdbool.h>
#include <systemd/sd-event.h>

#include "config.h"
#include "control.h"
#include "sysctls.h"

struct daemon {
	struct config conf;
	char *drop_in_directory; /* as anybody sees it; NULL: there is no config file */
	struct settings settings;
	sd_event *event;
	sd_event_source *tick, *turn, *resend, *idle;
	struct netlink *netlink;
	struct control *control;
	struct dataplane *dataplane;
	struct rows *rows;
	struct list_keeper *lists;
	struct tracer *tracer; /* NULL: nobody traces */
	__u64 started_ms;
	bool lacks_links, lacks_addresses; /* they could not be read; tried again every second */
};

/* answers.c: what the control socket calls. */
struct control_ops daemon_answers(struct daemon *d);

/* Returns as reload_config(). Whoever asks is told more; the log has all. */
int daemon_reload(struct daemon *d, struct config_errors *errors);

/* Who traces is told what he missed, and, if it cannot go on, that it is over. */
void daemon_trace_second(struct daemon *d);

/* Nobody traces any more. */
void daemon_trace_end(struct daemon *d);

/* main.c: somebody wants to know how many flows there are: they are counted when nothing else is to
 * be done. */
void daemon_count_if_wanted(struct daemon *d);

#endif
