/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How packets that are followed look: for people, lines in groups of a connection each; for
 * programs, an object each. Both from the daemon's event, of which nothing is believed.
 */
#ifndef SYNWARD_TRACE_VIEW_H
#define SYNWARD_TRACE_VIEW_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "frame.h"

#define TRACE_KEPT_MAX 1024   /* bytes of a frame; the daemon keeps fewer */
#define TRACE_CONNECTIONS 512 /* that are remembered, so that they keep their number */

/* One packet and what became of it; texts are the event's. */
struct trace_packet {
	json_int_t time_us;
	const char *interface, *out_interface, *reason;
	bool is_from_tc, is_answer; /* that it was answered with `out`; else `out` is what passed */
	struct trace_side {
		unsigned char bytes[TRACE_KEPT_MAX];
		size_t nr_kept, nr_bytes; /* 0: there is none */
		bool is_tcp;
		struct frame_tcp tcp;
	} in, out;
};

/* Returns 0, or -EINVAL: that is no such event. */
int trace_packet_read(const json_t *event, struct trace_packet *ret);

/* The action of its reason, as in names.h: passed, dropped, answered; "-" for one that is newer
 * than this program. And its text, or "". */
const char *trace_fate(const struct trace_packet *packet);
const char *trace_reason_text(const struct trace_packet *packet);

/* "2026-11-28T10:31:02.123456Z". Returns `buffer`. */
#define TRACE_TIME_SIZE 40
const char *trace_time(json_int_t time_us, char buffer[TRACE_TIME_SIZE]);

/* NULL: no memory. */
json_t *trace_packet_object(const struct trace_packet *packet);

/* What was said so far: connections by their numbers. */
struct trace_view {
	struct trace_connection {
		struct ip_addr src, dst;
		__u16 sport, dport;
		__u32 isn; /* of its SYN, or 0 */
		unsigned long number;
	} connections[TRACE_CONNECTIONS];
	unsigned long nr_connections; /* ever */
	unsigned long last;           /* whose lines are the last on the screen; 0: nobody's */
};

void trace_print(struct trace_view *view, const struct trace_packet *packet);

#endif
