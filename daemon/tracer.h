/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tracer of the moment: what it asked for, and each packet that the data path tells of as an
 * event for it. There is one at most.
 */
#ifndef SYNWARD_TRACER_H
#define SYNWARD_TRACER_H

#include <jansson.h>
#include <systemd/sd-event.h>

#include "dataplane.h"
#include "prefix.h"
#include "trace_abi.h"

struct tracer;

struct trace_order {
	struct prefix source;
	bool has_source; /* false: of everybody */
	__u16 port;      /* host order; 0: to any port */
};

/* Takes an event to the tracer: 0, or -errno when it has no room for it. */
typedef int trace_publish(void *arg, const json_t *event);

/*
 * Follow packets from now on, on @event's loop: each goes to @publish. Logs. Returns 0 or -errno;
 * *ret_why, to be freed, is then a line for who asked, or NULL.
 */
int tracer_begin(sd_event *event, struct dataplane *dp, const struct trace_order *order,
		 trace_publish *publish, void *arg, struct tracer **ret, char **ret_why);

/* To be called every second: what was lost is told. Returns NULL, or a line for who traces: why it
 * cannot go on and is to be ended. NULL is fine. */
const char *tracer_second(struct tracer *tracer);

/* Logs. NULL is fine. Returns NULL. */
struct tracer *tracer_end(struct tracer *tracer);

/* ---- pure ---- */

/* What the data path is told of @order. */
void trace_conf_make(const struct trace_order *order, struct trace_conf *ret);

/* The first event. NULL: no memory. */
json_t *trace_begin_json(const struct device_names *interfaces);

/* One packet; @wall_us: when, by the wall clock. NULL: no memory. */
json_t *trace_packet_json(const struct trace_record *record, const char *device,
			  const char *out_device, json_int_t wall_us);

#endif
