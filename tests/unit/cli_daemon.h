/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The daemon that `synward` is called against, with a world that is made up: what it shows, how
 * changes end, what happens while somebody watches. It serves the control socket of @world, in a
 * child. For cli_world.h.
 */
#ifndef SYNWARD_CLI_DAEMON_H
#define SYNWARD_CLI_DAEMON_H

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control.h"
#include "json.h"
#include "list_reply.h"
#include "names.h"
#include "status.h"
#include "tracer.h"

#define NR_FLOWS 2500
#define NR_DENIED 2500

static struct world {
	char directory[64], path[96], drop_ins[96];
	pid_t daemon;
	char out[1 << 20], err[4096]; /* what the last call has printed */
} world;

static struct snapshot snapshot;
static struct handshake_page page;
static struct control *control;

/* The daemon that is asked has lost what it does best. */
static bool is_degraded;

static void degrade_snapshot(void)
{
	snapshot.memory_bytes = 0;
	snapshot.devices[0].path = "kernel-cookie";
	snapshot.devices[0].why = "the TC half is gone";
	snapshot.rows[0].path = snapshot.rows[1].path = "kernel-cookie";
	snapshot.rows[0].why = snapshot.rows[1].why = "a listener is MPTCP";
	snapshot.rows[3] = (struct snapshot_row){ .name = "api",
						  .path = "kernel-cookie",
						  .why = "the TC half is gone",
						  .port = 1,
						  .mode = SVC_AUTO };
	snapshot.rows[4] = (struct snapshot_row){
		.name = "api", .path = "monitor", .why = "no kfunc", .port = 2, .mode = SVC_AUTO
	};
	snapshot.nr_rows = 5;
}

static void fill_snapshot(void)
{
	snapshot.uptime_seconds = 7380;
	snapshot.libbpf = "1.1";
	snapshot.memory_bytes = 6645296;
	snapshot.max_flows = 65536;
	snapshot.nr_devices = 2;
	snapshot.devices[0] = (struct snapshot_device){
		.name = "eth0", .xdp_mode = "native", .tc = "tcx", .path = "cookie"
	};
	snapshot.devices[1] = (struct snapshot_device){ .name = "eth1",
							.xdp_mode = "generic",
							.tc = "none",
							.path = "monitor",
							.why = "no kfunc" };
	snapshot.nr_rows = 3;
	snapshot.rows[0] = (struct snapshot_row){
		.name = "web",
		.path = "cookie",
		.port = 443,
		.mode = SVC_AUTO,
		.armed = true,
		.armed_until_seconds = 28,
		.counts = { .syns = 30411392, .cookies_sent = 30411374, .cookies_valid = 52018 },
		.half_open = 1000128,
		.half_open_bytes = 320041000,
		.syn_rate = 1014808,
		.listeners = { .nr = 1, .half_open = 64, .backlog = 4096, .accept_queue = 1 },
		.thresholds = { .half_open = 2048,
				.half_open_source = THRESHOLD_TUNED,
				.syn_rate = 5000,
				.syn_rate_source = THRESHOLD_PINNED,
				.low_water = 2500,
				.hold_seconds = 90 },
		.learned = { 2.35, 120 },
	};
	snapshot.rows[1] = (struct snapshot_row){ .name = "mail",
						  .path = "cookie",
						  .port = 25,
						  .mode = SVC_ALWAYS,
						  .armed = true,
						  .armed_until_seconds = ARMED_SECONDS_WITHOUT_END,
						  .thresholds = { .hold_seconds = 30 } };
	snapshot.rows[2] = (struct snapshot_row){ .name = "mail",
						  .path = "monitor",
						  .why = "mode is monitor",
						  .port = 587,
						  .mode = SVC_MONITOR };
	snapshot.reasons[SYN_COOKIE] = 30411374;
}

static int on_status(void *arg, json_t **ret)
{
	(void)arg;
	*ret = status_json(&snapshot);
	if (is_degraded) {
		json_object_set_new(*ret, "version", json_string("0.0"));
		json_object_set_new(json_object_get(*ret, "reasons"), "newer", json_integer(0));
	}
	return *ret ? 0 : -ENOMEM;
}

static int on_thresholds(void *arg, json_t **ret)
{
	(void)arg;
	*ret = thresholds_json(&snapshot);
	return *ret ? 0 : -ENOMEM;
}

/* Flow i has source port i + 1; every second one is in SYN_RECV, from an IPv6 client. */
static int on_handshakes(void *arg, const struct handshake_query *query, json_t **ret)
{
	__u32 i;

	(void)arg;
	if (query->service && strcmp(query->service, "web"))
		return -EINVAL;
	page.nr_entries = 0;
	for (i = query->from; i < NR_FLOWS && page.nr_entries < query->limit; i++) {
		struct handshake *entry = &page.entries[page.nr_entries];

		if (query->state == FLOW_SYN_RECV && i % 2 == 0)
			continue;
		memset(entry, 0, sizeof(*entry));
		entry->src.word[3] = htonl(0x0a000001);
		entry->src.word[2] = i % 2 ? htonl(0x20010db8) : htonl(0xffff);
		entry->dst = entry->src;
		entry->sport = (__u16)(i + 1);
		entry->dport = 443;
		entry->service = "web";
		entry->state = i % 2 ? FLOW_SYN_RECV : FLOW_ESTABLISHED;
		entry->accepted_by = i % 2 ? ACCEPTED_UNKNOWN : ACCEPTED_COOKIE;
		entry->age_ms = i % 2 ? 1250 : 3600000;
		page.nr_entries++;
	}
	page.next = i < NR_FLOWS ? i : 0;
	*ret = handshakes_json(&page);
	return *ret ? 0 : -ENOMEM;
}

/* The value says how it ends; the reason says what was asked for. */
static int end_of(const char *value, char **ret_why, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (vasprintf(ret_why, format, args) < 0)
		*ret_why = NULL;
	va_end(args);
	if (!strcmp(value, "wrong"))
		return -EINVAL;
	if (!strcmp(value, "refused"))
		return -EPERM;
	if (!strcmp(value, "broken"))
		return -EIO;
	return 0;
}

static int on_set(void *arg, const char *service, const char *key, const char *value,
		  char **ret_drop_in, char **ret_why)
{
	(void)arg;
	if (strcmp(service, "quick"))
		*ret_drop_in = strdup(world.drop_ins);
	return end_of(value, ret_why, "set %s %s %s", service, key, value);
}

static int on_mode(void *arg, const char *service, const char *mode, char **ret_drop_in,
		   char **ret_why)
{
	(void)arg;
	*ret_drop_in = strdup(world.drop_ins);
	return end_of(mode, ret_why, "mode %s %s", service, mode);
}

static int on_arm(void *arg, const char *service, __u32 seconds, char **ret_why)
{
	(void)arg;
	return end_of(service, ret_why, "arm %s %u", service, seconds);
}

static int on_disarm(void *arg, const char *service, char **ret_why)
{
	(void)arg;
	return end_of(service, ret_why, "disarm %s", service);
}

/* eth0 is attached, eth7 absent; others are none that the config names. */
static int on_attach(void *arg, const char *interface, __u32 seconds, json_t **ret, char **ret_why)
{
	const bool is_absent = !strcmp(interface, "eth7");

	(void)arg;
	*ret = json_pack("{s:s, s:s, s:s?}", "state", is_absent ? "absent" : "attached", "xdp_mode",
			 is_absent ? "none" : "native", "keep",
			 strncmp(interface, "eth", 3) ? "interfaces = eth0 x in f" : NULL);
	return end_of(interface, ret_why, "attach %s %u", interface, seconds);
}

static int on_confirm(void *arg, json_t **ret, char **ret_why)
{
	(void)arg;
	(void)ret_why;
	*ret = json_pack("{s:[s, s]}", "interfaces", "eth0", "eth1");
	return 0;
}

static int on_detach(void *arg, const char *interface, json_t **ret, char **ret_why)
{
	(void)arg;
	*ret = !interface ? json_pack("{s:[s, s]}", "interfaces", "eth0", "eth1") :
	       !strcmp(interface, "nothing") ? json_pack("{s:[]}", "interfaces") :
					       json_pack("{s:[s]}", "interfaces", interface);
	return end_of(interface ?: "", ret_why, "detach %s", interface);
}

/* Whose config has two errors. */
static int on_reload(void *arg, json_t **ret_errors)
{
	(void)arg;
	*ret_errors = json_pack("[s, s]", "f:1: wrong", "f:2: and more");
	return -EINVAL;
}

static struct list_entry list_entry_of(enum list list, const char *text, enum list_source source,
				       __u64 expires_ms)
{
	struct list_entry entry = { .list = list, .source = source, .expires_ms = expires_ms };
	char why[PREFIX_WHY_SIZE];

	if (prefix_parse(text, &entry.prefix, why))
		abort();
	return entry;
}

/* Two prefixes are allowed, NR_DENIED addresses denied. */
static int on_list(void *arg, enum list list, __u32 from, __u32 limit, json_t **ret)
{
	static struct list_page listed;
	char text[PREFIX_SIZE];

	(void)arg;
	listed.nr_entries = 0;
	listed.next = 0;
	if (list == LIST_ALLOW) {
		listed.entries[listed.nr_entries++] =
			list_entry_of(list, "10.0.0.0/8", LIST_FROM_FILE, 0);
		listed.entries[listed.nr_entries++] =
			list_entry_of(list, "2001:db8::/32", LIST_FROM_COMMAND, 3600000);
	}
	while (list == LIST_DENY && from < NR_DENIED && listed.nr_entries < limit) {
		snprintf(text, sizeof(text), "10.1.%u.%u", from >> 8, from & 255);
		listed.entries[listed.nr_entries++] =
			list_entry_of(list, text, LIST_FROM_COMMAND, 0);
		from++;
	}
	if (list == LIST_DENY && from < NR_DENIED)
		listed.next = from;
	*ret = list_page_json(&listed, 0);
	return *ret ? 0 : -ENOMEM;
}

/* 10.0.0.0/8 is allowed by a file, 10.1.0.0/16 denied by one, 10.2.0.0/16 allowed by command. */
static struct list_change list_change_of(const char *prefix)
{
	struct list_change change = { .was_there = true };

	if (!strcmp(prefix, "10.0.0.0/8"))
		change.before = list_entry_of(LIST_ALLOW, prefix, LIST_FROM_FILE, 0);
	else if (!strcmp(prefix, "10.1.0.0/16"))
		change.before = list_entry_of(LIST_DENY, prefix, LIST_FROM_FILE, 0);
	else if (!strcmp(prefix, "10.2.0.0/16"))
		change.before = list_entry_of(LIST_ALLOW, prefix, LIST_FROM_COMMAND, 0);
	else
		change.was_there = false;
	change.before.in_file =
		change.before.source == LIST_FROM_FILE ? change.before.list : LIST_NONE;
	return change;
}

/* Done; or refused, and the reason says what was asked for. */
static int on_list_add(void *arg, enum list list, const char *text, __u32 seconds, json_t **ret,
		       char **ret_why)
{
	struct list_change change = list_change_of(text);
	char why[PREFIX_WHY_SIZE];
	struct prefix prefix;

	(void)arg;
	if (prefix_parse(text, &prefix, why))
		return end_of(text, ret_why, "%s", why) ?: -EINVAL;
	if (prefix.bits == 1)
		return end_of("refused", ret_why, "add %d %s %u", list, text, seconds);
	change.is_there = true;
	change.after = list_entry_added(change.was_there ? &change.before : NULL, &prefix, list,
					seconds * 1000ULL);
	*ret = list_change_json(&change, 0);
	return *ret ? 0 : -ENOMEM;
}

/* What 10.0.0.0/8 denies goes, and the file shows again. */
static int on_list_delete(void *arg, enum list list, const char *text, json_t **ret, char **ret_why)
{
	struct list_change change = list_change_of(text);

	(void)arg;
	if (!strcmp(text, "wrong"))
		return end_of(text, ret_why, "delete %d %s", list, text);
	if (!strcmp(text, "10.0.0.0/8") && list == LIST_DENY) {
		change.after = change.before;
		change.before.list = LIST_DENY;
		change.before.source = LIST_FROM_COMMAND;
		change.is_there = true;
	} else if (change.was_there && change.before.list != list) {
		change.after = change.before;
		change.is_there = true;
	}
	*ret = list_change_json(&change, 0);
	return *ret ? 0 : -ENOMEM;
}

#define BEGIN                                                                           \
	"{\"event\": \"attack_begin\", \"time\": \"2026-11-24T13:30:29.123Z\", "        \
	"\"service\": \"web\", \"port\": 443, \"mode\": \"auto\", \"answered\": true, " \
	"\"cause\": \"half_open\", \"value\": 130, \"threshold\": 128}"
#define END                                                                                      \
	"{\"event\": \"attack_end\", \"time\": \"2026-11-24T13:31:39.456Z\", "                   \
	"\"began\": \"2026-11-24T13:30:29.123Z\", \"service\": \"web\", \"port\": 443, "         \
	"\"mode\": \"monitor\", \"answered\": false, \"cause\": \"syn_rate\", \"value\": 6000, " \
	"\"threshold\": 5000, \"duration_seconds\": 70.3, \"peak_syn_rate\": 9000, "             \
	"\"syns\": 100000, \"cookies_sent\": 5, \"cookies_valid\": 4, \"cookies_invalid\": 3, "  \
	"\"served\": 2, \"sources\": [{\"prefix\": \"198.18.3.0/24\", \"percent\": 0.4}, "       \
	"{\"prefix\": \"2001:db8::/48\", \"percent\": 0.1}]}"
#define HOLE                                                                            \
	"{\"event\": \"black_hole\", \"time\": \"2026-11-24T13:32:00.000Z\", "          \
	"\"service\": \"web\", \"port\": 443, \"mode\": \"always\", \"seconds\": 600, " \
	"\"path\": \"monitor\"}"
#define HOLE_END                                                                   \
	"{\"event\": \"black_hole_end\", \"time\": \"2026-11-24T13:42:00.000Z\", " \
	"\"service\": \"web\", \"port\": 443, \"mode\": \"always\", \"cause\": \"time\"}"
#define NEWER "{\"event\": \"eclipse\", \"moons\": 2}"

static void publish(const char *text)
{
	json_t *event = json_loads(text, 0, NULL);

	control_publish(control, event);
	json_decref(event);
}

/* What was published is out by now: this is behind all else. */
static int on_end(sd_event_source *source, uint64_t usec, void *arg)
{
	(void)usec;
	(void)arg;
	return sd_event_exit(sd_event_source_get_event(source), 0);
}

static int on_publish(sd_event_source *source, uint64_t usec, void *arg)
{
	sd_event *event = sd_event_source_get_event(source);
	sd_event_source *end = NULL;

	(void)arg;
	publish(END);
	publish(HOLE);
	publish(HOLE_END);
	publish(NEWER);
	sd_event_add_time(event, &end, CLOCK_MONOTONIC, usec + 50000, 1, on_end, NULL);
	return sd_event_source_set_priority(end, SD_EVENT_PRIORITY_IDLE);
}

/* One attack goes on; then comes the rest, and then the end of the daemon. */
static int on_ongoing(void *arg, json_t **ret)
{
	json_t *event = json_loads(BEGIN, 0, NULL);

	*ret = json_pack("[o]", event);
	return sd_event_add_time_relative(arg, NULL, CLOCK_MONOTONIC, 1000, 1, on_publish, NULL) <
			       0 ?
		       -ENOMEM :
		       0;
}

/* A handshake, what the TC half made of it, a SYN that is dropped, and what was lost between. Each
 * is 14 bytes of Ethernet, then IP and TCP. */
#define TRACE_ETHERNET "020000000001020000000002"
#define TRACE_SYN                                                        \
	TRACE_ETHERNET "0800" /* 198.51.100.7:40000 > 203.0.113.1:443 */ \
		       "4500002c0000400040060000c6336407cb007101"        \
		       "9c4001bb0000000a000000006002faf00000000002040218"
#define TRACE_SYN_ACK                                             \
	TRACE_ETHERNET "0800"                                     \
		       "4500002c0000400040060000cb007101c6336407" \
		       "01bb9c40000003e80000000b6012ffff00000000020405b4"
#define TRACE_ACK_IP                               \
	"450000280000400040060000c6336407cb007101" \
	"9c4001bb0000000b000003e95010faf000000000"
#define TRACE_SYN_IPV6                                                        \
	TRACE_ETHERNET "86dd600000000014067f20010db8000000000000000000000017" \
		       "20010db8000000000000000000000001"                     \
		       "03e801bb00000007000000005002000100000000"
#define TRACE_EVENT(us, interface, hook, reason)                 \
	"{\"event\": \"packet\", \"time_us\": 17958606621234" us \
	", \"interface\": \"" interface "\", \"hook\": \"" hook "\", \"reason\": \"" reason "\", "

static const char *const trace_events[] = {
	TRACE_EVENT("56", "eth0", "xdp",
		    "syn_cookie") "\"in\": \"" TRACE_SYN "\", \"in_bytes\": 60, "
				  "\"out\": \"" TRACE_SYN_ACK "\", \"out_bytes\": 58}",
	TRACE_EVENT("57", "eth0", "xdp",
		    "ack_cookie_valid") "\"in\": \"" TRACE_ETHERNET "0800" TRACE_ACK_IP
					"\", \"in_bytes\": 54, "
					"\"out\": \"" TRACE_ETHERNET "0800" TRACE_ACK_IP
					"\", \"out_bytes\": 54}",
	TRACE_EVENT("58", "eth1", "xdp", "syn_over_cap") "\"in\": \"" TRACE_SYN_IPV6
							 "\", \"in_bytes\": 74}",
	TRACE_EVENT("59", "eth0", "tc", "handoff") "\"in\": \"" TRACE_ACK_IP
						   "\", \"in_bytes\": 40}",
	"{\"event\": \"lost\", \"cause\": \"limit\", \"packets\": 12}",
	TRACE_EVENT("60", "eth0", "xdp", "eaten_by_moths") "\"in\": \"0102\", \"in_bytes\": 2}",
	TRACE_EVENT("61", "eth1", "xdp",
		    "syn_cookie_routed") "\"in\": \"" TRACE_SYN_IPV6
					 "\", \"in_bytes\": 74, \"out\": \"" TRACE_SYN_IPV6
					 "\", \"out_bytes\": 74, \"out_interface\": \"eth7\"}",
	"{\"event\": \"eclipse\", \"moons\": 2}",
};

static int on_tell(sd_event_source *source, uint64_t usec, void *arg)
{
	size_t i;

	(void)source;
	(void)usec;
	(void)arg;
	for (i = 0; i < NAMES_COUNT(trace_events); i++) {
		json_t *event = json_loads(trace_events[i], 0, NULL);

		if (!event || control_trace(control, event))
			abort();
		json_decref(event);
	}
	return 0;
}

/* From 203.0.113.99 nothing comes; to port 7 there is somebody who traces already. */
static int on_trace(void *arg, const struct trace_order *order, json_t **ret, char **ret_why)
{
	if (order->port == 7) {
		*ret_why = strdup("somebody traces already");
		return -EPERM;
	}
	*ret = json_pack("{s:s, s:[s, s], s:i}", "event", "trace_begin", "interfaces", "eth0",
			 "eth1", "per_second", 990);
	if (order->has_source && order->source.addr.word[3] == htonl(0xcb007163))
		return 0;
	return sd_event_add_time_relative(arg, NULL, CLOCK_MONOTONIC, 1000, 1, on_tell, NULL) < 0 ?
		       -ENOMEM :
		       0;
}

static void on_trace_end(void *arg)
{
	(void)arg;
}

/* Never returns. Says on `ready` that it can be asked. */
static void serve(int ready)
{
	struct control_ops ops = {
		.status = on_status,
		.thresholds = on_thresholds,
		.handshakes = on_handshakes,
		.ongoing = on_ongoing,
		.set = on_set,
		.arm = on_arm,
		.disarm = on_disarm,
		.reload = on_reload,
		.attach = on_attach,
		.confirm = on_confirm,
		.detach = on_detach,
		.mode = on_mode,
		.list = on_list,
		.list_add = on_list_add,
		.list_delete = on_list_delete,
		.trace = on_trace,
		.trace_end = on_trace_end,
	};
	sd_event *event = NULL;

	fill_snapshot();
	if (is_degraded)
		degrade_snapshot();
	sd_event_new(&event);
	ops.arg = event;
	if (!control_open(event, world.path, &ops, &control) && write(ready, "", 1) == 1)
		sd_event_loop(event);
	control_close(control);
	_exit(0);
}

#endif
