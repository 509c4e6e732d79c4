// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events are bytes and a reason: what stands in the headers is for the client to read
 * (cli/frame.c). What is lost on the way is told, and why: too many packets a second, the ring to
 * the daemon full, or a client that does not read.
 */
#include "tracer.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>

#include "cleanup.h"
#include "json.h"
#include "log.h"
#include "names.h"

struct tracer {
	sd_event_source *source;
	struct dataplane *dp;
	trace_publish *publish;
	void *arg;
	struct trace_lost told; /* of what is lost before it comes to us */
	__u64 nr_unread;        /* events that the client had no room for, not told yet */
	__u64 nr_packets;
};

/* ---- what is told ---- */

static json_t *hex_json(const __u8 *bytes, size_t nr)
{
	static const char digits[] = "0123456789abcdef";
	char text[2 * TRACE_SNAP];

	for (size_t i = 0; i < nr; i++) {
		text[2 * i] = digits[bytes[i] >> 4];
		text[2 * i + 1] = digits[bytes[i] & 15];
	}
	return json_stringn(text, 2 * nr);
}

json_t *trace_begin_json(const struct device_names *interfaces)
{
	json_t *names = json_array();

	for (size_t i = 0; i < interfaces->nr; i++)
		json_array_append_new(names, json_string(interfaces->name[i]));
	return json_pack("{s:s, s:o, s:i}", "event", "trace_begin", "interfaces", names,
			 "per_second", TRACE_PER_SECOND);
}

json_t *trace_packet_json(const struct trace_record *record, const char *device,
			  const char *out_device, json_int_t wall_us)
{
	char reason[REASON_NAME_SIZE];
	json_t *event = json_pack(
		"{s:s, s:I, s:s, s:s, s:s, s:o, s:I}", "event", "packet", "time_us", wall_us,
		"interface", device, "hook", record->is_from_tc ? "tc" : "xdp", "reason",
		reason_name(record->reason, reason), "in", hex_json(record->in, record->in_kept),
		"in_bytes", (json_int_t)record->in_bytes);

	if (!event || !record->out_bytes)
		return event;
	json_object_set_new(event, "out", hex_json(record->out, record->out_kept));
	json_object_set_new(event, "out_bytes", json_integer(record->out_bytes));
	if (out_device)
		json_object_set_new(event, "out_interface", json_string(out_device));
	return event;
}

/* False: the client has no room for it. */
static bool tell(struct tracer *t, json_t *event)
{
	bool is_told = event && !t->publish(t->arg, event);

	json_decref(event);
	return is_told;
}

/* @cause: limit, ring or reader. */
static bool tell_lost(struct tracer *t, const char *cause, __u64 nr)
{
	return !nr || tell(t, json_pack("{s:s, s:s, s:I}", "event", "lost", "cause", cause,
					"packets", (json_int_t)nr));
}

static json_int_t wall_us(__u64 at_ns)
{
	struct timespec wall, mono;
	__s64 ago_ns;

	clock_gettime(CLOCK_REALTIME, &wall);
	clock_gettime(CLOCK_MONOTONIC, &mono);
	ago_ns = mono.tv_sec * 1000000000LL + mono.tv_nsec - (__s64)at_ns;
	return (wall.tv_sec * 1000000000LL + wall.tv_nsec - ago_ns) / 1000;
}

/* Before the next packet, which is where they are missing; or, when none comes, in the end. */
static void tell_unread(struct tracer *t)
{
	if (tell_lost(t, "reader", t->nr_unread))
		t->nr_unread = 0;
}

static void on_packet(void *arg, const char *device, const char *out_device,
		      const struct trace_record *record)
{
	struct tracer *t = arg;

	t->nr_packets++;
	tell_unread(t);
	if (t->nr_unread ||
	    !tell(t, trace_packet_json(record, device, out_device, wall_us(record->at_ns))))
		t->nr_unread++;
}

static int on_ring(sd_event_source *source, int fd, uint32_t revents, void *arg)
{
	struct tracer *t = arg;

	(void)source, (void)fd, (void)revents;
	dataplane_trace_read(t->dp);
	return 0;
}

const char *tracer_second(struct tracer *t)
{
	struct trace_lost now;

	if (!t)
		return NULL;
	dataplane_trace_read(t->dp); /* what no wake-up came for */
	dataplane_trace_lost(t->dp, &now);
	if (tell_lost(t, "limit", now.over_limit - t->told.over_limit))
		t->told.over_limit = now.over_limit;
	if (tell_lost(t, "ring", now.ring_full - t->told.ring_full))
		t->told.ring_full = now.ring_full;
	tell_unread(t);
	return dataplane_trace_over(t->dp);
}

/* ---- begin and end ---- */

void trace_conf_make(const struct trace_order *order, struct trace_conf *ret)
{
	struct prefix mask = { .bits = order->source.bits, .is_v6 = order->source.is_v6 };

	*ret = (struct trace_conf){ .port = htons(order->port),
				    .is_filtered = order->has_source || order->port };
	if (!order->has_source)
		return;
	mask.addr = (struct ip_addr){ { ~0U, ~0U, ~0U, ~0U } };
	prefix_cut(&mask);
	ret->addr = order->source.addr;
	ret->mask = mask.addr;
}

int tracer_begin(sd_event *event, struct dataplane *dp, const struct trace_order *order,
		 trace_publish *publish, void *arg, struct tracer **ret, char **ret_why)
{
	struct tracer *t = calloc(1, sizeof(*t));
	struct trace_conf conf;
	int err;

	if (!t)
		return -ENOMEM;
	*t = (struct tracer){ .dp = dp, .publish = publish, .arg = arg };
	trace_conf_make(order, &conf);
	err = dataplane_trace_begin(dp, &conf, on_packet, t, ret_why);
	if (err) {
		free(t);
		return err;
	}
	err = sd_event_add_io(event, &t->source, dataplane_trace_fd(dp), EPOLLIN, on_ring, t);
	if (err < 0) {
		tracer_end(t);
		return err;
	}
	log_notice("trace: packets are followed, by programs of their own");
	*ret = t;
	return 0;
}

struct tracer *tracer_end(struct tracer *t)
{
	if (!t)
		return NULL;
	sd_event_source_disable_unref(t->source);
	dataplane_trace_end(t->dp);
	log_notice("trace: it is over, after %" PRIu64 " packets; the programs of before are back",
		   (uint64_t)t->nr_packets);
	free(t);
	return NULL;
}
